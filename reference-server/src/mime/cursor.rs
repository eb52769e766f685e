//! Reading structured header values: words, quoted strings, comments (RFC 5322 §3.2, RFC 2045 §5.1).

/// A place in an unfolded header value.
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    /// The text of the comment that was skipped last.
    pub(super) comment: Option<Vec<u8>>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(value: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: value, comment: None }
    }

    /// Skips white space and comments; gives the octet that comes then, without taking it.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.rest.first()? {
                b' ' | b'\t' | b'\r' | b'\n' => self.advance(),
                b'(' => self.skip_comment(),
                octet => return Some(octet),
            }
        }
    }

    /// Takes this octet if it comes next.
    pub(super) fn eat(&mut self, octet: u8) -> bool {
        let eaten = self.peek() == Some(octet);
        if eaten {
            self.advance();
        }
        eaten
    }

    /// Takes one octet, whatever it is.
    pub(super) fn advance(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// Takes a quoted string or a run of octets that are neither white space nor `stops`; None if neither comes.
    pub(super) fn word(&mut self, stops: &[u8]) -> Option<Vec<u8>> {
        if self.peek()? == b'"' {
            return Some(self.quoted());
        }
        let ends = |octet: &u8| octet.is_ascii_whitespace() || *octet == b'"' || stops.contains(octet);
        let length = self.rest.iter().position(ends).unwrap_or(self.rest.len());
        if length == 0 {
            return None;
        }
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(word.to_vec())
    }

    /// Takes everything up to one of `stops`, white space around it left out.
    pub(super) fn until(&mut self, stops: &[u8]) -> Vec<u8> {
        let length = self.rest.iter().position(|octet| stops.contains(octet)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken.trim_ascii().to_vec()
    }

    /// Whether white space comes right here, before [`Cursor::peek`] skips it.
    pub(super) fn at_space(&self) -> bool {
        self.rest.first().is_some_and(|octet| octet.is_ascii_whitespace() || *octet == b'(')
    }

    /// Takes a quoted string, undoing its quoted pairs. One that is never closed ends with the value.
    fn quoted(&mut self) -> Vec<u8> {
        self.advance();
        let mut text = Vec::new();
        while let Some(&octet) = self.rest.first() {
            self.advance();
            match octet {
                b'"' => break,
                b'\\' => {
                    text.extend(self.rest.first());
                    self.advance();
                }
                _ => text.push(octet),
            }
        }
        text
    }

    /// Comments nest; a counter does instead of recursion, so that a million parentheses cost nothing.
    fn skip_comment(&mut self) {
        let (mut depth, mut text) = (0_usize, Vec::new());
        while let Some(&octet) = self.rest.first() {
            self.advance();
            match octet {
                b'(' if depth == 0 => depth = 1,
                b')' if depth == 1 => break,
                b'\\' => {
                    text.extend(self.rest.first());
                    self.advance();
                }
                _ => {
                    match octet {
                        b'(' => depth += 1,
                        b')' => depth -= 1,
                        _ => {}
                    }
                    text.push(octet);
                }
            }
        }
        self.comment = Some(text);
    }
}
