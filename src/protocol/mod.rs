//! How replies are framed and read, protocol by protocol. The harness knows the shape of a reply and which of its lists
//! carry no order; it never knows what a reply means: that is in the suites.

pub mod imap;
mod inbox;
pub mod pop3;
mod render;
pub mod smtp;
pub mod start;

use crate::suite::Protocol;

pub use render::render;
pub(crate) use render::{plain, quotable, quoted, render_code, render_value};

/// A complete reply or response of the server, or a command or message of a client.
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
    Smtp(smtp::Reply),
    Pop3(pop3::Reply),
    Imap(imap::Response),
    /// Of an SMTP client, where the harness is the server.
    Client(smtp::client::Said),
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
    /// Lines of one whole reply: each costs more memory than its octets.
    pub lines: usize,
    /// Replies on all connections of one case.
    pub replies: usize,
    /// Octets on one connection of a case.
    pub connection: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { line: 1 << 20, reply: 16 << 20, lines: 200_000, replies: 100_000, connection: 64 << 20 }
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

/// The framer of a server's replies.
pub fn framer(protocol: Protocol, limits: Limits) -> Box<dyn Framer> {
    match protocol {
        Protocol::Smtp => Box::new(smtp::SmtpFramer::new(limits)),
        Protocol::Pop3 => Box::new(pop3::Pop3Framer::new(limits)),
        Protocol::Imap => Box::new(imap::ImapFramer::new(limits)),
    }
}

/// What is wrong with a reply, before its place on the connection is known: a position in the reply, and what should be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub at: usize,
    pub expected: String,
}

impl Fault {
    pub(crate) fn new(at: usize, expected: impl Into<String>) -> Fault {
        Fault { at, expected: expected.into() }
    }
}

impl inbox::Taken {
    /// The reply these octets are, or why they are none.
    fn reply(self, parsed: Result<Parsed, Fault>) -> Reply {
        let parsed = parsed.unwrap_or_else(|fault| {
            Parsed::Malformed(Malformed { offset: self.offset + fault.at as u64, expected: fault.expected, fatal: false })
        });
        Reply { raw: self.raw, offset: self.offset, parsed }
    }

    /// The malformed reply that ends all framing.
    fn fatal(self, at: usize, expected: String) -> Reply {
        let parsed = Parsed::Malformed(Malformed { offset: self.offset + at as u64, expected, fatal: true });
        Reply { raw: self.raw, offset: self.offset, parsed }
    }
}

#[cfg(test)]
mod tests;
