//! The steps of a dialogue: plain data, their patterns compiled.

use std::sync::Arc;
use std::time::Duration;

use super::model::*;
use super::topology::{Control, Inquiry};

/// One step of a dialogue.
#[derive(Clone, Debug)]
pub struct Step {
    pub span: Span,
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// A run of `C:` lines and the `S` lines below it.
    Exchange(Exchange),
    Raw {
        on: ConnectionName,
        bytes: RawTemplate,
    },
    Connect {
        name: ConnectionName,
        start: Start,
    },
    /// The server under test must open a connection to a peer, which the harness plays from there on.
    Accept {
        name: ConnectionName,
        peer: String,
        within: Duration,
        /// The harness answers by itself; `None`: the dialogue has every reply.
        serve: Option<Arc<Serve>>,
    },
    /// Nobody listens at the peer until it accepts again.
    Refuse {
        peer: String,
    },
    /// The server under test must open no connection to a peer for this long.
    Unvisited {
        peer: String,
        lasting: Duration,
    },
    Reconnect {
        on: ConnectionName,
        start: Option<StartState>,
    },
    /// Half-close: no more bytes from us.
    Close {
        on: ConnectionName,
    },
    /// Close with RST.
    Reset {
        on: ConnectionName,
    },
    /// Both sides compress with DEFLATE from here on, or cease to (RFC 4978).
    Compress {
        on: ConnectionName,
        active: bool,
    },
    Tls {
        on: ConnectionName,
        inject: Option<RawTemplate>,
        /// Whose certificate the client shows.
        role: Option<String>,
        expect: Handshake,
        /// What the harness shows where it is the server.
        certificate: Certificate,
    },
    Authenticate {
        on: ConnectionName,
        asked: Box<Authentication>,
    },
    /// The server must close the connection within this time.
    Closed {
        on: ConnectionName,
        within: Duration,
    },
    /// The server must say nothing for this long.
    Silence {
        on: ConnectionName,
        lasting: Duration,
    },
    Wait(Duration),
    Eventually {
        within: Duration,
        dialogue: Vec<Step>,
    },
    When {
        capability: CapabilityNeed,
        dialogue: Vec<Step>,
    },
    /// Steer the servers.
    Control(Control),
    /// Ask the servers what became of something.
    Inquire(Inquiry),
}

/// A SASL exchange, and what of it the suite writes otherwise than a client would.
#[derive(Clone, Debug)]
pub struct Authentication {
    pub role: String,
    /// In capital letters; one of [`MECHANISMS`].
    pub mechanism: String,
    /// The channel binding of SCRAM's -PLUS forms.
    pub binding: Option<String>,
    /// In place of the role's password.
    pub password: Option<RawTemplate>,
    /// The authorization identity.
    pub authorize_as: Option<RawTemplate>,
    /// The client's first message, whole.
    pub first: Option<RawTemplate>,
    /// SCRAM's last message, without its proof.
    pub last: Option<RawTemplate>,
    /// The server must refuse it.
    pub refused: bool,
}

impl Authentication {
    /// What of it the suite writes.
    pub fn templates(&self) -> impl Iterator<Item = &RawTemplate> {
        [&self.password, &self.authorize_as, &self.first, &self.last].into_iter().flatten()
    }
}

/// The SASL mechanisms of `authenticate:`.
pub const MECHANISMS: [&str; 10] = [
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256-PLUS",
    "OAUTHBEARER",
    "XOAUTH2",
    "EXTERNAL",
];

/// What must come of a TLS handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Handshake {
    #[default]
    Established,
    Refused,
    /// Both are right; the case ends, passed, where it is refused.
    Either,
}

/// Lines sent on one connection in one go, and what must, may and must not come back.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub on: ConnectionName,
    pub sends: Vec<Send>,
    pub expects: Vec<Expect>,
    /// The `S` lines of this exchange stand further down, behind lines of another connection: send and go on.
    pub answered_later: bool,
}

/// One `C:` line.
#[derive(Clone, Debug)]
pub struct Send {
    pub span: Span,
    pub template: crate::suite::template::Template,
}

/// Whether an `S` line must, may or must not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Necessity {
    Must,
    May,
    MustNot,
}

/// One expectation. A multi-line reply (SMTP) or a reply with a body (POP3) is one expectation of several lines.
#[derive(Clone, Debug)]
pub struct Expect {
    pub necessity: Necessity,
    /// One per line; a finding about a line points there.
    pub spans: Vec<Span>,
    pub pattern: crate::matching::Pattern,
}

/// Bytes of `raw:` after its escapes are undone, with values in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawTemplate(pub Vec<RawPiece>);

/// A piece of [`RawTemplate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawPiece {
    Bytes(Vec<u8>),
    Hole(crate::suite::template::Hole),
}
