//! Reference servers inside this process, on free loopback ports: the built-in target, and the servers of topologies. Their own protocol
//! code stays on the other side of the wire; only their start, their clock and their addresses are known here.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use reference_server::clock::Clock;
use reference_server::config::{
    AccountConfig, ClientCa, Config, Expire, Limits, Listen, PlaintextAuth, Pop3Policy, Route, Sending, SendingLimits,
    SendingTls, Service, Storage, TokenConfig,
};
use reference_server::extensions::Extension;
use reference_server::faults::Fault;
use reference_server::mail::Address;
use reference_server::queue;
use reference_server::server::{self, Running};
use tempfile::NamedTempFile;

use super::{AccountSlot, Endpoint, PeerSlot, Target};
use crate::suite::topology::{QueueAct, RelayTls, Selection, Server, Settings, Waiting};
use crate::suite::{CapabilityNeed, Protocol};
use crate::transport::{PEER_AUTHORITY, Reservation};

/// A reference server and the target that describes it.
pub struct Reference {
    pub target: Target,
    config: Config,
    state: State,
    /// Its own addresses while it may be off, and those of its peers, so that nobody else takes them.
    reserved: Vec<Reservation>,
    /// The authority of the peers, in a file.
    authority: Option<NamedTempFile>,
}

enum State {
    Running(Box<Running>),
    Off,
}

/// What further servers have in common with a running one, so that more of its kind can be started.
#[derive(Clone, Debug)]
pub struct Kind {
    faults: Vec<Fault>,
    without: Vec<Extension>,
    /// Their clocks go in one group with this one.
    clock: Clock,
}

impl Kind {
    /// The same kind with a group of clocks of its own.
    pub fn apart(&self) -> Kind {
        Kind { clock: Clock::real(), ..self.clone() }
    }

    /// Has a server of this kind meet a case's need that the running one does not. Whether that can be done.
    pub fn arrange(&self, protocol: Protocol, need: &CapabilityNeed, settings: &mut Settings) -> bool {
        let name = format!("{protocol}/{}", need.name);
        match (name.as_str(), need.present) {
            // "IMAP servers MUST NOT advertise both of these capabilities at the same time" (RFC 7888 §5).
            ("imap/LITERAL-", true) => settings.without.push("imap/LITERAL+".to_owned()),
            // It stands in the place of UTF8=ACCEPT (RFC 6855 §6).
            ("imap/UTF8=ONLY", true) => settings.utf8_only = true,
            ("imap/LOGINDISABLED", true) => settings.passwords_under_tls = true,
            (_, false) if name.parse::<Extension>().is_ok() => settings.without.push(name),
            _ => return false,
        }
        true
    }

    /// Moves the clocks of all servers of this kind forward in one instant.
    pub fn advance(&self, by: Duration) {
        self.clock.advance_all(by);
    }
}

/// How a server of a topology finds others.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// Where it sends the mail of a domain.
    pub routes: Vec<(String, SocketAddr)>,
    /// The name server it asks about all others, and the port of what it finds there.
    pub dns: Option<(SocketAddr, u16)>,
}

/// Accounts enough for every worker and for cases that need several.
const ACCOUNTS: usize = 24;

/// A mailbox that belongs to nobody, where everybody may do everything.
const COMMON: &str = "common=anyone:lrswipkxtea";

/// Peers enough that hardly one is used twice in a run.
const PEERS: usize = 128;

/// Suites wait for mail to be tried again, and nobody waits half an hour.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Peers wait for the end of a connection, and nobody waits five seconds for it. It ends well before mail is tried again, so that the next
/// attempt is always made on a new one.
const SENDING_IDLE: Duration = Duration::from_millis(400);

/// Starts the built-in target with the named misbehaviours and without the named extensions. The error tells of a name that does not
/// exist.
pub async fn start(faults: &[String], without: &[String]) -> Result<Reference, String> {
    let faults: Result<_, _> = faults.iter().map(|name| name.parse::<Fault>()).collect();
    let without: Result<_, _> = without.iter().map(|name| name.parse::<Extension>()).collect();
    let kind = Kind {
        faults: faults.map_err(|error| error.to_string())?,
        without: without.map_err(|error| error.to_string())?,
        clock: Clock::real(),
    };
    let mut slots: Vec<AccountSlot> = (1..=ACCOUNTS)
        .map(|number| AccountSlot {
            login: format!("user{number:02}"),
            password: format!("secret{number:02}"),
            address: format!("user{number:02}@example.org"),
            token: Some(format!("token{number:02}.vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")),
            certificate: None,
            disposable: true,
        })
        .collect();
    let authority = Authority::new().map_err(|error| format!("no certificates can be made for clients: {error}"))?;
    for slot in &mut slots {
        let certificate = authority.certificate(&slot.address);
        slot.certificate =
            Some(certificate.map_err(|error| format!("no certificate can be made for {}: {error}", slot.address))?);
    }
    let tokens: Result<Vec<TokenConfig>, String> =
        slots.iter().map(|slot| format!("{}:{}", slot.address, slot.token.as_deref().unwrap_or_default()).parse()).collect();
    let (reserved, peers) = reserve()?;
    let trusted = trusted().map_err(|error| format!("the authority of the peers cannot be kept in a file: {error}"))?;
    let config = Config {
        tokens: tokens?,
        shared_mailboxes: vec![COMMON.parse()?],
        client_ca: Some(ClientCa::Pem(authority.pem)),
        limits: Limits {
            retry_after: RETRY_AFTER,
            sending: SendingLimits { idle: SENDING_IDLE, ..SendingLimits::default() },
            ..Limits::default()
        },
        sending: Sending { authorities: Some(trusted.path().to_owned()), ..Sending::default() },
        routes: peers.iter().map(|peer| Route { domain: peer.domain.clone(), address: peer.address }).collect(),
        ..Config::default()
    };
    let mut reference = Reference::begin("reference", slots, kind, config).await?;
    reference.target.shared_mailbox = Some("Shared/common".to_owned());
    reference.target.description = Some(format!("mailspec's reference server {}", env!("CARGO_PKG_VERSION")));
    (reference.target.peers, reference.authority) = (peers, Some(trusted));
    reference.reserved.extend(reserved);
    Ok(reference)
}

/// The authority of the certificates that peers show.
fn trusted() -> std::io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(PEER_AUTHORITY.as_bytes())?;
    Ok(file)
}

/// Peers at free ports.
fn reserve() -> Result<(Vec<Reservation>, Vec<PeerSlot>), String> {
    let mut reserved = Vec::new();
    let mut peers = Vec::new();
    for number in 1..=PEERS {
        let reservation = Reservation::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .map_err(|error| format!("no free port for a peer of the reference server: {error}"))?;
        peers.push(PeerSlot { domain: format!("peer{number:03}.example"), address: reservation.address });
        reserved.push(reservation);
    }
    Ok((reserved, peers))
}

impl Reference {
    /// Starts a server of a topology. `folder`: where it keeps its mail; `None`: in memory.
    pub async fn of(server: &Server, kind: &Kind, folder: Option<PathBuf>, finding: Finding) -> Result<Reference, String> {
        let slots = server
            .accounts
            .iter()
            .map(|role| AccountSlot {
                login: role.clone(),
                password: format!("secret-of-{role}"),
                address: server.address(role),
                token: None,
                certificate: None,
                disposable: true,
            })
            .collect();
        let administrator = |role: &String| {
            let address = server.address(role);
            Address::parse(&address).map_err(|_| format!("`{address}` is no address"))
        };
        let administrators: Result<Vec<Address>, String> = server.settings.administrators.iter().map(administrator).collect();
        let sending = Sending { tls: sending_tls(&server.settings), ..Sending::default() };
        let sending = match finding.dns {
            Some((dns, port)) => Sending { dns: Some(dns), port, ..sending },
            None => sending,
        };
        let config = Config {
            host: server.host.clone(),
            domains: server.domains.clone(),
            storage: folder.map_or(Storage::Memory, Storage::Dir),
            limits: limits(&server.settings),
            routes: finding.routes.into_iter().map(|(domain, address)| Route { domain, address }).collect(),
            sending,
            backup_for: server.backs_up.clone(),
            administrators: administrators?,
            utf8_only: server.settings.utf8_only,
            plaintext_auth: match server.settings.passwords_under_tls {
                true => PlaintextAuth::Never,
                false => PlaintextAuth::default(),
            },
            takes_mail: !server.settings.no_mail,
            pop3: Pop3Policy {
                login_delay: server.settings.login_delay.unwrap_or_default(),
                expire: server.settings.expire.map_or(Expire::Never, Expire::Days),
            },
            ..Config::default()
        };
        let mut kind = kind.clone();
        for name in &server.settings.without {
            kind.without.push(name.parse::<Extension>().map_err(|error| error.to_string())?);
        }
        Reference::begin(&server.name, slots, kind, config).await
    }

    async fn begin(name: &str, slots: Vec<AccountSlot>, kind: Kind, config: Config) -> Result<Reference, String> {
        let accounts: Result<Vec<AccountConfig>, String> =
            slots.iter().map(|slot| format!("{}:{}", slot.address, slot.password).parse::<AccountConfig>()).collect();
        let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let reserve = |_| Reservation::new(local).map_err(|error| format!("no address for the reference server: {error}"));
        // Where it can be, its addresses stay reserved from before the first start.
        let reserved: Vec<Reservation> = match Reservation::SHARED {
            true => Service::ALL.iter().map(reserve).collect::<Result<_, _>>()?,
            false => Vec::new(),
        };
        let addresses = reserved.iter().map(|reservation| reservation.address).chain(std::iter::repeat(local));
        let listen = Service::ALL.into_iter().zip(addresses).map(|(service, address)| Listen { service, address });
        let mut config = Config {
            listen: listen.collect(),
            accounts: accounts?,
            faults: kind.faults.iter().copied().collect(),
            without: kind.without.iter().copied().collect(),
            // A clock of its own, that goes on where the server is started again.
            clock: kind.clock.companion(),
            ..config
        };
        let running = launch(&config).await?;
        for listen in &mut config.listen {
            listen.address = running.addresses.get(listen.service.name()).copied().unwrap_or(listen.address);
        }
        let starttls = |name: &str| match name {
            "smtp" | "submission" | "lmtp" => !kind.without.contains(&Extension::SmtpStartTls),
            "pop3" => !kind.without.contains(&Extension::Pop3Stls),
            "imap" => !kind.without.contains(&Extension::ImapStartTls),
            _ => false,
        };
        let endpoints: BTreeMap<String, Endpoint> = running
            .addresses
            .iter()
            .map(|(name, address)| (name.clone(), Endpoint { port: address.port(), starttls: starttls(name) }))
            .collect();
        let target = Target {
            domain: config.domains.first().cloned().unwrap_or_default(),
            accounts: slots,
            kind: Some(kind),
            ..Target::bare(name, local.ip(), endpoints, Protocol::ALL.to_vec())
        };
        Ok(Reference { target, config, state: State::Running(Box::new(running)), reserved, authority: None })
    }

    /// Moves its clock forward, also while it is off.
    pub fn advance(&self, by: Duration) {
        self.config.clock.advance(by);
    }

    /// Whether it takes connections.
    pub fn is_on(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// Starts it again where it was. The error says why it cannot be.
    pub async fn start(&mut self) -> Result<(), String> {
        if self.is_on() {
            return Err("it is on already".to_owned());
        }
        self.state = State::Running(Box::new(launch(&self.config).await?));
        Ok(())
    }

    /// Stops it, with a good-bye on open connections.
    pub async fn stop(&mut self) {
        if let State::Running(running) = std::mem::replace(&mut self.state, State::Off) {
            running.stop().await;
        }
    }

    /// Stops it as SIGKILL would.
    pub async fn kill(&mut self) {
        if let State::Running(running) = std::mem::replace(&mut self.state, State::Off) {
            running.kill().await;
        }
    }

    /// What waits in its queue.
    pub fn waiting(&self) -> Result<Vec<Waiting>, String> {
        let listed = self.queue()?.list(&queue::Selection::All, None, usize::MAX).map_err(|error| error.to_string())?;
        let recipients = listed.into_iter().flat_map(|entry| entry.recipients);
        let waiting = |recipient: queue::ListedRecipient| Waiting {
            address: recipient.address,
            attempts: recipient.attempts,
            sending: recipient.sending,
        };
        Ok(recipients.map(waiting).collect())
    }

    /// Does something to what waits in its queue.
    pub fn change_queue(&self, act: QueueAct, what: &Selection) -> Result<(), String> {
        let queue = self.queue()?;
        let what = match what {
            Selection::All => queue::Selection::All,
            Selection::Domain(domain) => queue::Selection::Destination(domain.clone()),
        };
        let changed = match act {
            QueueAct::Flush => queue.flush(what),
            QueueAct::Hold => queue.hold(what),
            QueueAct::Release => queue.release(what),
            QueueAct::Delete => queue.delete(what, None),
        };
        changed.map(|_| ()).map_err(|error| error.to_string())
    }

    fn queue(&self) -> Result<&queue::Queue, String> {
        match &self.state {
            State::Running(running) => Ok(&running.queue),
            State::Off => Err("it is off".to_owned()),
        }
    }
}

async fn launch(config: &Config) -> Result<Running, String> {
    server::start(config.clone()).await.map_err(|error| format!("the reference server cannot start: {error:#}"))
}

/// The default limits but for what the settings say.
fn limits(settings: &Settings) -> Limits {
    let usual = Limits::default();
    Limits {
        retry_after: settings.retry_after.unwrap_or(usual.retry_after),
        queue_lifetime: settings.lifetime.unwrap_or(usual.queue_lifetime),
        retry_max: settings.retry_max.unwrap_or(usual.retry_max),
        delay_warning: settings.delay_warning.unwrap_or(usual.delay_warning),
        warn_unasked: settings.delay_warning.is_some() || usual.warn_unasked,
        message: settings.message_size.unwrap_or(usual.message),
        recipients: settings.recipients.unwrap_or(usual.recipients),
        command_messages: settings.message_limit.unwrap_or(usual.command_messages),
        saved_messages: settings.save_limit.unwrap_or(usual.saved_messages),
        progress_interval: settings.progress_interval.unwrap_or(usual.progress_interval),
        notifications: settings.notifications.unwrap_or(usual.notifications),
        smtp_patience: settings.smtp_patience.unwrap_or(usual.smtp_patience),
        pop3_patience: settings.pop3_patience.unwrap_or(usual.pop3_patience),
        imap_patience: settings.imap_patience.unwrap_or(usual.imap_patience),
        sending: SendingLimits { idle: settings.sending_idle.unwrap_or(usual.sending.idle), ..usual.sending },
        ..usual
    }
}

fn sending_tls(settings: &Settings) -> SendingTls {
    match settings.sending_tls {
        None => SendingTls::default(),
        Some(RelayTls::Opportunistic) => SendingTls::Opportunistic,
        Some(RelayTls::Required) => SendingTls::Required,
        Some(RelayTls::Off) => SendingTls::Off,
    }
}

/// Who certifies the accounts, for EXTERNAL.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Result<Authority, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "mailspec clients");
        let pem = params.self_signed(&key)?.pem();
        Ok(Authority { pem, issuer: Issuer::new(params, key) })
    }

    /// A certificate for an address, with its key.
    fn certificate(&self, address: &str) -> Result<Arc<str>, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::Rfc822Name(address.try_into()?)];
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Arc::from(certificate.pem() + &key.serialize_pem()))
    }
}

/// Names and one-line descriptions of all faults.
pub fn faults() -> impl Iterator<Item = (&'static str, &'static str)> {
    Fault::ALL.iter().map(|fault| (fault.name(), fault.description()))
}
