//! The built-in target: the reference server inside this process, in memory, on free loopback ports. Its own protocol code stays on the
//! other side of the wire; only its start and its addresses are known here.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use reference_server::config::{AccountConfig, Config, Limits, Listen, Route, Service};
use reference_server::faults::Fault;
use reference_server::server::{self, Running};

use super::{AccountSlot, Endpoint, PeerSlot, Target};
use crate::suite::Protocol;
use crate::transport::Reservation;

/// A running reference server and the target that describes it.
pub struct Reference {
    pub target: Target,
    running: Running,
    /// The ports of the peers, so that nobody else takes them.
    _reserved: Vec<Reservation>,
}

/// Accounts enough for every worker and for cases that need several.
const ACCOUNTS: usize = 24;

/// Peers enough that hardly one is used twice in a run.
const PEERS: usize = 256;

/// Suites wait for mail to be tried again, and nobody waits half an hour.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Starts it with the named misbehaviours. The error names a fault that does not exist.
pub async fn start(faults: &[String]) -> Result<Reference, String> {
    let mut broken = Vec::new();
    for name in faults {
        broken.push(name.parse::<Fault>().map_err(|error| error.to_string())?);
    }
    let slots: Vec<AccountSlot> = (1..=ACCOUNTS)
        .map(|number| AccountSlot {
            login: format!("user{number}"),
            password: format!("secret{number}"),
            address: format!("user{number}@example.org"),
            disposable: true,
        })
        .collect();
    let accounts: Result<Vec<AccountConfig>, String> =
        slots.iter().map(|slot| format!("{}:{}", slot.address, slot.password).parse::<AccountConfig>()).collect();
    let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    let (reserved, peers) = reserve(local)?;
    let config = Config {
        listen: Service::ALL.into_iter().map(|service| Listen { service, address: local }).collect(),
        accounts: accounts?,
        faults: broken.into_iter().collect(),
        limits: Limits { retry_after: RETRY_AFTER, ..Limits::default() },
        routes: peers.iter().map(|peer| Route { domain: peer.domain.clone(), address: peer.address }).collect(),
        ..Config::default()
    };
    let running = server::start(config).await.map_err(|error| format!("the reference server cannot start: {error:#}"))?;
    let starttls = |name: &str| matches!(name, "smtp" | "submission" | "pop3" | "imap");
    let endpoints: BTreeMap<String, Endpoint> = running
        .addresses
        .iter()
        .map(|(name, address)| (name.clone(), Endpoint { port: address.port(), starttls: starttls(name) }))
        .collect();
    let target = Target {
        description: Some(format!("mailspec's reference server {}", env!("CARGO_PKG_VERSION"))),
        accounts: slots,
        peers,
        ..Target::bare("reference", local.ip(), endpoints, Protocol::ALL.to_vec())
    };
    Ok(Reference { target, running, _reserved: reserved })
}

/// Peers at free ports.
fn reserve(local: SocketAddr) -> Result<(Vec<Reservation>, Vec<PeerSlot>), String> {
    let mut reserved = Vec::new();
    let mut peers = Vec::new();
    for number in 1..=PEERS {
        let taken = Reservation::take(local).and_then(|reservation| Ok((reservation.address()?, reservation)));
        let (address, reservation) = taken.map_err(|error| format!("no free port for a peer of the reference server: {error}"))?;
        reserved.push(reservation);
        peers.push(PeerSlot { domain: format!("peer{number}.example"), address });
    }
    Ok((reserved, peers))
}

impl Reference {
    /// Stops it, with a good-bye on open connections.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

/// Names and one-line descriptions of all faults.
pub fn faults() -> impl Iterator<Item = (&'static str, &'static str)> {
    Fault::ALL.iter().map(|fault| (fault.name(), fault.description()))
}
