//! Options for mail that is sent to other servers.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::config::{Route, Sending, SendingTls, TlsFor};
use crate::mail;

/// How mail is sent to other servers.
#[derive(Args, Clone, Debug)]
pub struct SendingArgs {
    /// Send mail for DOMAIN to this server, whatever the DNS says; * is every domain. Repeatable, the first that fits counts
    #[arg(long, value_name = "DOMAIN=ADDRESS:PORT")]
    pub route: Vec<Route>,

    /// When mail to other servers is encrypted: opportunistic (where it is offered, whatever the certificate), required (always,
    /// and the certificate is verified) or off
    #[arg(long, value_name = "HOW", default_value = "opportunistic")]
    pub sending_tls: SendingTls,

    /// The same for the mail of one domain. Repeatable, the first that fits counts
    #[arg(long, value_name = "DOMAIN=HOW")]
    pub tls_for: Vec<TlsFor>,

    /// Trust the authorities in this PEM file instead of those of the web when a certificate is verified
    #[arg(long, value_name = "FILE")]
    pub sending_ca: Option<PathBuf>,

    /// Ask this DNS server instead of those of the system
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub dns: Option<SocketAddr>,

    /// Take mail for this domain of others from anybody, and pass it on as its MX records or a route say. Repeatable
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    pub backup_for: Vec<String>,

    /// The port of servers that are found by the DNS
    #[arg(long, value_name = "PORT", default_value_t = 25)]
    pub sending_port: u16,
}

impl SendingArgs {
    /// What these options mean; the routes stand apart.
    pub fn sending(&self) -> Sending {
        Sending {
            tls: self.sending_tls,
            tls_for: self.tls_for.clone(),
            authorities: self.sending_ca.clone(),
            dns: self.dns,
            port: self.sending_port,
        }
    }
}

/// A domain in lower case.
fn domain(text: &str) -> Result<String, String> {
    match mail::Domain::parse(text) {
        Ok(mail::Domain::Name(name)) => Ok(name.to_ascii_lowercase()),
        _ => Err(format!("\"{text}\" is not a domain name")),
    }
}
