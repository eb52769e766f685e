//! What the listener knows of a protocol session: bytes in, bytes out, and what to do with the connection next.
//!
//! A session owns no socket and no clock. It calls the store and the queue directly (they answer in microseconds, or
//! when a commit is durable), so the listener runs it where blocking is allowed.

use std::net::SocketAddr;
use std::time::Duration;

/// What a session is told about its connection when it starts.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The client's address.
    pub address: SocketAddr,
    /// Whether the connection is TLS already (implicit TLS).
    pub tls: bool,
    /// Whether passwords may travel without TLS here: the address is loopback, or the configuration allows it.
    pub plaintext_auth: bool,
}

/// What happens to the connection after the bytes a session has written are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Read on.
    Continue,
    /// Start the TLS handshake as server; then [`Session::secured`] is called. Whatever the client sent before the
    /// handshake and was not consumed is thrown away (RFC 3207 §6, RFC 2595 §2.1).
    StartTls,
    /// Close the connection.
    Close,
}

/// One connection's conversation, as a state machine.
pub trait Session: Send {
    /// Writes the greeting. Called once, before any byte is received (after the handshake for implicit TLS).
    fn greet(&mut self, out: &mut Vec<u8>) -> After;

    /// Takes bytes as they came, however they were split, and writes the replies they cause.
    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> After;

    /// The TLS handshake asked for with [`After::StartTls`] is done. Forgets what was learned before it.
    fn secured(&mut self, out: &mut Vec<u8>) -> After;

    /// The store announced a change in a mailbox this session watches (IMAP IDLE); writes what is owed now.
    fn wake(&mut self, out: &mut Vec<u8>) -> After {
        let _ = out;
        After::Continue
    }

    /// How long the client may stay silent now before [`Session::expired`] is called.
    fn patience(&self) -> Duration;

    /// The client was silent for longer than [`Session::patience`]: says good-bye.
    fn expired(&mut self, out: &mut Vec<u8>) -> After;

    /// The connection is gone, by QUIT or by force; releases locks and throws away what was not committed.
    fn closed(&mut self) {}
}
