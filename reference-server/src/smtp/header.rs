//! What a server looks for in the header section of every message it takes.

/// RFC 5321 §6.3: a message with more `Received:` fields than this goes round in circles; at least 100 are normal.
const HOPS: usize = 100;

/// What the header section of a message tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HeaderSection {
    received: usize,
    /// Octets above 127 in it (RFC 6532).
    pub eight_bit: EightBit,
    /// `TLS-Required: No` (RFC 8689 §3).
    pub tls_optional: bool,
    /// Whether an empty line, or one that is no field, ended it.
    pub ends: bool,
}

/// What octets above 127 are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum EightBit {
    /// There are none.
    #[default]
    None,
    Utf8,
    /// Of some character set nobody was told of.
    Unknown,
}

impl HeaderSection {
    /// Reads the fields up to the empty line, or to the first line that is none.
    pub fn of(message: &[u8]) -> Self {
        let mut section = Self::default();
        let mut at = 0;
        while let Some(rest) = message.get(at..).filter(|rest| !rest.is_empty()) {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let line = rest.get(..end).unwrap_or_default();
            if !matches!(line.first(), Some(b' ' | b'\t')) {
                let Some(colon) = memchr::memchr(b':', line) else {
                    section.ends = true;
                    break;
                };
                let (name, value) = line.split_at(colon);
                let name = name.trim_ascii_end();
                if name.eq_ignore_ascii_case(b"Received") {
                    section.received += 1;
                } else if name.eq_ignore_ascii_case(b"TLS-Required") {
                    let value = value.get(1..).unwrap_or_default();
                    section.tls_optional |= value.trim_ascii().eq_ignore_ascii_case(b"No");
                }
            }
            at += end;
        }
        let header = message.get(..at).unwrap_or_default();
        if !header.is_ascii() {
            section.eight_bit = if std::str::from_utf8(header).is_ok() { EightBit::Utf8 } else { EightBit::Unknown };
        }
        section
    }

    /// Whether the message was here, or anywhere, too often.
    pub fn loops(&self) -> bool {
        self.received > HOPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_header_section_counts() {
        let section = HeaderSection::of(b"Received: a\r\n b\r\nFROM : x\r\nreceived: c\r\n\r\nReceived: \xe4\r\n");
        assert_eq!(section, HeaderSection { received: 2, ends: true, ..HeaderSection::default() });
        let none = HeaderSection { ends: true, ..HeaderSection::default() };
        assert_eq!(HeaderSection::of(b"no field\r\nReceived: x\r\n"), none);
        assert_eq!(HeaderSection::of(b"Subject: x\r\n"), HeaderSection::default());
        assert!(!HeaderSection::of("Received: x\r\n".repeat(100).as_bytes()).loops());
        assert!(HeaderSection::of("Received: x\r\n".repeat(101).as_bytes()).loops());
    }

    #[test]
    fn what_the_next_hop_must_know_is_seen() {
        assert_eq!(HeaderSection::of("Subject: \u{fc}\r\n\r\nx".as_bytes()).eight_bit, EightBit::Utf8);
        assert_eq!(HeaderSection::of(b"Subject: \xfc\r\n\r\nx").eight_bit, EightBit::Unknown);
        assert_eq!(HeaderSection::of("Subject: x\r\n\r\n\u{fc}".as_bytes()).eight_bit, EightBit::None);
        assert!(HeaderSection::of(b"tls-required: no\r\n\r\n").tls_optional);
        assert!(!HeaderSection::of(b"TLS-Required: Yes\r\n\r\n").tls_optional);
    }
}
