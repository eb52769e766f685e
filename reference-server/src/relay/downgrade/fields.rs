//! Header fields with octets above 127, which no standard had before RFC 6532: as encoded words where these may stand.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Fixed, is_sendable};
use crate::mime::{Field, unfolded};

/// The fields whose value is text and nothing else (RFC 2047 §5 (1)): those of RFC 5322 §3.6.5, of RFC 2045 §8, and those
/// nobody has defined.
const UNSTRUCTURED: [&[u8]; 3] = [b"Subject", b"Comments", b"Content-Description"];

/// The octets of one encoded word: with the charset and its frame it has 75 characters at most (RFC 2047 §2).
const WORD: usize = 42;

/// Adds the field, with encoded words where it needs them.
pub(super) fn write(field: &Field<'_>, header: &[u8], out: &mut Vec<u8>) -> Result<(), Fixed> {
    let raw = header.get(field.range.clone()).unwrap_or_default();
    if raw.is_ascii() && (is_sendable(raw) || !raw.contains(&0)) {
        out.extend_from_slice(raw);
        return Ok(());
    }
    let unknown = field.name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(b"X-"));
    if !unknown && !UNSTRUCTURED.iter().any(|name| field.name.eq_ignore_ascii_case(name)) {
        return Err(Fixed::Field);
    }
    out.extend_from_slice(field.name);
    out.extend_from_slice(b":");
    let value = unfolded(field.raw_value);
    let (charset, pieces) = match std::str::from_utf8(&value) {
        Ok(text) => ("utf-8", characters(text)),
        Err(_) => ("unknown-8bit", value.chunks(WORD).collect()),
    };
    for (number, piece) in pieces.into_iter().enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!(" =?{charset}?B?{}?=", STANDARD.encode(piece)).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// The text in pieces that cut no character (RFC 2047 §5).
fn characters(text: &str) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest.floor_char_boundary(WORD);
        let (piece, after) = rest.split_at(at);
        pieces.push(piece.as_bytes());
        rest = after;
    }
    pieces
}
