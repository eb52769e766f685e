//! When the disk or the directory fail: a clear word, and nothing acknowledged that is not kept.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use reference_server::config::{Config, Storage};
use reference_server::server::start;

use crate::wire::{Client, maildrop, server};

async fn refusal(directory: &Path) -> String {
    let config = Config { storage: Storage::Dir(directory.to_owned()), ..Config::default() };
    format!("{:#}", start(config).await.err().expect("the server must not start"))
}

#[tokio::test]
async fn a_directory_has_one_server() {
    let directory = tempfile::tempdir().unwrap();
    let storage = Storage::Dir(directory.path().to_owned());
    let first = server(Config { storage: storage.clone(), ..Config::default() }).await;
    let told = refusal(directory.path()).await;
    assert!(told.contains("mail.sqlite is in use by another server (process "), "{told}");
    assert!(told.contains("use another directory"), "{told}");
    first.stop().await;
    server(Config { storage, ..Config::default() }).await.stop().await;
}

#[tokio::test]
async fn a_damaged_database_is_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("mail.sqlite"), [b'x'; 20_000]).unwrap();
    let told = refusal(directory.path()).await;
    assert!(told.contains("mail.sqlite cannot be used: file is not a database; put a backup in its place"), "{told}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named() {
    // Nobody, root included, makes files here.
    let told = refusal(Path::new("/proc/self")).await;
    assert!(told.contains("cannot write /proc/self/mail.lock: ") && told.contains("must exist and be writable"), "{told}");
    let told = refusal(Path::new("/proc/self/deeper")).await;
    assert!(told.contains("the directory /proc/self/deeper cannot be made"), "{told}");
}

/// A database that is damaged while the server runs: what cannot be kept is not acknowledged.
#[tokio::test]
async fn damage_while_it_runs_is_answered_with_4xx() {
    let directory = tempfile::tempdir().unwrap();
    let running = server(Config { storage: Storage::Dir(directory.path().to_owned()), ..Config::default() }).await;
    assert!(offer(running.addresses["smtp"], "kept").await.starts_with("250 "));
    let other = rusqlite::Connection::open(directory.path().join("mail.sqlite")).unwrap();
    other.execute_batch("DROP TABLE message").unwrap();
    let reply = offer(running.addresses["smtp"], "lost").await;
    assert!(reply.starts_with("451 4.3.0 "), "{reply}");
    running.stop().await;
}

/// RFC 1939 §6: an UPDATE that fails is told, and removes nothing; the lock is released all the same.
#[tokio::test]
async fn messages_that_cannot_be_removed_stay() {
    let directory = tempfile::tempdir().unwrap();
    let running = server(Config { storage: Storage::Dir(directory.path().to_owned()), ..Config::default() }).await;
    for subject in ["one", "two", "three"] {
        assert!(offer(running.addresses["smtp"], subject).await.starts_with("250 "));
    }
    maildrop(&running, "alice", 3).await;
    let other = rusqlite::Connection::open(directory.path().join("mail.sqlite")).unwrap();
    let fails = "CREATE TRIGGER stubborn BEFORE DELETE ON message WHEN old.uid = 3 BEGIN SELECT raise(ABORT, 'it stays'); END";
    other.execute_batch(fails).unwrap();
    let mut client = logged_in(running.addresses["pop3"]).await;
    for line in ["DELE 1", "DELE 3"] {
        client.ask(line, "+OK").await;
    }
    client.ask("QUIT", "-ERR [SYS/TEMP] ").await;
    assert_eq!(client.line().await, None, "it closes whether the removal was successful or not");

    other.execute_batch("DROP TRIGGER stubborn").unwrap();
    let mut client = logged_in(running.addresses["pop3"]).await;
    client.ask("STAT", "+OK 3 ").await;
    client.ask("DELE 3", "+OK").await;
    client.ask("QUIT", "+OK").await;
    maildrop(&running, "alice", 2).await;
    running.stop().await;
}

async fn logged_in(pop3: SocketAddr) -> Client<tokio::net::TcpStream> {
    let mut client = Client::connect_to(pop3).await;
    client.until("+OK").await;
    client.ask("USER alice", "+OK").await;
    client.ask("PASS secret", "+OK").await;
    client
}

/// Sends a message to alice and gives the reply to its end.
async fn offer(smtp: SocketAddr, subject: &str) -> String {
    let mut client = Client::connect_to(smtp).await;
    client.until("220 ").await;
    client.ask("EHLO client.example", "250 ").await;
    client.ask("MAIL FROM:<sender@elsewhere.example>", "250 ").await;
    client.ask("RCPT TO:<alice@example.org>", "250 ").await;
    client.ask("DATA", "354 ").await;
    client.send(&format!("Subject: {subject}\r\n\r\n{}.\r\n", "0123456789abcdef\r\n".repeat(2000))).await;
    client.line().await.unwrap()
}

/// A server whose files may not grow as it wants gets 4xx out, and goes on when they may again.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_answered_with_4xx_until_there_is_room() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        eprintln!("left out: there is no prlimit here");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    // The soft limit only, and the signal ignored: writing fails as on a full disk.
    let script = "trap '' XFSZ; ulimit -S -f 1200; exec \"$@\"";
    let mut child = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_reference-server")])
        .args(["--listen", "smtp=127.0.0.1:0", "--account", "alice@example.org:secret", "--addresses", "json", "--data"])
        .arg(directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let addresses: std::collections::BTreeMap<String, SocketAddr> = serde_json::from_str(&line).unwrap();
    let mut kept = Vec::new();
    for number in 0..100 {
        let reply = offer(addresses["smtp"], &format!("number {number}")).await;
        if !reply.starts_with("250 ") {
            assert!(reply.starts_with("451 4.3.0 "), "{reply}");
            break;
        }
        kept.push(format!("Subject: number {number}"));
    }
    assert!(!kept.is_empty() && kept.len() < 100, "{} were kept", kept.len());
    let lifted = Command::new("prlimit").args(["--pid", &child.id().to_string(), "--fsize=unlimited"]).status().unwrap();
    assert!(lifted.success());
    let reply = offer(addresses["smtp"], "with room").await;
    assert!(reply.starts_with("250 "), "{reply}");
    kept.push("Subject: with room".to_owned());
    child.kill().unwrap();
    child.wait().unwrap();

    let server = server(Config { storage: Storage::Dir(directory.path().to_owned()), ..Config::default() }).await;
    let messages = maildrop(&server, "alice", kept.len()).await;
    let subjects: Vec<String> = messages.iter().flatten().filter(|line| line.starts_with("Subject:")).cloned().collect();
    assert_eq!(subjects, kept, "exactly what was acknowledged");
    server.stop().await;
}

/// The queue by the command line, of a server that runs and of one that does not.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_controlled_from_outside() {
    let directory = tempfile::tempdir().unwrap();
    let queue = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reference-server"));
        command.arg("queue").args(arguments.split(' ')).arg("--data").arg(directory.path());
        let Output { status, stdout, stderr } = command.output().unwrap();
        let printed = String::from_utf8([stdout, stderr].concat()).unwrap();
        (status.success(), printed)
    };
    assert!(queue("list").1.contains("there is no mail.sqlite in"));
    // Nobody listens on that port.
    let routes = vec!["hamburger.edu=127.0.0.1:1".parse().unwrap()];
    let storage = Storage::Dir(directory.path().to_owned());
    let running = server(Config { storage, routes, ..Config::default() }).await;
    let mut client = Client::connect(&running, "submission").await;
    client.until("220 ").await;
    client.ask("EHLO client.example", "250 ").await;
    client.ask("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "235 ").await;
    client.ask("MAIL FROM:<alice@example.org>", "250 ").await;
    client.ask("RCPT TO:<bob@hamburger.edu>", "250 ").await;
    client.ask("DATA", "354 ").await;
    client.ask("From: alice@example.org\r\nSubject: to be kept\r\n\r\nx\r\n.", "250 ").await;
    let deadline = tokio::time::Instant::now() + crate::wire::PATIENCE;
    let entry = loop {
        let listed = running.queue.list(&reference_server::queue::Selection::All, None, 9).unwrap();
        let entry = listed.into_iter().find(|entry| entry.recipients.iter().any(|recipient| recipient.attempts > 0));
        if let Some(entry) = entry {
            break entry;
        }
        assert!(tokio::time::Instant::now() < deadline, "it is never tried");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    let (fine, list) = queue("list");
    assert!(fine && list.contains("<bob@hamburger.edu>  due ") && list.contains(", 1 attempt: 4.4.1"), "{list}");
    assert!(list.ends_with("1 shown; 1 entries with 1 recipients wait\n"), "{list}");
    assert!(queue("list --json").1.starts_with(&format!("{{\"id\":{},", entry.id)));
    assert!(queue(&format!("show {}", entry.id)).1.contains("\nSubject: to be kept\n"));
    assert_eq!(queue("show 999999"), (false, "reference-server: there is no entry 999999 in the queue\n".to_owned()));
    assert!(!queue("hold").0);
    assert_eq!(queue("hold --all"), (true, "1 recipient held\n".to_owned()));
    assert!(queue("list --destination hamburger.edu").1.contains("<bob@hamburger.edu>  held"));
    assert_eq!(queue(&format!("release {}", entry.id)).1, "1 recipient released\n");
    assert_eq!(queue("flush --destination Hamburger.EDU").1, "1 recipient due now\n");
    running.kill().await;

    let (fine, list) = queue("list");
    assert!(fine && list.contains("<bob@hamburger.edu>"), "{list}");
    assert!(queue("delete --all --notify").1.contains("only the running server"));
    assert_eq!(queue("delete --all").1, "1 recipient deleted\n");
    assert_eq!(queue("list").1, "0 shown; 0 entries with 0 recipients wait\n");
}
