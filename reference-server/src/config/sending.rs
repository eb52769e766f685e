//! How mail is sent to other servers: where to, how secure, and with how much patience.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::mail;

/// How mail is sent to other servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    pub tls: SendingTls,
    /// Another rule for some domains; the first that fits counts.
    pub tls_for: Vec<TlsFor>,
    /// A PEM file with the authorities that are trusted; `None`: those of the web.
    pub authorities: Option<PathBuf>,
    /// Which DNS server to ask; `None`: those of the system.
    pub dns: Option<SocketAddr>,
    /// The port of servers that are found by the DNS.
    pub port: u16,
}

impl Default for Sending {
    fn default() -> Self {
        Self { tls: SendingTls::Opportunistic, tls_for: Vec::new(), authorities: None, dns: None, port: 25 }
    }
}

impl Sending {
    /// When mail for this domain is encrypted.
    pub fn tls_for(&self, domain: &mail::Domain) -> SendingTls {
        self.tls_for.iter().find(|rule| domain.is(&rule.domain)).map_or(self.tls, |rule| rule.tls)
    }
}

/// When mail to other servers is encrypted (RFC 3207, RFC 7435).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SendingTls {
    /// Where the other server offers it; its certificate is not verified.
    #[default]
    Opportunistic,
    /// Always, with a certificate that is verified; other mail waits.
    Required,
    Off,
}

impl FromStr for SendingTls {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "opportunistic" => Ok(SendingTls::Opportunistic),
            "required" => Ok(SendingTls::Required),
            "off" => Ok(SendingTls::Off),
            _ => Err(format!("\"{text}\" is neither opportunistic nor required nor off")),
        }
    }
}

/// When mail for one domain is encrypted, `hamburger.edu=required`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFor {
    /// A domain in lower case.
    pub domain: String,
    pub tls: SendingTls,
}

impl FromStr for TlsFor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (domain, tls) = text.split_once('=').ok_or("write it as DOMAIN=HOW, e.g. hamburger.edu=required")?;
        if !matches!(mail::Domain::parse(domain), Ok(mail::Domain::Name(_))) {
            return Err(format!("\"{domain}\" is not a domain name"));
        }
        Ok(TlsFor { domain: domain.to_ascii_lowercase(), tls: tls.parse()? })
    }
}

/// Where the server stops another one that it sends to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendingLimits {
    /// Connections at a time, together and to one destination.
    pub connections: usize,
    pub connections_per_destination: usize,
    /// How long a connection is kept open for more mail.
    pub idle: Duration,
    /// How long a connection may take to come about.
    pub connect: Duration,
    /// How long the other server may take to greet, to answer a command, to answer DATA, to take each block of the message,
    /// and to answer its end: RFC 5321 §4.5.3.2 wants at least 5, 5, 2, 3 and 10 minutes.
    pub greeting: Duration,
    pub command: Duration,
    pub data: Duration,
    pub block: Duration,
    pub end_of_data: Duration,
}

impl Default for SendingLimits {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        Self {
            connections: 100,
            connections_per_destination: 5,
            idle: Duration::from_secs(5),
            connect: minutes(1),
            greeting: minutes(5),
            command: minutes(5),
            data: minutes(2),
            block: minutes(3),
            end_of_data: minutes(10),
        }
    }
}

/// Where mail for a domain goes instead of where the DNS says, `hamburger.edu=127.0.0.1:2526`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// A domain in lower case; `*` is every domain.
    pub domain: String,
    pub address: SocketAddr,
}

impl Route {
    /// Whether mail for this domain goes this way.
    pub fn fits(&self, domain: &mail::Domain) -> bool {
        self.domain == "*" || domain.is(&self.domain)
    }
}

impl FromStr for Route {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (domain, address) =
            text.split_once('=').ok_or("write it as DOMAIN=ADDRESS:PORT, e.g. hamburger.edu=127.0.0.1:2526")?;
        if domain != "*" && !matches!(mail::Domain::parse(domain), Ok(mail::Domain::Name(_))) {
            return Err(format!("\"{domain}\" is neither a domain name nor *"));
        }
        let address = address.parse().map_err(|_| format!("\"{address}\" is not an IP address and a port"))?;
        Ok(Route { domain: domain.to_ascii_lowercase(), address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_name_a_domain_or_all() {
        let domain = |text| mail::Domain::parse(text).unwrap();
        let route: Route = "Hamburger.edu=127.0.0.1:2526".parse().unwrap();
        assert!(route.fits(&domain("HAMBURGER.EDU")) && !route.fits(&domain("crepes.fr")));
        assert!("*=[::1]:25".parse::<Route>().unwrap().fits(&domain("[192.0.2.1]")));
        assert!("hamburger.edu=localhost:25".parse::<Route>().unwrap_err().contains("localhost"));
        assert!("=127.0.0.1:25".parse::<Route>().is_err() && "hamburger.edu".parse::<Route>().is_err());
    }

    #[test]
    fn domains_may_have_rules_of_their_own() {
        let sending = Sending { tls_for: vec!["Hamburger.edu=required".parse().unwrap()], ..Sending::default() };
        assert_eq!(sending.tls_for(&mail::Domain::parse("hamburger.edu").unwrap()), SendingTls::Required);
        assert_eq!(sending.tls_for(&mail::Domain::parse("crepes.fr").unwrap()), SendingTls::Opportunistic);
        assert!("hamburger.edu=always".parse::<TlsFor>().unwrap_err().contains("required"));
    }
}
