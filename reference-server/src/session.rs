//! What the listener knows of a protocol session: bytes in, bytes out, and what to do with the connection next.
//!
//! A session owns no socket and no clock. It calls the store and the queue directly (they answer in microseconds, or
//! when a commit is durable); these move other tasks away from a thread that is about to wait.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

/// What a session is told about its connection when it starts.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The client's address.
    pub address: SocketAddr,
    /// Whether the connection is TLS already (implicit TLS).
    pub tls: bool,
    /// Whether passwords may travel without TLS here: the address is loopback, or the configuration allows it.
    pub plaintext_auth: bool,
    /// What the TLS channel gives to authentication: nothing in clear.
    pub channel: Arc<Channel>,
    /// Makes the listener call [`Session::wake`]; given to whoever may have something to tell this client.
    pub bell: Bell,
}

impl Peer {
    /// A client on the machine itself, in clear: what tests of a session without a listener use.
    pub fn loopback() -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000));
        Self { address, tls: false, plaintext_auth: true, channel: Arc::default(), bell: Bell::default() }
    }
}

/// What authentication may use of a TLS channel, and trace fields show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// The `tls-server-end-point` binding (RFC 5929 §4): a hash of the server's certificate.
    pub server_end_point: Option<Vec<u8>>,
    /// The `tls-exporter` binding (RFC 9266 §2): keying material of this very connection.
    pub exporter: Option<Vec<u8>>,
    /// Whom the client's verified certificate names, the best name first: none if it showed none.
    pub client: Vec<String>,
    /// The cipher suite by its name in the IANA registry (RFC 8314 §4.3).
    pub cipher: Option<String>,
}

impl Channel {
    /// The data of a channel binding by the name in the IANA registry; `None`: it is not supported here.
    pub fn binding(&self, name: &str) -> Option<&[u8]> {
        match name {
            "tls-server-end-point" => self.server_end_point.as_deref(),
            "tls-exporter" => self.exporter.as_deref(),
            _ => None,
        }
    }

    /// Whether there is any channel binding.
    pub fn can_be_bound_to(&self) -> bool {
        self.server_end_point.is_some() || self.exporter.is_some()
    }
}

/// Rings at one connection. Clones are the same bell; it may be rung from any thread, and rings that come while the
/// session is busy are one ring afterwards.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// Asks the listener to call [`Session::wake`] soon.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits for a ring.
    pub async fn rung(&self) {
        self.0.notified().await;
    }
}

/// What happens to the connection after the bytes a session has written are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Read on.
    Continue,
    /// Send what is written, then call [`Session::receive`] with no bytes: the session has more input buffered, or
    /// more to say, than should pile up in memory.
    Flush,
    /// Send what is written, then read nothing until the bell rings ([`Bell::ring`]) and [`Session::wake`] is called: what
    /// the client asked for is under way elsewhere, and this thread is free for other connections meanwhile.
    Await,
    /// Send what is written, and from then on compress what is sent and decompress what comes (RFC 4978 §3).
    Compress,
    /// Send what is written as the last that is compressed; from then on neither side compresses (RFC 8437 §4.1).
    EndCompression,
    /// Start the TLS handshake as server; then [`Session::secured`] is called. Whatever the client sent before the
    /// handshake and was not consumed is thrown away (RFC 3207 §6, RFC 2595 §2.1): the listener drops what is still
    /// in the socket, the session what it has buffered.
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
    fn secured(&mut self, channel: Channel, out: &mut Vec<u8>) -> After;

    /// The bell of this connection rang ([`Bell::ring`]): the store announced a change in a mailbox this session
    /// watches (IMAP IDLE). Writes what is owed now, which may be nothing.
    fn wake(&mut self, out: &mut Vec<u8>) -> After {
        let _ = out;
        After::Continue
    }

    /// How long the client may stay silent now before [`Session::expired`] is called.
    fn patience(&self) -> Duration;

    /// The client was silent for longer than [`Session::patience`]: says good-bye.
    fn expired(&mut self, out: &mut Vec<u8>) -> After;

    /// The server stops, or has no room for this connection (then it is called instead of [`Session::greet`]): says
    /// good-bye as the protocol does it. The connection is closed afterwards.
    fn stopping(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// The connection is gone, by QUIT or by force; releases locks and throws away what was not committed.
    fn closed(&mut self) {}
}
