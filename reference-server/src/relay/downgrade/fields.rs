//! Header fields with octets above 127, which no standard had before RFC 6532: as encoded words where these may stand.

use super::{Fixed, is_sendable};
use crate::mime::{Field, encoded_words, unfolded};

/// The fields whose value is text and nothing else (RFC 2047 §5 (1)): those of RFC 5322 §3.6.5, of RFC 2045 §8, and those
/// nobody has defined.
const UNSTRUCTURED: [&[u8]; 3] = [b"Subject", b"Comments", b"Content-Description"];

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
    for (number, word) in encoded_words(&unfolded(field.raw_value)).into_iter().enumerate() {
        out.extend_from_slice(if number == 0 { b" " } else { b"\r\n " });
        out.extend_from_slice(word.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}
