//! A message as DATA carries it (RFC 5321 §4.5.2): lines that end with CRLF, a dot before a dot, and a dot for the end.

/// Makes one of any octets, piece by piece. A CR or LF alone becomes a line end: it must not be sent (RFC 5321 §2.3.8), and a
/// server that takes it for one would see another message than this server (SMTP smuggling).
pub(super) struct Stuffing {
    at_line_start: bool,
    /// A CR came, and what comes next decides.
    after_cr: bool,
    /// Dots are not doubled: for a fault.
    plain_dots: bool,
}

impl Stuffing {
    pub fn new(plain_dots: bool) -> Self {
        Self { at_line_start: true, after_cr: false, plain_dots }
    }

    /// Adds what a piece of the message becomes.
    pub fn push(&mut self, mut piece: &[u8], out: &mut Vec<u8>) {
        while let Some(&first) = piece.first() {
            if self.after_cr {
                self.after_cr = false;
                self.end_line(out);
                if first == b'\n' {
                    piece = piece.get(1..).unwrap_or_default();
                    continue;
                }
            }
            let length = memchr::memchr2(b'\r', b'\n', piece).unwrap_or(piece.len());
            let (text, rest) = piece.split_at(length);
            if !text.is_empty() {
                if self.at_line_start && first == b'.' && !self.plain_dots {
                    out.push(b'.');
                }
                out.extend_from_slice(text);
                self.at_line_start = false;
            }
            match rest.first() {
                Some(b'\r') => self.after_cr = true,
                Some(_) => self.end_line(out),
                None => {}
            }
            piece = rest.get(1..).unwrap_or_default();
        }
    }

    /// Adds the end: the dot stands on a line of its own, so a last line without an end gets one.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        if self.after_cr || !self.at_line_start {
            self.end_line(out);
        }
        out.extend_from_slice(b".\r\n");
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        self.at_line_start = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stuffed(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut out, mut stuffing) = (Vec::new(), Stuffing::new(false));
        pieces.iter().for_each(|piece| stuffing.push(piece, &mut out));
        stuffing.finish(&mut out);
        out
    }

    #[test]
    fn dots_are_doubled_and_lines_ended() {
        assert_eq!(stuffed(&[b"a\r\n.b\r\n..\r\n"]), b"a\r\n..b\r\n...\r\n.\r\n");
        assert_eq!(stuffed(&[b""]), b".\r\n");
        assert_eq!(stuffed(&[b"."]), b"..\r\n.\r\n");
        assert_eq!(stuffed(&[b"a\n.\rb\r\r\n"]), b"a\r\n..\r\nb\r\n\r\n.\r\n");
    }

    /// What a server makes of it (RFC 5321 §4.5.2).
    fn unstuffed(sent: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        for line in sent.split_inclusive(|&octet| octet == b'\n') {
            if line == b".\r\n" {
                return message;
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        panic!("the end is missing");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_however_it_is_cut(text in "(\\.|\r|\n|\r\n|a|\r\n\\.\r\n){0,30}", cut in any::<prop::sample::Index>()) {
            let (a, b) = text.as_bytes().split_at(cut.index(text.len() + 1));
            let sent = stuffed(&[a, b]);
            prop_assert_eq!(&sent, &stuffed(&[text.as_bytes()]));
            let mut expected = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
            if !expected.is_empty() && !expected.ends_with('\n') {
                expected.push_str("\r\n");
            }
            prop_assert_eq!(unstuffed(&sent), expected.as_bytes());
            prop_assert!(sent.ends_with(b".\r\n") && !String::from_utf8(sent).unwrap().replace("\r\n", "").contains(['\r', '\n']));
        }
    }
}
