//! Relative sequence numbers of IMAP: `$2` is the message that had the number 2 when its mailbox was selected, whatever number
//! EXPUNGE has left it. This file finds them in texts; which number a message has now is known to `protocol/imap/numbering.rs`.

use std::ops::Range;

use super::template::{Piece, Template};

/// `$2`, or `$$2` for a literal `$2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relative {
    /// The number the message had; `None`: literal. 0 if it is none a message can have.
    pub number: Option<u32>,
    /// As written, in bytes.
    pub length: usize,
}

/// A relative number in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub relative: Relative,
    /// Index of its piece.
    pub piece: usize,
    /// In bytes from the start of the piece.
    pub range: Range<usize>,
    /// In bytes from the start of the template's text.
    pub offset: usize,
}

/// Stands for a hole next to a text, where no number begins or ends.
pub const HOLE: u8 = 0;

/// What begins `rest`. A relative number stands where a number of a sequence set may: alone, in a list, or between `,` and `:`.
/// So `price$100` and the keyword `$Forwarded` are none. `before` is the octet in front, a space at the start of a line.
pub fn at(before: u8, rest: &[u8]) -> Option<Relative> {
    let behind = rest.strip_prefix(b"$")?;
    if !matches!(before, b' ' | b'(' | b',' | b':') {
        return None;
    }
    let (escaped, behind) = behind.strip_prefix(b"$").map_or((false, behind), |behind| (true, behind));
    let count = behind.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let (digits, after) = behind.split_at(count);
    if count == 0 || !matches!(after.first(), None | Some(b' ' | b')' | b',' | b':')) {
        return None;
    }
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    Some(Relative { number: (!escaped).then(|| number.unwrap_or(0)), length: 1 + usize::from(escaped) + count })
}

/// The relative numbers of a line that is sent, in order. There are none in quoted strings and in holes.
pub fn find(template: &Template) -> Vec<Found> {
    let mut all = Vec::new();
    if !template.text.as_bytes().windows(2).any(|pair| matches!(pair, [b'$', b'0'..=b'9'])) {
        return all;
    }
    let (mut offset, mut quoted, mut before) = (0, false, b' ');
    for (piece, content) in template.pieces.iter().enumerate() {
        let text = match content {
            Piece::Hole(hole) => {
                (offset, before) = (offset + hole.length, HOLE);
                continue;
            }
            Piece::Text(text) => text,
        };
        let mut octets = text.clone().into_bytes();
        if piece + 1 < template.pieces.len() {
            octets.push(HOLE);
        }
        let mut start = 0;
        while let Some((octet, behind)) = octets.get(start..).and_then(<[u8]>::split_first).filter(|_| start < text.len()) {
            let rest = octets.get(start..).unwrap_or_default();
            let mut length = 1;
            if *octet == b'"' {
                quoted = !quoted;
            } else if quoted && *octet == b'\\' {
                length = 2;
            } else if let Some(relative) = at(before, rest).filter(|_| !quoted) {
                length = relative.length;
                all.push(Found { relative, piece, range: start..start + length, offset });
            }
            before = *octet;
            // A `${` in literal text was written `$${`.
            offset += length + usize::from(*octet == b'$' && behind.first() == Some(&b'{'));
            start += length;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative numbers of a line as written, those that are escaped in brackets.
    fn found(line: &str) -> String {
        let template = Template::parse(line).unwrap();
        let shown = find(&template).into_iter().map(|found| {
            let written = &line[found.offset..found.offset + found.relative.length];
            let Piece::Text(text) = &template.pieces[found.piece] else { panic!("a hole") };
            assert_eq!(&text[found.range], written);
            if found.relative.number.is_some() { written.to_owned() } else { format!("[{written}]") }
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn they_stand_where_numbers_stand() {
        for (line, expected) in [
            ("a1 FETCH $1 FLAGS", "$1"),
            ("a1 FETCH $1,3,$12:* (FLAGS)", "$1 $12"),
            ("a1 SEARCH OR ($2) $3", "$2 $3"),
            ("a1 FETCH $2:$4,${last}:$5 FLAGS", "$2 $4 $5"),
            ("a1 FETCH $$1 FLAGS", "[$$1]"),
            ("a1 SEARCH RETURN (SAVE) ALL", ""),
            ("a1 FETCH $ FLAGS", ""),
            ("a1 FETCH $$ FLAGS", ""),
            ("a1 STORE 1 +FLAGS ($Forwarded $1x a$1)", ""),
            ("a1 LOGIN alice \"$1 \\\" $2\" $3", "$3"),
            ("a1 APPEND x ${literal:\"$1 $2\"} $3", "$3"),
            ("a1 X $${a} ${box}$1 $1${box} $4", "$4"),
            ("a1 FETCH $0", "$0"),
        ] {
            assert_eq!(found(line), expected, "{line}");
        }
    }

    #[test]
    fn numbers_no_message_can_have_are_0() {
        assert_eq!(at(b' ', b"$0").unwrap().number, Some(0));
        assert_eq!(at(b' ', b"$4294967296").unwrap().number, Some(0));
        assert_eq!(at(b' ', b"$4294967295").unwrap().number, Some(u32::MAX));
    }
}
