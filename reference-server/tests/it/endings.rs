//! How connections end: by the server's stop, by silence, by want of room.

use std::time::Duration;

use reference_server::config::{Config, Limits};
use tokio::io::AsyncWriteExt;

use crate::wire::{Client, server};

#[tokio::test]
async fn stopping_says_good_bye_to_everyone() {
    let server = server(Config::default()).await;
    let mut smtp = Client::connect(&server, "smtp").await;
    smtp.until("220 ").await;
    let mut imap = Client::connect(&server, "imap").await;
    imap.until("* OK").await;
    let address = server.addresses["smtp"];
    server.stop().await;
    smtp.until("421 4.3.2").await;
    imap.until("* BYE").await;
    assert!(smtp.line().await.is_none() && imap.line().await.is_none());
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn silence_is_not_borne_for_ever() {
    let limits = Limits { smtp_patience: Duration::from_millis(100), ..Limits::default() };
    let server = server(Config { limits, ..Config::default() }).await;
    let mut client = Client::connect(&server, "smtp").await;
    client.until("220 ").await;
    client.until("421 4.4.2").await;
    assert!(client.line().await.is_none());
    server.stop().await;
}

#[tokio::test]
async fn who_finds_no_room_is_told() {
    let limits = Limits { connections_per_address: 2, ..Limits::default() };
    let server = server(Config { limits, ..Config::default() }).await;
    let mut first = Client::connect(&server, "smtp").await;
    first.until("220 ").await;
    let mut second = Client::connect(&server, "imap").await;
    second.until("* OK").await;
    let mut third = Client::connect(&server, "smtp").await;
    third.until("421 ").await;
    assert!(third.line().await.is_none());

    first.ask("QUIT", "221 ").await;
    assert!(first.line().await.is_none());
    drop(first);
    // The place is free as soon as the server has noticed the end.
    for _ in 0..100 {
        let mut next = Client::connect(&server, "smtp").await;
        if next.line().await.is_some_and(|line| line.starts_with("220 ")) {
            return server.stop().await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the place of a closed connection stays taken");
}

#[tokio::test]
async fn a_half_closed_client_gets_its_last_replies() {
    let server = server(Config::default()).await;
    let mut client = Client::connect(&server, "smtp").await;
    client.send("NOOP\r\nNOOP\r\n").await;
    client.stream.shutdown().await.unwrap();
    client.until("220 ").await;
    client.until("250 ").await;
    client.until("250 ").await;
    assert!(client.line().await.is_none());
    server.stop().await;
}
