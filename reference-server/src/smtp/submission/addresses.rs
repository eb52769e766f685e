//! The address lists of a header field, read strictly: what a submitted message may say (RFC 5322 §3.4, without §4.4, but
//! with the dots in display names that everyone writes).

/// An address of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AddrSpec {
    /// Without quotes.
    pub local: String,
    /// As it is written; missing where there is no `@`.
    pub domain: Option<String>,
    /// Where its local part ends in the value.
    pub end: usize,
}

/// `[address-list]` with groups (RFC 6854 allows them everywhere). The error is the offset of what does not fit.
pub(super) fn addresses(value: &[u8]) -> Result<Vec<AddrSpec>, usize> {
    let mut reader = Reader { value, at: 0, list: Vec::new() };
    reader.space()?;
    if reader.peek().is_none() {
        return Ok(Vec::new());
    }
    loop {
        reader.address(false)?;
        match reader.peek() {
            None => return Ok(reader.list),
            Some(b',') => reader.advance()?,
            Some(_) => return Err(reader.at),
        }
    }
}

struct Reader<'v> {
    value: &'v [u8],
    at: usize,
    list: Vec<AddrSpec>,
}

/// A run of atoms, dots and quoted strings.
struct Words {
    text: Vec<u8>,
    end: usize,
    /// Whether they can be a local part: dots between the words and nothing else.
    joined: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.value.get(self.at).copied()
    }

    /// Goes behind an octet and the space after it.
    fn advance(&mut self) -> Result<(), usize> {
        self.at += 1;
        self.space()
    }

    fn require(&mut self, octet: u8) -> Result<(), usize> {
        if self.peek() == Some(octet) { self.advance() } else { Err(self.at) }
    }

    /// `[CFWS]`
    fn space(&mut self) -> Result<(), usize> {
        let mut depth = 0_usize;
        while let Some(octet) = self.peek() {
            match octet {
                b' ' | b'\t' | b'\r' | b'\n' => {}
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b'\\' if depth > 0 => self.at += 1,
                _ if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
        if depth == 0 { Ok(()) } else { Err(self.at.min(self.value.len())) }
    }

    /// `address = mailbox / group`
    fn address(&mut self, in_group: bool) -> Result<(), usize> {
        let start = self.at;
        let words = self.words()?;
        match self.peek() {
            Some(b'<') => {
                self.advance()?;
                let words = self.words()?;
                let spec = self.addr_spec(words, start)?;
                self.list.push(spec);
                self.require(b'>')
            }
            Some(b':') if !in_group && words.is_some() => self.group(),
            _ => {
                let spec = self.addr_spec(words, start)?;
                self.list.push(spec);
                Ok(())
            }
        }
    }

    /// `group = display-name ":" [group-list] ";" [CFWS]`, from its colon on.
    fn group(&mut self) -> Result<(), usize> {
        self.advance()?;
        if self.peek() != Some(b';') {
            self.address(true)?;
            while self.peek() == Some(b',') {
                self.advance()?;
                self.address(true)?;
            }
        }
        self.require(b';')
    }

    /// `addr-spec = local-part "@" domain`, its words read already; or the local part alone.
    fn addr_spec(&mut self, words: Option<Words>, start: usize) -> Result<AddrSpec, usize> {
        let Some(words) = words.filter(|words| words.joined) else { return Err(start) };
        let local = String::from_utf8(words.text).map_err(|_| start)?;
        if self.peek() != Some(b'@') {
            return Ok(AddrSpec { local, domain: None, end: words.end });
        }
        self.advance()?;
        let from = self.at;
        if self.peek() == Some(b'[') {
            let rest = self.value.get(from..).unwrap_or_default();
            self.at += memchr::memchr(b']', rest).ok_or(from)? + 1;
        } else {
            while self.peek().is_some_and(|octet| is_atext(octet) || octet == b'.') {
                self.at += 1;
            }
        }
        let domain = std::str::from_utf8(self.value.get(from..self.at).unwrap_or_default()).map_err(|_| from)?.to_owned();
        if domain.is_empty() || domain.split('.').any(str::is_empty) && !domain.starts_with('[') {
            return Err(from);
        }
        self.space()?;
        Ok(AddrSpec { local, domain: Some(domain), end: words.end })
    }

    /// `*( atom / quoted-string / "." )`
    fn words(&mut self) -> Result<Option<Words>, usize> {
        let mut words = Words { text: Vec::new(), end: self.at, joined: true };
        let (mut some, mut dot) = (false, true);
        while let Some(octet) = self.peek() {
            match octet {
                b'.' => {
                    words.joined &= !dot && words.end == self.at;
                    dot = true;
                    words.text.push(b'.');
                    self.at += 1;
                }
                _ => {
                    let from = self.at;
                    if octet == b'"' {
                        self.quoted(&mut words.text)?;
                    } else {
                        while self.peek().is_some_and(is_atext) {
                            self.at += 1;
                        }
                        words.text.extend_from_slice(self.value.get(from..self.at).unwrap_or_default());
                    }
                    if self.at == from {
                        break;
                    }
                    words.joined &= dot && (!some || words.end == from);
                    dot = false;
                }
            }
            some = true;
            words.end = self.at;
            self.space()?;
        }
        words.joined &= !dot;
        Ok(some.then_some(words))
    }

    /// `quoted-string`, without its quotes and backslashes.
    fn quoted(&mut self, text: &mut Vec<u8>) -> Result<(), usize> {
        let open = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    text.push(*self.value.get(self.at + 1).ok_or(open)?);
                    self.at += 2;
                    continue;
                }
                // Folding inside a quoted string is not part of it (RFC 5322 §3.2.4).
                Some(b'\r' | b'\n') => {}
                Some(octet) => text.push(octet),
                None => return Err(open),
            }
            self.at += 1;
        }
        self.at += 1;
        Ok(())
    }
}

/// `atext` of RFC 5322 §3.2.3 with RFC 6532 §3.2.
fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet >= 0x80 || b"!#$%&'*+-/=?^_`{|}~".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Result<Vec<String>, usize> {
        let shown = |spec: AddrSpec| format!("{}|{}", spec.local, spec.domain.unwrap_or_default());
        addresses(value.as_bytes()).map(|list| list.into_iter().map(shown).collect())
    }

    #[track_caller]
    fn check(value: &str, expected: &[&str]) {
        assert_eq!(shown(value), Ok(expected.iter().map(|text| (*text).to_owned()).collect()), "{value}");
    }

    #[test]
    fn mailboxes_and_groups_are_read() {
        check(" alice@example.org\r\n", &["alice|example.org"]);
        check("Alice A. <alice@example.org>, \"B, C\" <b.c@x.org>", &["alice|example.org", "b.c|x.org"]);
        check("=?utf-8?Q?J=C3=B6rg?= <\"j \\\"x\"@[192.0.2.1]>", &["j \"x|[192.0.2.1]"]);
        check("alice (the (first) one)\r\n\t@example.org (home)", &["alice|example.org"]);
        check("Team: a@x.org, B <b@x.org>;, c@x.org", &["a|x.org", "b|x.org", "c|x.org"]);
        check("Undisclosed recipients:;", &[]);
        check("", &[]);
        check(" (nobody)", &[]);
        check("bob, Alice <alice>", &["bob|", "alice|"]);
        check("j\u{f6}rg@b\u{fc}cher.example", &["j\u{f6}rg|b\u{fc}cher.example"]);
        assert_eq!(addresses(b"A <bob >").map(|list| list[0].end), Ok(6));
    }

    #[test]
    fn what_does_not_fit_is_pointed_at() {
        for (wrong, at) in [
            ("a@", 2),
            ("a b", 0),
            ("a..b@x.org", 0),
            (".a@x.org", 0),
            ("a@x..org", 2),
            ("a@x.org b", 8),
            ("a@x.org,", 8),
            (",", 0),
            ("<>", 0),
            ("A <a@x.org", 10),
            ("<@r.org:a@x.org>", 0),
            ("\"a@x.org", 0),
            ("a@x.org (open", 13),
            ("g: a@x.org", 10),
            ("g: h: a@x.org;;", 4),
            ("a@[x", 2),
        ] {
            assert_eq!(shown(wrong), Err(at), "{wrong}");
        }
    }
}
