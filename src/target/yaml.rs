//! A target file: `fixtures/targets/<name>/target.yaml`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::{AccountSlot, Command, Endpoint, MaildropCommands, PeerSlot, Target, Timeouts};
use crate::suite::form::ProtocolYaml;
use crate::suite::problem::{Problem, did_you_mean};
use crate::suite::yaml::{At, read};
use crate::suite::{Protocol, Span, duration};
use crate::transport::Trust;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TargetYaml {
    name: String,
    description: Option<String>,
    domain: String,
    /// A mailbox that belongs to nobody, below which every account may do everything.
    shared_mailbox: Option<String>,
    host: Option<At<String>>,
    endpoints: BTreeMap<String, At<EndpointYaml>>,
    #[serde(default)]
    protocols: Vec<ProtocolYaml>,
    #[serde(default)]
    accounts: Vec<AccountYaml>,
    #[serde(default)]
    ignore_capabilities: Vec<String>,
    #[serde(default)]
    peers: Vec<At<PeerYaml>>,
    start: Option<CommandYaml>,
    stop: Option<CommandYaml>,
    maildrop: Option<MaildropYaml>,
    timeouts: Option<TimeoutsYaml>,
    #[serde(default)]
    controls: BTreeMap<String, String>,
    baseline: Option<String>,
    tls: Option<TlsYaml>,
    #[serde(default)]
    snapshot_filters: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointYaml {
    port: u16,
    #[serde(default)]
    starttls: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AccountYaml {
    login: String,
    password: String,
    address: String,
    token: Option<String>,
    /// A PEM file with the certificate chain and its key.
    client_certificate: Option<At<String>>,
    #[serde(default)]
    disposable: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeerYaml {
    /// With `count`, `{n}` in it is the number.
    domain: String,
    host: Option<String>,
    /// With `count`, that of the first, unless each has a host of its own: `127.0.1.{n}`.
    port: u16,
    /// So many of the kind, numbered from 1.
    count: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandYaml {
    command: String,
    timeout: Option<At<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaildropYaml {
    empty: String,
    fill: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeoutsYaml {
    connect: Option<At<String>>,
    step: Option<At<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsYaml {
    /// PEM file of the authority that issued the server's certificate; without it any certificate is accepted.
    ca: String,
}

/// Names an endpoint may have.
const SERVICES: [&str; 9] = ["smtp", "smtps", "submission", "submissions", "lmtp", "pop3", "pop3s", "imap", "imaps"];

/// Reads a target file. Errors are rendered with the place they are about.
pub fn load(path: &Path) -> Result<Target, String> {
    let name = path.display().to_string();
    let source = std::fs::read_to_string(path).map_err(|error| format!("{name}: cannot read: {error}"))?;
    let span = |line, column| Span { line, column, length: 1 };
    let wrong = |at: Span, message: String| Problem::error(&name, at, message);
    let yaml: TargetYaml =
        read(&source).map_err(|error| wrong(span(error.line, error.column), error.message).render(&source, false))?;
    let mut problems = Vec::new();
    let mut endpoints = BTreeMap::new();
    for (service, at) in &yaml.endpoints {
        if !SERVICES.contains(&service.as_str()) {
            let problem = wrong(span(at.line, at.column), format!("no service is named `{service}`"));
            problems.push(match did_you_mean(service, SERVICES) {
                Some(meant) => problem.with_hint(format!("did you mean `{meant}`?")),
                None => problem.with_hint(format!("services are {}", SERVICES.join(", "))),
            });
        }
        endpoints.insert(service.clone(), Endpoint { port: at.value.port, starttls: at.value.starttls });
    }
    let mut peers = Vec::new();
    for at in &yaml.peers {
        match slots(&at.value) {
            Ok(slots) => peers.extend(slots),
            Err(message) => problems.push(wrong(span(at.line, at.column), message)),
        }
    }
    let host = match &yaml.host {
        None => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Some(host) => match (host.value.as_str(), 0).to_socket_addrs().ok().and_then(|mut found| found.next()) {
            Some(address) => address.ip(),
            None => {
                problems.push(wrong(span(host.line, host.column), format!("the host `{}` has no address", host.value)));
                IpAddr::V4(Ipv4Addr::LOCALHOST)
            }
        },
    };
    let mut time = |at: Option<&At<String>>, default| match at {
        None => default,
        Some(at) => duration::parse(&at.value).unwrap_or_else(|message| {
            problems.push(wrong(span(at.line, at.column), message));
            default
        }),
    };
    let usual = Timeouts::default();
    let timeouts = match &yaml.timeouts {
        Some(given) => {
            Timeouts { connect: time(given.connect.as_ref(), usual.connect), step: time(given.step.as_ref(), usual.step) }
        }
        None => usual,
    };
    let minute = std::time::Duration::from_secs(60);
    let mut command = |given: Option<CommandYaml>| {
        given.map(|given| Command { line: given.command, timeout: time(given.timeout.as_ref(), minute) })
    };
    let (start, stop) = (command(yaml.start), command(yaml.stop));
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf();
    let mut accounts = Vec::new();
    for AccountYaml { login, password, address, token, client_certificate, disposable } in yaml.accounts {
        let certificate = client_certificate.and_then(|file| match std::fs::read_to_string(folder.join(&file.value)) {
            Ok(pem) => Some(Arc::from(pem)),
            Err(error) => {
                problems
                    .push(wrong(span(file.line, file.column), format!("cannot read the certificate {}: {error}", file.value)));
                None
            }
        });
        accounts.push(AccountSlot { login, password, address, token, certificate, disposable });
    }
    if !problems.is_empty() {
        return Err(problems.iter().map(|problem| problem.render(&source, false)).collect::<Vec<_>>().join("\n\n"));
    }
    let protocols: Vec<Protocol> = yaml.protocols.into_iter().map(Protocol::from).collect();
    let served = |protocol: &Protocol| {
        [protocol.name().to_owned(), format!("{}s", protocol.name())].iter().any(|service| endpoints.contains_key(service))
    };
    Ok(Target {
        name: yaml.name,
        description: yaml.description,
        domain: yaml.domain,
        shared_mailbox: yaml.shared_mailbox,
        host,
        protocols: if protocols.is_empty() { Protocol::ALL.into_iter().filter(served).collect() } else { protocols },
        endpoints,
        accounts,
        peers,
        ignored_capabilities: yaml.ignore_capabilities,
        start,
        stop,
        timeouts,
        maildrop: yaml.maildrop.map(|given| MaildropCommands {
            empty: Command { line: given.empty, timeout: minute },
            fill: Command { line: given.fill, timeout: minute },
        }),
        controls: yaml.controls,
        baseline: yaml.baseline.map(|file| folder.join(file)),
        trust: yaml.tls.map_or(Trust::Any, |tls| Trust::Authority(folder.join(tls.ca))),
        snapshot_filters: yaml.snapshot_filters.into_iter().collect(),
        folder,
        kind: None,
    })
}

/// The peers of one entry: itself, or as many as it counts, each with a port of its own, or a host of its own where that has the number.
fn slots(peer: &PeerYaml) -> Result<Vec<PeerSlot>, String> {
    let host = peer.host.as_deref().unwrap_or("127.0.0.1");
    let slot = |domain: String, host: String, port: u16| {
        let wrong = |_| format!("`{host}` is no IP address: it is where we listen, and where the server connects to");
        Ok(PeerSlot { domain, address: SocketAddr::new(host.parse::<IpAddr>().map_err(wrong)?, port) })
    };
    let Some(count) = peer.count else {
        return Ok(vec![slot(peer.domain.clone(), host.to_owned(), peer.port)?]);
    };
    if !peer.domain.contains("{n}") {
        return Err(format!("with `count` the domain has a number in it, as in `peer{{n}}.example`; `{}` has none", peer.domain));
    }
    let one_port = host.contains("{n}");
    if !one_port && peer.port.checked_add(count).is_none() {
        return Err(format!("{count} ports from {} on are more than there are", peer.port));
    }
    let numbered = |n: u16| {
        let filled = |text: &str| text.replace("{n}", &n.to_string());
        slot(filled(&peer.domain), filled(host), if one_port { peer.port } else { peer.port + n - 1 })
    };
    (1..=count).map(numbered).collect()
}
