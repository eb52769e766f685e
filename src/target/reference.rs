//! The built-in target: the reference server inside this process, in memory, on free loopback ports. Its own protocol code stays on the
//! other side of the wire; only its start and its addresses are known here.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use reference_server::config::{AccountConfig, ClientCa, Config, Listen, Service, TokenConfig};
use reference_server::faults::Fault;
use reference_server::server::{self, Running};

use super::{AccountSlot, Endpoint, Target};
use crate::suite::Protocol;

/// A running reference server and the target that describes it.
pub struct Reference {
    pub target: Target,
    running: Running,
}

/// Accounts enough for every worker and for cases that need several.
const ACCOUNTS: usize = 24;

/// Starts it with the named misbehaviours. The error names a fault that does not exist.
pub async fn start(faults: &[String]) -> Result<Reference, String> {
    let mut broken = Vec::new();
    for name in faults {
        broken.push(name.parse::<Fault>().map_err(|error| error.to_string())?);
    }
    let mut slots: Vec<AccountSlot> = (1..=ACCOUNTS)
        .map(|number| AccountSlot {
            login: format!("user{number}"),
            password: format!("secret{number}"),
            address: format!("user{number}@example.org"),
            token: Some(format!("token{number}.vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")),
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
    let accounts: Result<Vec<AccountConfig>, String> =
        slots.iter().map(|slot| format!("{}:{}", slot.address, slot.password).parse::<AccountConfig>()).collect();
    let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    let config = Config {
        listen: Service::ALL.into_iter().map(|service| Listen { service, address: local }).collect(),
        accounts: accounts?,
        tokens: tokens?,
        client_ca: Some(ClientCa::Pem(authority.pem)),
        faults: broken.into_iter().collect(),
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
        ..Target::bare("reference", local.ip(), endpoints, Protocol::ALL.to_vec())
    };
    Ok(Reference { target, running })
}

impl Reference {
    /// Stops it, with a good-bye on open connections.
    pub async fn stop(self) {
        self.running.stop().await;
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
