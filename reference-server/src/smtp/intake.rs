//! What has come of a message: its octets are kept, in memory while they are few and staged in the store once they are many.

use super::header::HeaderSection;
use super::heading::Heading;
use super::reply::Reply;
use crate::faults::{Fault, Faults};
use crate::queue::{Queue, Spooled};
use crate::store::{self, Stage};

/// More octets than this are staged in the store, so that big messages do not pile up in memory.
const SPILL: usize = 1024 * 1024;

/// What a message may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// The most octets.
    pub size: usize,
    /// Whether octets above 127 are taken (RFC 6152).
    pub eight_bit: bool,
    /// Whether lines and NUL mean nothing (RFC 3030 §3).
    pub binary: bool,
    pub faults: Faults,
}

/// A message that is being received.
pub(super) struct Intake {
    rules: Rules,
    /// Writes what goes before the message, when its header section is about to leave the memory.
    heading: Heading,
    section: HeaderSection,
    buffer: Vec<u8>,
    stage: Option<Stage>,
    size: usize,
    eight_bit: bool,
    /// The last octet of the last chunk was CR.
    cr: bool,
    flaw: Option<Flaw>,
}

/// Why a message is not taken, though it is read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    TooBig,
    /// RFC 5321 §2.3.8: CR and LF only come together. Taking them apart for a line end lets mail be smuggled in.
    BareLineEnd,
    Nul,
    /// Octets above 127 where they are not taken.
    EightBit,
    HeaderTooBig,
    /// More `Received:` fields than an honest message has (RFC 5321 §6.3).
    Loop,
    /// What the submission server does not let pass (RFC 6409 §6.3).
    Submission(Reply),
    /// The store failed.
    Storage,
}

/// A message that was read to its end.
pub(super) struct Taken {
    pub message: Spooled,
    pub section: HeaderSection,
    /// Whether it has octets above 127.
    pub eight_bit: bool,
}

impl Intake {
    pub fn new(rules: Rules, heading: Heading) -> Self {
        Self {
            rules,
            heading,
            section: HeaderSection::default(),
            buffer: Vec::new(),
            stage: None,
            size: 0,
            eight_bit: false,
            cr: false,
            flaw: None,
        }
    }

    /// Keeps octets of the message; their line ends were looked at already.
    pub fn keep(&mut self, octets: &[u8], queue: &Queue) {
        if octets.is_empty() {
            return;
        }
        self.size += octets.len();
        self.eight_bit = self.eight_bit || !octets.is_ascii();
        if self.size > self.rules.size && !self.rules.faults.on(Fault::SmtpIgnoresMessageLimit) {
            self.flaw(Flaw::TooBig);
        }
        if !self.rules.binary && memchr::memchr(0, octets).is_some() {
            self.flaw(Flaw::Nul);
        }
        if self.eight_bit && !self.rules.eight_bit {
            self.flaw(Flaw::EightBit);
        }
        // What is refused anyway needs no room; it is only read to its end.
        if self.flaw.is_some() {
            self.buffer = Vec::new();
            self.stage = None;
            return;
        }
        if self.rules.faults.on(Fault::SmtpStripsEighthBit) {
            self.buffer.extend(octets.iter().map(|octet| octet & 0x7f));
        } else {
            self.buffer.extend_from_slice(octets);
        }
        if self.buffer.len() >= SPILL {
            self.spill(queue);
        }
    }

    /// Keeps octets of a chunk. RFC 3030 §2: text is sent with the line ends of DATA; only binary mail may have others.
    pub fn keep_chunk(&mut self, octets: &[u8], queue: &Queue) {
        if !self.rules.binary && !self.line_ends_pair(octets) {
            self.flaw(Flaw::BareLineEnd);
        }
        if self.rules.faults.on(Fault::SmtpBdatUnstuffs) {
            for line in octets.split_inclusive(|octet| *octet == b'\n') {
                self.keep(line.strip_prefix(b".").unwrap_or(line), queue);
            }
            return;
        }
        self.keep(octets, queue);
    }

    /// Whether each CR has its LF and each LF its CR, as far as can be seen.
    fn line_ends_pair(&mut self, octets: &[u8]) -> bool {
        let Some(&last) = octets.last() else { return true };
        let begins = octets.first() == Some(&b'\n');
        if begins != std::mem::replace(&mut self.cr, last == b'\r') {
            return false;
        }
        memchr::memchr2_iter(b'\r', b'\n', octets).all(|at| match octets.get(at) {
            Some(b'\r') => octets.get(at + 1).is_none_or(|next| *next == b'\n'),
            _ => at == 0 || octets.get(at - 1) == Some(&b'\r'),
        })
    }

    /// Why the message will be refused, if that is known already.
    pub fn known_flaw(&self) -> Option<&Flaw> {
        self.flaw.as_ref()
    }

    /// The message, or why it is refused. Called once the end was seen.
    pub fn finish(mut self) -> Result<Taken, Flaw> {
        if self.cr {
            self.flaw(Flaw::BareLineEnd);
        }
        if self.rules.faults.on(Fault::SmtpDropsLastLine) {
            let line = self.buffer.len().checked_sub(2).and_then(|end| memchr::memrchr(b'\n', self.buffer.get(..end)?));
            self.buffer.truncate(line.map_or(0, |before| before + 1));
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
                self.section = HeaderSection::of(&self.buffer);
                Spooled::Memory(self.heading.write(self.buffer, &self.section)?)
            }
        };
        Ok(Taken { message, section: self.section, eight_bit: self.eight_bit })
    }

    /// Moves what is in memory to the store.
    fn spill(&mut self, queue: &Queue) {
        let buffer = std::mem::take(&mut self.buffer);
        if let Err(flaw) = self.stage(buffer, queue) {
            self.flaw(flaw);
        }
    }

    fn stage(&mut self, buffer: Vec<u8>, queue: &Queue) -> Result<(), Flaw> {
        if let Some(stage) = &mut self.stage {
            return stage.push(&buffer).map_err(storage);
        }
        self.section = HeaderSection::of(&buffer);
        if !self.section.ends {
            return Err(Flaw::HeaderTooBig);
        }
        let head = self.heading.write(buffer, &self.section)?;
        let mut stage = queue.stage().map_err(storage)?;
        stage.push(&head).map_err(storage)?;
        self.stage = Some(stage);
        Ok(())
    }

    /// The first flaw is the one that is told.
    pub fn flaw(&mut self, flaw: Flaw) {
        self.flaw.get_or_insert(flaw);
    }
}

fn storage(error: store::Error) -> Flaw {
    tracing::error!(%error, "a message could not be stored");
    Flaw::Storage
}
