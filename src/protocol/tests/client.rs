//! What a client says: commands, messages with dots, chunks, and what is wrong with them.

use super::super::smtp::client::{ClientFramer, Said};
use super::super::{Framer, Limits, Parsed};

/// What is framed, in a shorter notation: commands as they are, messages with their lines in brackets.
fn framed(framer: &mut ClientFramer) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(reply) = framer.next() {
        all.push(match reply.parsed {
            Parsed::Client(Said::Command(command)) => command.line.escape_ascii().to_string(),
            Parsed::Client(Said::Message(message)) => {
                let lines: Vec<String> = message.lines.iter().map(|line| line.escape_ascii().to_string()).collect();
                format!("[{}]{}", lines.join("|"), if message.dotted { "" } else { "chunked" })
            }
            Parsed::Malformed(malformed) => format!("{} at {}", malformed.expected, malformed.offset),
            other => panic!("{other:?}"),
        });
    }
    all
}

fn framer(limits: Limits) -> ClientFramer {
    ClientFramer::new(limits)
}

#[test]
fn a_message_follows_354_and_ends_with_crlf_dot_crlf() {
    let mut client = framer(Limits::default());
    client.push(b"DATA\r\n");
    assert_eq!(framed(&mut client), ["DATA"]);
    client.sent(b"354 go on\r\n", false);
    client.push(b"..a\r\n\r\n.b\r\n...\r\n.\r\nQUIT\r\n");
    assert_eq!(framed(&mut client), ["[.a||b|..]", "QUIT"]);
    client.sent(b"354 go on\r\n", false);
    client.push(b".\r\n");
    assert_eq!(framed(&mut client), ["[]"]);
}

#[test]
fn another_end_than_crlf_dot_crlf_ends_nothing_and_is_a_finding() {
    for (octets, place) in [("a\n.\r\n.\r\n", 1), ("a\r\n.\n.\r\n.\r\n", 4), ("a\rb\r\n.\r\n", 1)] {
        let mut client = framer(Limits::default());
        client.sent(b"354\r\n", false);
        client.push(octets.as_bytes());
        client.push(b"QUIT\r\n");
        let all = framed(&mut client);
        assert!(all[0].starts_with("expected CRLF, found a ") && all[0].ends_with(&format!("at {place}")), "{all:?}");
        assert_eq!(all[1..], ["QUIT"], "{octets:?}");
    }
}

#[test]
fn chunks_make_one_message() {
    let mut client = framer(Limits::default());
    client.push(b"BDAT 4\r\na\r\nbbdat 5 last\r\n\r\nc\r\nBDAT 0 LAST\r\nBDAT x\r\n");
    assert_eq!(framed(&mut client), ["BDAT 4", "bdat 5 last", "[a|b|c]chunked", "BDAT 0 LAST", "[]chunked", "BDAT x"]);
    client.push(b"BDAT 3\r\nab");
    assert!(framed(&mut client).is_empty());
    client.push(b"c");
    assert_eq!(framed(&mut client), ["BDAT 3"]);
}

#[test]
fn what_is_too_long_ends_the_framing() {
    let limits = Limits { line: 20, reply: 30, ..Limits::default() };
    for octets in ["NOOP xxxxxxxxxxxxxxxxxxxxxxx", "BDAT 31\r\n", "BDAT 18446744073709551615\r\n"] {
        let mut client = framer(limits);
        client.push(octets.as_bytes());
        let all = framed(&mut client);
        assert!(all.len() == 1 && all[0].starts_with("expected a "), "{all:?}");
        client.push(b"QUIT\r\n");
        assert!(framed(&mut client).is_empty());
    }
    let mut client = framer(limits);
    client.sent(b"354\r\n", false);
    client.push(b"0123456789\r\n0123456789\r\n0123456789\r\n");
    assert!(framed(&mut client)[0].starts_with("expected a reply of at most 30 octets"));
}

#[test]
fn tls_begins_anew() {
    let mut client = framer(Limits::default());
    client.sent(b"354\r\n", false);
    client.push(b"half a message\r\n");
    assert!(framed(&mut client).is_empty());
    assert_eq!(client.secured(), b"half a message\r\n");
    client.push(b"EHLO x\r\n");
    assert_eq!(framed(&mut client), ["EHLO x"]);
}
