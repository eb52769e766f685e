//! The values of a pattern line: atoms, quoted strings, lists, with holes in and among them.

use super::super::PatternError;
use super::super::glyph::{Glyph, GlyphKind, Reader};
use super::super::parts::{Part, Parts};
use super::compile::unbalanced;
use super::{ValueKind, ValuePattern};

/// Deeper than any response may be.
const DEPTH: usize = 100;

/// Values with a space between them (none is needed between two lists), up to `)`, the end, or in a response code `]`.
pub(super) fn values(reader: &mut Reader<'_>, depth: usize, in_code: bool) -> Result<Vec<ValuePattern>, PatternError> {
    let mut values = vec![value(reader, depth, in_code)?];
    loop {
        let after_list = matches!(values.last(), Some(ValuePattern { kind: ValueKind::List(_), .. }));
        let side_by_side = after_list && reader.octet() == Some(b'(');
        if !side_by_side && !reader.eat(b' ') {
            return Ok(values);
        }
        values.push(value(reader, depth, in_code)?);
    }
}

pub(super) fn value(reader: &mut Reader<'_>, depth: usize, in_code: bool) -> Result<ValuePattern, PatternError> {
    let start = reader.offset();
    let kind = match reader.octet() {
        Some(b'(') if depth >= DEPTH => return reader.fail(format!("more than {DEPTH} lists inside each other")),
        Some(b'(') => {
            reader.advance(1);
            if reader.eat(b')') {
                ValueKind::List(Vec::new())
            } else {
                let items = values(reader, depth + 1, in_code)?;
                if !reader.eat(b')') {
                    return if reader.is_at_end() {
                        Err(unbalanced(start))
                    } else {
                        reader.fail("a space or `)` stands behind a value")
                    };
                }
                ValueKind::List(items)
            }
        }
        Some(b'"') => ValueKind::Quoted(quoted(reader)?),
        _ => {
            let parts = Parts::numbered(atom(reader, in_code)?)?;
            match parts.text() {
                Some(b"...") => ValueKind::More,
                Some(text) if text.eq_ignore_ascii_case(b"NIL") => ValueKind::Nil,
                _ if parts.slot().is_some_and(|slot| slot.is_rest()) => ValueKind::Rest,
                _ => ValueKind::Atom(parts),
            }
        }
    };
    Ok(ValuePattern { kind, span: reader.span(start) })
}

/// Octets and holes up to a space, a parenthesis, a quote, or in a response code a bracket.
pub(super) fn atom<'g>(reader: &mut Reader<'g>, in_code: bool) -> Result<&'g [Glyph], PatternError> {
    let start = reader.offset();
    let glyphs = reader.until(|octet| matches!(octet, b' ' | b'(' | b')' | b'"') || (in_code && octet == b']'));
    if glyphs.is_empty() {
        return reader.fail("a value belongs here: an atom, a quoted string, a list or a hole");
    }
    let first = glyphs.first().and_then(octet);
    let last = glyphs.last().and_then(octet);
    if matches!(first, Some(b'{')) && last == Some(b'}') {
        let message = "write what a literal holds as a quoted string: strings and literals are the same value";
        return Err(PatternError { line: 0, offset: start, message: message.into() });
    }
    Ok(glyphs)
}

fn octet(glyph: &Glyph) -> Option<u8> {
    match glyph.kind {
        GlyphKind::Octet(octet) => Some(octet),
        GlyphKind::Slot(_) => None,
    }
}

/// A quoted string. Besides `\"` and `\\` it knows `\r`, `\n`, `\t`, `\0` and `\xHH`, because it also stands for literals.
fn quoted(reader: &mut Reader<'_>) -> Result<Parts, PatternError> {
    let open = reader.offset();
    reader.advance(1);
    let mut parts = Parts::default();
    loop {
        let Some(glyph) = reader.look(0) else {
            return Err(PatternError { line: 0, offset: open, message: "`\"` without the `\"` that ends the string".into() });
        };
        reader.advance(1);
        match &glyph.kind {
            GlyphKind::Slot(slot) => parts.0.push(Part::Slot(slot.clone())),
            GlyphKind::Octet(b'"') => return Ok(parts),
            GlyphKind::Octet(b'\\') => parts.push(escape(reader, glyph.at)?),
            GlyphKind::Octet(octet) => parts.push(*octet),
        }
    }
}

fn escape(reader: &mut Reader<'_>, at: usize) -> Result<u8, PatternError> {
    let hex = |octet: Option<u8>| octet.and_then(|octet| (octet as char).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
    let (octet, length) = match reader.octet() {
        Some(escaped @ (b'"' | b'\\')) => (escaped, 1),
        Some(b'r') => (b'\r', 1),
        Some(b'n') => (b'\n', 1),
        Some(b't') => (b'\t', 1),
        Some(b'0') => (0, 1),
        Some(b'x') => match (hex(reader.octet_at(1)), hex(reader.octet_at(2))) {
            (Some(high), Some(low)) => (high * 16 + low, 3),
            _ => return Err(PatternError { line: 0, offset: at, message: "`\\x` is followed by two hexadecimal digits".into() }),
        },
        _ => {
            let message =
                "a backslash in a string stands before `\"`, `\\`, `r`, `n`, `t`, `0` or `xHH`; write `\\\\` for itself";
            return Err(PatternError { line: 0, offset: at, message: message.into() });
        }
    };
    reader.advance(length);
    Ok(octet)
}
