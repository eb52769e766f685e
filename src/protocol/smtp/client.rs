//! What an SMTP client says, where the harness is the server: command lines (RFC 5321 §4.1), and behind DATA and BDAT the octets of a
//! message. What a line is depends on what was answered before it, so the framer hears of every reply the harness sends.

use super::super::inbox::{Inbox, Next};
use super::super::{Fault, Framer, Limits, Parsed, Reply};

/// One thing a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Command(Command),
    Message(Message),
}

/// A command line without its CRLF; in an AUTH exchange also the client's answer to a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub line: Vec<u8>,
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its lines; dot-stuffing (RFC 5321 §4.5.2) is undone.
    pub lines: Vec<Vec<u8>>,
    /// It ended with the lone dot of DATA, which asks for a reply; the chunks of BDAT have had theirs.
    pub dotted: bool,
}

impl Command {
    /// The verb in capitals: the first word.
    pub fn verb(&self) -> Vec<u8> {
        self.line.split(|b| *b == b' ').next().unwrap_or_default().to_ascii_uppercase()
    }

    /// What stands behind the verb and its space.
    pub fn argument(&self) -> &[u8] {
        let verb = self.line.iter().position(|b| *b == b' ').map_or(self.line.len(), |space| space + 1);
        self.line.get(verb..).unwrap_or_default()
    }

    /// The octets that follow a BDAT command, and whether they are the last of the message (RFC 3030 §2).
    fn chunk(&self) -> Option<(usize, bool)> {
        if self.verb() != b"BDAT" {
            return None;
        }
        let mut words = self.argument().split(|b| *b == b' ').filter(|word| !word.is_empty());
        let digits = words.next().filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
        let size = std::str::from_utf8(digits).ok()?.parse().ok()?;
        Some((size, words.next().is_some_and(|word| word.eq_ignore_ascii_case(b"LAST"))))
    }
}

/// What the next octets are.
#[derive(Debug)]
enum Mode {
    Commands,
    /// The lines of a message, up to the lone dot. True behind a line that ended with CRLF.
    Data {
        line_start: bool,
    },
    /// So many octets, which belong to this command.
    Chunk {
        command: Command,
        octets: usize,
        last: bool,
    },
}

/// Frames what a client says.
#[derive(Debug)]
pub struct ClientFramer {
    inbox: Inbox,
    limits: Limits,
    mode: Mode,
    /// The lines of the message in progress, and what was first found wrong with it.
    lines: Vec<Vec<u8>>,
    fault: Option<Fault>,
    /// The chunks of the message in progress.
    chunks: Vec<u8>,
    /// A message whose last chunk was given already.
    chunked: Option<Reply>,
}

impl ClientFramer {
    pub fn new(limits: Limits) -> ClientFramer {
        ClientFramer {
            inbox: Inbox::default(),
            limits,
            mode: Mode::Commands,
            lines: Vec::new(),
            fault: None,
            chunks: Vec::new(),
            chunked: None,
        }
    }

    /// Reads a command line. `None`: it waits for its chunk.
    fn command(&mut self, line: &super::super::inbox::Line) -> Option<Reply> {
        let command = Command { line: self.inbox.slice(line.content.clone()).to_vec() };
        if let Some(fault) = line.fault() {
            return Some(self.inbox.take().reply(Err(fault)));
        }
        match command.chunk() {
            Some((octets, last)) => {
                self.mode = Mode::Chunk { command, octets, last };
                None
            }
            None => Some(self.inbox.take().reply(Ok(Parsed::Client(Said::Command(command))))),
        }
    }

    /// Reads a line of a message; gives the message with its last one. Only CRLF, a dot, CRLF ends it (RFC 5321 §4.1.1.4).
    fn data(&mut self, line: &super::super::inbox::Line, line_start: bool) -> Option<Reply> {
        let content = self.inbox.slice(line.content.clone());
        if line_start && content == b"." && line.lone_feed.is_none() {
            self.mode = Mode::Commands;
            let lines = std::mem::take(&mut self.lines);
            let message = Said::Message(Message { lines, dotted: true });
            let parsed = self.fault.take().map_or(Ok(Parsed::Client(message)), Err);
            return Some(self.inbox.take().reply(parsed));
        }
        let unstuffed = content.strip_prefix(b".").filter(|_| line_start).unwrap_or(content).to_vec();
        if let Some(fault) = line.fault() {
            self.fault.get_or_insert(fault);
        }
        self.lines.push(unstuffed);
        self.mode = Mode::Data { line_start: line.lone_feed.is_none() };
        None
    }

    /// Takes a BDAT command with its octets; behind the last chunk the message follows as a thing of its own.
    fn chunk(&mut self, command: Command, octets: usize, last: bool) -> Reply {
        let taken = self.inbox.take();
        let octets = taken.raw.get(taken.raw.len().saturating_sub(octets)..).unwrap_or_default();
        self.chunks.extend_from_slice(octets);
        if last {
            let chunks = std::mem::take(&mut self.chunks);
            let text = chunks.strip_suffix(b"\r\n").unwrap_or(&chunks);
            let mut lines = Vec::new();
            let mut rest = text;
            while let Some(end) = memchr::memmem::find(rest, b"\r\n") {
                let (line, behind) = rest.split_at(end);
                lines.push(line.to_vec());
                rest = behind.get(2..).unwrap_or_default();
            }
            if !chunks.is_empty() {
                lines.push(rest.to_vec());
            }
            let parsed = Parsed::Client(Said::Message(Message { lines, dotted: false }));
            self.chunked = Some(Reply { raw: Vec::new(), offset: taken.offset + taken.raw.len() as u64, parsed });
        }
        taken.reply(Ok(Parsed::Client(Said::Command(command))))
    }
}

impl Framer for ClientFramer {
    /// Behind a 354 the client sends a message (RFC 5321 §4.1.1.4).
    fn sent(&mut self, line: &[u8], _body_expected: bool) {
        if line.starts_with(b"354") {
            self.mode = Mode::Data { line_start: true };
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.inbox.push(bytes);
    }

    fn next(&mut self) -> Option<Reply> {
        if let Some(message) = self.chunked.take() {
            return Some(message);
        }
        loop {
            let read = self.inbox.read();
            if let Mode::Chunk { octets, .. } = self.mode {
                if self.chunks.len().saturating_add(octets) > self.limits.reply {
                    let expected = format!("expected a message of at most {} octets", self.limits.reply);
                    self.mode = Mode::Commands;
                    return Some(self.inbox.take_last(0).fatal(read, expected));
                }
                if !self.inbox.skip(octets) {
                    return None;
                }
                if let Mode::Chunk { command, octets, last } = std::mem::replace(&mut self.mode, Mode::Commands) {
                    return Some(self.chunk(command, octets, last));
                }
            }
            match self.inbox.line(self.limits.line) {
                Next::Incomplete => return None,
                Next::TooLong => {
                    let expected = format!("expected a line of at most {} octets", self.limits.line);
                    return Some(self.inbox.take_last(self.limits.line).fatal(read, expected));
                }
                Next::Line(line) => {
                    if let Some(expected) = self.inbox.excess(&self.limits) {
                        return Some(self.inbox.take_last(0).fatal(read, expected));
                    }
                    let said = match self.mode {
                        Mode::Data { line_start } => self.data(&line, line_start),
                        _ => self.command(&line),
                    };
                    if said.is_some() {
                        return said;
                    }
                }
            }
        }
    }

    fn pending(&self) -> &[u8] {
        self.inbox.pending()
    }

    fn secured(&mut self) -> Vec<u8> {
        (self.mode, self.fault, self.chunked) = (Mode::Commands, None, None);
        self.lines.clear();
        self.chunks.clear();
        self.inbox.clear()
    }
}
