//! The message that follows DATA: its end is found, transparency undone, and its octets kept, in memory while they are
//! few and staged in the store once they are many.

use crate::faults::{Fault, Faults};
use crate::queue::{Queue, Spooled};
use crate::store::{self, Stage};

/// More octets than this are staged in the store, so that big messages do not pile up in memory.
const SPILL: usize = 1024 * 1024;

/// The reader of one message.
pub(super) struct Intake {
    limit: usize,
    faults: Faults,
    /// Gets the prefix of the message from its first octets, when they are about to leave the memory.
    prefix: Prefix,
    at: At,
    buffer: Vec<u8>,
    /// Where the last line begins in the buffer.
    line: usize,
    stage: Option<Stage>,
    size: usize,
    eight_bit: bool,
    flaw: Option<Flaw>,
}

/// Makes what is written before the message out of its header section, or refuses the message.
pub(super) type Prefix = Box<dyn FnMut(&[u8]) -> Result<Vec<u8>, Flaw> + Send>;

/// Why a message is not taken, though it is read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    TooBig,
    /// RFC 5321 §2.3.8: CR and LF only come together. Taking them apart for a line end lets mail be smuggled in.
    BareLineEnd,
    Nul,
    HeaderTooBig,
    /// More `Received:` fields than an honest message has (RFC 5321 §6.3).
    Loop,
    /// RFC 6409 §8 and RFC 5322 §3.6: a submission must have a `From:`.
    NoFrom,
    /// The store failed.
    Storage,
}

/// Where in a line the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    LineStart,
    /// Behind a dot that begins a line.
    Dot,
    /// Behind a dot that begins a line, and CR.
    DotCr,
    Text,
    /// Behind CR.
    Cr,
}

/// A message that was read to its end.
pub(super) struct Taken {
    pub message: Spooled,
    /// Whether it has octets above 127.
    pub eight_bit: bool,
}

impl Intake {
    pub fn new(limit: usize, faults: Faults, prefix: Prefix) -> Self {
        Self {
            limit,
            faults,
            prefix,
            at: At::LineStart,
            buffer: Vec::new(),
            line: 0,
            stage: None,
            size: 0,
            eight_bit: false,
            flaw: None,
        }
    }

    /// Takes octets until the end of the message. Gives how many it took, and whether the end was among them.
    pub fn feed(&mut self, bytes: &[u8], queue: &Queue) -> (usize, bool) {
        let lenient = self.faults.on(Fault::SmtpBareLfEndsData);
        let mut taken = 0;
        while let Some(&octet) = bytes.get(taken) {
            match (self.at, octet) {
                // RFC 5321 §4.5.2: a line of one dot ends the message; of another line that begins with one, it goes.
                (At::LineStart, b'.') => self.at = At::Dot,
                (At::Dot, b'\r') => self.at = At::DotCr,
                (At::DotCr, b'\n') => return (taken + 1, true),
                (At::Dot, b'\n') if lenient => return (taken + 1, true),
                (At::Dot, _) => {
                    if self.faults.on(Fault::SmtpKeepsLeadingDot) {
                        self.keep(b".", queue);
                    }
                    self.at = At::Text;
                    continue;
                }
                (At::DotCr, _) => {
                    self.at = At::Cr;
                    continue;
                }
                (At::Cr, b'\n') => {
                    self.keep(b"\r\n", queue);
                    self.end_line();
                }
                (At::Cr, _) => {
                    self.flaw(Flaw::BareLineEnd);
                    self.keep(b"\r", queue);
                    self.at = At::Text;
                    continue;
                }
                (_, b'\r') => self.at = At::Cr,
                (_, b'\n') => {
                    self.keep(b"\n", queue);
                    if lenient {
                        self.end_line();
                    } else {
                        self.flaw(Flaw::BareLineEnd);
                        self.at = At::Text;
                    }
                }
                (At::LineStart | At::Text, _) => {
                    let rest = bytes.get(taken..).unwrap_or_default();
                    let length = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                    self.keep(rest.get(..length).unwrap_or_default(), queue);
                    self.at = At::Text;
                    taken += length;
                    continue;
                }
            }
            taken += 1;
        }
        (taken, false)
    }

    /// The message, or why it is refused. Called once the end was seen.
    pub fn finish(mut self) -> Result<Taken, Flaw> {
        if self.faults.on(Fault::SmtpDropsLastLine) {
            self.buffer.truncate(self.line);
        }
        if let Some(flaw) = self.flaw {
            return Err(flaw);
        }
        let message = match self.stage {
            Some(mut stage) => {
                stage.push(&self.buffer).map_err(storage)?;
                Spooled::Staged(stage)
            }
            None => {
                let mut message = (self.prefix)(&self.buffer)?;
                message.append(&mut self.buffer);
                Spooled::Memory(message)
            }
        };
        Ok(Taken { message, eight_bit: self.eight_bit })
    }

    fn end_line(&mut self) {
        self.at = At::LineStart;
        if self.faults.on(Fault::SmtpDropsLastLine) {
            // The line that just ended begins behind the one before.
            self.line = self.buffer.iter().rev().skip(2).position(|o| *o == b'\n').map_or(0, |n| self.buffer.len() - 2 - n);
        }
    }

    fn keep(&mut self, octets: &[u8], queue: &Queue) {
        self.size += octets.len();
        if self.size > self.limit {
            self.flaw(Flaw::TooBig);
        }
        if memchr::memchr(0, octets).is_some() {
            self.flaw(Flaw::Nul);
        }
        self.eight_bit |= !octets.is_ascii();
        // What is refused anyway needs no room; it is only read to its end.
        if self.flaw.is_some() {
            self.buffer = Vec::new();
            self.stage = None;
            return;
        }
        if self.faults.on(Fault::SmtpStripsEighthBit) {
            self.buffer.extend(octets.iter().map(|octet| octet & 0x7f));
        } else {
            self.buffer.extend_from_slice(octets);
        }
        if self.buffer.len() >= SPILL {
            self.spill(queue);
        }
    }

    /// Moves what is in memory to the store.
    fn spill(&mut self, queue: &Queue) {
        let result = match &mut self.stage {
            Some(stage) => stage.push(&self.buffer).map_err(storage),
            None if memchr::memmem::find(&self.buffer, b"\r\n\r\n").is_none() => Err(Flaw::HeaderTooBig),
            None => (self.prefix)(&self.buffer).and_then(|prefix| {
                let mut stage = queue.stage().map_err(storage)?;
                stage.push(&prefix).and_then(|()| stage.push(&self.buffer)).map_err(storage)?;
                self.stage = Some(stage);
                Ok(())
            }),
        };
        self.buffer.clear();
        if let Err(flaw) = result {
            self.flaw(flaw);
        }
    }

    /// The first flaw is the one that is told.
    fn flaw(&mut self, flaw: Flaw) {
        self.flaw.get_or_insert(flaw);
    }
}

fn storage(error: store::Error) -> Flaw {
    tracing::error!(%error, "a message could not be stored");
    Flaw::Storage
}
