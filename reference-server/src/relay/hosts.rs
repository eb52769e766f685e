//! Which servers take the mail of a domain, in the order they are to be tried (RFC 5321 §5.1).

use std::net::{IpAddr, SocketAddr};

use super::dns::{Dns, Mx, NoAnswer};
use crate::config::Route;
use crate::faults::{Fault, Faults};
use crate::mail::Domain;
use crate::queue::{Diagnosis, Remote};

/// The most addresses that are tried for one message at a time; RFC 5321 §5.1 wants at least two.
const ADDRESSES: usize = 10;

/// A server at one of its addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Host {
    /// What a notification calls it, and what its certificate must be for: the name of the MX record, the domain itself
    /// where there is none, or the domain a route is for.
    pub name: String,
    pub address: SocketAddr,
    /// Its name was taken from an MX record, which anybody may have forged (RFC 8689 §4.2.1).
    pub by_mx: bool,
    /// Its place in the order of preference, from 0; those of the same level are as good as each other.
    pub level: usize,
}

impl Host {
    fn only(name: String, address: SocketAddr) -> Self {
        Self { name, address, by_mx: false, level: 0 }
    }

    /// Whether both are the same server under the same name.
    pub fn is(&self, other: &Host) -> bool {
        self.address == other.address && self.name == other.name
    }
}

/// Why there is no server to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoHost {
    Later(Diagnosis),
    Never(Diagnosis),
}

/// Finds servers.
pub(super) struct Hosts {
    pub dns: Dns,
    pub routes: Vec<Route>,
    /// The port of servers that are found by the DNS.
    pub port: u16,
    /// The names this server is known by.
    pub own_names: Vec<String>,
    /// Where this server takes mail.
    pub own_addresses: Vec<SocketAddr>,
    pub faults: Faults,
}

impl Hosts {
    /// The servers for a domain; at least one.
    pub async fn of(&self, domain: &Domain) -> Result<Vec<Host>, NoHost> {
        if let Some(route) = self.routes.iter().find(|route| route.fits(domain)) {
            return Ok(vec![Host::only(domain.to_string(), route.address)]);
        }
        match domain {
            Domain::Name(name) => self.by_name(name).await,
            Domain::V4(address) => self.by_literal(domain, IpAddr::V4(*address)),
            Domain::V6(address) => self.by_literal(domain, IpAddr::V6(*address)),
            Domain::General(_) => Err(never("5.1.2", format!("nothing is known of address literals like {domain}"))),
        }
    }

    /// Whether the domain is looked for in the DNS.
    pub fn asks_dns(&self, domain: &Domain) -> bool {
        matches!(domain, Domain::Name(_)) && !self.routes.iter().any(|route| route.fits(domain))
    }

    /// Whether the domain has a null MX (RFC 7505 §3).
    pub async fn takes_no_mail(&self, domain: &Domain) -> bool {
        let Domain::Name(name) = domain else { return false };
        let Ok(ascii) = idna::domain_to_ascii(name) else { return false };
        self.dns.exchangers(&ascii).await.is_ok_and(|records| is_null(&records))
    }

    /// RFC 5321 §2.3.5: an address literal bypasses the DNS.
    fn by_literal(&self, domain: &Domain, address: IpAddr) -> Result<Vec<Host>, NoHost> {
        let address = SocketAddr::new(address, self.port);
        if self.is_own(address) {
            return Err(looping(&domain.to_string()));
        }
        Ok(vec![Host::only(address.ip().to_string(), address)])
    }

    async fn by_name(&self, domain: &str) -> Result<Vec<Host>, NoHost> {
        let Ok(ascii) = idna::domain_to_ascii(domain) else {
            return Err(never("5.1.2", format!("{domain} cannot be a name in the DNS")));
        };
        let broken = |fault| self.faults.on(fault);
        let (levels, by_mx) = match self.dns.exchangers(&ascii).await {
            Ok(records) if is_null(&records) && broken(Fault::SmtpClientIgnoresNullMx) => (vec![vec![ascii.clone()]], false),
            Ok(records) => (self.levels(records, domain)?, true),
            Err(NoAnswer::NoRecords) if broken(Fault::SmtpClientNoImplicitMx) => {
                return Err(never("5.4.4", format!("{domain} has no mail exchangers")));
            }
            // RFC 5321 §5.1: an implicit MX with preference 0, pointing to the domain itself.
            Err(NoAnswer::NoRecords) => (vec![vec![ascii.clone()]], false),
            Err(NoAnswer::NoDomain) if broken(Fault::SmtpClientWaitsForNoDomain) => {
                return Err(later(format!("there is no domain {domain} yet")));
            }
            Err(NoAnswer::NoDomain) => return Err(never("5.1.2", format!("there is no domain {domain}"))),
            Err(NoAnswer::Temporary(error)) if broken(Fault::SmtpClientBouncesDnsFailure) => {
                return Err(never("5.4.3", format!("the MX records of {domain} cannot be looked up: {error}")));
            }
            Err(NoAnswer::Temporary(error)) => {
                return Err(later(format!("the MX records of {domain} cannot be looked up: {error}")));
            }
        };
        match self.addresses(domain, levels, by_mx).await {
            Err(NoHost::Never(_)) if by_mx && broken(Fault::SmtpClientAddressBesideMx) => {
                self.addresses(domain, vec![vec![ascii]], false).await
            }
            hosts => hosts,
        }
    }

    /// The exchangers by levels of preference, the best first.
    fn levels(&self, records: Vec<Mx>, domain: &str) -> Result<Vec<Vec<String>>, NoHost> {
        let own = if self.faults.on(Fault::SmtpClientForgetsItself) { &[][..] } else { &self.own_names };
        let mut levels = levels(records, domain, own)?;
        if self.faults.on(Fault::SmtpClientIgnoresPreference) {
            levels.reverse();
        }
        if self.faults.on(Fault::SmtpClientFixedOrder) {
            levels.iter_mut().for_each(|names| names.sort());
        }
        if self.faults.on(Fault::SmtpClientOneExchanger) {
            levels.truncate(1);
            levels.iter_mut().for_each(|names| names.truncate(1));
        }
        Ok(levels)
    }

    /// The addresses of hosts by levels of preference. An own address cuts off its level and all after it.
    async fn addresses(&self, domain: &str, levels: Vec<Vec<String>>, by_mx: bool) -> Result<Vec<Host>, NoHost> {
        let mut hosts: Vec<Host> = Vec::new();
        let mut failure = None;
        'levels: for (level, names) in levels.into_iter().enumerate() {
            let mut of_level = Vec::new();
            for name in names {
                match self.dns.addresses(&name).await {
                    Ok(addresses) => {
                        let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, self.port));
                        of_level.extend(addresses.map(|address| Host { name: name.clone(), address, by_mx, level }));
                    }
                    Err(NoAnswer::Temporary(error)) => failure = Some(format!("{name} cannot be looked up: {error}")),
                    Err(NoAnswer::NoDomain | NoAnswer::NoRecords) => {}
                }
            }
            if of_level.iter().any(|host| self.is_own(host.address)) {
                if hosts.is_empty() && failure.is_none() {
                    return Err(looping(domain));
                }
                break 'levels;
            }
            hosts.extend(of_level);
            if hosts.len() >= ADDRESSES {
                break;
            }
        }
        hosts.truncate(ADDRESSES);
        match failure {
            _ if !hosts.is_empty() => Ok(hosts),
            Some(failure) => Err(later(failure)),
            // RFC 5321 §5.1: MX records of which none can be used are an error, and the domain's own address is not tried.
            None if by_mx => Err(never("5.4.4", format!("no mail exchanger of {domain} has an address"))),
            None => Err(never("5.4.4", format!("{domain} has neither mail exchangers nor an address"))),
        }
    }

    fn is_own(&self, address: SocketAddr) -> bool {
        self.own_addresses.iter().any(|own| {
            own.port() == address.port()
                && (own.ip() == address.ip() || (own.ip().is_unspecified() && address.ip().is_loopback()))
        })
    }
}

/// The exchangers by levels of preference, the best first, each level in random order (RFC 5321 §5.1). The level in which this
/// server itself is, and all after it, are left out: mail that came here as the less preferred must not go round.
fn levels(mut records: Vec<Mx>, domain: &str, own: &[String]) -> Result<Vec<Vec<String>>, NoHost> {
    if is_null(&records) {
        let reply = format!("556 5.1.10 {domain} accepts no mail");
        // RFC 7505 §5: 556, without a connection to anybody.
        let remote = None::<Remote>;
        return Err(NoHost::Never(Diagnosis { status: "5.1.10".to_owned(), reason: reply, remote }));
    }
    records.retain(|mx| !mx.exchanger.is_empty());
    records.sort_by_key(|mx| mx.preference);
    let cut = records.iter().find(|mx| own.iter().any(|name| name.eq_ignore_ascii_case(&mx.exchanger))).map(|mx| mx.preference);
    records.retain(|mx| cut.is_none_or(|cut| mx.preference < cut));
    if records.is_empty() {
        return Err(match cut {
            Some(_) => looping(domain),
            None => never("5.4.4", format!("no mail exchanger of {domain} has a name")),
        });
    }
    let mut levels: Vec<Vec<String>> = Vec::new();
    for same in records.chunk_by(|a, b| a.preference == b.preference) {
        let mut names: Vec<String> = same.iter().map(|mx| mx.exchanger.clone()).collect();
        names.dedup();
        shuffle(&mut names);
        levels.push(names);
    }
    Ok(levels)
}

/// RFC 7505 §3: a null MX is the only record; a root among others says nothing.
fn is_null(records: &[Mx]) -> bool {
    matches!(records, [only] if only.exchanger.is_empty())
}

/// RFC 5321 §5.1: servers of the same preference MUST be randomized to spread the load.
pub(super) fn shuffle<T>(items: &mut [T]) {
    for last in (1..items.len()).rev() {
        // Without randomness the order of the DNS is as good.
        let Ok(number) = getrandom::u64() else { return };
        items.swap(last, (number % (last as u64 + 1)) as usize);
    }
}

fn looping(domain: &str) -> NoHost {
    never("5.4.6", format!("the DNS says that mail for {domain} is to come here, where {domain} is not known"))
}

fn never(status: &str, reason: String) -> NoHost {
    NoHost::Never(Diagnosis::local(status, reason))
}

fn later(reason: String) -> NoHost {
    NoHost::Later(Diagnosis::local("4.4.3", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(records: &[(u16, &str)]) -> Result<Vec<Vec<String>>, String> {
        let records = records.iter().map(|(preference, name)| Mx { preference: *preference, exchanger: (*name).to_owned() });
        let own = ["mail.example.org".to_owned()];
        levels(records.collect(), "hamburger.edu", &own).map_err(|none| match none {
            NoHost::Never(diagnosis) | NoHost::Later(diagnosis) => diagnosis.status,
        })
    }

    #[test]
    fn exchangers_are_tried_by_preference() {
        assert_eq!(sorted(&[(20, "b"), (10, "a")]), Ok(vec![vec!["a".into()], vec!["b".into()]]));
        let level = sorted(&[(10, "a"), (10, "b"), (20, "c")]).unwrap();
        assert_eq!((level[0].len(), level[1].as_slice()), (2, &["c".to_owned()][..]));
    }

    #[test]
    fn the_same_preference_is_shuffled() {
        let first = |_| sorted(&[(10, "a"), (10, "b"), (10, "c")]).unwrap()[0][0].clone();
        let firsts: std::collections::HashSet<String> = (0..200).map(first).collect();
        assert_eq!(firsts.len(), 3);
    }

    #[test]
    fn mail_does_not_go_round() {
        assert_eq!(sorted(&[(10, "a"), (20, "mail.example.org"), (20, "b"), (30, "c")]), Ok(vec![vec!["a".into()]]));
        assert_eq!(sorted(&[(10, "mail.example.org"), (20, "b")]), Err("5.4.6".into()));
    }

    #[test]
    fn a_null_mx_refuses_all_mail() {
        assert_eq!(sorted(&[(0, "")]), Err("5.1.10".into()));
        assert_eq!(sorted(&[(0, ""), (10, "a")]), Ok(vec![vec!["a".into()]]));
    }
}
