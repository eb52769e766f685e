//! The model of a suite: plain data without a trace of YAML. What the loader promises: every pattern compiles, every
//! template parses, every id is unique, every requirement exists.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use super::action::*;
pub use super::peer::{Certificate, PEERS, Rule, Serve};
use super::topology::Topology;

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
    /// Why no case can tell whether a server keeps to it.
    pub untested: Option<String>,
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

/// All fixtures by name: `plain` → the bytes of `fixtures/messages/plain.eml`.
pub type Fixtures = BTreeMap<String, Arc<[u8]>>;
