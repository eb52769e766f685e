//! POP3 replies (RFC 1939 §3): a status line, and after some commands a body that ends with a line of one period. Which
//! commands have one is known from the queue of commands sent, so pipelined replies (RFC 2449 §6.6) are framed too.

use std::collections::VecDeque;

use super::inbox::{Inbox, Next};
use super::{Fault, Framer, Limits, Parsed};

/// A POP3 reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `+OK` or `-ERR`, with or without a body.
    Status(StatusReply),
    /// `+ ` and a challenge, in an AUTH exchange (RFC 5034 §4).
    Continuation { text: Vec<u8> },
}

/// A reply that answers a command, or the greeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReply {
    /// `+OK` (true) or `-ERR`.
    pub ok: bool,
    /// The response code between brackets, `IN-USE` or `SYS/TEMP` (RFC 2449 §8).
    pub code: Option<Vec<u8>>,
    /// Everything behind the status and its space, the response code included.
    pub text: Vec<u8>,
    /// The lines of a multi-line reply, dot-stuffing undone, without the final period.
    pub body: Option<Vec<Vec<u8>>>,
    /// The lines below are CAPA's: they carry no order (RFC 2449 §5).
    pub capabilities: bool,
}

impl StatusReply {
    /// The text behind the response code, or all of it when there is none.
    pub fn remark(&self) -> &[u8] {
        match &self.code {
            Some(code) => {
                let rest = self.text.get(code.len() + 2..).unwrap_or_default();
                rest.strip_prefix(b" ").unwrap_or(rest)
            }
            None => &self.text,
        }
    }
}

/// A command that awaits its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    SingleLine,
    MultiLine,
    Capa,
}

/// Whether a command's positive reply has a body.
fn command(line: &[u8], body_expected: bool) -> Sent {
    let mut words = line.split(|b| *b == b' ').filter(|word| !word.is_empty());
    let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
    let argument = words.next().is_some();
    match keyword.as_slice() {
        b"CAPA" => Sent::Capa,
        b"RETR" | b"TOP" => Sent::MultiLine,
        // RFC 1939 §5 and §7, RFC 6856 §3.2; AUTH without argument lists mechanisms by custom.
        b"LIST" | b"UIDL" | b"AUTH" | b"LANG" if !argument => Sent::MultiLine,
        b"LIST" | b"UIDL" | b"AUTH" | b"LANG" => Sent::SingleLine,
        b"USER" | b"PASS" | b"APOP" | b"STAT" | b"DELE" | b"NOOP" | b"RSET" | b"QUIT" | b"STLS" | b"UTF8" => Sent::SingleLine,
        _ if body_expected => Sent::MultiLine,
        _ => Sent::SingleLine,
    }
}

/// Frames POP3 replies.
#[derive(Debug)]
pub struct Pop3Framer {
    inbox: Inbox,
    limits: Limits,
    greeted: bool,
    queue: VecDeque<Sent>,
    /// The server asked for a line of an AUTH exchange: the next line sent is no command.
    challenged: bool,
    /// A status line whose body is being read, and what was first found wrong.
    open: Option<StatusReply>,
    fault: Option<Fault>,
}

impl Pop3Framer {
    pub fn new(limits: Limits) -> Pop3Framer {
        Pop3Framer {
            inbox: Inbox::default(),
            limits,
            greeted: false,
            queue: VecDeque::new(),
            challenged: false,
            open: None,
            fault: None,
        }
    }

    /// Reads a status line; gives the reply when it has no body.
    fn status_line(&mut self, content: std::ops::Range<usize>) -> Option<Reply> {
        let start = content.start;
        let greeting = !self.greeted;
        let read = parse_status(self.inbox.slice(content), greeting);
        let (reply, fault) = match read {
            Ok(Reply::Continuation { text }) if !greeting => {
                self.challenge();
                return Some(Reply::Continuation { text });
            }
            Ok(Reply::Continuation { .. }) => (None, Some(Fault::new(0, "expected the greeting, `+OK`"))),
            Ok(Reply::Status(reply)) => (Some(reply), None),
            Err((reply, fault)) => (reply, Some(fault)),
        };
        if let Some(fault) = fault {
            self.note(Fault::new(start + fault.at, fault.expected));
        }
        let sent = if greeting { Sent::SingleLine } else { self.queue.pop_front().unwrap_or(Sent::SingleLine) };
        self.greeted = true;
        let empty = || StatusReply { ok: false, code: None, text: Vec::new(), body: None, capabilities: false };
        let mut reply = reply.unwrap_or_else(empty);
        if reply.ok && sent != Sent::SingleLine {
            reply.body = Some(Vec::new());
            reply.capabilities = sent == Sent::Capa;
            self.open = Some(reply);
            return None;
        }
        Some(Reply::Status(reply))
    }

    /// A challenge leaves AUTH unanswered; the line that responds is no command, sent already or not.
    fn challenge(&mut self) {
        if self.queue.len() > 1 {
            self.queue.remove(1);
        } else {
            self.challenged = true;
        }
    }

    /// Reads a line of a body; gives the reply when it was the last.
    fn body_line(&mut self, content: std::ops::Range<usize>) -> Option<Reply> {
        let line = self.inbox.slice(content);
        if line == b"." {
            return self.open.take().map(Reply::Status);
        }
        let unstuffed = line.strip_prefix(b".").unwrap_or(line).to_vec();
        if let Some(body) = self.open.as_mut().and_then(|reply| reply.body.as_mut()) {
            body.push(unstuffed);
        }
        None
    }

    fn note(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }
}

/// A status line that framing can still use, although it is not as it must be.
type Faulty = (Option<StatusReply>, Fault);

fn parse_status(line: &[u8], greeting: bool) -> Result<Reply, Faulty> {
    let word = line.split(|b| *b == b' ').next().unwrap_or_default();
    let rest = line.get(word.len()..).unwrap_or_default();
    let text = rest.strip_prefix(b" ").unwrap_or(rest);
    let reply = |ok, text: &[u8]| {
        let code = response_code(text);
        StatusReply { ok, code, text: text.to_vec(), body: None, capabilities: false }
    };
    match word {
        b"+OK" => Ok(Reply::Status(reply(true, text))),
        b"-ERR" => Ok(Reply::Status(reply(false, text))),
        b"+" => Ok(Reply::Continuation { text: text.to_vec() }),
        // RFC 1939 §3: servers must send the status in upper case.
        _ if word.eq_ignore_ascii_case(b"+OK") => Err((Some(reply(true, text)), Fault::new(0, "expected `+OK` in upper case"))),
        _ if word.eq_ignore_ascii_case(b"-ERR") => {
            Err((Some(reply(false, text)), Fault::new(0, "expected `-ERR` in upper case")))
        }
        // RFC 2449 §3 has no space in its rule for the greeting.
        _ if greeting && word.starts_with(b"+OK") => Ok(Reply::Status(reply(true, line.get(3..).unwrap_or_default()))),
        _ if word.starts_with(b"+OK") => {
            Err((Some(reply(true, line.get(3..).unwrap_or_default())), Fault::new(3, "expected a space after `+OK`")))
        }
        _ if word.starts_with(b"-ERR") => {
            Err((Some(reply(false, line.get(4..).unwrap_or_default())), Fault::new(4, "expected a space after `-ERR`")))
        }
        _ => Err((None, Fault::new(0, "expected `+OK`, `-ERR` or `+ `"))),
    }
}

/// `"[" resp-level *("/" resp-level) "]"` at the start of the text (RFC 2449 §3).
fn response_code(text: &[u8]) -> Option<Vec<u8>> {
    let inside = text.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', inside)?;
    let code = inside.get(..end)?;
    let levels_named = code.split(|b| *b == b'/').all(|level| !level.is_empty());
    (levels_named && code.iter().all(u8::is_ascii_graphic)).then(|| code.to_vec())
}

impl Framer for Pop3Framer {
    fn sent(&mut self, line: &[u8], body_expected: bool) {
        if self.challenged {
            self.challenged = false;
        } else {
            self.queue.push_back(command(line, body_expected));
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.inbox.push(bytes);
    }

    fn next(&mut self) -> Option<super::Reply> {
        loop {
            let read = self.inbox.read();
            let line = match self.inbox.line(self.limits.line) {
                Next::Incomplete => return None,
                Next::TooLong => {
                    let expected = format!("expected a line of at most {} octets", self.limits.line);
                    return Some(self.inbox.take_last(self.limits.line).fatal(read, expected));
                }
                Next::Line(line) => line,
            };
            if let Some(expected) = self.inbox.excess(&self.limits) {
                return Some(self.inbox.take_last(0).fatal(read, expected));
            }
            // A carriage return inside a body is the message's own matter.
            let content_return = self.open.is_some() && line.lone_feed.is_none();
            if let Some(fault) = line.fault().filter(|_| !content_return) {
                self.note(fault);
            }
            let complete = if self.open.is_some() { self.body_line(line.content) } else { self.status_line(line.content) };
            if let Some(reply) = complete {
                let parsed = self.fault.take().map_or(Ok(Parsed::Pop3(reply)), Err);
                return Some(self.inbox.take().reply(parsed));
            }
        }
    }

    fn pending(&self) -> &[u8] {
        self.inbox.pending()
    }

    /// Commands sent in the clear behind STLS are not answered after it (RFC 2595 §4), and there is no second greeting.
    fn secured(&mut self) -> Vec<u8> {
        (self.open, self.fault, self.challenged) = (None, None, false);
        self.queue.clear();
        self.inbox.clear()
    }
}
