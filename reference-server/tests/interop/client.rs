//! A client that hands letters to SMTP and fetches them by POP3, octet for octet.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::letter::Letter;
use crate::server::PASSWORD;

/// One connection, line by line.
struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { reader: BufReader::new(stream) }
    }

    fn send(&mut self, octets: &[u8]) {
        self.reader.get_mut().write_all(octets).unwrap();
    }

    /// A line with its end.
    fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line).unwrap();
        line
    }

    /// Sends a command, passes over the lines of the reply that are followed by others, and wants the last to begin so.
    fn ask(&mut self, command: &str, answer: &str) -> String {
        self.send(format!("{command}\r\n").as_bytes());
        self.answer(command, answer)
    }

    fn answer(&mut self, command: &str, answer: &str) -> String {
        loop {
            let line = String::from_utf8_lossy(&self.line()).into_owned();
            if line.starts_with(answer) {
                return line;
            }
            let goes_on = line.as_bytes().get(3) == Some(&b'-');
            assert!(goes_on, "expected {answer:?} to {:.60}, received {line:?}", command);
        }
    }
}

/// Hands a letter over as an authenticated user, and returns when it was accepted.
pub fn submit(server: SocketAddr, user: &str, letter: &Letter) {
    let mut client = Client::connect(server);
    client.answer("the connection", "220 ");
    client.ask("EHLO client.example", "250 ");
    client.ask(&format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{PASSWORD}"))), "235 ");
    client.ask(&format!("MAIL FROM:<{}>{}", letter.reverse_path, letter.parameters), "250 ");
    for recipient in &letter.recipients {
        client.ask(&format!("RCPT TO:<{recipient}>"), "250 ");
    }
    client.ask("DATA", "354 ");
    let stuffed = stuff(&letter.message());
    client.send(&stuffed);
    client.ask(".", "250 ");
    client.ask("QUIT", "221 ");
}

/// RFC 5321 §4.5.2: a line that begins with a period gets another one.
fn stuff(message: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(message.len() + message.len() / 50);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    stuffed
}

/// All messages in a user's maildrop.
pub fn maildrop(server: SocketAddr, user: &str) -> Vec<Vec<u8>> {
    let mut client = Client::connect(server);
    client.answer("the connection", "+OK");
    client.ask(&format!("USER {user}"), "+OK");
    client.ask(&format!("PASS {PASSWORD}"), "+OK");
    let stat = client.ask("STAT", "+OK");
    let count: usize = stat.split(' ').nth(1).and_then(|count| count.parse().ok()).unwrap();
    let messages = (1..=count).map(|number| {
        client.ask(&format!("RETR {number}"), "+OK");
        let mut message = Vec::new();
        loop {
            let line = client.line();
            match line.as_slice() {
                b".\r\n" => return message,
                b"" => panic!("POP3 closed in the middle of message {number} of {user}"),
                line => message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line)),
            }
        }
    });
    let messages = messages.collect();
    client.ask("QUIT", "+OK");
    messages
}
