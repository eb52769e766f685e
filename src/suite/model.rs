//! The model of a suite: plain data without a trace of YAML. What the loader promises: every pattern compiles, every
//! template parses, every id is unique, every requirement exists.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use super::peer::{Certificate, PEERS, Rule, Serve};
use super::topology::{Control, Inquiry, Topology};

/// The protocol of a connection: the key into `protocol::PROTOCOLS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    Smtp,
    Pop3,
    Imap,
}

impl Protocol {
    /// Every protocol, in the order of reports.
    pub const ALL: [Protocol; 3] = [Protocol::Smtp, Protocol::Pop3, Protocol::Imap];

    /// The name used in suites, targets and ids.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Smtp => "smtp",
            Protocol::Pop3 => "pop3",
            Protocol::Imap => "imap",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who speaks at the other end of a connection: the server under test as server, or, where it opened the connection, as client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Party {
    #[default]
    Server,
    Client,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Party::Server => "the server",
            Party::Client => "the client",
        })
    }
}

/// How binding the requirement behind a case is (RFC 2119). Ordered: `May < Should < Must`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    May,
    Should,
    Must,
}

impl Level {
    /// The RFC 2119 key word.
    pub fn keyword(self) -> &'static str {
        match self {
            Level::May => "MAY",
            Level::Should => "SHOULD",
            Level::Must => "MUST",
        }
    }
}

/// A place in a suite file. Lines and columns count from 1; columns and length are in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub line: usize,
    pub column: usize,
    pub length: usize,
}

/// A suite file after loading.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Path as shown to people, relative to the working directory where possible: `suites/smtp/rfc5321/4.5.2-transparency.yaml`.
    pub file: Arc<str>,
    /// The whole text, for excerpts.
    pub source: Arc<str>,
    pub cases: Vec<Arc<Case>>,
}

/// One sentence of an RFC, from `suites/requirements/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// `rfc5321/4.5.2/dot-stuffing`
    pub id: String,
    /// `5321`
    pub rfc: u32,
    /// `4.5.2`
    pub section: String,
    pub level: Level,
    /// The sentence, word by word, white space folded.
    pub quote: String,
}

/// The state a connection is brought to before its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StartState {
    Connected,
    Greeted,
    Ehlo,
    Authenticated,
    Selected,
}

/// How a connection begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    pub protocol: Protocol,
    /// `submission`, `lmtp`; `None`: the protocol's own service.
    pub service: Option<String>,
    pub state: StartState,
    /// The role that logs in: `alice`.
    pub role: String,
    /// The variable that names the mailbox to select; `None`: the first seeded one, or INBOX.
    pub mailbox: Option<String>,
    /// The server of the topology; `None`: its first, or the server under test.
    pub server: Option<String>,
}

/// A message put into a mailbox before the case starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedMessage {
    /// Name of a fixture: `plain` is `fixtures/messages/plain.eml`.
    pub fixture: String,
    pub flags: Vec<String>,
    /// An IMAP date-time, `17-Jul-1996 02:44:25 -0700`.
    pub date: Option<String>,
    /// Where the suite names it.
    pub span: Span,
}

/// A private IMAP mailbox, created and filled before the case starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxSeed {
    /// The variable that holds its real name.
    pub variable: String,
    pub messages: Vec<SeedMessage>,
}

/// A capability a case asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CapabilityNeed {
    /// As announced: `UIDPLUS`, `AUTH PLAIN`, `SASL PLAIN`.
    pub name: String,
    /// `false` for `!NAME`: the case asks for its absence.
    pub present: bool,
}

/// How bytes are cut when written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segments {
    /// What a run of `C:` lines says, in one write.
    #[default]
    Whole,
    /// One octet a write.
    Bytewise,
}

/// How the unnamed connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    #[default]
    Plain,
    StartTls,
    Tls,
}

/// How `${literal:…}` is sent (RFC 3501 §4.3, RFC 7888).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Literals {
    #[default]
    Sync,
    Plus,
}

/// One point on the axes of `vary:`; the default is a case without axes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variant {
    pub transport: Option<Transport>,
    pub segments: Option<Segments>,
    pub literals: Option<Literals>,
}

impl fmt::Display for Variant {
    /// `transport=tls segments=bytewise`; empty for a case without axes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = self.transport.map(|t| match t {
            Transport::Plain => "transport=plain",
            Transport::StartTls => "transport=starttls",
            Transport::Tls => "transport=tls",
        });
        let segments = self.segments.map(|s| match s {
            Segments::Whole => "segments=whole",
            Segments::Bytewise => "segments=bytewise",
        });
        let literals = self.literals.map(|l| match l {
            Literals::Sync => "literals=sync",
            Literals::Plus => "literals=plus",
        });
        let named: Vec<&str> = [transport, segments, literals].into_iter().flatten().collect();
        f.write_str(&named.join(" "))
    }
}

/// One case at one point of its axes: what the engine plays and reports speak of.
#[derive(Clone, Debug)]
pub struct Case {
    /// `smtp/rfc5321/4.5.2-transparency/leading-dot-removed`
    pub id: String,
    pub variant: Variant,
    pub file: Arc<str>,
    /// The line of the case's `id`.
    pub line: usize,
    pub title: String,
    /// `RFC 5321 §4.5.2`
    pub spec: String,
    pub level: Level,
    pub requirements: Vec<Arc<Requirement>>,
    pub requires: Vec<CapabilityNeed>,
    pub start: Start,
    pub mailboxes: Vec<MailboxSeed>,
    pub maildrop: Option<Vec<SeedMessage>>,
    pub setup: Vec<Step>,
    pub dialogue: Vec<Step>,
    pub timeout: Duration,
    pub note: Option<String>,
    /// Roles in the order of their first use: the accounts to lease.
    pub roles: Vec<String>,
    /// The peers to lease, likewise: `peer`, `peer2`.
    pub peers: Vec<String>,
    /// The servers it brings with it.
    pub topology: Option<Arc<Topology>>,
}

impl Case {
    /// Id and variant as one name: `…/leading-dot-removed` or `…/leading-dot-removed [transport=tls]`. Unique in a run.
    pub fn name(&self) -> String {
        match self.variant.to_string() {
            axes if axes.is_empty() => self.id.clone(),
            axes => format!("{} [{axes}]", self.id),
        }
    }
}

/// Whether any line of the dialogue expects, allows or forbids something; where none does, the snapshot is the assertion.
pub fn expects_anything(case: &Case) -> bool {
    fn any(steps: &[Step]) -> bool {
        steps.iter().any(|step| match &step.action {
            Action::Exchange(exchange) => !exchange.expects.is_empty(),
            Action::Eventually { dialogue, .. } | Action::When { dialogue, .. } => any(dialogue),
            Action::Closed { .. }
            | Action::Silence { .. }
            | Action::Tls { .. }
            | Action::Authenticate { .. }
            | Action::Inquire(_)
            | Action::Accept { .. }
            | Action::Unvisited { .. } => true,
            _ => false,
        })
    }
    any(&case.dialogue)
}

/// The name of a connection in a case; the unnamed one is the empty string.
pub type ConnectionName = Arc<str>;

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

/// All fixtures by name: `plain` → the bytes of `fixtures/messages/plain.eml`.
pub type Fixtures = BTreeMap<String, Arc<[u8]>>;
