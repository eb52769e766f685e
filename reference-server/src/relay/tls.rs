//! TLS towards other servers: without a look at the certificate, or with one.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Both ways to shake hands.
pub(super) struct Security {
    /// Any certificate will do: encrypted is better than clear, and nobody is kept from eavesdropping who can forge one
    /// (RFC 7435 §3).
    pub opportunistic: Arc<ClientConfig>,
    /// The certificate must be valid for the server's name (RFC 6125).
    pub verified: Arc<ClientConfig>,
}

impl Security {
    /// Trusts the authorities in this PEM file, or those of the web.
    pub fn new(authorities: Option<&Path>) -> Result<Self> {
        // The provider is named, because rustls refuses to choose when a program has two of them built in.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = match authorities {
            Some(file) => read(file)?,
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        let builder = || ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let verified = builder()?.with_root_certificates(roots).with_no_client_auth();
        let anyone = Arc::new(Anyone { algorithms: algorithms(&provider) });
        let opportunistic = builder()?.dangerous().with_custom_certificate_verifier(anyone).with_no_client_auth();
        Ok(Self { opportunistic: Arc::new(opportunistic), verified: Arc::new(verified) })
    }
}

fn algorithms(provider: &CryptoProvider) -> WebPkiSupportedAlgorithms {
    provider.signature_verification_algorithms
}

fn read(file: &Path) -> Result<RootCertStore> {
    let shown = file.display();
    let text = std::fs::read(file).with_context(|| format!("the authorities in {shown} cannot be read"))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.with_context(|| format!("{shown} is not a PEM file"))?;
        roots.add(certificate).with_context(|| format!("{shown} holds a certificate that cannot be trusted"))?;
    }
    anyhow::ensure!(!roots.is_empty(), "{shown} holds no certificate");
    Ok(roots)
}

/// Takes any certificate; the other side must have its key all the same.
#[derive(Debug)]
struct Anyone {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
