//! Atoms, quoted strings and literals.

use super::cursor::{Cursor, Parsed, SyntaxError};
use std::borrow::Cow;

/// ```abnf
/// ATOM-CHAR       = <any CHAR except atom-specials>
/// atom-specials   = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
/// list-wildcards  = "%" / "*"
/// quoted-specials = DQUOTE / "\"
/// resp-specials   = "]"
/// ```
pub fn is_atom_char(octet: u8) -> bool {
    octet.is_ascii_graphic() && !matches!(octet, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// `ASTRING-CHAR = ATOM-CHAR / resp-specials`
pub fn is_astring_char(octet: u8) -> bool {
    is_atom_char(octet) || octet == b']'
}

/// `tag = 1*<any ASTRING-CHAR except "+">`
pub fn is_tag_char(octet: u8) -> bool {
    is_astring_char(octet) && octet != b'+'
}

impl<'a> Cursor<'a> {
    /// `atom = 1*ATOM-CHAR`
    pub fn atom(&mut self, expected: &'static str) -> Parsed<&'a [u8]> {
        match self.take_while(is_atom_char) {
            [] => self.expected(expected),
            atom => Ok(atom),
        }
    }

    /// `astring = 1*ASTRING-CHAR / string`
    pub fn astring(&mut self, expected: &'static str) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(expected),
            Some(octet) if is_astring_char(octet) => Ok(Cow::Borrowed(self.take_while(is_astring_char))),
            _ => self.expected(expected),
        }
    }

    /// `string = quoted / literal`
    pub fn string(&mut self, expected: &'static str) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"') => self.quoted().map(Cow::Owned),
            Some(b'{') => self.literal().map(Cow::Borrowed),
            _ => self.expected(expected),
        }
    }

    /// `nstring = string / nil`
    pub fn nstring(&mut self, expected: &'static str) -> Parsed<Option<Cow<'a, [u8]>>> {
        if self.eat_word("NIL") { Ok(None) } else { self.string(expected).map(Some) }
    }

    /// ```abnf
    /// quoted      = DQUOTE *QUOTED-CHAR DQUOTE
    /// QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials
    /// TEXT-CHAR   = <any CHAR except CR and LF>
    /// ```
    /// CHAR is 7-bit: eight-bit octets need a literal (RFC 3501 §4.3), unless the client speaks UTF-8:
    /// `QUOTED-CHAR =/ UTF8-2 / UTF8-3 / UTF8-4` (RFC 9051 §9).
    pub fn quoted(&mut self) -> Parsed<Vec<u8>> {
        let start = self.offset();
        let utf8 = self.takes_utf8();
        self.need(b'"', "a quoted string")?;
        let mut value = Vec::new();
        loop {
            value.extend_from_slice(
                self.take_while(|octet| (utf8 || octet.is_ascii()) && !matches!(octet, b'"' | b'\\' | b'\r' | b'\n' | 0)),
            );
            if self.eat(b'"') {
                return match std::str::from_utf8(&value) {
                    Ok(_) => Ok(value),
                    Err(_) => Err(SyntaxError { offset: start, expected: "a quoted string in valid UTF-8" }),
                };
            }
            self.need(b'\\', "a 7-bit character or the closing quote of the string")?;
            match self.peek() {
                Some(special @ (b'"' | b'\\')) => {
                    self.eat(special);
                    value.push(special);
                }
                _ => return self.expected("a quote or a backslash after the backslash"),
            }
        }
    }

    /// ```abnf
    /// literal = "{" number ["+"] "}" CRLF *CHAR8     ; RFC 7888 §8
    /// CHAR8   = %x01-ff
    /// ```
    pub fn literal(&mut self) -> Parsed<&'a [u8]> {
        self.need(b'{', "a literal")?;
        let size = self.number()?;
        self.eat(b'+');
        self.need(b'}', "the closing brace of the literal's size")?;
        if !self.eat_text("\r\n") {
            return self.expected("the end of the line after the literal's size");
        }
        if self.staged_here().is_some() {
            return self.expected("a literal that is no message, and shorter");
        }
        let start = self.offset();
        let Some(octets) = self.take(size as usize) else {
            return self.expected("as many octets as the literal announced");
        };
        match memchr::memchr(0, octets) {
            Some(nul) => Err(SyntaxError { offset: start + nul, expected: "an octet other than NUL" }),
            None => Ok(octets),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(b"inbox", Ok("inbox"))]
    #[case(b"a]b", Ok("a]b"))]
    #[case(b"NIL", Ok("NIL"))]
    #[case(b"\"\"", Ok(""))]
    #[case(b"\"a b\"", Ok("a b"))]
    #[case(b"\"a\\\"b\\\\\"", Ok("a\"b\\"))]
    #[case(b"\"a\tb\"", Ok("a\tb"))]
    #[case(b"{3}\r\na\r\n", Ok("a\r\n"))]
    #[case(b"{3+}\r\n\"{ ", Ok("\"{ "))]
    #[case(b"{0}\r\n", Ok(""))]
    #[case(b"", Err(0))]
    #[case(b"(", Err(0))]
    #[case(b"\"a", Err(2))]
    #[case(b"\"a\\b\"", Err(3))]
    #[case(b"\"\xc3\xa9\"", Err(1))]
    #[case(b"{3}\r\nab", Err(5))]
    #[case(b"{3}\r\na\0b", Err(6))]
    #[case(b"{x}\r\n", Err(1))]
    fn astrings(#[case] bytes: &[u8], #[case] expected: Result<&str, usize>) {
        let parsed = Cursor::new(bytes).astring("a string");
        let parsed = parsed.map(|value| String::from_utf8_lossy(&value).into_owned());
        assert_eq!(parsed.map_err(|error| error.offset), expected.map(str::to_owned));
    }

    #[rstest]
    #[case(b"NIL", None)]
    #[case(b"nil", None)]
    #[case(b"\"NIL\"", Some("NIL"))]
    fn nil_is_no_string(#[case] bytes: &[u8], #[case] expected: Option<&str>) {
        let parsed = Cursor::new(bytes).nstring("a string").unwrap();
        assert_eq!(parsed.as_deref(), expected.map(str::as_bytes));
    }
}
