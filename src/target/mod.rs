//! The server under test: where it listens, who may log in, how it is started, what is known to be wrong with it.

pub mod baseline;
pub mod network;
mod process;
pub mod reference;
mod yaml;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use process::Processes;
pub use yaml::load;

use crate::suite::Protocol;
use crate::transport::Trust;

/// A server under test.
#[derive(Clone, Debug)]
pub struct Target {
    pub name: String,
    pub description: Option<String>,
    /// The domain whose mail it takes.
    pub domain: String,
    /// A mailbox that belongs to nobody, below which every account may make mailboxes and do everything with them.
    pub shared_mailbox: Option<String>,
    pub host: IpAddr,
    /// By name: `smtp`, `submission`, `smtps`, `lmtp`, `pop3`, `pop3s`, `imap`, `imaps`.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// What is tested; other endpoints only help (seeding, reading back).
    pub protocols: Vec<Protocol>,
    pub accounts: Vec<AccountSlot>,
    /// Domains whose mail it sends to addresses where we can listen.
    pub peers: Vec<PeerSlot>,
    /// Announced capabilities that shall not count.
    pub ignored_capabilities: Vec<String>,
    pub start: Option<Command>,
    pub stop: Option<Command>,
    pub timeouts: Timeouts,
    /// How maildrops are emptied and filled where there is no IMAP to do it by.
    pub maildrop: Option<MaildropCommands>,
    /// Control (`clock`, `server stop`) → command line.
    pub controls: BTreeMap<String, String>,
    pub baseline: Option<PathBuf>,
    pub trust: Trust,
    /// Name and expression of additional snapshot filters.
    pub snapshot_filters: Vec<(String, String)>,
    /// Relative paths and commands are relative to this.
    pub folder: PathBuf,
    /// More servers like it can be started, which cases then steer; `None`: there is only this one.
    pub kind: Option<reference::Kind>,
}

/// Where one service listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub port: u16,
    /// STARTTLS is offered there.
    pub starttls: bool,
}

/// One account of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSlot {
    pub login: String,
    pub password: String,
    pub address: String,
    /// Its bearer token, for OAUTHBEARER and XOAUTH2.
    pub token: Option<String>,
    /// What it shows as TLS client, for EXTERNAL: PEM, chain and key.
    pub certificate: Option<Arc<str>>,
    /// Its content may be destroyed.
    pub disposable: bool,
}

/// One domain whose mail the server sends to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerSlot {
    pub domain: String,
    /// Where the server connects to, and we listen.
    pub address: SocketAddr,
}

/// A command line of the target file. `{dir}` is its working directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub line: String,
    pub timeout: Duration,
}

/// Command lines that prepare a maildrop. They learn of what they are to do by their environment: `MAILSPEC_LOGIN`,
/// `MAILSPEC_ADDRESS`, and for filling `MAILSPEC_MESSAGE`, the path of a file whose bytes become one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaildropCommands {
    pub empty: Command,
    pub fill: Command,
}

/// How long the harness waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a TCP connection.
    pub connect: Duration,
    /// For one exchange.
    pub step: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts { connect: Duration::from_secs(5), step: Duration::from_secs(10) }
    }
}

impl Target {
    /// A target of which only the endpoints are known, for `example.org`: any certificate will do, nothing starts, stops or steers it,
    /// nothing is known to be wrong with it.
    pub fn bare(name: &str, host: IpAddr, endpoints: BTreeMap<String, Endpoint>, protocols: Vec<Protocol>) -> Target {
        Target {
            name: name.to_owned(),
            description: None,
            domain: "example.org".to_owned(),
            shared_mailbox: None,
            host,
            endpoints,
            protocols,
            accounts: Vec::new(),
            peers: Vec::new(),
            ignored_capabilities: Vec::new(),
            start: None,
            stop: None,
            maildrop: None,
            timeouts: Timeouts::default(),
            controls: BTreeMap::new(),
            baseline: None,
            trust: Trust::Any,
            snapshot_filters: Vec::new(),
            folder: PathBuf::from("."),
            kind: None,
        }
    }

    /// The endpoint of a service, and whether it speaks TLS from the first byte. `None`: the target has none.
    pub fn endpoint(&self, protocol: Protocol, service: Option<&str>, implicit_tls: bool) -> Option<(SocketAddr, bool)> {
        let name = service.unwrap_or(protocol.name());
        let secure = match name {
            "submission" => "submissions".to_owned(),
            name => format!("{name}s"),
        };
        // `smtps` has long been the name of submission over TLS, too (RFC 8314 §7.3).
        let of = |name: &str| self.endpoints.get(name).map(|endpoint| SocketAddr::new(self.host, endpoint.port));
        if implicit_tls {
            return of(&secure).map(|address| (address, true));
        }
        of(name).map(|address| (address, false)).or_else(|| of(&secure).map(|address| (address, true)))
    }

    /// Whether STARTTLS is offered at the plain endpoint of a service.
    pub fn has_starttls(&self, protocol: Protocol, service: Option<&str>) -> bool {
        self.endpoints.get(service.unwrap_or(protocol.name())).is_some_and(|endpoint| endpoint.starttls)
    }
}

/// Finds the target file for what was given to `--target`: a path, or a name below `fixtures/targets/`.
pub fn find(given: &str, fixtures: &Path) -> Result<PathBuf, String> {
    let direct = PathBuf::from(given);
    if direct.is_file() {
        return Ok(direct);
    }
    let folder = fixtures.join("targets");
    for candidate in [direct.join("target.yaml"), folder.join(given).join("target.yaml"), folder.join(format!("{given}.yaml"))] {
        if candidate.is_file() {
            return Ok(candidate);
        }
    }
    let mut known: Vec<String> = std::fs::read_dir(&folder)
        .map(|entries| {
            entries
                .flatten()
                .filter(|entry| entry.path().join("target.yaml").is_file())
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        })
        .unwrap_or_default();
    known.push("reference".to_owned());
    known.sort();
    Err(format!("there is no target `{given}`: it is neither a file nor one of {}", known.join(", ")))
}
