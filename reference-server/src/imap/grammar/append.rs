//! What APPEND and REPLACE add: flags, a date, and the octets of a message.

use super::cursor::{Cursor, Parsed, SyntaxError};
use crate::store::Flags;
use std::borrow::Cow;
use time::OffsetDateTime;

/// A message as a client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    pub flags: Flags,
    pub date: Option<OffsetDateTime>,
    pub data: Data<'a>,
}

/// Where the octets of a message come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data<'a> {
    /// A literal.
    Octets(Octets<'a>),
    /// Texts and parts of other messages, one after the other (RFC 4469).
    Catenate(Vec<Piece<'a>>),
}

/// A part of a message that is put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(Octets<'a>),
    Url(Cow<'a, [u8]>),
}

/// A literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Octets<'a> {
    /// In its place in the command.
    Here(&'a [u8]),
    /// Kept in the store while the command was read: the number of the literal among those, and whether NUL may be in it.
    Staged { number: usize, binary: bool },
}

/// Which extensions of the grammar there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// `literal8` (RFC 3516).
    pub binary: bool,
    /// `CATENATE` (RFC 4469).
    pub catenate: bool,
    /// `UTF8` (RFC 6855).
    pub utf8: bool,
}

impl<'a> Cursor<'a> {
    /// ```abnf
    /// append-message = [SP flag-list] [SP date-time] SP append-data        ; RFC 4466 §6
    /// append-data    = literal / literal8 /
    ///                  "CATENATE" SP "(" cat-part *(SP cat-part) ")" /     ; RFC 4469 §5
    ///                  utf8-literal                                        ; RFC 6855 §4
    /// ```
    pub fn append_message(&mut self, allowed: Allowed) -> Parsed<Written<'a>> {
        self.space()?;
        let flags = match self.peek() {
            Some(b'(') => {
                let flags = self.flag_list()?;
                self.space()?;
                flags
            }
            _ => Flags::none(),
        };
        let date = match self.peek() {
            Some(b'"') => {
                let date = self.date_time()?;
                self.space()?;
                Some(date)
            }
            _ => None,
        };
        let data = if allowed.catenate && self.eat_word("CATENATE") {
            self.space()?;
            Data::Catenate(self.pieces(allowed)?)
        } else if allowed.utf8 && self.eat_word("UTF8") {
            Data::Octets(self.utf8_octets()?)
        } else {
            Data::Octets(self.message_octets(allowed.binary)?)
        };
        Ok(Written { flags, date, data })
    }

    /// ```abnf
    /// cat-part     = text-literal / url / utf8-literal
    /// text-literal = "TEXT" SP (literal / literal8)
    /// url          = "URL" SP astring
    /// ```
    fn pieces(&mut self, allowed: Allowed) -> Parsed<Vec<Piece<'a>>> {
        self.need(b'(', "the opening parenthesis of the parts")?;
        let mut pieces = Vec::new();
        loop {
            if self.eat_word("TEXT") {
                self.space()?;
                pieces.push(Piece::Text(self.message_octets(allowed.binary)?));
            } else if allowed.utf8 && self.eat_word("UTF8") {
                pieces.push(Piece::Text(self.utf8_octets()?));
            } else if self.eat_word("URL") {
                self.space()?;
                pieces.push(Piece::Url(self.astring("a URL")?));
            } else {
                return self.expected("TEXT or URL");
            }
            if self.eat(b')') {
                return Ok(pieces);
            }
            self.need(b' ', "one space or the closing parenthesis after a part")?;
        }
    }

    /// `utf8-literal = "UTF8" SP "(" literal8 ")"` (RFC 6855 §4), behind its first word.
    fn utf8_octets(&mut self) -> Parsed<Octets<'a>> {
        self.space()?;
        self.need(b'(', "the opening parenthesis of a message in UTF-8")?;
        if self.peek() != Some(b'~') {
            return self.expected("a literal with ~");
        }
        let octets = self.message_octets(true)?;
        self.need(b')', "the closing parenthesis of a message in UTF-8")?;
        Ok(octets)
    }

    /// ```abnf
    /// literal  = "{" number ["+"] "}" CRLF *CHAR8        ; RFC 7888 §8
    /// literal8 = "~{" number ["+"] "}" CRLF *OCTET       ; RFC 4466 §6
    /// ```
    pub fn message_octets(&mut self, binary_allowed: bool) -> Parsed<Octets<'a>> {
        let binary = binary_allowed && self.eat(b'~');
        self.need(b'{', "a literal")?;
        let size = self.number()?;
        self.eat(b'+');
        self.need(b'}', "the closing brace of the literal's size")?;
        if !self.eat_text("\r\n") {
            return self.expected("the end of the line after the literal's size");
        }
        if let Some(number) = self.staged_here() {
            return Ok(Octets::Staged { number, binary });
        }
        let start = self.offset();
        let Some(octets) = self.take(size as usize) else {
            return self.expected("as many octets as the literal announced");
        };
        match memchr::memchr(0, octets) {
            Some(nul) if !binary => Err(SyntaxError { offset: start + nul, expected: "an octet other than NUL" }),
            _ => Ok(Octets::Here(octets)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const ALL: Allowed = Allowed { binary: true, catenate: true, utf8: true };

    #[rstest]
    #[case(" {1}\r\nx", Data::Octets(Octets::Here(b"x")))]
    #[case(" (\\Seen) {1+}\r\nx", Data::Octets(Octets::Here(b"x")))]
    #[case(" (\\Seen) \"17-Jul-1996 02:44:25 -0700\" ~{2}\r\n\0x", Data::Octets(Octets::Here(b"\0x")))]
    #[case(
        " CATENATE (URL \"/a/;UID=1\" TEXT {1}\r\nx)",
        Data::Catenate(vec![Piece::Url(Cow::Borrowed(b"/a/;UID=1")), Piece::Text(Octets::Here(b"x"))])
    )]
    #[case(" (\\Seen) UTF8 (~{3}\r\n\u{e9}x)", Data::Octets(Octets::Here("\u{e9}x".as_bytes())))]
    #[case(
        " CATENATE (utf8 (~{2+}\r\n\u{e9}) TEXT {1}\r\nx)",
        Data::Catenate(vec![Piece::Text(Octets::Here("\u{e9}".as_bytes())), Piece::Text(Octets::Here(b"x"))])
    )]
    fn accepted(#[case] text: &str, #[case] data: Data<'_>) {
        let mut cursor = Cursor::new(text.as_bytes());
        assert_eq!(cursor.append_message(ALL).unwrap().data, data);
        cursor.end().unwrap();
    }

    #[rstest]
    #[case(" ~{2}\r\nab", 1)]
    #[case(" CATENATE (URL x)", 1)]
    #[case(" UTF8 (~{2}\r\nab)", 1)]
    fn unknown_without_its_extension(#[case] text: &str, #[case] offset: usize) {
        assert_eq!(Cursor::new(text.as_bytes()).append_message(Allowed::default()).unwrap_err().offset, offset);
    }

    #[rstest]
    #[case(" {2}\r\na\0", 7)]
    #[case(" CATENATE ()", 11)]
    #[case(" CATENATE (FILE x)", 11)]
    #[case(" CATENATE (URL x", 16)]
    #[case(" (\\Seen){1}\r\nx", 8)]
    #[case(" UTF8 ({1}\r\nx)", 7)]
    #[case(" UTF8 ~{1}\r\nx", 6)]
    #[case(" UTF8 (~{1}\r\nx", 14)]
    fn refused(#[case] text: &str, #[case] offset: usize) {
        assert_eq!(Cursor::new(text.as_bytes()).append_message(ALL).unwrap_err().offset, offset);
    }

    #[test]
    fn a_literal_that_is_not_in_place_is_known_by_its_offset() {
        let text = b" {100}\r\n CATENATE (TEXT ~{200}\r\n)";
        let staged = [8, 32];
        let mut cursor = Cursor::new(text).with_staged(&staged);
        let first = cursor.append_message(ALL).unwrap();
        assert_eq!(first.data, Data::Octets(Octets::Staged { number: 0, binary: false }));
        let second = cursor.append_message(ALL).unwrap();
        assert_eq!(second.data, Data::Catenate(vec![Piece::Text(Octets::Staged { number: 1, binary: true })]));
        // Where no message may stand, it is too long.
        let mut cursor = Cursor::new(b"{100}\r\n").with_staged(&[7]);
        assert_eq!(cursor.astring("a name").unwrap_err().offset, 7);
    }
}
