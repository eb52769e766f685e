//! The peers of a target: domains whose mail the server under test sends to an address where the harness listens, and how the harness
//! answers there when a suite leaves the answers to it.

use super::template::Template;

/// The peers a suite may name. A fixed set, as with roles, keeps `${peer.domain}` from being taken for a capture.
pub const PEERS: [&str; 4] = ["peer", "peer2", "peer3", "peer4"];

/// How the harness answers by itself on a connection.
#[derive(Clone, Debug)]
pub struct Serve {
    /// Its first line; `None`: `220` and the peer's domain.
    pub greeting: Option<Template>,
    /// Keyword lines of its EHLO reply: `SIZE 1000`.
    pub capabilities: Vec<Template>,
    /// The first rule that fits what was said answers it; where none fits, the usual positive reply does.
    pub rules: Vec<Rule>,
    /// What it shows after STARTTLS.
    pub certificate: Certificate,
}

/// What is said, and what is answered.
#[derive(Clone, Debug)]
pub struct Rule {
    pub pattern: crate::matching::Pattern,
    /// One for each time the rule is used; the last for ever. Lines of one reply are separated by `\n`.
    pub replies: Vec<Template>,
}

/// The certificate the harness shows as a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// For the peer's domain, issued by the authority of `fixtures/tls/`.
    #[default]
    Trusted,
    /// For the peer's domain, issued by nobody else.
    SelfSigned,
    /// Issued by the authority for another name.
    WrongName,
    /// Issued by the authority, and out of date.
    Expired,
}
