//! What the ways to bring mail come to in the mailboxes: aliases and lists, LMTP, chunks, submissions.

use reference_server::config::{Config, Storage};

use crate::wire::{Client, maildrop, server, submit};

fn with_aliases() -> Config {
    Config {
        aliases: vec!["team@example.org=alice@example.org,bob@example.org".parse().unwrap()],
        lists: vec!["news@example.org=alice@example.org:bob@example.org".parse().unwrap()],
        ..Config::default()
    }
}

#[tokio::test]
async fn an_alias_keeps_the_sender_and_a_list_has_its_own() {
    let server = server(with_aliases()).await;
    assert!(submit(&server, "team@example.org", "Subject: both").await.starts_with("250"));
    let alice = maildrop(&server, "alice", 1).await.remove(0);
    let bob = maildrop(&server, "bob", 1).await.remove(0);
    assert_eq!(alice[0], "Return-Path: <sender@elsewhere.example>");
    assert_eq!(alice, bob);
    assert!(submit(&server, "news@example.org", "Subject: one").await.starts_with("250"));
    let news = maildrop(&server, "bob", 2).await.remove(1);
    assert_eq!(news[0], "Return-Path: <alice@example.org>", "{news:#?}");
    assert!(news.contains(&"Subject: one".to_owned()));
    server.stop().await;
}

/// Lines of a whole LMTP transaction, and the replies after the message.
async fn lmtp(client: &mut Client<tokio::net::TcpStream>, recipients: &[&str], message: &str) -> Vec<String> {
    client.ask("MAIL FROM:<sender@elsewhere.example>", "250 ").await;
    for recipient in recipients {
        client.ask(&format!("RCPT TO:<{recipient}>"), "250 ").await;
    }
    client.send(&format!("BDAT {} LAST\r\n{message}", message.len())).await;
    let mut replies = Vec::new();
    for _ in recipients {
        replies.push(client.line().await.unwrap());
    }
    replies
}

#[tokio::test(flavor = "multi_thread")]
async fn lmtp_answers_when_the_mailbox_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let storage = Storage::Dir(directory.path().to_owned());
    let server = server(Config { storage, ..with_aliases() }).await;
    let mut client = Client::connect(&server, "lmtp").await;
    client.until("220 ").await;
    client.ask("LHLO client.example", "250 ").await;
    let message = "Return-Path: <forged@elsewhere.example>\r\nSubject: x\r\n\r\n.dots stay\r\n";
    let replies = lmtp(&mut client, &["alice@example.org", "bob@example.org"], message).await;
    assert!(replies.iter().all(|reply| reply.starts_with("250 2.1.5 Delivered")), "{replies:?}");

    // Without waiting: it is there already.
    let mut reader = Client::connect(&server, "imap").await;
    reader.until("* OK").await;
    reader.ask("a1 LOGIN bob secret", "a1 OK").await;
    reader.send("a2 SELECT INBOX\r\n").await;
    assert!(reader.until("a2 OK").await.contains(&"* 1 EXISTS".to_owned()));
    let stored = maildrop(&server, "alice", 1).await.remove(0);
    assert_eq!(stored[0], "Return-Path: <sender@elsewhere.example>");
    assert_eq!(stored.iter().filter(|line| line.starts_with("Return-Path")).count(), 1, "{stored:#?}");
    assert!(stored[2].contains(" with LMTP id ") && stored.last().unwrap() == "..dots stay", "{stored:#?}");

    // Big, and for an alias: the queue has it for the members.
    let big = format!("Subject: big\r\n\r\n{}", "0123456789\r\n".repeat(200_000));
    let replies = lmtp(&mut client, &["team@example.org", "bob@example.org"], &big).await;
    assert!(replies[0].contains("stands for others") && replies[1].contains("Delivered"), "{replies:?}");
    let lines = maildrop(&server, "alice", 2).await.remove(1);
    assert_eq!(lines.iter().filter(|line| *line == "0123456789").count(), 200_000);
    assert_eq!(maildrop(&server, "bob", 3).await.len(), 3);
    server.stop().await;
}

#[tokio::test]
async fn submissions_are_completed() {
    let server = server(Config::default()).await;
    let mut client = Client::connect(&server, "submission").await;
    client.until("220 ").await;
    client.ask("EHLO client.example", "250 ").await;
    client.ask("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "235 ").await;
    client.ask("MAIL FROM:<alice> SMTPUTF8", "250 ").await;
    client.ask("RCPT TO:<bob>", "250 ").await;
    client.ask("DATA", "354 ").await;
    client.ask("From: alice\r\nTo: B\u{f6}b <bob>\r\n\r\nx\r\n.", "250 ").await;
    let message = maildrop(&server, "bob", 1).await.remove(0);
    for line in ["Return-Path: <alice@example.org>", "From: alice@example.org", "To: B\u{f6}b <bob@example.org>"] {
        assert!(message.contains(&line.to_owned()), "{line} in {message:#?}");
    }
    for field in ["Date: ", "Message-ID: <"] {
        assert!(message.iter().any(|line| line.starts_with(field)), "{field} in {message:#?}");
    }
    assert!(message[2].contains(" with UTF8SMTPA id "), "{message:#?}");
    server.stop().await;
}

#[tokio::test]
async fn a_server_without_mail_says_so_to_other_servers_only() {
    let server = server(Config { takes_mail: false, ..Config::default() }).await;
    let mut client = Client::connect(&server, "smtp").await;
    client.until("521 ").await;
    client.ask("EHLO client.example", "521 ").await;
    client.ask("QUIT", "221 ").await;
    let mut client = Client::connect(&server, "submission").await;
    client.until("220 ").await;
    server.stop().await;
}
