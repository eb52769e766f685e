//! A pattern line as a row of octets and holes, each with its place in the line, so that the compilers read text and holes
//! alike and every error points at the right column.

use super::slot::Slot;
use super::{PatternError, Span};
use crate::suite::template::{Piece, Template};

/// One octet or one hole.
#[derive(Clone, Debug)]
pub(super) struct Glyph {
    pub kind: GlyphKind,
    /// In bytes from the start of the line.
    pub at: usize,
    pub length: usize,
}

#[derive(Clone, Debug)]
pub(super) enum GlyphKind {
    Octet(u8),
    Slot(Slot),
}

/// Cuts a line into glyphs.
pub(super) fn glyphs(line: &str) -> Result<Vec<Glyph>, PatternError> {
    let template = Template::parse(line).map_err(|e| PatternError { line: 0, offset: e.offset, message: e.message })?;
    let mut glyphs = Vec::with_capacity(line.len());
    let mut at = 0;
    for piece in &template.pieces {
        match piece {
            Piece::Hole(hole) => {
                glyphs.push(Glyph { kind: GlyphKind::Slot(Slot::compile(hole)?), at, length: hole.length });
                at += hole.length;
            }
            Piece::Text(text) => {
                let mut rest = text.as_bytes();
                while let Some((octet, behind)) = rest.split_first() {
                    // A `${` in literal text was written `$${`.
                    let length = if rest.starts_with(b"${") { 2 } else { 1 };
                    glyphs.push(Glyph { kind: GlyphKind::Octet(*octet), at, length });
                    at += length;
                    rest = behind;
                }
            }
        }
    }
    Ok(glyphs)
}

/// Reads glyphs from left to right.
#[derive(Clone, Copy)]
pub(super) struct Reader<'g> {
    glyphs: &'g [Glyph],
    next: usize,
    /// Length of the line in bytes.
    end: usize,
}

impl<'g> Reader<'g> {
    pub fn new(glyphs: &'g [Glyph], line: &str) -> Reader<'g> {
        Reader { glyphs, next: 0, end: line.len() }
    }

    /// The glyph `distance` places on.
    pub fn look(&self, distance: usize) -> Option<&'g Glyph> {
        self.glyphs.get(self.next + distance)
    }

    pub fn octet(&self) -> Option<u8> {
        self.octet_at(0)
    }

    pub fn octet_at(&self, distance: usize) -> Option<u8> {
        match self.look(distance)?.kind {
            GlyphKind::Octet(octet) => Some(octet),
            GlyphKind::Slot(_) => None,
        }
    }

    pub fn slot(&self) -> Option<&'g Slot> {
        match &self.look(0)?.kind {
            GlyphKind::Slot(slot) => Some(slot),
            GlyphKind::Octet(_) => None,
        }
    }

    pub fn is_at_end(&self) -> bool {
        self.next >= self.glyphs.len()
    }

    pub fn advance(&mut self, glyphs: usize) {
        self.next += glyphs;
    }

    pub fn eat(&mut self, octet: u8) -> bool {
        let there = self.octet() == Some(octet);
        self.next += usize::from(there);
        there
    }

    /// Whether the next octets are these, in any case of letters.
    pub fn starts_with(&self, text: &[u8]) -> bool {
        text.iter().enumerate().all(|(i, octet)| self.octet_at(i).is_some_and(|o| o.eq_ignore_ascii_case(octet)))
    }

    /// Where the next glyph stands, in bytes from the start of the line.
    pub fn offset(&self) -> usize {
        self.look(0).map_or(self.end, |glyph| glyph.at)
    }

    /// From `start` (an offset) to the glyph before the next one.
    pub fn span(&self, start: usize) -> Span {
        let end = self.next.checked_sub(1).and_then(|last| self.glyphs.get(last)).map_or(start, |g| g.at + g.length);
        Span { start, length: end.saturating_sub(start) }
    }

    /// The glyphs up to the first octet that `ends`, which is not read. A hole ends nothing.
    pub fn until(&mut self, ends: impl Fn(u8) -> bool) -> &'g [Glyph] {
        let rest = self.glyphs.get(self.next..).unwrap_or_default();
        let length = rest.iter().take_while(|glyph| !matches!(glyph.kind, GlyphKind::Octet(octet) if ends(octet))).count();
        self.next += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'g [Glyph] {
        self.until(|_| false)
    }

    pub fn fail<T>(&self, message: impl Into<String>) -> Result<T, PatternError> {
        Err(PatternError { line: 0, offset: self.offset(), message: message.into() })
    }
}

/// The octets of glyphs that hold no hole.
pub(super) fn literal(glyphs: &[Glyph]) -> Option<Vec<u8>> {
    let octet = |glyph: &Glyph| match glyph.kind {
        GlyphKind::Octet(octet) => Some(octet),
        GlyphKind::Slot(_) => None,
    };
    glyphs.iter().map(octet).collect()
}
