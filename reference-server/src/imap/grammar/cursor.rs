//! A place in a complete command, and the smallest steps forward from it.

use crate::extensions::{Extension, Without};
use std::fmt;

/// Where a command stopped following the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Octets from the start of the command.
    pub offset: usize,
    /// What the grammar allows there, in words that follow "expected".
    pub expected: &'static str,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Expected {} at octet {}", self.expected, self.offset)
    }
}

impl std::error::Error for SyntaxError {}

/// The result of every parser.
pub type Parsed<T> = Result<T, SyntaxError>;

/// Reads a command from left to right.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    without: Without,
    /// Where literals would stand that were not kept in memory.
    staged: &'a [usize],
    /// Quoted strings may hold UTF-8.
    utf8: bool,
}

impl<'a> Cursor<'a> {
    /// Starts at the first octet of a command, which has its literals in place and no CRLF at its end.
    pub fn new(bytes: &'a [u8]) -> Self {
        Cursor::of_server(bytes, Without::NOTHING)
    }

    /// The same on a server that does without some extensions: what they add to the grammar is no syntax there.
    pub fn of_server(bytes: &'a [u8], without: Without) -> Self {
        Cursor { bytes, at: 0, without, staged: &[], utf8: false }
    }

    /// The same for a command some of whose literals are not in place: these are the offsets at which they would begin.
    pub fn with_staged(self, staged: &'a [usize]) -> Self {
        Cursor { staged, ..self }
    }

    /// Which of the literals that are not in place would begin here.
    pub fn staged_here(&self) -> Option<usize> {
        self.staged.iter().position(|offset| *offset == self.at)
    }

    /// The same for a client that may write UTF-8 in quoted strings (RFC 9051 §4.3).
    pub fn with_utf8(self, utf8: bool) -> Self {
        Cursor { utf8, ..self }
    }

    /// Whether the grammar is that of a server without this extension.
    pub fn lacks(&self, extension: Extension) -> bool {
        self.without.lacks(extension)
    }

    /// Whether quoted strings may hold UTF-8.
    pub fn takes_utf8(&self) -> bool {
        self.utf8
    }

    /// Octets read so far.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// An error here.
    pub fn expected<T>(&self, expected: &'static str) -> Parsed<T> {
        Err(SyntaxError { offset: self.at, expected })
    }

    /// The next octet, without reading it.
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// What was read from this offset on.
    pub fn since(&self, offset: usize) -> &'a [u8] {
        self.bytes.get(offset..self.at).unwrap_or_default()
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Reads this octet if it is next.
    pub fn eat(&mut self, octet: u8) -> bool {
        let found = self.peek() == Some(octet);
        self.at += usize::from(found);
        found
    }

    /// Reads this octet, or fails with what it would have been.
    pub fn need(&mut self, octet: u8, expected: &'static str) -> Parsed<()> {
        if self.eat(octet) { Ok(()) } else { self.expected(expected) }
    }

    /// Exactly one space: "it is NOT permitted to substitute TAB, insert additional spaces" (RFC 3501 §9).
    pub fn space(&mut self) -> Parsed<()> {
        self.need(b' ', "one space")
    }

    /// The end of the command.
    pub fn end(&self) -> Parsed<()> {
        if self.rest().is_empty() { Ok(()) } else { self.expected("the end of the command") }
    }

    /// Octets while they are of the class.
    pub fn take_while(&mut self, class: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|octet| !class(*octet)).unwrap_or(rest.len());
        let (taken, _) = rest.split_at(length);
        self.at += length;
        taken
    }

    /// This many octets, or `None` if there are fewer.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.rest().get(..length)?;
        self.at += length;
        Some(taken)
    }

    /// Reads this text if it is next, letters of either case.
    pub fn eat_text(&mut self, text: &str) -> bool {
        let found = self.rest().get(..text.len()).is_some_and(|next| next.eq_ignore_ascii_case(text.as_bytes()));
        if found {
            self.at += text.len();
        }
        found
    }

    /// Reads this word if it is next and ends there: what follows is no character of an atom.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let start = self.at;
        if self.eat_text(word) && !self.peek().is_some_and(super::string::is_atom_char) {
            return true;
        }
        self.at = start;
        false
    }

    /// `number = 1*DIGIT ; Unsigned 32-bit integer`
    pub fn number(&mut self) -> Parsed<u32> {
        let start = self.at;
        let digits = self.take_while(|octet| octet.is_ascii_digit());
        let value = digits.iter().try_fold(0u32, |value, digit| value.checked_mul(10)?.checked_add(u32::from(digit - b'0')));
        match value {
            Some(value) if !digits.is_empty() => Ok(value),
            _ => Err(SyntaxError { offset: start, expected: "a number of 32 bits" }),
        }
    }

    /// `number64 = 1*DIGIT ; Unsigned 63-bit integer` (RFC 9051 §9)
    pub fn number64(&mut self) -> Parsed<u64> {
        let start = self.at;
        let digits = self.take_while(|octet| octet.is_ascii_digit());
        let value = digits.iter().try_fold(0i64, |value, digit| value.checked_mul(10)?.checked_add(i64::from(digit - b'0')));
        match value {
            Some(value) if !digits.is_empty() => Ok(value.unsigned_abs()),
            _ => Err(SyntaxError { offset: start, expected: "a number of 63 bits" }),
        }
    }

    /// How many octets, or which one: a `number64` where there is IMAP4rev2 (RFC 9051 Appendix E), else a `number`.
    pub fn octets(&mut self) -> Parsed<u64> {
        match self.lacks(Extension::ImapRev2) {
            true => self.number().map(u64::from),
            false => self.number64(),
        }
    }

    /// `nz-number = digit-nz *DIGIT ; Non-zero unsigned 32-bit integer`
    pub fn nz_number(&mut self) -> Parsed<u32> {
        match self.peek() {
            Some(b'1'..=b'9') => self.number(),
            _ => self.expected("a number of 32 bits that is not zero and has no leading zero"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("0", Ok(0))]
    #[case("007", Ok(7))]
    #[case("4294967295", Ok(4294967295))]
    #[case("4294967296", Err(0))]
    #[case("99999999999999999999", Err(0))]
    #[case("", Err(0))]
    #[case("-1", Err(0))]
    fn numbers(#[case] text: &str, #[case] expected: Result<u32, usize>) {
        assert_eq!(Cursor::new(text.as_bytes()).number().map_err(|error| error.offset), expected);
    }

    #[rstest]
    #[case("BODY", "BODY", true)]
    #[case("body", "BODY", true)]
    #[case("BODYSTRUCTURE", "BODY", false)]
    #[case("BODY)", "BODY", true)]
    #[case("BOD", "BODY", false)]
    fn words(#[case] text: &str, #[case] word: &str, #[case] expected: bool) {
        let mut cursor = Cursor::new(text.as_bytes());
        assert_eq!(cursor.eat_word(word), expected);
        assert_eq!(cursor.offset(), if expected { word.len() } else { 0 });
    }

    #[test]
    fn an_error_says_where_and_what() {
        let mut cursor = Cursor::new(b"a1  NOOP");
        cursor.take(3);
        let error = cursor.expected::<()>("the name of a command").unwrap_err();
        assert_eq!(error.to_string(), "Expected the name of a command at octet 3");
    }
}
