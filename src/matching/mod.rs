//! Does what came satisfy what was expected? Bindings or an explained mismatch; pure.

mod attempt;
mod body;
mod distinct;
mod glyph;
mod imap;
mod in_order;
mod nearest;
mod parts;
mod pop3;
mod slot;
mod smtp;

use crate::outcome::FindingKind;
use crate::protocol::{Parsed, Reply};
use crate::suite::template::Hole;
use crate::suite::{Expect, Party, Protocol};

use attempt::{Attempt, Difference};

/// A compiled expectation: one pattern line, or the lines of one multi-line reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// The lines as written behind `S:`, for messages.
    pub lines: Vec<String>,
    compiled: Compiled,
}

/// What the lines say, by protocol.
#[derive(Clone, Debug, PartialEq)]
enum Compiled {
    Smtp(smtp::SmtpPattern),
    Pop3(pop3::Pop3Pattern),
    Imap(Box<imap::ImapPattern>),
    /// What a client says.
    Client(smtp::ClientPattern),
}

/// A part of a pattern line, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    start: usize,
    length: usize,
}

/// Why a pattern cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// Which of the lines, from 0.
    pub line: usize,
    /// In bytes from the start of the line's text.
    pub offset: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl std::fmt::Display for PatternError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PatternError {}

/// A value looked up for a hole of a pattern. `None`: not known (yet), so a capture.
pub trait Values {
    /// The value of `${name}` or `${name:argument}`: a role's field, a mailbox, a fixture, an earlier capture.
    fn value(&self, name: &str, argument: Option<&str>) -> Option<Vec<u8>>;

    /// IMAP: the number that the message of `$initial` has when the reply at `offset` (in the received stream) comes; `None`: it
    /// is expunged.
    fn message_number(&self, initial: u32, offset: u64) -> Option<u64> {
        let _ = (initial, offset);
        None
    }
}

/// What an exchange came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// What captures bound, in order.
    pub bindings: Vec<(String, Vec<u8>)>,
    pub findings: Vec<Flaw>,
    /// How many of the replies belong to this exchange; the rest is for the next (SMTP and POP3: replies keep their order).
    pub consumed: usize,
}

/// A finding before it is tied to a place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub kind: FindingKind,
    pub message: String,
    /// Index of the expectation and of its line; none for something no line is about.
    pub expectation: Option<(usize, usize)>,
    /// The part of the pattern line to underline, in bytes: start and length.
    pub part: Option<(usize, usize)>,
    /// What came, in the notation of the suite.
    pub received: Option<String>,
    /// In the received stream, for malformed replies.
    pub offset: Option<u64>,
    pub hints: Vec<String>,
}

/// Why an exchange is judged now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// `is_over` said so.
    Over,
    /// The server closed the connection.
    Closed,
    /// Time is up.
    TimedOut,
}

/// What an exchange awaits.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    pub protocol: Protocol,
    /// Whose words are awaited.
    pub party: Party,
    pub expects: &'a [Expect],
    /// IMAP: tags sent in this exchange, all of which must be answered.
    pub tags: &'a [String],
}

impl Pattern {
    /// Compiles the lines of one expectation (text behind `S:`).
    pub fn compile(protocol: Protocol, lines: &[&str]) -> Result<Pattern, PatternError> {
        let compiled = match protocol {
            Protocol::Smtp => Compiled::Smtp(smtp::compile(lines)?),
            Protocol::Pop3 => Compiled::Pop3(pop3::compile(lines)?),
            Protocol::Imap => Compiled::Imap(Box::new(imap::compile(lines)?)),
        };
        Ok(Pattern { lines: lines.iter().map(|l| l.to_string()).collect(), compiled })
    }

    /// Compiles an expectation on an SMTP client (text behind `C:` on a connection that the harness accepted): one command line, or
    /// the lines of a message up to its dot.
    pub fn compile_client(lines: &[&str]) -> Result<Pattern, PatternError> {
        let compiled = Compiled::Client(smtp::compile_client(lines)?);
        Ok(Pattern { lines: lines.iter().map(|l| l.to_string()).collect(), compiled })
    }

    /// The holes, each with the index of its line: for the lint.
    pub fn holes(&self) -> impl Iterator<Item = (usize, &Hole)> {
        let slots = match &self.compiled {
            Compiled::Smtp(pattern) => pattern.slots(),
            Compiled::Pop3(pattern) => pattern.slots(),
            Compiled::Client(pattern) => pattern.slots(),
            Compiled::Imap(pattern) => pattern.slots().into_iter().map(|slot| (0, slot)).collect(),
        };
        slots.into_iter().map(|(line, slot)| (line, &slot.hole))
    }

    /// The tag of a tagged IMAP response, `a1`.
    pub fn tag(&self) -> Option<String> {
        self.imap()?.tag().map(|tag| String::from_utf8_lossy(tag).into_owned())
    }

    /// The first line, marked as quoted, for messages.
    fn headline(&self) -> String {
        format!("`{}`", self.lines.first().map(String::as_str).unwrap_or_default())
    }

    fn imap(&self) -> Option<&imap::ImapPattern> {
        match &self.compiled {
            Compiled::Imap(pattern) => Some(pattern),
            _ => None,
        }
    }

    /// A continuation request: `+` in IMAP and POP3.
    pub fn is_continuation(&self) -> bool {
        match &self.compiled {
            Compiled::Imap(pattern) => matches!(pattern.body, imap::Body::Continuation { .. }),
            Compiled::Pop3(pattern) => matches!(pattern, pop3::Pop3Pattern::Continuation { .. }),
            Compiled::Smtp(_) | Compiled::Client(_) => false,
        }
    }

    /// A POP3 reply with a body: what the framer needs to know of commands it does not (`Framer::sent`).
    pub fn has_body(&self) -> bool {
        matches!(&self.compiled, Compiled::Pop3(pattern) if pattern.has_body())
    }

    fn compare(&self, reply: &Reply, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        let mark = attempt.mark();
        attempt.at = reply.offset;
        let compared = match (&self.compiled, &reply.parsed) {
            (Compiled::Smtp(pattern), Parsed::Smtp(reply)) => pattern.compare(reply, attempt),
            (Compiled::Pop3(pattern), Parsed::Pop3(reply)) => pattern.compare(reply, attempt),
            (Compiled::Imap(pattern), Parsed::Imap(response)) => pattern.compare(response, attempt),
            (Compiled::Client(pattern), Parsed::Client(said)) => pattern.compare(said, attempt),
            _ => Err(Difference::default()),
        };
        if compared.is_err() {
            attempt.undo(mark);
        }
        compared
    }
}

/// Whether the exchange is over with these replies.
pub fn is_over(exchange: Exchange<'_>, replies: &[Reply], values: &dyn Values) -> bool {
    match exchange.protocol {
        Protocol::Smtp | Protocol::Pop3 => in_order::is_over(exchange, replies, values),
        Protocol::Imap => imap::is_over(exchange, replies, values),
    }
}

/// Judges the replies of an exchange.
pub fn judge(exchange: Exchange<'_>, replies: &[Reply], ending: Ending, values: &dyn Values) -> Judgement {
    match exchange.protocol {
        Protocol::Smtp | Protocol::Pop3 => in_order::judge(exchange, replies, ending, values),
        Protocol::Imap => imap::judge(exchange, replies, ending, values),
    }
}

impl Flaw {
    /// An expected reply that did not come, worded by why nothing more will.
    fn missing(ending: Ending, party: Party, index: usize, what: &str) -> Flaw {
        let (kind, message) = match ending {
            Ending::Over => (FindingKind::Missing, format!("expected {what}, but it did not come")),
            Ending::Closed => (FindingKind::Connection, format!("expected {what}, but {party} closed the connection")),
            Ending::TimedOut => (FindingKind::TimedOut, format!("expected {what}, but nothing more came in time")),
        };
        Flaw { kind, message, expectation: Some((index, 0)), part: None, received: None, offset: None, hints: Vec::new() }
    }

    fn mismatch(index: usize, difference: Difference, reply: &Reply) -> Flaw {
        Flaw {
            kind: FindingKind::Mismatch,
            message: difference.message,
            expectation: Some((index, difference.line)),
            part: difference.part.map(|part| (part.start, part.length)),
            received: Some(rendered(reply)),
            offset: None,
            hints: difference.hints,
        }
    }

    fn forbidden(index: usize, reply: &Reply) -> Flaw {
        Flaw {
            kind: FindingKind::Forbidden,
            message: format!("must not come, but did: `{}`", rendered(reply).lines().next().unwrap_or_default()),
            expectation: Some((index, 0)),
            part: None,
            received: Some(rendered(reply)),
            offset: None,
            hints: Vec::new(),
        }
    }

    fn malformed(reply: &Reply, index: Option<usize>) -> Option<Flaw> {
        let Parsed::Malformed(malformed) = &reply.parsed else { return None };
        Some(Flaw {
            kind: FindingKind::Malformed,
            message: malformed.expected.clone(),
            expectation: index.map(|index| (index, 0)),
            part: None,
            received: Some(rendered(reply)),
            offset: Some(malformed.offset),
            hints: Vec::new(),
        })
    }
}

fn rendered(reply: &Reply) -> String {
    crate::protocol::render(reply).join("\n")
}

#[cfg(test)]
mod tests;
