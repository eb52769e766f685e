//! A server that is killed: what it answered 250 for is there when it starts again.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server process; dropping it kills it, as a crash would.
struct Server {
    process: Child,
    addresses: serde_json::Value,
}

impl Server {
    fn start(data: &Path) -> Server {
        let mut process = Command::new(env!("CARGO_BIN_EXE_reference-server"))
            .args(["--listen", "smtp=127.0.0.1:0", "--listen", "pop3=127.0.0.1:0", "--addresses", "json"])
            .args(["--account", "alice@example.org:secret", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let addresses = serde_json::from_str(&line).unwrap();
        Server { process, addresses }
    }

    /// Plays commands one by one; gives the first line of each reply, the greeting first.
    fn play(&self, service: &str, commands: &[&str]) -> Vec<String> {
        let stream = TcpStream::connect(self.addresses[service].as_str().unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(|line| line.unwrap());
        let mut replies = vec![lines.next().unwrap()];
        for command in commands {
            (&stream).write_all(format!("{command}\r\n").as_bytes()).unwrap();
            replies.push(lines.next().unwrap());
        }
        replies
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL: nothing is written, nothing is said.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn an_accepted_message_survives_kill_9() {
    let data = tempfile::tempdir().unwrap();
    for delivered in 1..=3 {
        let server = Server::start(data.path());
        let body = format!("Subject: {delivered}\r\n\r\n{}\r\n.", "x".repeat(1000 * delivered));
        let replies = server.play("smtp", &["HELO client.example", "MAIL FROM:<>", "RCPT TO:<alice@example.org>", "DATA", &body]);
        assert!(replies.last().unwrap().starts_with("250"), "{replies:?}");
        drop(server);

        // Delivery may have been under way when the server died: it is taken up again, once.
        let server = Server::start(data.path());
        let begun = Instant::now();
        loop {
            let replies = server.play("pop3", &["USER alice", "PASS secret", "STAT", "QUIT"]);
            if replies[3].starts_with(&format!("+OK {delivered} ")) {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{replies:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let unique_ids = |server: &Server| server.play("pop3", &["USER alice", "PASS secret", "UIDL 1", "QUIT"])[3].clone();
    let server = Server::start(data.path());
    let before = unique_ids(&server);
    drop(server);
    assert_eq!(unique_ids(&Server::start(data.path())), before);
}
