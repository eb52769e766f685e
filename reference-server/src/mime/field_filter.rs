//! Some fields of a header, chosen by their names as the octets come.

use memchr::{memchr, memchr2};

/// A line without a colon in so many octets has no name.
const LONGEST_NAME: usize = 8 * 1024;

/// Chooses fields of a header, whose octets come in any pieces: a header of any size costs no memory.
#[derive(Clone, Debug)]
pub struct FieldFilter {
    /// In small letters.
    names: Vec<Vec<u8>>,
    except: bool,
    inside: Inside,
    /// Whether the field that came last is chosen; none came.
    chosen: Option<bool>,
}

#[derive(Clone, Debug)]
enum Inside {
    /// Between two lines.
    Start,
    /// The first line of a field, up to the colon.
    Name(Vec<u8>),
    /// The rest of a line.
    Line,
    /// The body.
    Body,
}

impl FieldFilter {
    /// Chooses the fields whose names are among these, whatever their case; or with `except`, which are not.
    pub fn new(names: &[impl AsRef<[u8]>], except: bool) -> FieldFilter {
        let names = names.iter().map(|name| name.as_ref().to_ascii_lowercase()).collect();
        FieldFilter { names, except, inside: Inside::Start, chosen: None }
    }

    /// Takes more octets of the header, and writes those that are chosen.
    pub fn push(&mut self, mut octets: &[u8], out: &mut Vec<u8>) {
        while let Some(first) = octets.first() {
            match &mut self.inside {
                Inside::Start => {
                    let continues = matches!(first, b' ' | b'\t') && self.chosen.is_some();
                    self.inside = if continues { Inside::Line } else { Inside::Name(Vec::new()) };
                }
                Inside::Name(name) => {
                    let end = memchr2(b':', b'\n', octets);
                    let (more, rest) = octets.split_at(end.map_or(octets.len(), |end| end + 1));
                    name.extend_from_slice(more);
                    octets = rest;
                    if end.is_some() || name.len() > LONGEST_NAME {
                        self.named(out);
                    }
                }
                Inside::Line => {
                    let end = memchr(b'\n', octets);
                    let (more, rest) = octets.split_at(end.map_or(octets.len(), |end| end + 1));
                    if self.chosen == Some(true) {
                        out.extend_from_slice(more);
                    }
                    octets = rest;
                    if end.is_some() {
                        self.inside = Inside::Start;
                    }
                }
                Inside::Body => return,
            }
        }
    }

    /// The header has ended, with or without an empty line.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        if matches!(self.inside, Inside::Name(_)) {
            self.named(out);
        }
    }

    /// As much of a field has come as its name takes.
    fn named(&mut self, out: &mut Vec<u8>) {
        let Inside::Name(octets) = std::mem::replace(&mut self.inside, Inside::Line) else { return };
        // The empty line is part of every subset (RFC 3501 §6.4.5).
        let ends = matches!(octets.as_slice(), b"\n" | b"\r\n");
        let chosen = ends || self.is_among(&octets) != self.except;
        if chosen {
            out.extend_from_slice(&octets);
        }
        self.chosen = Some(chosen);
        self.inside = match octets.last() {
            _ if ends => Inside::Body,
            Some(b'\n') => Inside::Start,
            _ => Inside::Line,
        };
    }

    fn is_among(&self, octets: &[u8]) -> bool {
        let Some(name) = octets.strip_suffix(b":") else { return false };
        let name = name.trim_ascii_end();
        name.iter().all(u8::is_ascii_graphic) && self.names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filtered(pieces: &[&[u8]], names: &[&str], except: bool) -> Vec<u8> {
        let mut filter = FieldFilter::new(names, except);
        let mut out = Vec::new();
        pieces.iter().for_each(|piece| filter.push(piece, &mut out));
        filter.finish(&mut out);
        out
    }

    #[test]
    fn order_octets_and_the_empty_line_stay() {
        let header = b"A: 1\r\nB: 2\r\n 2\r\na : 3\r\n\r\nA: body";
        assert_eq!(filtered(&[header], &["a"], false), b"A: 1\r\na : 3\r\n\r\n");
        assert_eq!(filtered(&[header], &["A"], true), b"B: 2\r\n 2\r\n\r\n");
        assert_eq!(filtered(&[header], &["x"], false), b"\r\n");
        assert_eq!(filtered(&[b"A: 1\r\n"], &["x"], false), b"");
        assert_eq!(filtered(&[b"A"], &["x"], true), b"A");
        assert_eq!(filtered(&[b" A: 1\nno field\nB: 2\n 3\n"], &["A", "B"], false), b"B: 2\n 3\n");
        assert_eq!(filtered(&[b"A: 1\r\n \r\nB: 2"], &["a"], false), b"A: 1\r\n \r\n");
    }

    proptest! {
        #[test]
        fn the_pieces_do_not_matter(header in "([ab]{0,2} ?:? ?[ab\\t]{0,2}\r?\n){0,6}", at in any::<prop::sample::Index>(), except: bool) {
            let (head, tail) = header.as_bytes().split_at(at.index(header.len() + 1));
            let whole = filtered(&[header.as_bytes()], &["a", "ab"], except);
            prop_assert_eq!(filtered(&[head, tail], &["a", "ab"], except), whole);
        }

        #[test]
        fn every_field_is_chosen_or_not(header in "([ab]{0,2}:? ?[ab]{0,2}\r?\n){0,6}") {
            let end = crate::mime::header_end(header.as_bytes());
            let both = [false, true].map(|except| filtered(&[header.as_bytes()], &["a"], except));
            let twice = if header.get(..end).unwrap_or_default().ends_with("\n") {
                let last = crate::mime::fields(header.as_bytes()).map(|field| field.range.end).last().unwrap_or(0);
                end - last
            } else {
                0
            };
            prop_assert_eq!(both[0].len() + both[1].len(), end + twice);
        }
    }
}
