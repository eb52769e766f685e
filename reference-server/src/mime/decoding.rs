//! Content-Transfer-Encodings undone as octets come, in any pieces (RFC 2045 §6).

/// Undoes one transfer encoding. What is malformed is read as far as it makes sense.
#[derive(Clone, Debug)]
pub enum Decoder {
    /// `7bit`, `8bit` and `binary` are no encodings.
    Identity,
    Base64(Base64),
    QuotedPrintable(QuotedPrintable),
}

/// Digits that make no whole group of four yet.
#[derive(Clone, Debug, Default)]
pub struct Base64 {
    bits: u32,
    digits: u32,
    /// "the occurrence of any "=" characters may be taken as evidence that the end of the data has been reached"
    /// (RFC 2045 §6.8).
    ended: bool,
}

/// The line that is not whole yet.
#[derive(Clone, Debug, Default)]
pub struct QuotedPrintable {
    line: Vec<u8>,
}

/// The most octets of a line that are kept until it ends: RFC 2045 §6.7 allows 76.
const LONGEST_LINE: usize = 16 * 1024;

impl Decoder {
    /// The decoder for a Content-Transfer-Encoding; `None` if the encoding is not known.
    pub fn of(encoding: &[u8]) -> Option<Decoder> {
        let is = |name: &str| encoding.eq_ignore_ascii_case(name.as_bytes());
        if is("base64") {
            Some(Decoder::Base64(Base64::default()))
        } else if is("quoted-printable") {
            Some(Decoder::QuotedPrintable(QuotedPrintable::default()))
        } else {
            (is("7bit") || is("8bit") || is("binary")).then_some(Decoder::Identity)
        }
    }

    /// Takes more octets and gives what they decode to.
    pub fn push(&mut self, octets: &[u8], decoded: &mut Vec<u8>) {
        match self {
            Decoder::Identity => decoded.extend_from_slice(octets),
            Decoder::Base64(base64) => octets.iter().for_each(|octet| base64.digit(*octet, decoded)),
            Decoder::QuotedPrintable(quoted) => quoted.push(octets, decoded),
        }
    }

    /// All octets were given: what is left is decoded.
    pub fn finish(self, decoded: &mut Vec<u8>) {
        match self {
            Decoder::Identity => {}
            Decoder::Base64(base64) => base64.finish(decoded),
            Decoder::QuotedPrintable(quoted) => undo_line(&quoted.line, decoded),
        }
    }

    /// Decodes octets that are all there.
    pub fn decode(mut self, octets: &[u8]) -> Vec<u8> {
        let mut decoded = Vec::with_capacity(octets.len());
        self.push(octets, &mut decoded);
        self.finish(&mut decoded);
        decoded
    }
}

impl Base64 {
    /// Octets outside the alphabet do not count (RFC 2045 §6.8).
    fn digit(&mut self, octet: u8, decoded: &mut Vec<u8>) {
        let value = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                // One "=" in front of anything is damage, not an end.
                self.ended |= self.digits >= 2;
                return;
            }
            _ => return,
        };
        if self.ended {
            return;
        }
        self.bits = self.bits << 6 | u32::from(value);
        self.digits += 1;
        if self.digits == 4 {
            let [_, octets @ ..] = self.bits.to_be_bytes();
            decoded.extend_from_slice(&octets);
            (self.bits, self.digits) = (0, 0);
        }
    }

    /// Two digits are one octet and three are two; a single one is nothing.
    fn finish(self, decoded: &mut Vec<u8>) {
        let bits = self.bits << (6 * (4 - self.digits.min(4)));
        let [_, octets @ ..] = bits.to_be_bytes();
        let whole = self.digits.saturating_sub(1) as usize;
        decoded.extend_from_slice(octets.get(..whole).unwrap_or_default());
    }
}

impl QuotedPrintable {
    fn push(&mut self, octets: &[u8], decoded: &mut Vec<u8>) {
        for piece in octets.split_inclusive(|octet| *octet == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                undo_line(&self.line, decoded);
                self.line.clear();
            } else if self.line.len() > LONGEST_LINE {
                // No line of this encoding is so long. White space and `=` at its end may still mean something.
                let kept = self.line.len() - 3;
                let kept = self.line.get(..kept).unwrap_or_default().trim_ascii_end().len();
                let kept = if kept == 0 { LONGEST_LINE } else { kept };
                let rest = self.line.split_off(kept.min(self.line.len()));
                undo_escapes(&self.line, decoded);
                self.line = rest;
            }
        }
    }
}

/// RFC 2045 §6.7: white space at the end of a line was added on the way, `=` there joins it with the next, and every line
/// ends with CRLF.
fn undo_line(line: &[u8], decoded: &mut Vec<u8>) {
    let content = line.trim_ascii_end();
    match content.strip_suffix(b"=") {
        Some(soft) => undo_escapes(soft, decoded),
        None => {
            undo_escapes(content, decoded);
            if line.ends_with(b"\n") {
                decoded.extend_from_slice(b"\r\n");
            }
        }
    }
}

/// `=` and two hexadecimal digits are one octet; `=` without them stays as it is.
pub(super) fn undo_escapes(text: &[u8], decoded: &mut Vec<u8>) {
    let digit = |octet: Option<&u8>| octet.and_then(|&octet| char::from(octet).to_digit(16));
    let mut at = 0;
    while let Some(&octet) = text.get(at) {
        match (octet, digit(text.get(at + 1)), digit(text.get(at + 2))) {
            (b'=', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(octet);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("base64", b"aGFs\r\nbG8=", b"hallo")]
    #[case("BASE64", b"aGFs\xff bG8!x=y", b"hallo1")]
    #[case("base64", b"aGFsb", b"hal")]
    #[case("base64", b"aGFsbA", b"hall")]
    #[case("base64", b"aGFsbA==aGFsbA==", b"hall")]
    #[case("base64", b"", b"")]
    #[case("quoted-printable", b"a=3D=\r\nb \r\n=zz=4", b"a=b\r\n=zz=4")]
    #[case("Quoted-Printable", b"a=\nb\nc=  \r\nd", b"ab\r\ncd")]
    #[case("7bit", b"a=3D\0", b"a=3D\0")]
    fn decoded(#[case] encoding: &str, #[case] octets: &[u8], #[case] expected: &[u8]) {
        assert_eq!(Decoder::of(encoding.as_bytes()).unwrap().decode(octets), expected);
    }

    #[test]
    fn what_is_not_known_is_said_so() {
        assert!(Decoder::of(b"x-uuencode").is_none() && Decoder::of(b"").is_none());
    }

    #[test]
    fn a_line_that_never_ends_is_not_kept() {
        let mut decoder = Decoder::of(b"quoted-printable").unwrap();
        let mut decoded = Vec::new();
        for _ in 0..10_000 {
            decoder.push(b"=41bcdefghi  ", &mut decoded);
        }
        assert!(matches!(&decoder, Decoder::QuotedPrintable(quoted) if quoted.line.len() < 2 * LONGEST_LINE));
        decoder.finish(&mut decoded);
        let all = b"Abcdefghi  ".repeat(10_000);
        assert_eq!(decoded, all.trim_ascii_end());
    }

    proptest! {
        #[test]
        fn pieces_change_nothing(
            text in "[A-Za-z0-9+/= \\n\\r]{0,200}", size in 1usize..9, encoding in prop_oneof![Just("base64"), Just("quoted-printable")],
        ) {
            let mut decoder = Decoder::of(encoding.as_bytes()).unwrap();
            let mut decoded = Vec::new();
            text.as_bytes().chunks(size).for_each(|piece| decoder.push(piece, &mut decoded));
            decoder.finish(&mut decoded);
            prop_assert_eq!(decoded, Decoder::of(encoding.as_bytes()).unwrap().decode(text.as_bytes()));
        }

        #[test]
        fn base64_comes_back(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            use base64::Engine;
            let text = base64::engine::general_purpose::STANDARD.encode(&octets);
            prop_assert_eq!(Decoder::of(b"base64").unwrap().decode(text.as_bytes()), octets);
        }
    }
}
