//! Replies: RFC 5321 §4.2, with the enhanced status codes of RFC 3463 as RFC 2034 places them.

use crate::faults::{Fault, Faults};

/// RFC 5321 §4.5.3.1.5: a reply line with its code and CRLF.
const LINE: usize = 512;

/// One reply, of one or more lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    code: u16,
    /// Missing in the greeting, in replies to EHLO and HELO, and in 3yz replies (RFC 2034 §4).
    status: Option<&'static str>,
    lines: Vec<String>,
}

impl Reply {
    /// `250 2.1.0 text`. The class of the status is the first digit of the code (RFC 2034 §4).
    pub fn new(code: u16, status: &'static str, text: impl Into<String>) -> Self {
        debug_assert_eq!(u16::from(status.as_bytes().first().copied().unwrap_or_default() - b'0'), code / 100);
        Self { code, status: Some(status), lines: vec![text.into()] }
    }

    /// `354 text`: a reply that has no enhanced status code.
    pub fn bare(code: u16, text: impl Into<String>) -> Self {
        Self { code, status: None, lines: vec![text.into()] }
    }

    /// Adds a line.
    pub fn line(mut self, text: impl Into<String>) -> Self {
        self.lines.push(text.into());
        self
    }

    /// Whether the command did what it was asked for.
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// Takes the enhanced status code away.
    pub fn without_status(mut self) -> Self {
        self.status = None;
        self
    }

    /// Writes the lines, the code and a hyphen before all but the last (RFC 5321 §4.2.1).
    pub fn write(&self, faults: Faults, out: &mut Vec<u8>) {
        let status = self.status.filter(|_| !faults.on(Fault::SmtpNoEnhancedCodes));
        for (index, text) in self.lines.iter().enumerate() {
            let last = index + 1 == self.lines.len();
            let multi = self.lines.len() > 1;
            let separator = if last && !(multi && faults.on(Fault::SmtpWrongMultiline)) { ' ' } else { '-' };
            let mut line = format!("{}{separator}", self.code);
            if let Some(status) = status {
                line.push_str(status);
                line.push(' ');
            }
            // Echoed arguments are printable ASCII already, so a character is an octet.
            line.extend(text.chars().filter(|c| matches!(c, ' '..='~')));
            line.truncate(LINE - 2);
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reply: Reply, written: &str) {
        let mut out = Vec::new();
        reply.write(Faults::NONE, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), written);
    }

    #[test]
    fn every_line_has_the_code() {
        check(Reply::new(250, "2.0.0", "ok"), "250 2.0.0 ok\r\n");
        check(Reply::bare(334, ""), "334 \r\n");
        check(Reply::bare(250, "host").line("PIPELINING").line("HELP"), "250-host\r\n250-PIPELINING\r\n250 HELP\r\n");
        check(Reply::new(214, "2.0.0", "a").line("b"), "214-2.0.0 a\r\n214 2.0.0 b\r\n");
    }

    #[test]
    fn a_line_is_never_too_long_or_broken() {
        check(Reply::new(550, "5.1.1", "x".repeat(600)), &format!("550 5.1.1 {}\r\n", "x".repeat(500)));
        check(Reply::new(550, "5.1.1", "a\r\n250 b\u{e9}"), "550 5.1.1 a250 b\r\n");
    }
}
