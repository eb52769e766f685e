//! Text with holes against octets: `${a}:${b}`, `<${uid}@example.org>`, a line of text.

use std::rc::Rc;

use super::PatternError;
use super::attempt::{Attempt, Known};
use super::glyph::{Glyph, GlyphKind, literal};
use super::slot::{Narrowing, Slot, SlotKind};
use crate::protocol::plain;
use crate::suite::relative::{self, HOLE};

/// A run of text and holes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Parts(pub Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Text(Vec<u8>),
    Slot(Slot),
    /// IMAP: `$2`, the message that had this number when its mailbox was selected.
    Message(u32),
}

impl Parts {
    pub fn new(glyphs: &[Glyph]) -> Parts {
        let mut parts = Parts::default();
        for glyph in glyphs {
            match &glyph.kind {
                GlyphKind::Octet(octet) => parts.push(*octet),
                GlyphKind::Slot(slot) => parts.0.push(Part::Slot(slot.clone())),
            }
        }
        parts
    }

    /// The same, with `$2` and `$$2` read as what they are where IMAP has numbers.
    pub fn numbered(glyphs: &[Glyph]) -> Result<Parts, PatternError> {
        let octet = |glyph: &Glyph| match glyph.kind {
            GlyphKind::Octet(octet) => octet,
            GlyphKind::Slot(_) => HOLE,
        };
        let octets: Vec<u8> = glyphs.iter().map(octet).collect();
        if !octets.contains(&b'$') {
            return Ok(Parts::new(glyphs));
        }
        let mut parts = Parts::default();
        let (mut rest, mut before) = (glyphs, b' ');
        while let Some((glyph, behind)) = rest.split_first() {
            let found = octets.get(glyphs.len() - rest.len()..).and_then(|octets| relative::at(before, octets));
            match found.map(|found| (found.number, rest.split_at(found.length.min(rest.len())))) {
                None => {
                    match &glyph.kind {
                        GlyphKind::Octet(octet) => parts.push(*octet),
                        GlyphKind::Slot(slot) => parts.0.push(Part::Slot(slot.clone())),
                    }
                    (before, rest) = (octet(glyph), behind);
                    continue;
                }
                Some((Some(0), _)) => {
                    let message = "a message sequence number counts from 1 and has 32 bits".to_owned();
                    return Err(PatternError { line: 0, offset: glyph.at, message });
                }
                Some((Some(number), (_, after))) => {
                    parts.0.push(Part::Message(number));
                    rest = after;
                }
                Some((None, (written, after))) => {
                    literal(written).iter().flatten().skip(1).for_each(|octet| parts.push(*octet));
                    rest = after;
                }
            }
            before = b'0';
        }
        Ok(parts)
    }

    /// The relative numbers.
    pub fn messages(&self) -> impl Iterator<Item = u32> {
        self.0.iter().filter_map(|part| match part {
            Part::Message(number) => Some(*number),
            _ => None,
        })
    }

    pub fn push(&mut self, octet: u8) {
        match self.0.last_mut() {
            Some(Part::Text(text)) => text.push(octet),
            _ => self.0.push(Part::Text(vec![octet])),
        }
    }

    /// The text, if there is no hole in it.
    pub fn text(&self) -> Option<&[u8]> {
        match self.0.as_slice() {
            [] => Some(&[]),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The hole, if it is nothing else.
    pub fn slot(&self) -> Option<&Slot> {
        match self.0.as_slice() {
            [Part::Slot(slot)] => Some(slot),
            _ => None,
        }
    }

    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.0.iter().filter_map(|part| match part {
            Part::Slot(slot) => Some(slot),
            Part::Text(_) | Part::Message(_) => None,
        })
    }

    /// Whether all of `octets` fit; captures are bound if so. With `fold` the case of literal letters does not count.
    pub fn fit(&self, octets: &[u8], fold: bool, attempt: &mut Attempt<'_>) -> bool {
        let mark = attempt.mark();
        let mut budget = 100_000;
        let fits = fit(&self.0, octets, fold, attempt, &mut budget);
        if !fits {
            attempt.undo(mark);
        }
        fits
    }

    /// `${uid} is 7`: what the holes stand for, as hints; nothing unless the attempt explains.
    pub fn known_values(&self, attempt: &Attempt<'_>) -> Vec<String> {
        if !attempt.explain {
            return Vec::new();
        }
        let hint = |slot: &Slot| match (attempt.known(slot), &slot.kind) {
            (Known::Value(value), SlotKind::Named(_)) => Some(format!("${{{}}} is {}", slot.hole.name, plain(&value))),
            (Known::Missing, _) => Some(format!("{} has no value: is there such a fixture or role?", slot.text())),
            _ => None,
        };
        self.slots().filter_map(hint).collect()
    }

    /// The octets that would fit, if every hole has a value.
    pub fn octets(&self, attempt: &Attempt<'_>) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => octets.extend_from_slice(text),
                Part::Message(number) => octets.extend_from_slice(attempt.message_number(*number)?.to_string().as_bytes()),
                Part::Slot(slot) => match attempt.known(slot) {
                    Known::Value(value) => octets.extend_from_slice(&value),
                    Known::Free | Known::Missing => return None,
                },
            }
        }
        Some(octets)
    }

    /// The text with its known values put in, for messages: `notation` writes octets down, holes without value stay.
    pub fn described(&self, notation: impl Fn(&[u8]) -> String, attempt: &Attempt<'_>) -> String {
        let mut text = String::new();
        let mut octets = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => octets.extend_from_slice(text),
                Part::Message(number) => {
                    text.push_str(&notation(&std::mem::take(&mut octets)));
                    text.push_str(&described_message(*number, attempt));
                }
                Part::Slot(slot) => match attempt.known(slot) {
                    Known::Value(value) => octets.extend_from_slice(&value),
                    Known::Free | Known::Missing => {
                        text.push_str(&notation(&std::mem::take(&mut octets)));
                        text.push_str(&slot.text());
                    }
                },
            }
        }
        text.push_str(&notation(&octets));
        text
    }
}

/// `$3 (now 2)`: what a relative number is where it is compared.
pub(super) fn described_message(number: u32, attempt: &Attempt<'_>) -> String {
    match attempt.message_number(number) {
        Some(now) => format!("${number} (now {now})"),
        None => format!("${number} (expunged)"),
    }
}

/// An open hole takes as little as it can, a narrowed one as much as it can; no hole takes nothing, but for `${*}`.
fn fit(parts: &[Part], octets: &[u8], fold: bool, attempt: &mut Attempt<'_>, budget: &mut usize) -> bool {
    if *budget == 0 {
        return false;
    }
    *budget -= 1;
    let Some((part, behind)) = parts.split_first() else { return octets.is_empty() };
    let slot = match part {
        Part::Text(text) => {
            // `SIZE ${*}` is also satisfied by a line that ends behind `SIZE`.
            if let ([Part::Slot(slot)], Some(trimmed)) = (behind, text.strip_suffix(b" "))
                && slot.is_rest()
                && same(octets, trimmed, fold)
            {
                return true;
            }
            return match octets.split_at_checked(text.len()) {
                Some((front, rest)) if same(front, text, fold) => fit(behind, rest, fold, attempt, budget),
                _ => false,
            };
        }
        Part::Message(number) => {
            let digits = attempt.message_number(*number).map(|now| now.to_string());
            return match digits.and_then(|digits| octets.strip_prefix(digits.as_bytes())) {
                Some(rest) => fit(behind, rest, fold, attempt, budget),
                None => false,
            };
        }
        Part::Slot(slot) => slot,
    };
    match attempt.known(slot) {
        Known::Missing => false,
        Known::Value(value) => match octets.strip_prefix(&*value) {
            Some(rest) => fit(behind, rest, fold, attempt, budget),
            None => false,
        },
        Known::Free => take(slot, behind, octets, fold, attempt, budget),
    }
}

/// Tries the lengths a free hole may have.
fn take(slot: &Slot, behind: &[Part], octets: &[u8], fold: bool, attempt: &mut Attempt<'_>, budget: &mut usize) -> bool {
    let (narrowing, least) = match &slot.kind {
        SlotKind::Rest => (&Narrowing::Open, 0),
        SlotKind::Named(narrowing) | SlotKind::One(narrowing) => (narrowing, 1),
        SlotKind::Function => return false,
    };
    let mut try_length = |length: usize, attempt: &mut Attempt<'_>| {
        let Some((front, rest)) = octets.split_at_checked(length) else { return false };
        if !attempt.accepts(slot, narrowing, front) {
            return false;
        }
        let mark = attempt.mark();
        attempt.bind(slot, || Rc::from(front));
        let fits = fit(behind, rest, fold, attempt, budget);
        if !fits {
            attempt.undo(mark);
        }
        fits
    };
    if behind.is_empty() {
        let least = if matches!(narrowing, Narrowing::Regex(_) | Narrowing::Octets(_)) { 0 } else { least };
        return octets.len() >= least && try_length(octets.len(), attempt);
    }
    match narrowing {
        Narrowing::Octets(count) => try_length(*count, attempt),
        Narrowing::Open => match behind.first() {
            // Only places where the text behind the hole stands are worth a try.
            Some(Part::Text(text)) if !fold => {
                let places = memchr::memmem::find_iter(octets.get(least..).unwrap_or_default(), text).map(|at| at + least);
                let mut places = places.collect::<Vec<_>>();
                places.extend(text.strip_suffix(b" ").filter(|t| octets.ends_with(t)).map(|t| octets.len() - t.len()));
                places.into_iter().any(|length| try_length(length, attempt))
            }
            _ => (least..=octets.len()).any(|length| try_length(length, attempt)),
        },
        _ => (0..=octets.len()).rev().any(|length| try_length(length, attempt)),
    }
}

/// Equality, with or without the case of letters.
pub(super) fn same(a: &[u8], b: &[u8], fold: bool) -> bool {
    if fold { a.eq_ignore_ascii_case(b) } else { a == b }
}
