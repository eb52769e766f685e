//! A header as fields: names, raw values, and subsets of them (RFC 5322 §2.2).

use std::ops::Range;

use memchr::memchr;

use super::field_filter::FieldFilter;

/// One header field. Ranges count from where the header given to [`fields`] begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, without the colon and the white space obsolete syntax allows before it. Empty for a line that is no field.
    pub name: &'a [u8],
    /// What follows the colon up to the end of the field's last line, folding included.
    pub raw_value: &'a [u8],
    /// The whole field with its line endings.
    pub range: Range<usize>,
}

/// The fields of a header, up to the empty line that ends it.
///
/// Lines that are neither a field nor the continuation of one come as fields without a name.
pub fn fields(header: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        let first = line(header, start);
        if is_empty(header.get(first.clone())?) {
            return None;
        }
        at = first.end;
        while matches!(header.get(at), Some(b' ' | b'\t')) && !is_empty(header.get(line(header, at))?) {
            at = line(header, at).end;
        }
        let field = header.get(start..at)?;
        let colon = memchr(b':', field).map(|colon| (field.get(..colon), field.get(colon + 1..)));
        let (name, raw_value) = match colon {
            Some((Some(name), Some(value))) if is_name(name.trim_ascii_end()) => (name.trim_ascii_end(), value),
            _ => (&[][..], field),
        };
        Some(Field { name, raw_value, range: start..at })
    })
}

/// The unfolded value of the first field of this name, whatever its case.
pub fn value(header: &[u8], name: &str) -> Option<Vec<u8>> {
    let field = fields(header).find(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))?;
    Some(unfolded(field.raw_value))
}

/// A raw value in one line: the line endings of the folding are taken out (RFC 5322 §2.2.3) and the white space around it.
pub fn unfolded(raw_value: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(raw_value.len());
    for line in raw_value.split_inclusive(|&octet| octet == b'\n') {
        let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        value.extend_from_slice(line);
    }
    value.trim_ascii().to_vec()
}

/// The fields whose names are among `names` (or, with `except`, are not), and the empty line that ended the header.
///
/// RFC 3501 §6.4.5: the empty line is part of every subset, unless the message has none.
pub fn subset(header: &[u8], names: &[impl AsRef<[u8]>], except: bool) -> Vec<u8> {
    let (mut filter, mut chosen) = (FieldFilter::new(names, except), Vec::new());
    filter.push(header, &mut chosen);
    filter.finish(&mut chosen);
    chosen
}

/// Where the header ends in a message: after its empty line, or where the message does.
pub fn end(message: &[u8]) -> usize {
    let mut at = 0;
    while at < message.len() {
        let line = line(message, at);
        at = line.end;
        if is_empty(message.get(line).unwrap_or_default()) {
            break;
        }
    }
    at
}

/// The line that begins at `start`, with its ending. A bare LF ends a line too: what a client appended is kept as it was.
fn line(bytes: &[u8], start: usize) -> Range<usize> {
    let rest = bytes.get(start..).unwrap_or_default();
    start..memchr(b'\n', rest).map_or(bytes.len().max(start), |end| start + end + 1)
}

/// Whether the line is nothing but its ending; no line at all counts.
fn is_empty(line: &[u8]) -> bool {
    matches!(line, b"" | b"\n" | b"\r\n")
}

/// `ftext`: printable US-ASCII but the colon (RFC 5322 §2.2).
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&octet| octet.is_ascii_graphic() && octet != b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_unfolded_and_a_line_that_is_none_does_not_hide_the_next() {
        let header = b"From x at noon\r\nSubject: one\r\n\ttwo\r\n  three \r\nno field\r\nTo :a@b\r\n\r\nBody: no\r\n";
        let names: Vec<_> = fields(header).map(|field| String::from_utf8_lossy(field.name).into_owned()).collect();
        assert_eq!(names, ["", "Subject", "", "To"]);
        assert_eq!(value(header, "SUBJECT").unwrap(), b"one\ttwo  three");
        assert_eq!(value(header, "to").unwrap(), b"a@b");
        assert_eq!(value(header, "Body"), None);
    }

    #[test]
    fn white_space_alone_does_not_continue_for_ever() {
        assert_eq!(fields(b"A: 1\r\n \r\nB: 2").count(), 2);
        assert_eq!(fields(b"\r\nA: 1").count(), 0);
    }
}
