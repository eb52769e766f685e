//! An answer to FETCH that is sent piece by piece, so that a message of any size costs little memory.

use crate::mime::{Decoder, FieldFilter};
use crate::store::{self, BlobId, Hold, Store};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::ops::Range;

/// Octets read from the store at a time.
pub const CHUNK: u64 = 256 * 1024;

/// So much memory is used again.
const SPARE: usize = 64 * 1024;

/// An answer that is sent from its beginning to its end.
#[derive(Default)]
pub struct Answer {
    segments: VecDeque<Segment>,
    /// Keep what is still to be read.
    holds: Vec<Hold>,
    /// Memory that is used again.
    spare: Vec<u8>,
}

/// Octets to be sent.
enum Segment {
    /// These.
    Octets(Vec<u8>),
    /// Those in the store.
    Stored { blob: BlobId, range: Range<u64>, keep_nul: bool },
    /// What comes of those in the store, but for some at the beginning and beyond a limit.
    Made { blob: BlobId, range: Range<u64>, filter: Filter, skip: u64, left: u64 },
}

/// Makes octets of others as they pass by.
#[derive(Clone)]
pub enum Filter {
    /// Undoes a transfer encoding.
    Decoder(Decoder),
    /// Chooses fields of a header.
    Fields(FieldFilter),
}

impl Filter {
    /// Takes octets and adds what comes of them.
    pub fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        match self {
            Filter::Decoder(decoder) => decoder.push(octets, out),
            Filter::Fields(fields) => fields.push(octets, out),
        }
    }

    /// Writes what came of some octets.
    pub fn write(&self, made: &[u8], out: &mut Vec<u8>) {
        match self {
            // With NUL among them it is a literal8 (RFC 3516 §4.2).
            Filter::Decoder(_) => out.extend_from_slice(made),
            Filter::Fields(_) => without_nul(made, out),
        }
    }

    /// Adds what comes when no more octets do.
    pub fn finish(self, out: &mut Vec<u8>) {
        match self {
            Filter::Decoder(decoder) => decoder.finish(out),
            Filter::Fields(fields) => fields.finish(out),
        }
    }
}

impl Answer {
    /// Adds octets.
    pub fn text(&mut self, octets: &[u8]) {
        match self.segments.back_mut() {
            Some(Segment::Octets(last)) => last.extend_from_slice(octets),
            _ => self.tail().extend_from_slice(octets),
        }
    }

    /// Adds what is written.
    pub fn write_fmt(&mut self, text: fmt::Arguments<'_>) {
        // A vector takes whatever is written.
        let _ = io::Write::write_fmt(self.tail(), text);
    }

    /// Forgets what is to be sent.
    pub fn clear(&mut self) {
        self.segments.clear();
        self.holds.clear();
    }

    /// Adds octets of a literal: NUL may not be sent in one (RFC 3501 §4.3.1), 0x80 takes its place.
    pub fn literal(&mut self, octets: &[u8]) {
        without_nul(octets, self.tail());
    }

    /// The octets added last, to be added to.
    pub fn tail(&mut self) -> &mut Vec<u8> {
        if !matches!(self.segments.back(), Some(Segment::Octets(_))) {
            self.segments.push_back(Segment::Octets(std::mem::take(&mut self.spare)));
        }
        match self.segments.back_mut() {
            Some(Segment::Octets(last)) => last,
            // One was put there just now.
            _ => unreachable!("the last segment holds octets"),
        }
    }

    /// Adds octets of the store. NUL may not be sent in a literal (RFC 3501 §4.3.1): 0x80 takes its place, unless it is to be
    /// kept.
    pub fn stored(&mut self, blob: BlobId, range: Range<u64>, keep_nul: bool) {
        self.segments.push_back(Segment::Stored { blob, range, keep_nul });
    }

    /// Adds what comes of octets of the store: of that the octets in `shown`.
    pub fn made(&mut self, blob: BlobId, range: Range<u64>, filter: Filter, shown: Range<u64>) {
        let (skip, left) = (shown.start, shown.end - shown.start);
        self.segments.push_back(Segment::Made { blob, range, filter, skip, left });
    }

    /// Whether something is still to be read from the store.
    pub fn reads(&self) -> bool {
        self.segments.iter().any(|segment| !matches!(segment, Segment::Octets(_)))
    }

    /// What is to be read stays as long as this.
    pub fn keep(&mut self, hold: Hold) {
        self.holds.push(hold);
    }

    /// Writes until there are so many octets; gives whether all is written.
    pub fn write(&mut self, store: &Store, out: &mut Vec<u8>, enough: usize) -> store::Result<bool> {
        while let Some(segment) = self.segments.front_mut() {
            if out.len() >= enough {
                return Ok(false);
            }
            if segment.write(store, out)?
                && let Some(Segment::Octets(written)) = self.segments.pop_front()
                && written.capacity() <= SPARE
            {
                self.spare = written;
            }
        }
        Ok(true)
    }
}

impl Segment {
    /// Writes some more of it; gives whether that was the last.
    fn write(&mut self, store: &Store, out: &mut Vec<u8>) -> store::Result<bool> {
        match self {
            Segment::Octets(octets) => {
                out.append(octets);
                Ok(true)
            }
            Segment::Stored { blob, range, keep_nul } => {
                let octets = next(store, *blob, range)?;
                match keep_nul {
                    true => out.extend_from_slice(&octets),
                    false => without_nul(&octets, out),
                }
                Ok(range.is_empty())
            }
            Segment::Made { blob, range, filter, skip, left } => {
                let mut made = Vec::new();
                let octets = next(store, *blob, range)?;
                filter.push(&octets, &mut made);
                if range.is_empty() {
                    filter.clone().finish(&mut made);
                }
                let from = (*skip).min(made.len() as u64) as usize;
                *skip -= from as u64;
                let shown = made.get(from..).unwrap_or_default();
                let shown = shown.get(..(*left).min(shown.len() as u64) as usize).unwrap_or_default();
                *left -= shown.len() as u64;
                filter.write(shown, out);
                Ok(range.is_empty() || *left == 0)
            }
        }
    }
}

fn without_nul(octets: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(octets);
    let mut rest = out.get_mut(start..).unwrap_or_default();
    while let Some(at) = memchr::memchr(0, rest) {
        let (before, after) = std::mem::take(&mut rest).split_at_mut(at + 1);
        before.last_mut().into_iter().for_each(|nul| *nul = 0x80);
        rest = after;
    }
}

/// Takes the next octets of a range.
fn next(store: &Store, blob: BlobId, range: &mut Range<u64>) -> store::Result<Vec<u8>> {
    let end = range.end.min(range.start + CHUNK);
    let octets = store.bytes(blob, range.start..end)?;
    if octets.len() as u64 != end - range.start {
        // An announced literal has to be filled.
        return Err(store::Error::BlobGone);
    }
    range.start = end;
    Ok(octets)
}
