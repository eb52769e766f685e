//! From SMTP to the mailbox.

use reference_server::config::Config;
use reference_server::faults::Fault;

use crate::wire::{Client, maildrop, server, submit};

#[tokio::test]
async fn mail_by_smtp_lies_in_the_inbox() {
    let server = server(Config::default()).await;
    assert!(submit(&server, "alice@example.org", "Subject: x\r\n\r\n..dot").await.starts_with("250 2.0.0"));
    let messages = maildrop(&server, "alice", 1).await;
    let message = messages[0].join("\n");
    assert!(message.starts_with("Return-Path: <sender@elsewhere.example>\nReceived: from client.example ([127.0.0.1])\n"));
    assert!(message.ends_with("Subject: x\n\n..dot"), "POP3 stuffs the one dot that is left: {message}");

    let mut reader = Client::connect(&server, "imap").await;
    reader.until("* OK").await;
    reader.ask("a1 LOGIN alice secret", "a1 OK").await;
    reader.send("a2 SELECT INBOX\r\n").await;
    assert!(reader.until("a2 OK").await.contains(&"* 1 EXISTS".to_owned()));
    reader.send("a3 FETCH 1 BODY.PEEK[TEXT]\r\n").await;
    assert!(reader.until("a3 OK").await[1].starts_with(".dot"));
    server.stop().await;
}

#[tokio::test]
async fn an_idle_reader_hears_of_new_mail() {
    let server = server(Config::default()).await;
    let mut reader = Client::connect(&server, "imap").await;
    reader.until("* OK").await;
    reader.ask("a1 LOGIN alice secret", "a1 OK").await;
    reader.ask("a2 SELECT INBOX", "a2 OK").await;
    reader.ask("a3 IDLE", "+").await;
    submit(&server, "alice@example.org", "Subject: x\r\n").await;
    reader.until("* 1 EXISTS").await;
    reader.ask("DONE", "a3 OK").await;
    server.stop().await;
}

#[tokio::test]
async fn a_user_is_told_of_mail_that_cannot_go() {
    let server = server(Config::default()).await;
    let mut client = Client::connect(&server, "submission").await;
    client.until("220 ").await;
    client.ask("EHLO client.example", "250 ").await;
    client.ask("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "235 ").await;
    client.ask("MAIL FROM:<alice@example.org>", "250 ").await;
    client.ask("RCPT TO:<x@[x-tag:nowhere]>", "250 ").await;
    client.ask("DATA", "354 ").await;
    client.ask("From: alice@example.org\r\nSubject: to be returned\r\n\r\nx\r\n.", "250 ").await;
    let notification = maildrop(&server, "alice", 1).await[0].join("\n");
    assert!(notification.starts_with("Return-Path: <>\n"), "{notification}");
    assert!(notification.contains("Final-Recipient: rfc822; x@[x-tag:nowhere]\nAction: failed\nStatus: 5.1.2\n"));
    assert!(notification.contains("\nSubject: to be returned\n"));
    server.stop().await;
}

#[tokio::test]
async fn a_message_too_big_for_the_memory_is_whole() {
    let server = server(Config::default()).await;
    let lines = 40_000;
    let body = "0123456789012345678901234567890123456789012345678\r\n".repeat(lines);
    assert!(submit(&server, "alice@example.org", &format!("Subject: big\r\n\r\n{body}last")).await.starts_with("250"));
    let message = maildrop(&server, "alice", 1).await.remove(0);
    assert_eq!(message.iter().filter(|line| line.starts_with("012345")).count(), lines);
    assert_eq!(message.iter().filter(|line| line.starts_with("Received: ")).count(), 1);
    assert_eq!(message.last().map(String::as_str), Some("last"));
    server.stop().await;
}

/// The faults that show in what is delivered.
#[tokio::test]
async fn faults_show_in_the_mailbox() {
    let sent = "Subject: x\r\n\r\n..dot\r\n\u{e9}\r\nlast";
    let honest = {
        let server = server(Config::default()).await;
        submit(&server, "alice@example.org", sent).await;
        maildrop(&server, "alice", 1).await.remove(0)
    };
    let body = |message: &[String]| message.iter().skip_while(|line| !line.starts_with("Subject")).cloned().collect::<Vec<_>>();
    let has = |message: &[String], field: &str| message.iter().any(|line| line.starts_with(field));
    assert_eq!(body(&honest), ["Subject: x", "", "..dot", "\u{e9}", "last"]);
    for fault in [
        Fault::SmtpKeepsLeadingDot,
        Fault::SmtpDropsLastLine,
        Fault::SmtpStripsEighthBit,
        Fault::SmtpNoReceived,
        Fault::SmtpNoReturnPath,
    ] {
        let server = server(Config { faults: [fault].into_iter().collect(), ..Config::default() }).await;
        submit(&server, "alice@example.org", sent).await;
        let broken = maildrop(&server, "alice", 1).await.remove(0);
        match fault {
            Fault::SmtpNoReceived => assert!(has(&honest, "Received") && !has(&broken, "Received")),
            Fault::SmtpNoReturnPath => assert!(has(&honest, "Return-Path") && !has(&broken, "Return-Path")),
            _ => assert_ne!(body(&honest), body(&broken), "{}", fault.name()),
        }
    }
}
