//! The certificate, and what the listener needs to answer a TLS handshake.

use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest, Sha256, Sha384, Sha512};
use tokio_rustls::TlsAcceptor;
use x509_parser::oid_registry as oid;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::config::{Certificate, ClientCa};

/// A certificate with its key, ready for handshakes.
pub(crate) struct Tls {
    pub acceptor: TlsAcceptor,
    /// The certificate chain as PEM, for clients that are to trust it.
    pub chain: String,
    /// The `tls-server-end-point` channel binding of the certificate.
    pub server_end_point: Option<Vec<u8>>,
}

impl Tls {
    /// Reads the certificate, or makes one for these names. With an authority for them, clients are asked for a
    /// certificate; they need not show one, but what they show must be right.
    pub fn new(certificate: &Certificate, names: Vec<String>, clients: Option<&ClientCa>) -> Result<Self> {
        let (chain, certificates, key) = match certificate {
            Certificate::SelfSigned => self_signed(names)?,
            Certificate::Pem { chain, key } => {
                let shown = chain.display();
                let text = std::fs::read_to_string(chain).with_context(|| format!("the certificate {shown} cannot be read"))?;
                let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(text.as_bytes())
                    .collect::<Result<_, _>>()
                    .with_context(|| format!("{shown} is not a PEM file"))?;
                anyhow::ensure!(!certificates.is_empty(), "{shown} holds no certificate");
                let key = PrivateKeyDer::from_pem_file(key)
                    .with_context(|| format!("no private key can be read from {}", key.display()))?;
                (text, certificates, key)
            }
        };
        // The provider is named, because rustls refuses to choose when a program has two of them built in.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server_end_point = certificates.first().and_then(|certificate| server_end_point(certificate));
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => builder.with_client_cert_verifier(client_verifier(authority, provider)?),
        };
        let config =
            builder.with_single_cert(certificates, key).context("the certificate and the private key do not fit together")?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), chain, server_end_point })
    }
}

type Material = (String, Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn self_signed(names: Vec<String>) -> Result<Material> {
    let made = rcgen::generate_simple_self_signed(names).context("no certificate can be made for the names of the server")?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    Ok((made.cert.pem(), vec![made.cert.der().clone()], key.into()))
}

fn client_verifier(authority: &ClientCa, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>> {
    let (shown, text) = match authority {
        ClientCa::Pem(text) => ("the authority of clients".to_owned(), text.clone()),
        ClientCa::File(path) => {
            let shown = path.display().to_string();
            let text =
                std::fs::read_to_string(path).with_context(|| format!("the authority of clients {shown} cannot be read"))?;
            (shown, text)
        }
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let certificate = certificate.with_context(|| format!("{shown} is not a PEM file"))?;
        roots.add(certificate).with_context(|| format!("{shown} has a certificate that cannot be an authority's"))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .with_context(|| format!("{shown} holds no certificate of an authority"))
}

/// RFC 5929 §4.1: the certificate hashed by the function of its signature, but SHA-256 in place of MD5 and SHA-1. A
/// signature without such a function has no binding.
fn server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let algorithm = &parsed.signature_algorithm.algorithm;
    let is = |known: &[oid::Oid<'static>]| known.contains(algorithm);
    let sha256 =
        [oid::OID_PKCS1_MD5WITHRSAENC, oid::OID_PKCS1_SHA1WITHRSA, oid::OID_PKCS1_SHA256WITHRSA, oid::OID_SIG_ECDSA_WITH_SHA256];
    if is(&sha256) {
        Some(Sha256::digest(certificate).to_vec())
    } else if is(&[oid::OID_PKCS1_SHA384WITHRSA, oid::OID_SIG_ECDSA_WITH_SHA384]) {
        Some(Sha384::digest(certificate).to_vec())
    } else if is(&[oid::OID_PKCS1_SHA512WITHRSA, oid::OID_SIG_ECDSA_WITH_SHA512]) {
        Some(Sha512::digest(certificate).to_vec())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_point_is_the_hash_of_the_certificate() {
        let (_, certificates, _) = self_signed(vec!["localhost".into()]).unwrap();
        // rcgen signs with ECDSA and SHA-256.
        assert_eq!(server_end_point(&certificates[0]), Some(Sha256::digest(&certificates[0]).to_vec()));
        assert_eq!(server_end_point(b"no certificate"), None);
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let other = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        assert_eq!(server_end_point(other.der()), Some(Sha384::digest(other.der()).to_vec()));
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let none = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        assert_eq!(server_end_point(none.der()), None);
    }

    #[test]
    fn an_authority_that_is_none_is_told() {
        let tls = |text: &str| Tls::new(&Certificate::SelfSigned, vec!["localhost".into()], Some(&ClientCa::Pem(text.into())));
        assert!(tls("nothing").is_err());
        let missing = ClientCa::File("/nowhere/ca.pem".into());
        let told = Tls::new(&Certificate::SelfSigned, vec!["localhost".into()], Some(&missing)).err().unwrap();
        assert!(format!("{told:#}").contains("/nowhere/ca.pem"));
    }
}
