//! The running servers of a topology and the ways between them: raised for one case, steered by it, and gone afterwards.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use rustls::pki_types::ServerName;
use tempfile::TempDir;

use super::reference::{Finding, Kind, Reference};
use super::{Target, Timeouts};
use crate::suite::topology::{Answer, Control, DNS, Question, Storage, Switch, Topology, Way};
use crate::suite::{Party, Protocol};
use crate::transcript::{self, What};
use crate::transport::{Link, NameServer, Names, Record, Said, TlsClient, Trust, client_config};

/// Servers that belong to one case.
pub struct Network {
    /// What the servers have in common, their clocks included.
    kind: Kind,
    /// In the order of the topology.
    members: Vec<Member>,
    /// From a server to a server.
    ways: BTreeMap<(String, String), (Link, Way)>,
    /// What each server asks for names; they see different addresses, because their ways are their own.
    names: Vec<NameServer>,
    /// The name servers answer.
    names_on: bool,
    /// What the servers keep; removed at the end.
    _folder: Option<TempDir>,
}

/// One server of the network.
pub struct Member {
    pub name: String,
    pub tls: TlsClient,
    reference: Reference,
}

impl Network {
    /// Starts all servers and opens all ways. The error names the server that cannot start.
    pub async fn raise(topology: &Topology, kind: &Kind, timeouts: Timeouts) -> Result<Network, String> {
        let durable = topology.servers.iter().any(|server| server.storage == Storage::Directory);
        let folder = match durable {
            true => {
                Some(tempfile::Builder::new().prefix("mailspec-").tempdir().map_err(|error| format!("no directory: {error}"))?)
            }
            false => None,
        };
        let config = client_config(&Trust::Any, None)?;
        let mut network = Network {
            kind: kind.apart(),
            members: Vec::new(),
            ways: BTreeMap::new(),
            names: Vec::new(),
            names_on: true,
            _folder: None,
        };
        network.lay(topology)?;
        for server in &topology.servers {
            let place = folder.as_ref().filter(|_| server.storage == Storage::Directory);
            let place = place.map(|folder| folder.path().join(&server.name));
            let way = |to: &String| network.ways.get(&(server.name.clone(), to.clone())).map(|(link, _)| link.address);
            let routes = server.routes.iter().filter_map(|(domain, to)| Some((domain.clone(), way(to)?))).collect();
            let dns = network.known_to(&server.name, topology).await?;
            let reference = Reference::of(server, &network.kind, place, Finding { routes, dns })
                .await
                .map_err(|why| format!("the server `{}`: {why}", server.name))?;
            let domain = reference.target.domain.clone();
            let server_name =
                ServerName::try_from(domain).unwrap_or_else(|_| ServerName::IpAddress(reference.target.host.into()));
            let mut member =
                Member { name: server.name.clone(), tls: TlsClient { config: Arc::clone(&config), server_name }, reference };
            member.reference.target.timeouts = timeouts;
            network.members.push(member);
        }
        network._folder = folder;
        network.renew().await?;
        Ok(network)
    }

    /// Lays the ways, at first refused.
    fn lay(&mut self, topology: &Topology) -> Result<(), String> {
        for server in &topology.servers {
            let failed = |error: io::Error| format!("no way from {} to others: {error}", server.name);
            if topology.dns.is_some() {
                for (to, link) in at_one_port(topology).map_err(failed)? {
                    self.ways.insert((server.name.clone(), to), (link, Way::Open));
                }
                continue;
            }
            for to in server.routes.values().filter(|to| **to != server.name) {
                if let Entry::Vacant(vacant) = self.ways.entry((server.name.clone(), to.clone())) {
                    vacant.insert((Link::new().map_err(failed)?, Way::Open));
                }
            }
        }
        Ok(())
    }

    /// Starts what this server asks for names, if the topology has a DNS; gives its address, and the port at which the server
    /// finds all others.
    async fn known_to(&mut self, server: &str, topology: &Topology) -> Result<Option<(SocketAddr, u16)>, String> {
        let Some(domains) = &topology.dns else { return Ok(None) };
        let mut names = Names::new();
        let mut found = None;
        let address = |to: &str| self.ways.get(&(server.to_owned(), to.to_owned())).map(|(link, _)| link.address);
        let mut note = |name: &str, to: &str| {
            let Some(SocketAddr::V4(address)) = address(to) else { return };
            found = Some(address.port());
            names.entry(name.to_ascii_lowercase()).or_default().push(Record::Address(*address.ip()));
        };
        topology.servers.iter().for_each(|other| note(&other.host, &other.name));
        for (domain, records) in domains {
            records.address.iter().for_each(|to| note(domain, to));
        }
        for (domain, records) in domains {
            let mx = records
                .exchangers
                .iter()
                .map(|mx| Record::Mx { preference: mx.preference, exchanger: mx.host.to_ascii_lowercase() });
            names.entry(domain.clone()).or_default().extend(mx);
        }
        let started = NameServer::start(names).await.map_err(|error| format!("no DNS for {server}: {error}"))?;
        let dns = started.address;
        self.names.push(started);
        Ok(found.map(|port| (dns, port)))
    }

    /// Switches the DNS of all servers off or on.
    fn switch_names(&mut self, switch: Switch) -> Result<(), String> {
        let on = match (switch, self.names_on) {
            (Switch::Start, true) => return Err("the DNS is on already".to_owned()),
            (Switch::Stop | Switch::Kill | Switch::Restart, false) => return Err("the DNS is off already".to_owned()),
            (Switch::Start, false) | (Switch::Restart, true) => true,
            (Switch::Stop | Switch::Kill, true) => false,
        };
        self.names_on = on;
        self.names.iter().for_each(|names| names.fail(!on));
        Ok(())
    }

    /// A server by its name; without a name the first.
    pub fn member(&self, name: Option<&str>) -> Option<&Member> {
        match name {
            Some(name) => self.members.iter().find(|member| member.name == name),
            None => self.members.first(),
        }
    }

    /// Every server's accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &super::AccountSlot> {
        self.members.iter().flat_map(|member| &member.target().accounts)
    }

    /// Does what a case asks for. The error says what could not be done.
    pub async fn steer(&mut self, control: &Control) -> Result<(), String> {
        match control {
            Control::Clock { server: None, by } => self.kind.advance(*by),
            Control::Clock { server: Some(server), by } => self.named(server)?.reference.advance(*by),
            Control::Power { switch, server } if server == DNS => self.switch_names(*switch)?,
            Control::Power { switch, server } => {
                let member = self.named(server)?;
                let name = member.name.clone();
                let reference = &mut member.reference;
                if *switch != Switch::Start && !reference.is_on() {
                    return Err(format!("`{name}` is off already"));
                }
                let started = match switch {
                    Switch::Start => reference.start().await,
                    Switch::Restart => {
                        reference.stop().await;
                        reference.start().await
                    }
                    Switch::Stop => {
                        reference.stop().await;
                        Ok(())
                    }
                    Switch::Kill => {
                        reference.kill().await;
                        Ok(())
                    }
                };
                started.map_err(|why| format!("`{name}`: {why}"))?;
                self.renew().await?;
            }
            Control::Queue { server, act, what } => {
                let member = self.member(server.as_deref()).ok_or("there is no such server")?;
                member.reference.change_queue(*act, what).map_err(|why| format!("`{}`: {why}", member.name))?;
            }
            Control::Way { state, between: [one, other] } => {
                for (from, to) in [(one, other), (other, one)] {
                    if let Some((_, way)) = self.ways.get_mut(&(from.clone(), to.clone())) {
                        *way = *state;
                    }
                }
                self.renew().await?;
            }
        }
        Ok(())
    }

    /// Answers a question. The error says why it cannot be asked.
    pub fn ask(&self, question: &Question) -> Result<Answer, String> {
        let (from, to) = match question {
            Question::Overheard { from, to, .. } => (from, to),
            Question::Queue { server, .. } => {
                let member = self.member(server.as_deref()).ok_or("there is no such server")?;
                let waiting = member.reference.waiting().map_err(|why| format!("`{}`: {why}", member.name))?;
                return Ok(Answer::Queue { waiting });
            }
        };
        let (link, _) = self.ways.get(&(from.clone(), to.clone())).ok_or_else(|| format!("no way leads from {from} to {to}"))?;
        let heard = link.heard();
        let mut said: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for heard in &heard {
            let client = said.entry(heard.connection).or_default();
            if let Said::Client(bytes) = &heard.said {
                client.extend_from_slice(bytes);
            }
        }
        // A line counts when it is whole.
        let line = |line: &[u8]| line.strip_suffix(b"\r\n").map(|line| String::from_utf8_lossy(line).into_owned());
        let lines = said.values().flat_map(|bytes| bytes.split_inclusive(|b| *b == b'\n')).filter_map(line).collect();
        Ok(Answer::Overheard { connections: said.len(), lines })
    }

    /// What the servers said to each other, for the transcript of a case that began at `begun`.
    pub fn overheard(&self, begun: Instant) -> Vec<transcript::Entry> {
        let mut entries = Vec::new();
        for ((from, to), (link, _)) in &self.ways {
            for heard in link.heard() {
                let number = if heard.connection > 1 { format!(" {}", heard.connection) } else { String::new() };
                let what = match heard.said {
                    Said::Opened => What::Event("connected".to_owned()),
                    Said::Client(bytes) => What::Sent(bytes),
                    Said::Server(bytes) => What::Received(bytes),
                    Said::Encrypted => What::Event("TLS from here on; what is said is not seen".to_owned()),
                    Said::Closed => What::Event("closed".to_owned()),
                };
                let at = heard.at.saturating_duration_since(begun);
                // When servers speak to each other is no part of what a snapshot compares.
                entries.push(transcript::Entry {
                    at,
                    connection: format!("{from} to {to}{number}").into(),
                    tls: false,
                    preparing: true,
                    repeated: false,
                    party: Party::Server,
                    what,
                });
            }
        }
        entries
    }

    /// Stops what is on.
    pub async fn down(mut self) {
        for (link, _) in self.ways.values_mut() {
            link.refuse().await;
        }
        for member in &mut self.members {
            // Nobody is left to say good-bye to.
            member.reference.kill().await;
        }
    }

    fn named(&mut self, name: &str) -> Result<&mut Member, String> {
        let known = self.members.iter().map(|member| member.name.clone()).collect::<Vec<_>>().join(", ");
        let found = self.members.iter_mut().find(|member| member.name == name);
        found.ok_or_else(|| format!("no server is named `{name}`; there are {known}"))
    }

    /// Makes every way what it is to be; a server that is off refuses.
    async fn renew(&mut self) -> Result<(), String> {
        for ((from, to), (link, way)) in &mut self.ways {
            // A server that finds itself by the DNS is refused: it would wait for itself.
            let there = self.members.iter().find(|member| member.name == *to && from != to && member.reference.is_on());
            let there = there.and_then(|member| member.smtp());
            let done = match (&way, there) {
                (Way::Cut, _) | (_, None) => {
                    link.refuse().await;
                    Ok(())
                }
                (Way::Open, Some(address)) => link.open(address).await,
                (Way::Stalled, Some(address)) => link.stall(address).await,
            };
            done.map_err(|error| format!("the way from {from} to {to}: {error}"))?;
        }
        Ok(())
    }
}

/// The network of the ways that are found by the DNS: their addresses differ, their port is one.
fn place(number: u8, port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(127, 0, 53, number), port))
}

/// How often a port is looked for that is free at all addresses.
const TRIES: usize = 20;

/// A way to each server of the topology, by its name: at addresses of their own, and all at one port, because that is how the DNS
/// finds mail servers.
fn at_one_port(topology: &Topology) -> io::Result<Vec<(String, Link)>> {
    let all = || -> io::Result<Vec<(String, Link)>> {
        let mut links: Vec<(String, Link)> = Vec::new();
        for (number, server) in (1..=u8::MAX).zip(&topology.servers) {
            let port = links.first().map_or(0, |(_, link)| link.address.port());
            links.push((server.name.clone(), Link::at(place(number, port))?));
        }
        Ok(links)
    };
    let mut found = all();
    for _ in 1..TRIES {
        match &found {
            // Somebody has the port at another of the addresses.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => found = all(),
            _ => break,
        }
    }
    found
}

impl Member {
    /// Where it listens and who has accounts there.
    pub fn target(&self) -> &Target {
        &self.reference.target
    }

    fn smtp(&self) -> Option<SocketAddr> {
        self.target().endpoint(Protocol::Smtp, None, false).map(|(address, _)| address)
    }
}
