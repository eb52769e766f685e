//! What a TLS connection gives to authentication: channel bindings, and whom the client's certificate names; and how strong
//! it is.

use rustls::{ProtocolVersion, ServerConnection};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::session::Channel;

/// The label and the length of RFC 9266 §2; the context is empty.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";
const EXPORTER_LENGTH: usize = 32;

/// Reads a connection whose handshake is done. `server_end_point`: the hash of the certificate the server has shown.
pub(super) fn channel(connection: &ServerConnection, server_end_point: Option<&[u8]>) -> Channel {
    let client = connection.peer_certificates().and_then(<[_]>::first);
    Channel {
        server_end_point: server_end_point.map(<[u8]>::to_vec),
        exporter: exporter(connection),
        client: client.map(|certificate| names(certificate)).unwrap_or_default(),
        cipher: connection.negotiated_cipher_suite().map(|suite| registered(&format!("{:?}", suite.suite()))),
    }
}

/// The library marks the suites of TLS 1.3 in their names, the IANA registry does not.
fn registered(name: &str) -> String {
    name.strip_prefix("TLS13_").map_or_else(|| name.to_owned(), |rest| format!("TLS_{rest}"))
}

/// RFC 9266 §2: before TLS 1.3 the exporter is only unique where the extended master secret was negotiated, which the
/// library does not tell; so it is for TLS 1.3.
fn exporter(connection: &ServerConnection) -> Option<Vec<u8>> {
    if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return None;
    }
    connection.export_keying_material(vec![0; EXPORTER_LENGTH], EXPORTER_LABEL, Some(b"")).ok()
}

/// The e-mail addresses of the subject's alternative names; without any, those of the subject, and at last its common
/// names. The certificate was verified in the handshake.
fn names(certificate: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let addresses: Vec<String> = alternative
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| if let GeneralName::RFC822Name(address) = name { Some((*address).to_owned()) } else { None })
        .collect();
    if !addresses.is_empty() {
        return addresses;
    }
    let subject = certificate.subject();
    let texts = subject.iter_email().chain(subject.iter_common_name());
    texts.filter_map(|attribute| attribute.as_str().ok().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    fn certificate(fill: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "alice");
        fill(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn cipher_suites_have_their_registered_names() {
        assert_eq!(registered("TLS13_AES_256_GCM_SHA384"), "TLS_AES_256_GCM_SHA384");
        assert_eq!(registered("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    }

    #[test]
    fn alternative_names_come_before_the_subject() {
        let address = |text: &str| SanType::Rfc822Name(text.try_into().unwrap());
        let with = certificate(|params| {
            params.subject_alt_names = vec![address("alice@example.org"), address("sales@example.org")];
        });
        assert_eq!(names(&with), ["alice@example.org", "sales@example.org"]);
        assert_eq!(names(&certificate(|_| {})), ["alice"]);
        assert!(names(b"no certificate").is_empty());
    }
}
