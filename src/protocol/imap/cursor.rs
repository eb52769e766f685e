//! A place in the octets of a response; every error names the octet it stands at and what should be there.

use crate::protocol::Fault;

pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0 }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub fn peek_at(&self, distance: usize) -> Option<u8> {
        self.rest().get(distance).copied()
    }

    /// Goes on by at most `octets` and gives them.
    pub fn advance(&mut self, octets: usize) -> &'a [u8] {
        let rest = self.rest();
        let passed = rest.get(..octets).unwrap_or(rest);
        self.at += passed.len();
        passed
    }

    pub fn eat(&mut self, octet: u8) -> bool {
        let there = self.peek() == Some(octet);
        self.at += usize::from(there);
        there
    }

    pub fn require(&mut self, octet: u8, expected: &str) -> Result<(), Fault> {
        if self.eat(octet) { Ok(()) } else { Err(self.expected(expected)) }
    }

    pub fn space(&mut self) -> Result<(), Fault> {
        self.require(b' ', "a space")
    }

    /// The octets up to one that does not satisfy `belongs`; none is fine.
    pub fn run(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.rest().iter().take_while(|octet| belongs(**octet)).count();
        self.advance(length)
    }

    /// Digits whose value fits 63 bits (`number64`, RFC 9051 §9).
    pub fn number(&mut self, expected: &str) -> Result<u64, Fault> {
        let start = self.at;
        let digits = self.run(|octet| octet.is_ascii_digit());
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        number.filter(|n| *n <= i64::MAX as u64).ok_or_else(|| {
            self.at = start;
            self.expected(expected)
        })
    }

    /// `expected a space, found "x"`
    pub fn expected(&self, what: impl std::fmt::Display) -> Fault {
        let found = match self.peek() {
            None => "the end of the response".to_owned(),
            Some(b'\r') if self.rest() == b"\r\n" => "the end of the line".to_owned(),
            Some(b' ') => "a space".to_owned(),
            Some(octet) if octet.is_ascii_graphic() => format!("`{}`", octet as char),
            Some(octet) => format!("the octet 0x{octet:02x}"),
        };
        Fault::new(self.at, format!("expected {what}, found {found}"))
    }
}
