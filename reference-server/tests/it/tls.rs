//! TLS from the start, and in the middle.

use reference_server::config::{Config, PlaintextAuth};

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
