//! What a message is made of, whatever its envelope says: one look at all its octets decides how it may travel.

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Octets above 127, in the header section of the message and behind it.
    pub eight_bit_header: bool,
    pub eight_bit_body: bool,
    /// A CR or an LF stands alone, or there is a NUL: no line of text has them (RFC 2045 §2.7, §2.8).
    pub binary: bool,
    in_body: bool,
    /// Octets of the line so far.
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
        let ended = part.strip_suffix(b"\n");
        let text = ended.unwrap_or(part);
        let before_end = text.last().copied().unwrap_or(self.last);
        // A CR at the end of a piece is judged by what comes next.
        self.binary |= memchr::memchr(0, part).is_some()
            || memchr::memchr_iter(b'\r', text).any(|at| at + 1 < text.len())
            || (self.last == b'\r' && !text.is_empty())
            || (ended.is_some() && before_end != b'\r');
        self.line += text.len();
        if ended.is_some() {
            // The empty line between header section and body (RFC 5322 §2.1).
            self.in_body |= self.line <= 1;
            self.line = 0;
        }
        self.last = part.last().copied().unwrap_or(self.last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn surveyed(pieces: &[&[u8]]) -> (bool, bool, bool) {
        let mut survey = Survey::default();
        pieces.iter().for_each(|piece| survey.look(piece));
        (survey.eight_bit_header, survey.eight_bit_body, survey.binary)
    }

    #[test]
    fn each_kind_of_message_is_known() {
        let check = |text: &[u8], expected| assert_eq!(surveyed(&[text]), expected, "{text:?}");
        check(b"Subject: x\r\n\r\ntext\r\n", (false, false, false));
        check(b"", (false, false, false));
        check("Subject: é\r\n\r\ntext\r\n".as_bytes(), (true, false, false));
        check("Subject: x\r\n\r\né\r\n".as_bytes(), (false, true, false));
        for text in [&b"\r\na\nb"[..], b"\r\na\rb", b"\r\na\0b", b"\r\na\r\r\n", b"\n"] {
            check(text, (false, false, true));
        }
    }

    proptest! {
        #[test]
        fn pieces_may_be_cut_anywhere(text in "(\r|\n|\r\n|a|é|\0){0,20}", cut in any::<prop::sample::Index>()) {
            let (a, b) = text.as_bytes().split_at(cut.index(text.len() + 1));
            prop_assert_eq!(surveyed(&[a, b]), surveyed(&[text.as_bytes()]));
        }
    }
}
