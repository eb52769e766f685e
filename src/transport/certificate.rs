//! What the harness shows where it is the server: a certificate made for the occasion, by an authority that servers under test may trust,
//! or one with a flaw.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;

use crate::suite::Certificate;

/// The authority that issues what the harness shows as a server, in PEM; servers under test may trust it, and nothing else should.
pub const PEER_AUTHORITY: &str = include_str!("../../fixtures/tls/ca.pem");
const AUTHORITY_KEY: &str = include_str!("../../fixtures/tls/ca.key");
/// Its name, as `fixtures/tls/ca.pem` has it.
const AUTHORITY: &str = "mailspec peers, for tests only";

/// A server configuration with a new certificate for `domain`, or one that has the wanted flaw.
pub fn server_config(certificate: Certificate, domain: &str) -> Result<Arc<ServerConfig>, String> {
    let made = |error: rcgen::Error| format!("no certificate can be made for {domain}: {error}");
    let name = match certificate {
        Certificate::WrongName => "another.invalid",
        _ => domain,
    };
    let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(made)?;
    params.distinguished_name.push(DnType::CommonName, name);
    let (first, last) = if certificate == Certificate::Expired { (2001, 2002) } else { (2020, 2120) };
    params.not_before = rcgen::date_time_ymd(first, 1, 1);
    params.not_after = rcgen::date_time_ymd(last, 1, 1);
    let key = KeyPair::generate().map_err(made)?;
    let signed = if certificate == Certificate::SelfSigned {
        params.self_signed(&key).map_err(made)?
    } else {
        let authority = KeyPair::from_pem(AUTHORITY_KEY).map_err(made)?;
        let mut subject = CertificateParams::default();
        subject.distinguished_name = rcgen::DistinguishedName::new();
        subject.distinguished_name.push(DnType::CommonName, AUTHORITY);
        subject.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.signed_by(&key, &Issuer::new(subject, authority)).map_err(made)?
    };
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(vec![signed.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::path::Path;
    use std::time::Duration;

    use rstest::rstest;
    use rustls::pki_types::ServerName;

    use super::super::{Connection, Listener, Reservation, TlsClient, Trust, client_config};
    use super::*;

    /// A client that trusts the committed authority takes the sound certificate and none of the others.
    #[rstest]
    #[case(Certificate::Trusted, "")]
    #[case(Certificate::SelfSigned, "UnknownIssuer")]
    #[case(Certificate::WrongName, "not valid for name")]
    #[case(Certificate::Expired, "expired")]
    #[tokio::test]
    async fn each_certificate_has_its_own_flaw(#[case] certificate: Certificate, #[case] flaw: &str) {
        let reservation = Reservation::new((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = reservation.address;
        let listener = Listener::open(address).unwrap();
        let authority = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls/ca.pem");
        let client = TlsClient {
            config: client_config(&Trust::Authority(authority), None).unwrap(),
            server_name: ServerName::try_from("peer1.example").unwrap(),
        };
        let config = server_config(certificate, "peer1.example").unwrap();
        let serve = async { listener.accept().await.unwrap().accept_tls(config).await };
        let connect = Connection::open(address, Some(&client), Duration::from_secs(5));
        let (_, connected) = tokio::join!(serve, connect);
        let said = connected.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains(flaw) && said.is_empty() == flaw.is_empty(), "{said}");
    }
}
