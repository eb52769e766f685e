//! TLS from the start, and in the middle.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use reference_server::config::{ClientCa, Config, PlaintextAuth};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::wire::{Client, server};

#[tokio::test]
async fn implicit_tls_serves_every_protocol() {
    let server = server(Config::default()).await;
    for (service, greeting) in [("smtps", "220 "), ("submissions", "220 "), ("pop3s", "+OK"), ("imaps", "* OK")] {
        let mut client = Client::connect(&server, service).await.secure(&server).await.unwrap();
        client.until(greeting).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn starttls_forgets_and_then_lets_in() {
    let server = server(Config { plaintext_auth: PlaintextAuth::Never, ..Config::default() }).await;
    let mut client = Client::connect(&server, "submission").await;
    client.until("220 ").await;
    client.ask("EHLO client.example", "250 ").await;
    client.ask("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "538 ").await;
    client.ask("STARTTLS", "220 ").await;
    let mut client = client.secure(&server).await.unwrap();
    client.ask("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "503 5.5.1").await;
    client.ask("EHLO client.example", "250 ").await;
    client.ask("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "235 ").await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_sent_in_clear_behind_starttls_is_never_answered() {
    let server = server(Config::default()).await;
    for (service, hello, starttls, injected, probe) in [
        ("smtp", "220 ", "STARTTLS", "EHLO injected.example\r\n", ("NOOP", "250 2.0.0")),
        ("pop3", "+OK", "STLS", "CAPA\r\n", ("NOOP", "-ERR")),
        ("imap", "* OK", "a1 STARTTLS", "a2 CAPABILITY\r\n", ("a3 NOOP", "a3 OK")),
    ] {
        let mut client = Client::connect(&server, service).await;
        client.until(hello).await;
        client.send(&format!("{starttls}\r\n{injected}")).await;
        client.line().await.unwrap();
        let mut client = client.secure(&server).await.unwrap();
        client.send(&format!("{}\r\n", probe.0)).await;
        let first = client.line().await.unwrap();
        assert!(first.starts_with(probe.1), "{service}: {first}");
    }
    server.stop().await;
}

#[tokio::test]
async fn garbage_instead_of_a_handshake_ends_the_connection_only() {
    let server = server(Config::default()).await;
    let mut client = Client::connect(&server, "imaps").await;
    client.send("a1 CAPABILITY\r\n").await;
    while client.line().await.is_some() {}
    Client::connect(&server, "imaps").await.secure(&server).await.unwrap().until("* OK").await;
    server.stop().await;
}

/// An authority, as PEM and as issuer.
fn authority() -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "clients");
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), Issuer::new(params, key))
}

/// A certificate for an address.
fn certificate(address: &str, issuer: &Issuer<'static, KeyPair>) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::Rfc822Name(address.try_into().unwrap())];
    let certificate = params.signed_by(&key, issuer).unwrap();
    (vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
}

#[tokio::test]
async fn a_client_certificate_is_who_the_client_is() {
    let (pem, issuer) = authority();
    let server = server(Config { client_ca: Some(ClientCa::Pem(pem)), ..Config::default() }).await;
    let alice = || Some(certificate("alice@example.org", &issuer));
    // After STARTTLS, and from the start.
    let mut client = Client::connect(&server, "smtp").await;
    client.until("220 ").await;
    client.ask("STARTTLS", "220 ").await;
    let mut client = client.secure_as(&server, alice()).await.unwrap();
    client
        .ask(
            "EHLO client.example",
            "250-AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS EXTERNAL",
        )
        .await;
    client.until("250 ").await;
    client.ask("AUTH EXTERNAL =", "235 ").await;
    let mut client = Client::connect(&server, "imaps").await.secure_as(&server, alice()).await.unwrap();
    assert!(client.until("* OK").await.concat().contains("AUTH=EXTERNAL"));
    client.ask("a AUTHENTICATE EXTERNAL Ym9i", "a NO [AUTHORIZATIONFAILED]").await;
    client.ask("b AUTHENTICATE EXTERNAL YWxpY2U=", "b OK").await;
    // No certificate is no mechanism.
    let mut client = Client::connect(&server, "pop3s").await.secure(&server).await.unwrap();
    client.until("+OK").await;
    client.ask("AUTH EXTERNAL =", "-ERR there is no such mechanism").await;
    client.ask("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "+OK").await;
    server.stop().await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_ends_the_handshake() {
    let (pem, _) = authority();
    let (_, other) = authority();
    let server = server(Config { client_ca: Some(ClientCa::Pem(pem)), ..Config::default() }).await;
    let secured =
        Client::connect(&server, "imaps").await.secure_as(&server, Some(certificate("alice@example.org", &other))).await;
    // TLS 1.3 clients learn of it only when they read.
    if let Ok(mut client) = secured {
        assert_eq!(client.line().await, None);
    }
    server.stop().await;
}
