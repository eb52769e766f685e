//! How replies are framed and read, protocol by protocol. The harness knows the shape of a reply and which of its lists
//! carry no order; it never knows what a reply means: that is in the suites.

use crate::suite::Protocol;

/// A complete reply or response of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Every byte, line ends and literals included.
    pub raw: Vec<u8>,
    /// Where it starts in the bytes received on the connection, from 0.
    pub offset: u64,
    pub parsed: Parsed,
}

/// What a reply says, by protocol.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    // The variants belong to protocol/{smtp,pop3,imap}.rs.
    /// No grammar accepts it; it is a finding.
    Malformed(Malformed),
}

/// Bytes that are no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// In the bytes received on the connection, from 0.
    pub offset: u64,
    /// `expected a space or a hyphen after the reply code`
    pub expected: String,
    /// The framer cannot go on: the reply is too long, or announces a literal that is.
    pub fatal: bool,
}

/// Bounds on what a server may make the harness keep.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Octets of one line.
    pub line: usize,
    /// Octets of one whole reply, literals included.
    pub reply: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { line: 1 << 20, reply: 64 << 20 }
    }
}

/// Turns received bytes into replies; the same replies for every split of the bytes.
pub trait Framer: std::fmt::Debug + Send {
    /// Tells the framer of a line the harness sends (without CRLF): a POP3 reply has a body or not depending on its
    /// command (RFC 1939 §3). `body_expected` is true when the suite expects a body to a command the framer does not know.
    fn sent(&mut self, line: &[u8], body_expected: bool);

    /// Takes received bytes.
    fn push(&mut self, bytes: &[u8]);

    /// The next complete reply, if there is one. After a fatal malformed reply there is none.
    fn next(&mut self) -> Option<Reply>;

    /// Bytes received that are no complete reply yet.
    fn pending(&self) -> &[u8];

    /// TLS starts: what is pending belongs to the plain stream and is given up. Returns it.
    fn secured(&mut self) -> Vec<u8>;
}

/// The framer of a protocol.
pub fn framer(protocol: Protocol, limits: Limits) -> Box<dyn Framer> {
    let _ = (protocol, limits);
    unimplemented!("replaced when the framers exist")
}

pub mod start;
pub fn render(_r: &Reply) -> Vec<String> {
    vec![]
}
