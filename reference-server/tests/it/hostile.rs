//! Clients that mean harm: the memory stays bounded, and others are served meanwhile.
//!
//! The server is a program of its own, so that its memory can be told from that of its clients.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::program::Program;
use crate::wire::{Client, PATIENCE};

/// A mebioctet, in KiB.
const MIB: u64 = 1024;

fn program() -> Program {
    let arguments = ["connections=5000", "connections-per-address=5000", "message=8M", "recipients=100"];
    Program::start(arguments.iter().flat_map(|limit| ["--limit", limit]))
}

/// Sends a message to alice from beginning to end.
async fn well_meant(address: SocketAddr, subject: &str) {
    let mail = async {
        let mut client = Client::connect_to(address).await;
        client.until("220 ").await;
        client.ask("EHLO client.example", "250 ").await;
        client.ask("MAIL FROM:<sender@elsewhere.example>", "250 ").await;
        client.ask("RCPT TO:<alice@example.org>", "250 ").await;
        client.ask("DATA", "354 ").await;
        client.ask(&format!("Subject: {subject}\r\n\r\nx\r\n."), "250 ").await;
        client.ask("QUIT", "221 ").await;
    };
    timeout(PATIENCE, mail).await.expect("a client that means well is served");
}

/// A client inside a transaction, about to send its message.
async fn in_data(address: SocketAddr) -> Client<TcpStream> {
    let mut client = Client::connect_to(address).await;
    client.until("220 ").await;
    client.ask("EHLO hostile.example", "250 ").await;
    client.ask("MAIL FROM:<>", "250 ").await;
    client.ask("RCPT TO:<alice@example.org>", "250 ").await;
    client.ask("DATA", "354 ").await;
    client
}

#[track_caller]
fn bounded(program: &Program, before: u64, growth: u64, what: &str) {
    let after = program.memory();
    assert!(after <= before + growth, "{what}: the memory grew from {before} to {after} KiB, more than {growth}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_idle_connections_cost_little_and_disturb_nobody() {
    let program = program();
    let before = program.memory();
    let mut idle = Vec::new();
    for (service, greeting, count) in [("smtp", "220 ", 1500), ("imap", "* OK", 250), ("pop3", "+OK", 250)] {
        for _ in 0..count {
            let mut client = Client::connect_to(program.addresses[service]).await;
            client.until(greeting).await;
            idle.push(client);
        }
    }
    well_meant(program.addresses["smtp"], "among idlers").await;
    bounded(&program, before, 2000 * 28, "2,000 idle connections");
    drop(idle);
    well_meant(program.addresses["smtp"], "after idlers").await;
}

#[tokio::test]
async fn slow_senders_keep_nobody_waiting() {
    let program = program();
    let address = program.addresses["smtp"];
    let mut slow = Vec::new();
    for _ in 0..100 {
        slow.push(in_data(address).await);
    }
    let before = program.memory();
    for round in 0..5 {
        for client in &mut slow {
            client.send("X").await;
        }
        well_meant(address, &format!("round {round}")).await;
    }
    for client in &mut slow {
        client.ask("\r\n.", "250 ").await;
    }
    bounded(&program, before, 5 * MIB, "slow senders");
}

#[tokio::test]
async fn a_line_without_end_is_not_kept() {
    let program = program();
    let before = program.memory();
    for (service, greeting, refusal) in [("smtp", "220 ", "500 "), ("pop3", "+OK", "-ERR"), ("imap", "* OK", "")] {
        let mut client = Client::connect_to(program.addresses[service]).await;
        client.until(greeting).await;
        let piece = "x".repeat(64 * 1024);
        for _ in 0..512 {
            // The server may close when it has had enough.
            if client.stream.write_all(piece.as_bytes()).await.is_err() {
                break;
            }
        }
        bounded(&program, before, 3 * MIB, service);
        if !refusal.is_empty() && client.stream.write_all(b"\r\n").await.is_ok() {
            client.until(refusal).await;
        }
    }
    well_meant(program.addresses["smtp"], "after endless lines").await;
}

#[tokio::test]
async fn a_message_without_end_is_read_and_not_kept() {
    let program = program();
    let before = program.memory();
    // 64 MiB where 8 are allowed; once in one line, once in the header section, once in many lines.
    let long = "x".repeat(64 * 1024);
    let field = "X-Endless: again and again\r\n".repeat(2340);
    let lines = format!("\r\n{}", "the same line again and again\r\n".repeat(2114));
    for piece in [long, field, lines] {
        let mut client = in_data(program.addresses["smtp"]).await;
        for _ in 0..1024 {
            client.send(&piece).await;
        }
        bounded(&program, before, 20 * MIB, "an endless message");
        client.ask("\r\n.", "552 ").await;
    }
    well_meant(program.addresses["smtp"], "after endless messages").await;
}

#[tokio::test]
async fn recipients_without_end_are_refused() {
    let program = program();
    let before = program.memory();
    let mut client = Client::connect_to(program.addresses["smtp"]).await;
    client.until("220 ").await;
    client.ask("EHLO hostile.example", "250 ").await;
    client.ask("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "235 ").await;
    client.ask("MAIL FROM:<alice@example.org>", "250 ").await;
    for number in 0..5000 {
        let answer = if number < 100 { "250 " } else { "452 " };
        client.ask(&format!("RCPT TO:<nobody{number}@elsewhere.example>"), answer).await;
    }
    bounded(&program, before, 3 * MIB, "endless recipients");
    client.ask("RSET", "250 ").await;
    well_meant(program.addresses["smtp"], "after endless recipients").await;
}

#[tokio::test]
async fn who_does_not_read_replies_is_not_written_to_without_end() {
    let program = program();
    let before = program.memory();
    let mut deaf = Vec::new();
    for (service, command) in [("smtp", "HELP\r\n"), ("pop3", "CAPA\r\n"), ("imap", "a CAPABILITY\r\n")] {
        let mut stream = TcpStream::connect(program.addresses[service]).await.unwrap();
        let many = command.repeat(8 * 1024 / command.len());
        // It goes on until neither side takes any more.
        for _ in 0..2048 {
            match timeout(Duration::from_millis(300), stream.write_all(many.as_bytes())).await {
                Ok(Ok(())) => {}
                _ => break,
            }
        }
        deaf.push(stream);
    }
    bounded(&program, before, 6 * MIB, "clients that do not read");
    well_meant(program.addresses["smtp"], "beside the deaf").await;
}

#[tokio::test]
async fn random_octets_hurt_nobody() {
    let program = program();
    let before = program.memory();
    // A generator of Knuth's, so that each run sends the same.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    for round in 0..60 {
        for service in ["smtp", "submission", "smtps", "pop3", "imap", "imaps"] {
            let mut stream = TcpStream::connect(program.addresses[service]).await.unwrap();
            let octets: Vec<u8> = (0..16 * 1024)
                .map(|_| match (random(), round % 3) {
                    // Every third time letters, blanks and line ends, which come further into a parser.
                    (octet, 0) => b"abcdefgRCPTMAILFETCHUID <>{}()[]@.*:;+-=0123456789\"\\\r\n\r\n"[usize::from(octet) % 56],
                    (octet, _) => octet,
                })
                .collect();
            let _ = stream.write_all(&octets).await;
            let _ = stream.shutdown().await;
            let mut answer = Vec::new();
            let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server ends what the client has ended");
        }
    }
    bounded(&program, before, 6 * MIB, "random octets");
    well_meant(program.addresses["smtp"], "after random octets").await;
}
