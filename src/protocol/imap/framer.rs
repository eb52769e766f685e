//! Frames IMAP responses: a line, and for each literal announced at its end (RFC 9051 §4.3) the literal and another line.

use super::Status;
use super::parse::parse_response;
use crate::protocol::inbox::{Inbox, Next};
use crate::protocol::{Fault, Framer, Limits, Parsed, Reply};

/// Frames IMAP responses.
#[derive(Debug)]
pub struct ImapFramer {
    inbox: Inbox,
    limits: Limits,
    /// Octets of a literal that has been announced and not passed over.
    literal: Option<usize>,
    /// The response in progress is a status response, whose text may end like a literal and has none.
    plain_text: bool,
    fault: Option<Fault>,
}

impl ImapFramer {
    pub fn new(limits: Limits) -> ImapFramer {
        ImapFramer { inbox: Inbox::default(), limits, literal: None, plain_text: false, fault: None }
    }

    fn finish(&mut self) -> Reply {
        let fault = self.fault.take();
        let taken = self.inbox.take();
        let parsed = match fault {
            Some(fault) => Err(fault),
            None => parse_response(&taken.raw).map(Parsed::Imap),
        };
        taken.reply(parsed)
    }

    fn fatal(&mut self, more: usize, at: usize, expected: String) -> Reply {
        self.inbox.take_last(more).fatal(at, expected)
    }
}

/// Where a line announces a literal, and its size; `Err`: a size that no number holds.
fn announced(line: &[u8]) -> Option<(usize, Result<usize, ()>)> {
    let inside = line.strip_suffix(b"}")?;
    // `{n+}` is not the server's to send, but what follows is a literal all the same; the parser names the fault.
    let inside = inside.strip_suffix(b"+").unwrap_or(inside);
    let brace = memchr::memrchr(b'{', inside)?;
    let digits = inside.get(brace + 1..).filter(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))?;
    if ends_inside_quotes(line.get(..brace).unwrap_or_default()) {
        return None;
    }
    let size = std::str::from_utf8(digits).ok()?.parse().map_err(|_| ());
    Some((brace, size))
}

/// Quoted strings do not reach over lines, so each line begins outside of them.
fn ends_inside_quotes(line: &[u8]) -> bool {
    let (mut inside, mut escaped) = (false, false);
    for octet in line {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            _ => {}
        }
    }
    inside
}

/// Only untagged data has literals: resp-text is one line (RFC 9051 §9).
fn is_status_response(first_line: &[u8]) -> bool {
    let Some(rest) = first_line.strip_prefix(b"* ") else { return true };
    let word = rest.split(|b| *b == b' ').next().unwrap_or_default();
    Status::named(word).is_some()
}

impl Framer for ImapFramer {
    fn sent(&mut self, _line: &[u8], _body_expected: bool) {}

    fn push(&mut self, bytes: &[u8]) {
        self.inbox.push(bytes);
    }

    fn next(&mut self) -> Option<Reply> {
        loop {
            if let Some(octets) = self.literal {
                if !self.inbox.skip(octets) {
                    return None;
                }
                self.literal = None;
            }
            let read = self.inbox.read();
            let line = match self.inbox.line(self.limits.line) {
                Next::Incomplete => return None,
                Next::TooLong => {
                    let expected = format!("expected a line of at most {} octets", self.limits.line);
                    return Some(self.fatal(self.limits.line, read, expected));
                }
                Next::Line(line) => line,
            };
            if self.fault.is_none() {
                self.fault = line.fault();
            }
            let content = self.inbox.slice(line.content.clone());
            if read == 0 {
                self.plain_text = is_status_response(content);
            }
            let announced = if self.plain_text { None } else { announced(content) };
            let Some((brace, size)) = announced else {
                if self.inbox.read() > self.limits.reply {
                    let expected = format!("expected a response of at most {} octets", self.limits.reply);
                    return Some(self.fatal(0, read, expected));
                }
                return Some(self.finish());
            };
            let end = size.ok().and_then(|size| self.inbox.read().checked_add(size));
            match (size, end) {
                (Ok(size), Some(end)) if end <= self.limits.reply => self.literal = Some(size),
                _ => {
                    let at = line.content.start + brace;
                    let expected = format!("expected a literal that fits a response of at most {} octets", self.limits.reply);
                    return Some(self.fatal(0, at, expected));
                }
            }
        }
    }

    fn pending(&self) -> &[u8] {
        self.inbox.pending()
    }

    fn secured(&mut self) -> Vec<u8> {
        (self.literal, self.fault, self.plain_text) = (None, None, false);
        self.inbox.clear()
    }
}
