//! The DNS as mail needs it: MX records, and addresses of hosts. The only file that names the resolver's crate.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData};
use tokio::sync::OnceCell;

/// The most records of one answer that are looked at.
const MOST: usize = 32;

/// A resolver; CNAMEs are followed by it.
pub(super) struct Dns {
    server: Option<SocketAddr>,
    /// Made at the first look-up: a server that has no need of the DNS does not want `/etc/resolv.conf` either.
    resolver: OnceCell<TokioResolver>,
}

/// An MX record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mx {
    pub preference: u16,
    /// In lower case, without the final dot; the root, which a null MX names (RFC 7505 §3), is empty.
    pub exchanger: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("there is no such domain")]
    NoDomain,
    #[error("it has no such records")]
    NoRecords,
    #[error("the DNS cannot be asked now: {0}")]
    Temporary(String),
}

impl Dns {
    /// Asks this server, or those of the system.
    pub fn new(server: Option<SocketAddr>) -> Self {
        Self { server, resolver: OnceCell::new() }
    }

    /// The MX records of a domain, as they come.
    pub async fn exchangers(&self, domain: &str) -> Result<Vec<Mx>, NoAnswer> {
        let answer = self.resolver().await?.mx_lookup(name(domain)?).await.map_err(no_answer)?;
        let records = answer.answers().iter().filter_map(|record| match &record.data {
            RData::MX(mx) => Some(Mx { preference: mx.preference, exchanger: text(&mx.exchange) }),
            _ => None,
        });
        let records: Vec<Mx> = records.take(MOST).collect();
        if records.is_empty() { Err(NoAnswer::NoRecords) } else { Ok(records) }
    }

    /// The addresses of a host, IPv6 and IPv4 in turns (RFC 5321 §5.2), so that a network without one of them costs little.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NoAnswer> {
        let (resolver, host) = (self.resolver().await?, name(host)?);
        let (six, four) = tokio::join!(resolver.ipv6_lookup(host.clone()), resolver.ipv4_lookup(host));
        let addresses = |answer: &Result<Lookup, NetError>| -> Vec<IpAddr> {
            let records = answer.iter().flat_map(|lookup| lookup.answers());
            records.filter_map(|record| record.data.ip_addr()).take(MOST).collect()
        };
        let (sixes, fours) = (addresses(&six), addresses(&four));
        if sixes.is_empty() && fours.is_empty() {
            let failures: Vec<NoAnswer> = [six.err(), four.err()].into_iter().flatten().map(no_answer).collect();
            let temporary = failures.iter().find(|failure| matches!(failure, NoAnswer::Temporary(_)));
            return Err(temporary.or(failures.first()).cloned().unwrap_or(NoAnswer::NoRecords));
        }
        let mut turns = Vec::new();
        for place in 0..sixes.len().max(fours.len()) {
            turns.extend(sixes.get(place).into_iter().chain(fours.get(place)));
        }
        Ok(turns)
    }

    async fn resolver(&self) -> Result<&TokioResolver, NoAnswer> {
        let made = self.resolver.get_or_try_init(|| async { build(self.server) }).await;
        made.map_err(|error| NoAnswer::Temporary(format!("{error:#}")))
    }
}

fn build(server: Option<SocketAddr>) -> Result<TokioResolver> {
    let mut builder = match server {
        Some(server) => {
            let mut config = NameServerConfig::udp_and_tcp(server.ip());
            config.connections.iter_mut().for_each(|connection| connection.port = server.port());
            let config = ResolverConfig::from_name_servers(vec![config]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
        None => TokioResolver::builder_tokio().context("the configuration of the DNS cannot be read")?,
    };
    let options = builder.options_mut();
    // What the DNS says grows old by the real clock; the server's clock may be steered.
    options.cache_size = 0;
    // A file of the machine has no MX records: it would be a second truth.
    options.use_hosts_file = ResolveHosts::Never;
    Ok(builder.build()?)
}

/// A fully qualified name: never completed with a search list (RFC 5321 §5.1).
fn name(domain: &str) -> Result<Name, NoAnswer> {
    let mut name = Name::from_utf8(domain).map_err(|_| NoAnswer::NoDomain)?;
    name.set_fqdn(true);
    Ok(name)
}

fn text(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

fn no_answer(error: NetError) -> NoAnswer {
    let code = match &error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => Some(none.response_code),
        _ => None,
    };
    match code {
        Some(ResponseCode::NXDomain) => NoAnswer::NoDomain,
        Some(ResponseCode::NoError) => NoAnswer::NoRecords,
        _ => NoAnswer::Temporary(error.to_string()),
    }
}
