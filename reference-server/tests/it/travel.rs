//! Mail between two servers: crepes.fr, where alice writes, and hamburger.edu, where bob reads.

use std::net::SocketAddr;
use std::time::Duration;

use reference_server::clock::Clock;
use reference_server::config::{Config, Limits, Listen, Route, Service};
use reference_server::server::{Running, start};
use time::macros::datetime;

use crate::wire::{Client, maildrop};

/// The server of one domain with one account.
async fn domain(name: &str, account: &str, listen: &[(Service, SocketAddr)], config: Config) -> Running {
    let listen = listen.iter().map(|(service, address)| Listen { service: *service, address: *address }).collect();
    let config = Config {
        host: format!("mail.{name}"),
        domains: vec![name.to_owned()],
        accounts: vec![format!("{account}@{name}:secret").parse().unwrap()],
        listen,
        ..config
    };
    start(config).await.unwrap()
}

const FREE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

async fn crepes(hamburger: SocketAddr, clock: Clock) -> Running {
    let routes = vec![Route { domain: "hamburger.edu".to_owned(), address: hamburger }];
    let config = Config { routes, clock, ..Config::default() };
    domain("crepes.fr", "alice", &[(Service::Submission, FREE), (Service::Pop3, FREE), (Service::Smtp, FREE)], config).await
}

async fn hamburger(smtp: SocketAddr, config: Config) -> Running {
    domain("hamburger.edu", "bob", &[(Service::Smtp, smtp), (Service::Pop3, FREE)], config).await
}

/// Alice submits a message.
async fn submit(crepes: &Running, recipients: &[&str], body: &str) {
    let mut client = Client::connect(crepes, "submission").await;
    client.until("220 ").await;
    client.ask("EHLO client.example", "250 ").await;
    client.ask("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "235 ").await;
    client.ask("MAIL FROM:<alice@crepes.fr> BODY=8BITMIME", "250 ").await;
    for recipient in recipients {
        client.ask(&format!("RCPT TO:<{recipient}>"), "250 ").await;
    }
    client.ask("DATA", "354 ").await;
    client.ask(&format!("From: alice@crepes.fr\r\nSubject: crepes\r\n\r\n{body}\r\n."), "250 ").await;
    client.ask("QUIT", "221 ").await;
}

/// A port that is free now.
fn free_port() -> SocketAddr {
    std::net::TcpListener::bind(FREE).unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_submitted_message_arrives_at_the_other_server() {
    let hamburger = hamburger(FREE, Config::default()).await;
    let crepes = crepes(hamburger.addresses["smtp"], Clock::real()).await;
    submit(&crepes, &["bob@hamburger.edu"], "..a dot\r\nfür bob").await;
    let message = maildrop(&hamburger, "bob", 1).await.remove(0).join("\n");
    assert!(message.starts_with("Return-Path: <alice@crepes.fr>\nReceived: from mail.crepes.fr ([127.0.0.1])\n"), "{message}");
    assert_eq!(message.matches("Received: ").count(), 2);
    assert!(message.ends_with("\n\n..a dot\nfür bob"), "{message}");
    // What is refused there comes back.
    submit(&crepes, &["bob@hamburger.edu", "nobody@hamburger.edu"], "x").await;
    let notification = maildrop(&crepes, "alice", 1).await.remove(0).join("\n");
    assert!(
        notification.contains("Final-Recipient: rfc822; nobody@hamburger.edu\nAction: failed\nStatus: 5.1.1\n"),
        "{notification}"
    );
    assert!(notification.contains("Remote-MTA: dns; hamburger.edu\nDiagnostic-Code: smtp; 550 5.1.1"), "{notification}");
    assert!(!notification.contains("Final-Recipient: rfc822; bob@"), "{notification}");
    maildrop(&hamburger, "bob", 2).await;
    crepes.stop().await;
    hamburger.stop().await;
}

#[tokio::test]
async fn a_server_that_is_off_gets_its_mail_when_it_is_on() {
    let address = free_port();
    let clock = Clock::stopped(datetime!(2026-01-01 12:00 UTC));
    let crepes = crepes(address, clock.clone()).await;
    submit(&crepes, &["bob@hamburger.edu"], "first").await;
    // Refused connections are found out at once; then it is tried every half an hour.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let hamburger = hamburger(address, Config::default()).await;
    clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(maildrop(&hamburger, "bob", 1).await.len(), 1);
    crepes.stop().await;
    hamburger.stop().await;
}

#[tokio::test]
async fn a_message_that_needs_many_transactions_arrives_once() {
    let limits = Limits { recipients: 3, ..Limits::default() };
    let config = Config { limits, ..Config::default() };
    let accounts = (0..10).map(|number| format!("r{number}@hamburger.edu:secret").parse().unwrap()).collect();
    let listen = [Service::Smtp, Service::Pop3].map(|service| Listen { service, address: FREE }).to_vec();
    let hamburger = start(Config { domains: vec!["hamburger.edu".to_owned()], accounts, listen, ..config }).await.unwrap();
    let crepes = crepes(hamburger.addresses["smtp"], Clock::real()).await;
    let recipients: Vec<String> = (0..10).map(|number| format!("r{number}@hamburger.edu")).collect();
    submit(&crepes, &recipients.iter().map(String::as_str).collect::<Vec<_>>(), "x").await;
    for number in 0..10 {
        assert_eq!(maildrop(&hamburger, &format!("r{number}"), 1).await.len(), 1);
    }
    crepes.stop().await;
    hamburger.stop().await;
}

#[tokio::test]
async fn a_big_message_arrives_whole() {
    let hamburger = hamburger(FREE, Config::default()).await;
    let crepes = crepes(hamburger.addresses["smtp"], Clock::real()).await;
    let lines = 40_000;
    let body = ".123456789012345678901234567890123456789012345678\r\n".repeat(lines);
    submit(&crepes, &["bob@hamburger.edu"], &body.replace("\r\n.", "\r\n..").replacen('.', "..", 1)).await;
    let message = maildrop(&hamburger, "bob", 1).await.remove(0);
    assert_eq!(message.iter().filter(|line| *line == "..123456789012345678901234567890123456789012345678").count(), lines);
    crepes.stop().await;
    hamburger.stop().await;
}
