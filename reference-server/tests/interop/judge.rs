//! Whether a letter arrived as it was sent: the only differences may be trace fields at its top.

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::client::maildrop;
use crate::letter::Letter;

/// The servers of the way, each of which writes a Received field.
const HOPS: usize = 3;
/// What servers on the way may put in front of a message (RFC 5321 §4.4).
const TRACE: [&str; 2] = ["return-path", "received"];

/// Waits for a letter to arrive at all its recipients and looks at each copy. Gives what is
/// wrong.
pub fn judge(pop3: SocketAddr, letter: &Letter, deadline: Instant) -> Result<(), String> {
    for recipient in &letter.recipients {
        let copies = wait_for(pop3, recipient, letter, deadline);
        let hops = match copies.as_slice() {
            [copy] => compare(letter, copy).map_err(|wrong| format!("{recipient}: {wrong}"))?,
            [] => return Err(format!("{recipient}: it did not arrive")),
            copies => return Err(format!("{recipient}: it arrived {} times", copies.len())),
        };
        if hops != HOPS {
            return Err(format!("{recipient}: it has {hops} Received fields, and passed {HOPS} servers"));
        }
    }
    Ok(())
}

/// The accounts that have more letters than were sent to them, or fewer.
pub fn surplus(pop3: SocketAddr, accounts: &[String], letters: &[Letter]) -> Vec<String> {
    // A copy too many would come after the first ones.
    sleep(Duration::from_secs(1));
    let mut wrong = Vec::new();
    for account in accounts {
        let sent = letters.iter().filter(|letter| letter.recipients.contains(account)).count();
        let held = maildrop(pop3, account).len();
        if held != sent {
            wrong.push(format!("{account} was sent {sent} letters and has {held}"));
        }
    }
    wrong
}

fn wait_for(pop3: SocketAddr, recipient: &str, letter: &Letter, deadline: Instant) -> Vec<Vec<u8>> {
    let id = letter.id.as_bytes();
    loop {
        let mut copies = maildrop(pop3, recipient);
        copies.retain(|copy| header(copy).windows(id.len()).any(|octets| octets == id));
        if !copies.is_empty() || Instant::now() > deadline {
            return copies;
        }
        sleep(Duration::from_millis(100));
    }
}

/// Gives the number of Received fields.
fn compare(letter: &Letter, copy: &[u8]) -> Result<usize, String> {
    let return_path = format!("Return-Path: <{}>\r\n", letter.reverse_path);
    if !copy.starts_with(return_path.as_bytes()) {
        return Err(format!("it does not begin with {return_path:?}"));
    }
    let (received, rest) = behind_trace(copy);
    let mut sent = letter.message();
    if letter.rest.is_empty() {
        // The empty line that the letter has not may have been added: the body is empty all the same.
        sent.extend_from_slice(b"\r\n");
    }
    if rest == sent || rest == letter.message() {
        return Ok(received);
    }
    let same = rest.iter().zip(&sent).take_while(|(left, right)| left == right).count();
    let shown = |octets: &[u8]| {
        let piece = octets.get(same.saturating_sub(20)..octets.len().min(same + 40)).unwrap_or_default();
        piece.escape_ascii().to_string()
    };
    let place = if same < letter.header.len() { "header" } else { "body" };
    let lengths = format!("{} octets sent, {} received", sent.len(), rest.len());
    Err(format!("its {place} differs at octet {same} ({lengths}): sent …{}…, received …{}…", shown(&sent), shown(rest)))
}

/// What stands behind the trace fields, and how many of them were Received.
fn behind_trace(copy: &[u8]) -> (usize, &[u8]) {
    let mut received = 0;
    let mut rest = copy;
    loop {
        let name: Vec<u8> = rest.iter().take_while(|octet| **octet != b':').take(20).copied().collect();
        let name = String::from_utf8_lossy(&name).to_ascii_lowercase();
        if !TRACE.contains(&name.as_str()) {
            return (received, rest);
        }
        received += usize::from(name == "received");
        rest = &rest[field_length(rest)..];
    }
}

/// The octets of the first field, its continuation lines included.
fn field_length(header: &[u8]) -> usize {
    let mut length = 0;
    for line in header.split_inclusive(|octet| *octet == b'\n') {
        if length > 0 && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            break;
        }
        length += line.len();
    }
    length
}

fn header(message: &[u8]) -> &[u8] {
    let end = message.windows(4).position(|octets| octets == b"\r\n\r\n");
    &message[..end.unwrap_or(message.len())]
}

#[test]
fn a_difference_is_seen_and_trace_fields_are_none() {
    let letter = Letter {
        title: "x",
        id: "<1@x>".to_owned(),
        reverse_path: "a@b.example",
        recipients: Vec::new(),
        parameters: "",
        header: b"From: a@b.example\r\nMessage-ID: <1@x>\r\n".to_vec(),
        rest: b"\r\nbody\r\n".to_vec(),
    };
    let trace = "Return-Path: <a@b.example>\r\nReceived: from a\r\n\tby b; now\r\nReceived: from c by d; now\r\n";
    let judged = |end: &str| compare(&letter, format!("{trace}{end}").as_bytes());
    assert_eq!(judged("From: a@b.example\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n"), Ok(2));
    assert!(judged("From: a@b.example\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n\r\n").unwrap_err().contains("body differs"));
    assert!(
        judged("X-Added: y\r\nFrom: a@b.example\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n").unwrap_err().contains("header differs")
    );
    let other = compare(&letter, b"Return-Path: <>\r\nFrom: a@b.example\r\n");
    assert!(other.unwrap_err().contains("does not begin"));
}
