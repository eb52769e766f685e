//! Topologies: several servers of the reference kind and the ways between them, as plain data. A case that names one brings its servers
//! with it; the server under test has no part in it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;

use super::duration;

/// Servers that a case starts, stops, cuts off and reconnects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// `internet` for `fixtures/topologies/internet.yaml`.
    pub name: String,
    pub description: Option<String>,
    /// At least one; the first is what a case means that names none.
    pub servers: Vec<Arc<Server>>,
    /// What the DNS says, by domains in lower case; `None`: the servers know each other by routes alone.
    pub dns: Option<BTreeMap<String, DomainRecords>>,
}

/// What the DNS says of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainRecords {
    pub exchangers: Vec<Exchanger>,
    /// The server whose address is that of the domain itself.
    pub address: Option<String>,
}

/// An MX record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanger {
    pub preference: u16,
    /// The name of a host, without the final dot; the root is empty.
    pub host: String,
}

/// One server of a topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub name: String,
    /// The name it calls itself by: `mail.crepes.fr`.
    pub host: String,
    /// The domains whose mail ends there; the first is that of its accounts' addresses.
    pub domains: Vec<String>,
    /// Roles that have accounts there.
    pub accounts: Vec<String>,
    /// The domains whose mail it takes from anybody and passes on.
    pub backs_up: Vec<String>,
    pub storage: Storage,
    /// Domain → the server its mail is sent to.
    pub routes: BTreeMap<String, String>,
    pub settings: Settings,
}

/// Where a server keeps its mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// Gone when it stops.
    #[default]
    Memory,
    /// In a directory of the case: what was acknowledged is there again when the server starts again.
    Directory,
}

/// What a server does otherwise than the reference server does by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// How long to wait before a destination is tried again.
    pub retry_after: Option<Duration>,
    /// How long a message is tried before it is returned.
    pub lifetime: Option<Duration>,
    /// The longest pause between two attempts.
    pub retry_max: Option<Duration>,
    /// How long a message waits before its sender is warned, asked or not.
    pub delay_warning: Option<Duration>,
    /// Octets of the largest message.
    pub message_size: Option<usize>,
    /// Recipients of one transaction.
    pub recipients: Option<usize>,
    /// Messages of one IMAP command, and of one COPY or APPEND.
    pub message_limit: Option<usize>,
    pub save_limit: Option<usize>,
    /// How often an IMAP client is told how far its command is.
    pub progress_interval: Option<Duration>,
    /// Changes that are kept for an IMAP client until it is told of them by NOTIFY.
    pub notifications: Option<usize>,
    /// How long a client may be silent.
    pub smtp_patience: Option<Duration>,
    pub pop3_patience: Option<Duration>,
    pub imap_patience: Option<Duration>,
    /// How long a connection to another server is kept for the next message.
    pub sending_idle: Option<Duration>,
    /// When mail to other servers is encrypted.
    pub sending_tls: Option<RelayTls>,
    /// How long a POP3 user has to wait between two logins.
    pub login_delay: Option<Duration>,
    /// After how many days POP3 users lose messages they did not delete.
    pub expire: Option<u32>,
    /// Extensions it does without: `smtp/8BITMIME`.
    pub without: Vec<String>,
    /// It takes no mail from other servers, and greets with 521.
    pub no_mail: bool,
    /// Roles that say what all users see of the server.
    pub administrators: Vec<String>,
    /// It serves only IMAP clients that enable UTF8=ACCEPT, and announces UTF8=ONLY.
    pub utf8_only: bool,
    /// It takes passwords under TLS only, and announces LOGINDISABLED without.
    pub passwords_under_tls: bool,
}

/// When mail to other servers is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayTls {
    /// Where the other server offers it.
    Opportunistic,
    /// Always; other mail waits.
    Required,
    Off,
}

/// The name of the one server of a case without a topology.
pub const UNDER_TEST: &str = "under-test";

/// The DNS of a topology, where a case switches it off and on.
pub const DNS: &str = "dns";

impl Topology {
    /// A server by its name; without a name the first.
    pub fn server(&self, name: Option<&str>) -> Option<&Arc<Server>> {
        match name {
            Some(name) => self.servers.iter().find(|server| server.name == name),
            None => self.servers.first(),
        }
    }

    /// The server where a role has its account.
    pub fn home(&self, role: &str) -> Option<&Arc<Server>> {
        self.servers.iter().find(|server| server.accounts.iter().any(|account| account == role))
    }

    /// Whether there is a way from the one server to the other.
    pub fn leads(&self, from: &str, to: &str) -> bool {
        let known = |name| self.server(Some(name)).is_some();
        let route = |server: &Arc<Server>| self.dns.is_some() || server.routes.values().any(|name| name == to);
        from != to && known(to) && self.server(Some(from)).is_some_and(route)
    }

    /// The only server of a case that has no topology and cannot be played on a server it shares with others: one of the reference
    /// kind, for itself.
    pub fn alone(roles: &[String], storage: Storage, settings: Settings) -> Topology {
        let server = Server {
            name: UNDER_TEST.to_owned(),
            host: "mail.example.org".to_owned(),
            domains: vec!["example.org".to_owned()],
            accounts: roles.to_vec(),
            backs_up: Vec::new(),
            storage,
            routes: BTreeMap::new(),
            settings,
        };
        Topology { name: UNDER_TEST.to_owned(), description: None, servers: vec![Arc::new(server)], dns: None }
    }
}

impl Server {
    /// The address of a role that has an account there.
    pub fn address(&self, role: &str) -> String {
        format!("{role}@{}", self.domains.first().map_or("", String::as_str))
    }
}

/// What a case does to the servers it is played on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Move the clock forward: of one server, or of all.
    Clock { server: Option<String>, by: Duration },
    /// Switch a server on or off.
    Power { switch: Switch, server: String },
    /// Change the way between two servers, in both directions.
    Way { state: Way, between: [String; 2] },
    /// Do something to what waits in the queue of a server: of the first, if none is named.
    Queue { server: Option<String>, act: QueueAct, what: Selection },
}

/// What is done to what waits in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueAct {
    /// Try it now.
    Flush,
    /// Do not try it until it is released.
    Hold,
    Release,
    /// Remove it; nobody is told.
    Delete,
}

/// Which part of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    All,
    /// Mail for this domain.
    Domain(String),
}

/// What must be true of the servers before the time is up.
#[derive(Clone, Debug, PartialEq)]
pub struct Inquiry {
    pub question: Question,
    pub within: Duration,
}

/// What is asked of the servers, and what the answer must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// What one server said to another since the case started.
    Overheard {
        from: String,
        to: String,
        /// How many connections it made.
        connections: Option<usize>,
        lines: Vec<Counted>,
    },
    /// What waits in the queue of a server, and is not being sent just now.
    Queue {
        server: Option<String>,
        recipients: Option<usize>,
        /// How often each of them was tried.
        attempts: Option<u32>,
    },
}

/// How many lines must have a match of a regular expression.
#[derive(Clone, Debug)]
pub struct Counted {
    pub line: Regex,
    /// `None`: at least one.
    pub times: Option<usize>,
}

impl PartialEq for Counted {
    fn eq(&self, other: &Counted) -> bool {
        (self.line.as_str(), self.times) == (other.line.as_str(), other.times)
    }
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The lines the client of the two servers sent, on all connections.
    Overheard {
        connections: usize,
        lines: Vec<String>,
    },
    Queue {
        waiting: Vec<Waiting>,
    },
}

/// A recipient whose mail waits in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub address: String,
    pub attempts: u32,
    /// It is being sent.
    pub sending: bool,
}

/// What is done to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    Start,
    /// With a good-bye on open connections.
    Stop,
    /// Stop and start.
    Restart,
    /// Stop as by SIGKILL.
    Kill,
}

/// The state of the way between two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Open,
    /// Connections end, new ones are refused.
    Cut,
    /// Connections stay and new ones are accepted, but nothing gets through.
    Stalled,
}

impl Switch {
    /// As suites write it.
    pub fn word(self) -> &'static str {
        match self {
            Switch::Start => "start",
            Switch::Stop => "stop",
            Switch::Restart => "restart",
            Switch::Kill => "kill",
        }
    }
}

impl QueueAct {
    /// As suites write it.
    pub fn word(self) -> &'static str {
        match self {
            QueueAct::Flush => "flush",
            QueueAct::Hold => "hold",
            QueueAct::Release => "release",
            QueueAct::Delete => "delete",
        }
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Selection::All => "all",
            Selection::Domain(domain) => domain,
        })
    }
}

impl Question {
    /// What a skipped case says that the target has not.
    pub fn name(&self) -> &'static str {
        match self {
            Question::Overheard { .. } => "overheard",
            Question::Queue { .. } => "queue",
        }
    }
}

impl Way {
    /// As suites write it.
    pub fn word(self) -> &'static str {
        match self {
            Way::Open => "reconnect",
            Way::Cut => "disconnect",
            Way::Stalled => "stall",
        }
    }
}

impl Control {
    /// What a target file calls the command line that does it: `clock`, `server stop`.
    pub fn name(&self) -> String {
        match self {
            Control::Clock { .. } => "clock".to_owned(),
            Control::Power { switch, .. } => format!("server {}", switch.word()),
            Control::Way { state, .. } => format!("server {}", state.word()),
            Control::Queue { act, .. } => format!("queue {}", act.word()),
        }
    }
}

impl fmt::Display for Control {
    /// As transcripts tell it: `clock +30m`, `server stop hamburger`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Control::Clock { server: None, by } => write!(f, "clock +{}", duration::written(*by)),
            Control::Clock { server: Some(server), by } => write!(f, "clock of {server} +{}", duration::written(*by)),
            Control::Power { server, .. } => write!(f, "{} {server}", self.name()),
            Control::Way { between: [one, other], .. } => write!(f, "{} {one} {other}", self.name()),
            Control::Queue { server, what, .. } => {
                write!(f, "{} {what}", self.name())?;
                server.as_ref().map_or(Ok(()), |server| write!(f, " at {server}"))
            }
        }
    }
}
