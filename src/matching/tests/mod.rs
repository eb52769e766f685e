//! Pattern lines against wire bytes, protocol by protocol.

mod client;
mod compiling;
mod imap;
mod moving;
mod pop3;
mod properties;
mod smtp;

use super::*;
use crate::protocol::imap::Numbering;
use crate::protocol::{Limits, framer};
use crate::suite::Span as SuiteSpan;
use crate::suite::{Necessity, Party};

/// Values that tests know: `known` is one, and two fixtures.
struct Known;

impl Values for Known {
    fn value(&self, name: &str, argument: Option<&str>) -> Option<Vec<u8>> {
        Some(match (name, argument) {
            ("box", None) => b"box.1".to_vec(),
            ("uid", None) => b"7".to_vec(),
            ("held", None) => b"40".to_vec(),
            ("message" | "literal", Some("plain")) => b"Subject: hi\r\n\r\n.dot\r\nend\r\n".to_vec(),
            ("size", Some("plain")) => b"26".to_vec(),
            _ => return None,
        })
    }
}

/// The same, on a connection that has said this much.
struct Numbered<'a>(&'a Numbering);

impl Values for Numbered<'_> {
    fn value(&self, name: &str, argument: Option<&str>) -> Option<Vec<u8>> {
        Known.value(name, argument)
    }

    fn message_number(&self, initial: u32, offset: u64) -> Option<u64> {
        self.0.current(initial, offset)
    }
}

/// Expectations from lines with their markers, `S: +OK`, `S? …`, `S! …`. Lines that continue a reply begin with `|`.
fn expects(protocol: Protocol, text: &str) -> Vec<Expect> {
    let mut groups: Vec<(Necessity, Vec<&str>)> = Vec::new();
    for line in text.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        let (marker, rest) = line.split_at(2);
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        match marker {
            "S:" => groups.push((Necessity::Must, vec![rest])),
            "S?" => groups.push((Necessity::May, vec![rest])),
            "S!" => groups.push((Necessity::MustNot, vec![rest])),
            "| " | "|" => groups.last_mut().unwrap().1.push(rest),
            _ => panic!("no marker in {line}"),
        }
    }
    let expect = |(necessity, lines): (Necessity, Vec<&str>)| Expect {
        necessity,
        spans: vec![SuiteSpan::default(); lines.len()],
        pattern: Pattern::compile(protocol, &lines).unwrap_or_else(|e| panic!("{lines:?}: {e:?}")),
    };
    groups.into_iter().map(expect).collect()
}

/// What came of an exchange, in a form tests can write down.
#[derive(Debug, PartialEq)]
struct Came {
    bindings: String,
    findings: Vec<String>,
    consumed: usize,
}

/// Plays an exchange as the engine does: reply by reply until it is over. `sent` are command lines, `tags` IMAP tags.
fn play(protocol: Protocol, sent: &[&str], tags: &[&str], patterns: &str, wire: &[u8]) -> Came {
    let expects = expects(protocol, patterns);
    let mut framer = framer(protocol, Limits::default());
    if protocol == Protocol::Pop3 {
        framer.push(b"+OK\r\n");
        framer.next();
    }
    for line in sent {
        framer.sent(line.as_bytes(), expects.iter().any(|e| e.pattern.has_body()));
    }
    framer.push(wire);
    let tags: Vec<String> = tags.iter().map(|tag| tag.to_string()).collect();
    let exchange = Exchange { protocol, party: Party::Server, expects: &expects, tags: &tags };
    let mut replies = Vec::new();
    let mut numbering = Numbering::default();
    let mut ending = if is_over(exchange, &replies, &Known) { Ending::Over } else { Ending::TimedOut };
    while ending == Ending::TimedOut {
        let Some(reply) = framer.next() else { break };
        numbering.received(&reply);
        replies.push(reply);
        if is_over(exchange, &replies, &Numbered(&numbering)) {
            ending = Ending::Over;
        }
    }
    let judgement = judge(exchange, &replies, ending, &Numbered(&numbering));
    let shown = |flaw: Flaw| {
        let mut text = format!("{}: {}", flaw.kind.word(), flaw.message);
        if let (Some((e, line)), Some((start, length))) = (flaw.expectation, flaw.part) {
            let line = &expects[e].pattern.lines[line];
            text.push_str(&format!(" @ {}", &line[start..start + length]));
        }
        text
    };
    let bindings: Vec<String> =
        judgement.bindings.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value))).collect();
    Came {
        bindings: bindings.join(" "),
        findings: judgement.findings.into_iter().map(shown).collect(),
        consumed: judgement.consumed,
    }
}

/// Every expectation holds, and these are the captures.
fn holds(came: Came, bindings: &str) {
    assert_eq!(came.findings, Vec::<String>::new());
    assert_eq!(came.bindings, bindings);
}

/// The findings, in order.
fn fails(came: Came, findings: &[&str]) {
    assert_eq!(came.findings, findings);
}
