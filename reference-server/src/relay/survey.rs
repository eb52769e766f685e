//! What a message is made of, whatever its envelope says: one look at all its octets decides how it may travel.

/// RFC 5321 §4.5.3.1.6: 1000 octets with the line end.
const LINE: usize = 998;

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Octets above 127, in the header section of the message and behind it.
    pub eight_bit_header: bool,
    pub eight_bit_body: bool,
    /// A line of the body is longer than a line may be.
    pub long_line: bool,
    /// A CR or an LF stands alone, or there is a NUL: no line of text has them (RFC 2045 §2.7, §2.8).
    pub binary: bool,
    in_body: bool,
    line: usize,
    last: u8,
}

impl Survey {
    /// Looks at the next piece.
    pub fn look(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(end);
            self.look_at_line(line);
            rest = after;
        }
    }

    /// A line, or the part of one that is in this piece.
    fn look_at_line(&mut self, part: &[u8]) {
        if !part.is_ascii() {
            if self.in_body {
                self.eight_bit_body = true;
            } else {
                self.eight_bit_header = true;
            }
        }
        let ends = part.last() == Some(&b'\n');
        let text = if ends { part.get(..part.len() - 1).unwrap_or_default() } else { part };
        let before_end = text.last().copied().unwrap_or(self.last);
        // A CR at the end of a piece is judged by the next one.
        let alone = |at: usize| at + 1 < text.len();
        self.binary |= memchr::memchr(0, part).is_some()
            || memchr::memchr_iter(b'\r', text).any(alone)
            || (self.last == b'\r' && !text.is_empty())
            || (ends && before_end != b'\r');
        self.line += text.len();
        if ends {
            let length = self.line.saturating_sub(1);
            self.long_line |= self.in_body && length > LINE;
            // The empty line between header section and body (RFC 5322 §2.1).
            self.in_body |= length == 0;
            self.line = 0;
        } else {
            self.long_line |= self.in_body && self.line > LINE + 1;
        }
        self.last = part.last().copied().unwrap_or(self.last);
    }

    /// Whether every octet is US-ASCII.
    pub fn is_seven_bit(&self) -> bool {
        !self.eight_bit_header && !self.eight_bit_body
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn surveyed(text: &[u8]) -> Survey {
        let mut survey = Survey::default();
        survey.look(text);
        Survey { in_body: false, line: 0, last: 0, ..survey }
    }

    #[test]
    fn each_kind_of_message_is_known() {
        let plain = Survey::default();
        assert_eq!(surveyed(b"Subject: x\r\n\r\ntext\r\n"), plain);
        assert_eq!(surveyed(b""), plain);
        assert_eq!(surveyed("Subject: é\r\n\r\ntext\r\n".as_bytes()), Survey { eight_bit_header: true, ..plain });
        assert_eq!(surveyed("Subject: x\r\n\r\né\r\n".as_bytes()), Survey { eight_bit_body: true, ..plain });
        for text in [&b"\r\na\nb"[..], b"\r\na\rb", b"\r\na\0b", b"\r\na\r\r\n", b"\n"] {
            assert_eq!(surveyed(text), Survey { binary: true, ..plain }, "{text:?}");
        }
        let lines = |length| format!("Subject: x\r\n\r\n{}\r\n", "x".repeat(length));
        assert_eq!(surveyed(lines(998).as_bytes()), plain);
        assert_eq!(surveyed(lines(999).as_bytes()), Survey { long_line: true, ..plain });
    }

    proptest! {
        #[test]
        fn pieces_may_be_cut_anywhere(text in "(\r|\n|\r\n|a|é|\0){0,20}", cut in any::<prop::sample::Index>()) {
            let (a, b) = text.as_bytes().split_at(cut.index(text.len() + 1));
            let mut survey = Survey::default();
            survey.look(a);
            survey.look(b);
            prop_assert_eq!(Survey { in_body: false, line: 0, last: 0, ..survey }, surveyed(text.as_bytes()));
        }
    }
}
