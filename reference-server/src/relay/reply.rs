//! Replies as another server sends them (RFC 5321 §4.2): whole replies out of bytes, within limits.
//!
//! Whoever answers is not trusted: a reply that never ends, or that is none, ends the connection and not this server.

use crate::queue::{Diagnosis, Remote};

/// The most octets of a line; RFC 5321 §4.5.3.1.5 has 512, and long texts are common.
const LINE: usize = 4096;
/// The most octets of a whole reply; the longest of honest ones is that to EHLO.
const REPLY: usize = 64 * 1024;

/// A reply: its code, and its text line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    /// Without code and line ends; what cannot be printed is replaced.
    pub lines: Vec<String>,
}

/// What no reply of SMTP looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("its reply has a line of more than {LINE} octets")]
    LongLine,
    #[error("its reply has more than {REPLY} octets")]
    LongReply,
    #[error("its reply does not begin with a reply code")]
    Code,
    #[error("the lines of its reply have different codes")]
    Codes,
    #[error("its reply has a CR or LF that ends no line")]
    LineEnd,
}

/// Makes replies of bytes, however they are cut.
#[derive(Default)]
pub struct Framer {
    read: Vec<u8>,
    /// The reply of which the last line has not come.
    begun: Option<Reply>,
    octets: usize,
}

impl Framer {
    /// Takes what was received.
    pub fn push(&mut self, bytes: &[u8]) {
        self.read.extend_from_slice(bytes);
    }

    /// Whether there are octets that no reply has used.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.begun.is_none()
    }

    /// The next whole reply. `Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP [ textstring ] ] CRLF`
    pub fn reply(&mut self) -> Result<Option<Reply>, Malformed> {
        while let Some(end) = memchr::memchr(b'\n', &self.read) {
            let line: Vec<u8> = self.read.drain(..=end).collect();
            self.octets += line.len();
            if line.len() > LINE {
                return Err(Malformed::LongLine);
            }
            if self.octets > REPLY {
                return Err(Malformed::LongReply);
            }
            if let Some(reply) = self.line(&line)? {
                self.octets = 0;
                return Ok(Some(reply));
            }
        }
        if self.read.len() > LINE { Err(Malformed::LongLine) } else { Ok(None) }
    }

    /// Adds a line; gives the reply if it is the last.
    fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, Malformed> {
        let line = line.strip_suffix(b"\r\n").filter(|line| !line.contains(&b'\r')).ok_or(Malformed::LineEnd)?;
        let code = code(line).ok_or(Malformed::Code)?;
        let (last, text) = match line.get(3..) {
            None | Some([]) => (true, &[][..]),
            Some([b' ', text @ ..]) => (true, text),
            Some([b'-', text @ ..]) => (false, text),
            Some(_) => return Err(Malformed::Code),
        };
        let mut reply = self.begun.take().unwrap_or(Reply { code, lines: Vec::new() });
        if reply.code != code {
            // RFC 5321 §4.2.1: the code on each of the lines MUST be the same.
            return Err(Malformed::Codes);
        }
        reply.lines.push(printable(text));
        if last {
            return Ok(Some(reply));
        }
        self.begun = Some(reply);
        Ok(None)
    }
}

/// `Reply-code = %x32-35 %x30-35 %x30-39`; the second digit may be any, as codes that nobody knows are to be understood by
/// their first digit (RFC 5321 §4.2).
fn code(line: &[u8]) -> Option<u16> {
    match line {
        [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] => {
            Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => None,
    }
}

fn printable(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

impl Reply {
    /// Positive: 2yz, or 3yz where an intermediate reply is due (RFC 5321 §4.2.1: the first digit is what counts).
    pub fn is(&self, class: u16) -> bool {
        self.code / 100 == class
    }

    /// Code and text in one line, as a notification shows it (RFC 3464 §2.3.6).
    pub fn shown(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" ")).trim_end().to_owned()
    }

    /// The enhanced status code at the start of the text (RFC 2034 §4), if it is of the class of the code.
    pub fn enhanced(&self) -> Option<&str> {
        let (word, _) = self.lines.first()?.split_once(' ').unwrap_or((self.lines.first()?, ""));
        let mut numbers = word.split('.');
        let class: u16 = numbers.next()?.parse().ok()?;
        let digits = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
        let whole = digits(numbers.next()?) && digits(numbers.next()?) && numbers.next().is_none();
        (whole && class == self.code / 100 && matches!(class, 2 | 4 | 5)).then_some(word)
    }

    /// The reply of `host` as the reason why mail was not delivered. `status` stands where the reply has no enhanced
    /// status code of its own: three numbers, of which the first is made that of the reply's class.
    pub fn diagnosis(&self, host: &str, subject: &str) -> Diagnosis {
        let status = match self.enhanced() {
            Some(status) => status.to_owned(),
            None => format!("{}.{subject}", if self.is(5) { 5 } else { 4 }),
        };
        Diagnosis {
            status,
            reason: format!("{host} answered {}", self.shown()),
            remote: Some(Remote { host: host.to_owned(), reply: self.shown() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(bytes: &[u8]) -> Result<Vec<(u16, String)>, Malformed> {
        let mut framer = Framer::default();
        framer.push(bytes);
        let mut replies = Vec::new();
        while let Some(reply) = framer.reply()? {
            replies.push((reply.code, reply.lines.join("|")));
        }
        assert!(framer.is_empty());
        Ok(replies)
    }

    #[test]
    fn replies_have_one_line_or_several() {
        assert_eq!(framed(b"250 ok\r\n"), Ok(vec![(250, "ok".into())]));
        assert_eq!(framed(b"250\r\n250 \r\n"), Ok(vec![(250, String::new()), (250, String::new())]));
        assert_eq!(framed(b"250-a\r\n250-\r\n250 c\r\n354 d\r\n"), Ok(vec![(250, "a||c".into()), (354, "d".into())]));
        assert_eq!(framed(b"220 caf\xc3\xa9 \x1b[1m\r\n"), Ok(vec![(220, "café ?[1m".into())]));
    }

    #[test]
    fn what_is_no_reply_is_told_apart() {
        assert_eq!(framed(b"250 ok\n"), Err(Malformed::LineEnd));
        assert_eq!(framed(b"250 o\rk\r\n"), Err(Malformed::LineEnd));
        assert_eq!(framed(b"25 ok\r\n"), Err(Malformed::Code));
        assert_eq!(framed(b"250ok\r\n"), Err(Malformed::Code));
        assert_eq!(framed(b"150 ok\r\n"), Err(Malformed::Code));
        assert_eq!(framed(b"\r\n"), Err(Malformed::Code));
        assert_eq!(framed(b"250-a\r\n550 b\r\n"), Err(Malformed::Codes));
        assert_eq!(framed(&[b'2'; LINE + 1]), Err(Malformed::LongLine));
        assert_eq!(framed(&b"250-0123456789\r\n".repeat(5000)), Err(Malformed::LongReply));
    }

    #[test]
    fn enhanced_codes_are_believed_if_they_fit_the_code() {
        let enhanced = |code, text: &str| Reply { code, lines: vec![text.to_owned()] }.enhanced().map(str::to_owned);
        assert_eq!(enhanced(550, "5.1.1 no such user"), Some("5.1.1".into()));
        assert_eq!(enhanced(550, "5.1.1"), Some("5.1.1".into()));
        assert_eq!(enhanced(450, "5.1.1 x"), None);
        assert_eq!(enhanced(550, "5.1 x"), None);
        assert_eq!(enhanced(550, "5.1.1.1 x"), None);
        assert_eq!(enhanced(550, "no such user"), None);
    }

    proptest! {
        #[test]
        fn bytes_may_be_cut_anywhere(
            codes in prop::collection::vec((200u16..600, "[ -~]{0,20}", 0usize..3), 1..5),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut text = String::new();
            for (code, line, more) in &codes {
                text += &format!("{code}-{line}\r\n").repeat(*more);
                text += &format!("{code} {line}\r\n");
            }
            let (bytes, at) = (text.as_bytes(), cut.index(text.len() + 1));
            let whole = framed(bytes).unwrap();
            let mut framer = Framer::default();
            let mut replies = Vec::new();
            for piece in [&bytes[..at], &bytes[at..]] {
                framer.push(piece);
                while let Some(reply) = framer.reply().unwrap() {
                    replies.push((reply.code, reply.lines.join("|")));
                }
            }
            prop_assert_eq!(replies, whole);
        }

        #[test]
        fn any_bytes_are_met(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut framer = Framer::default();
            framer.push(&bytes);
            while let Ok(Some(reply)) = framer.reply() {
                prop_assert!(reply.shown().chars().all(|c| !c.is_control()));
                prop_assert!((200..=599).contains(&reply.code));
            }
        }
    }
}
