//! The certificate, and what the listener needs to answer a TLS handshake.

use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::Certificate;

/// A certificate with its key, ready for handshakes.
pub(crate) struct Tls {
    pub acceptor: TlsAcceptor,
    /// The certificate chain as PEM, for clients that are to trust it.
    pub chain: String,
}

impl Tls {
    /// Reads the certificate, or makes one for these names.
    pub fn new(certificate: &Certificate, names: Vec<String>) -> Result<Self> {
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
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .context("the certificate and the private key do not fit together")?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), chain })
    }
}

type Material = (String, Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn self_signed(names: Vec<String>) -> Result<Material> {
    let made = rcgen::generate_simple_self_signed(names).context("no certificate can be made for the names of the server")?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    Ok((made.cert.pem(), vec![made.cert.der().clone()], key.into()))
}
