//! Kill -9: what was acknowledged is there afterwards.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reference_server::config::{Config, Storage};

use crate::wire::{Client, maildrop, server};

/// The program, listening for SMTP on a free port, with its mail in a directory.
fn program(directory: &Path) -> (Child, BTreeMap<String, SocketAddr>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_reference-server"))
        .args(["--listen", "smtp=127.0.0.1:0", "--domain", "example.org", "--addresses", "json"])
        .args(["--account", "alice@example.org:secret", "--data"])
        .arg(directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    for round in 1..=3 {
        let (mut child, addresses) = program(directory.path());
        let mut client = Client::connect_to(addresses["smtp"]).await;
        client.until("220 ").await;
        client.ask("EHLO client.example", "250 ").await;
        client.ask("MAIL FROM:<sender@elsewhere.example>", "250 ").await;
        client.ask("RCPT TO:<alice@example.org>", "250 ").await;
        client.ask("DATA", "354 ").await;
        client.ask(&format!("Subject: round {round}\r\n\r\nx\r\n."), "250 ").await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let server = server(Config { storage: Storage::Dir(directory.path().to_owned()), ..Config::default() }).await;
    let messages = maildrop(&server, "alice", 3).await;
    let subjects: Vec<&String> = messages.iter().flatten().filter(|line| line.starts_with("Subject:")).collect();
    assert_eq!(subjects, ["Subject: round 1", "Subject: round 2", "Subject: round 3"], "each once");
    server.stop().await;
}
