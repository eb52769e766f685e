//! Servers that mean no good, that are slow, and a server of ours that stops.

use std::sync::Arc;
use std::time::Duration;

use time::macros::datetime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::peer::{Peer, SILENT};
use super::{MESSAGE, Sender, envelope};
use crate::clock::Clock;
use crate::config::{Config, Limits, Route, SendingLimits};

/// For servers that must be found to be late.
const SHORT: Duration = Duration::from_secs(1);

/// For all others: more than a busy machine takes for anything here.
const LONG: Duration = Duration::from_secs(60);

/// A relay with so much patience for a server that does this with each connection.
async fn against<F: Future<Output = ()> + Send + 'static>(
    play: impl Fn(TcpStream) -> F + Send + 'static,
    patience: Duration,
) -> Sender {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = socket.accept().await {
            tokio::spawn(play(client));
        }
    });
    let sending = SendingLimits { greeting: patience, command: patience, block: patience, ..SendingLimits::default() };
    let limits = Limits { sending, ..Limits::default() };
    let routes = vec![Route { domain: "*".to_owned(), address }];
    Sender::new(Config { limits, routes, ..Config::default() })
}

async fn check<F: Future<Output = ()> + Send + 'static>(
    play: impl Fn(TcpStream) -> F + Send + 'static,
    patience: Duration,
    message: &[u8],
    expected: &str,
) {
    let sender = against(play, patience).await;
    assert_eq!(sender.send(envelope(&["bob"]), message).words().await, [expected]);
    sender.stop().await;
}

async fn repeat(mut client: TcpStream, first: &'static str, text: &'static str) {
    let mut said = client.write_all(first.as_bytes()).await;
    while said.is_ok() {
        said = client.write_all(text.as_bytes()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_without_end_ends_the_connection() {
    check(|client| repeat(client, "", "220-hello\r\n"), LONG, MESSAGE, "unreachable 4.5.0").await;
    check(|client| repeat(client, "220 ", "hello"), LONG, MESSAGE, "unreachable 4.5.0").await;
    check(|client| repeat(client, "", "\r\n"), LONG, MESSAGE, "unreachable 4.5.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_nobody_asked_for_ends_the_connection() {
    check(|client| repeat(client, "", "220 hello\r\n"), LONG, MESSAGE, "unreachable 4.5.0").await;
    let two_for_one = |mut client: TcpStream| async move {
        let _ = client.write_all(b"220 hello\r\n").await;
        let mut read = [0; 100];
        let _ = client.read(&mut read).await;
        let _ = client.write_all(b"250 x\r\n250 sender ok\r\n250 recipient ok\r\n354 go on\r\n250 taken\r\n").await;
        let _ = client.read(&mut read).await;
    };
    check(two_for_one, LONG, MESSAGE, "later 4.5.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_drips_is_late() {
    let drips = |mut client: TcpStream| async move {
        for octet in b"220 hamburger.edu".iter().cycle() {
            if client.write_all(&[*octet]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    check(drips, SHORT, MESSAGE, "unreachable 4.4.2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_read_is_left() {
    let deaf = |mut client: TcpStream| async move {
        let mut read = [0; 4096];
        for reply in ["220 x", "250 x", "250 x", "250 x", "354 x"] {
            let _ = client.write_all(format!("{reply}\r\n").as_bytes()).await;
            let _ = client.read(&mut read).await;
        }
        tokio::time::sleep(Duration::from_secs(20)).await;
    };
    let message = b"0123456789abcde\r\n".repeat(1_000_000);
    check(deaf, SHORT, &message, "later 4.4.2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_the_middle_of_the_message_is_heard() {
    let early = |mut client: TcpStream| async move {
        let mut read = [0; 4096];
        for reply in ["220 x", "250 x", "250 x", "250 x", "354 x"] {
            let _ = client.write_all(format!("{reply}\r\n").as_bytes()).await;
            let _ = client.read(&mut read).await;
        }
        let _ = client.write_all(b"552 5.3.4 too big\r\n").await;
        // It reads what is under way, so that its reply is not lost with a reset, and closes.
        let _ = client.shutdown().await;
        let mut rest = vec![0; 1 << 20];
        for _ in 0..20 {
            let _ = client.read(&mut rest).await;
        }
    };
    let message = b"0123456789abcde\r\n".repeat(1_000_000);
    check(early, LONG, &message, "refused 5.3.4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn patience_ends_by_the_clock_of_the_server() {
    let peer = Peer::start(&[("EHLO", "250 x"), ("MAIL", SILENT)]).await;
    let clock = Clock::stopped(datetime!(2026-01-01 12:00 UTC));
    let sender = Sender::to(&peer, Config { clock: clock.clone(), ..Config::default() });
    let given = sender.send(envelope(&["bob"]), MESSAGE);
    peer.has_heard(|heard| heard.connections.iter().any(|commands| commands.len() > 1)).await;
    let began = std::time::Instant::now();
    let waiting = tokio::spawn(given.words());
    let mut minutes = 0;
    while !waiting.is_finished() {
        assert!(began.elapsed() < LONG);
        clock.advance(Duration::from_secs(60));
        minutes += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(waiting.await.unwrap(), ["later 4.4.2"]);
    assert!(minutes >= 5, "it was given up after {minutes} minutes");
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_breaks_off_what_was_not_sent_whole() {
    let peer = Peer::start(&[("EHLO", "250 x"), ("RCPT TO:<bob", "550 5.1.1 no"), ("DATA", SILENT)]).await;
    let sender = Sender::to(&peer, Config::default());
    let (first, second) = (sender.send(envelope(&["bob", "carol"]), MESSAGE), sender.send(envelope(&["dave"]), MESSAGE));
    peer.has_heard(|heard| heard.connections.iter().any(|commands| commands.len() > 4)).await;
    let began = std::time::Instant::now();
    sender.stop().await;
    assert!(began.elapsed() < LONG / 2);
    assert_eq!(first.back().await, Some(vec!["refused 5.1.1".to_owned()]), "carol stays in the queue");
    assert_eq!(second.back().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_the_reply_to_what_was_sent_whole() {
    let sent_whole = Arc::new(Notify::new());
    let told = sent_whole.clone();
    let slow = move |mut client: TcpStream| {
        let told = told.clone();
        async move {
            let mut read = [0; 4096];
            for reply in ["220 x", "250 x", "250 x", "250 x", "354 x"] {
                let _ = client.write_all(format!("{reply}\r\n").as_bytes()).await;
                let _ = client.read(&mut read).await;
            }
            // It was read whole; a moment later the sender knows that it was sent whole.
            tokio::time::sleep(Duration::from_millis(100)).await;
            told.notify_one();
            tokio::time::sleep(Duration::from_millis(300)).await;
            let _ = client.write_all(b"250 taken\r\n").await;
            let _ = client.read(&mut read).await;
        }
    };
    let sender = against(slow, LONG).await;
    let given = sender.send(envelope(&["bob"]), MESSAGE);
    sent_whole.notified().await;
    sender.stop().await;
    assert_eq!(given.words().await, ["relayed"]);
}
