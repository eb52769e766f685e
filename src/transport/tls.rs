//! TLS as client. Test servers mostly have certificates of their own making, so trust is the target's choice.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, ProtocolVersion, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// Which certificates are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Any, so long as the handshake is sound: what is tested is the mail server, not its certificate.
    #[default]
    Any,
    /// Those issued by a certificate of this PEM file.
    Authority(PathBuf),
}

/// A client configuration, with a certificate of its own as PEM (chain and key) if it is to show one. The error says what is
/// wrong with the authority's file or the certificate.
pub fn client_config(trust: &Trust, own: Option<&str>) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().map_err(|e| e.to_string())?;
    let builder = match trust {
        Trust::Any => builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider))),
        Trust::Authority(file) => {
            let mut roots = RootCertStore::empty();
            let wrong = |what: String| format!("{}: {what}", file.display());
            for certificate in CertificateDer::pem_file_iter(file).map_err(|e| wrong(e.to_string()))? {
                roots.add(certificate.map_err(|e| wrong(e.to_string()))?).map_err(|e| wrong(e.to_string()))?;
            }
            builder.with_root_certificates(roots)
        }
    };
    let config = match own {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let wrong = |what: String| format!("the client certificate: {what}");
            let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
            let chain = chain.map_err(|e| wrong(e.to_string()))?;
            let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|e| wrong(e.to_string()))?;
            builder.with_client_auth_cert(chain, key).map_err(|e| wrong(e.to_string()))?
        }
    };
    Ok(Arc::new(config))
}

/// What a TLS connection can be bound to, the best first: `tls-exporter` (RFC 9266) where it is unique, which is in TLS 1.3,
/// and `tls-server-end-point` (RFC 5929 §4).
pub fn channel_bindings(connection: &ClientConnection) -> Vec<(&'static str, Vec<u8>)> {
    let mut bindings = Vec::new();
    if connection.protocol_version() == Some(ProtocolVersion::TLSv1_3)
        && let Ok(material) = connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
    {
        bindings.push(("tls-exporter", material.to_vec()));
    }
    let certificate = connection.peer_certificates().and_then(<[_]>::first);
    if let Some(hash) = certificate.and_then(|certificate| end_point(certificate)) {
        bindings.push(("tls-server-end-point", hash));
    }
    bindings
}

/// RFC 5929 §4.1: the hash function is that of the certificate's signature, with SHA-256 for MD5 and SHA-1.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    match parsed.signature_algorithm.algorithm.to_id_string().as_str() {
        // RSA with MD5, SHA-1, SHA-256; ECDSA with SHA-1, SHA-256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => Some(Sha256::digest(certificate).to_vec()),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Some(Sha384::digest(certificate).to_vec()),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Some(Sha512::digest(certificate).to_vec()),
        _ => None,
    }
}

/// Accepts every certificate, but checks that the server holds its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
