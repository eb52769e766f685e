//! SMTP replies (RFC 5321 §4.2): a code on every line, a hyphen behind it on every line but the last.

pub mod client;
pub mod usual;

use super::inbox::{Inbox, Next};
use super::{Fault, Framer, Limits, Parsed};

/// A whole SMTP reply of one or several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The reply code, `250`.
    pub code: u16,
    /// At least one.
    pub lines: Vec<Line>,
}

/// One line of a reply, without its code and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The enhanced status code at the start of the text (RFC 2034 §4).
    pub enhanced: Option<Enhanced>,
    /// Everything behind the code and its separator, the enhanced status code included.
    pub text: Vec<u8>,
}

/// An enhanced status code, `5.1.1` (RFC 3463 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enhanced {
    pub class: u16,
    pub subject: u16,
    pub detail: u16,
}

impl std::fmt::Display for Enhanced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl Line {
    fn new(text: &[u8]) -> Line {
        Line { enhanced: enhanced(text).map(|(code, _)| code), text: text.to_vec() }
    }

    /// The text behind the enhanced status code, or all of it when there is none.
    pub fn remark(&self) -> &[u8] {
        match enhanced(&self.text) {
            Some((_, rest)) => rest.strip_prefix(b" ").unwrap_or(rest),
            None => &self.text,
        }
    }
}

/// Reads `class "." subject "." detail` (RFC 3463 §2) in front of a space or the end of the line.
fn enhanced(text: &[u8]) -> Option<(Enhanced, &[u8])> {
    let word = text.split(|b| *b == b' ').next()?;
    let mut numbers = word.split(|b| *b == b'.');
    let class = numbers.next().filter(|n| matches!(n, [b'2' | b'4' | b'5'])).and_then(small_number)?;
    let subject = numbers.next().and_then(small_number)?;
    let detail = numbers.next().and_then(small_number)?;
    if numbers.next().is_some() {
        return None;
    }
    Some((Enhanced { class, subject, detail }, text.get(word.len()..).unwrap_or_default()))
}

/// One to three digits.
fn small_number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Frames SMTP replies.
#[derive(Debug)]
pub struct SmtpFramer {
    inbox: Inbox,
    limits: Limits,
    /// The lines of the reply in progress, and what was first found wrong with it.
    code: Option<u16>,
    lines: Vec<Line>,
    fault: Option<Fault>,
}

impl SmtpFramer {
    pub fn new(limits: Limits) -> SmtpFramer {
        SmtpFramer { inbox: Inbox::default(), limits, code: None, lines: Vec::new(), fault: None }
    }

    /// Reads one line into the reply in progress; true when the reply is complete.
    fn line(&mut self, line: &super::inbox::Line) -> bool {
        if let Some(fault) = line.fault() {
            self.note(fault);
        }
        let start = line.content.start;
        let content = self.inbox.slice(line.content.clone());
        let (separated, text) = match parse_line(content) {
            Ok((code, more, text)) => {
                let text = Line::new(text);
                self.lines.push(text);
                match self.code {
                    None => self.code = Some(code),
                    // RFC 5321 §4.2.1: the code is the same on every line of a reply.
                    Some(first) if first != code => self.note(Fault::new(
                        start,
                        format!("expected the reply code {first} of the first line on every line of the reply, found {code}"),
                    )),
                    Some(_) => {}
                }
                return !more;
            }
            Err(fault) => (fault, self.code.is_some()),
        };
        self.note(Fault::new(start + separated.at, separated.expected));
        // Inside a multi-line reply the reply goes on: its last line is still announced.
        !text
    }

    fn note(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    fn finish(&mut self) -> Result<Parsed, Fault> {
        let (code, lines, fault) = (self.code.take(), std::mem::take(&mut self.lines), self.fault.take());
        match (fault, code) {
            (Some(fault), _) => Err(fault),
            (None, Some(code)) => Ok(Parsed::Smtp(Reply { code, lines })),
            (None, None) => Err(Fault::new(0, "expected a reply code of three digits")),
        }
    }
}

/// `Reply-code ( "-" / SP ) textstring`, or the code alone, which receivers must be prepared for (RFC 5321 §4.2).
/// Gives the code, whether more lines follow, and the text.
fn parse_line(content: &[u8]) -> Result<(u16, bool, &[u8]), Fault> {
    let digits = content.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    let code = content
        .get(..3)
        .filter(|_| digits == 3)
        .and_then(small_number)
        .ok_or_else(|| Fault::new(digits, "expected a reply code of three digits"))?;
    // The second digit is left open: receivers are to handle codes they do not know by the first digit alone.
    if !(200..600).contains(&code) {
        return Err(Fault::new(0, "expected a reply code that begins with 2, 3, 4 or 5"));
    }
    match content.get(3) {
        None => Ok((code, false, &[])),
        Some(b' ') => Ok((code, false, content.get(4..).unwrap_or_default())),
        Some(b'-') => Ok((code, true, content.get(4..).unwrap_or_default())),
        Some(_) => Err(Fault::new(3, "expected a space or a hyphen after the reply code")),
    }
}

impl Framer for SmtpFramer {
    fn sent(&mut self, _line: &[u8], _body_expected: bool) {}

    fn push(&mut self, bytes: &[u8]) {
        self.inbox.push(bytes);
    }

    fn next(&mut self) -> Option<super::Reply> {
        loop {
            let read = self.inbox.read();
            match self.inbox.line(self.limits.line) {
                Next::Incomplete => return None,
                Next::TooLong => {
                    let expected = format!("expected a line of at most {} octets", self.limits.line);
                    return Some(self.inbox.take_last(self.limits.line).fatal(read, expected));
                }
                Next::Line(line) => {
                    if let Some(expected) = self.inbox.excess(&self.limits) {
                        return Some(self.inbox.take_last(0).fatal(read, expected));
                    }
                    if self.line(&line) {
                        let parsed = self.finish();
                        return Some(self.inbox.take().reply(parsed));
                    }
                }
            }
        }
    }

    fn pending(&self) -> &[u8] {
        self.inbox.pending()
    }

    fn secured(&mut self) -> Vec<u8> {
        (self.code, self.fault) = (None, None);
        self.lines.clear();
        self.inbox.clear()
    }
}
