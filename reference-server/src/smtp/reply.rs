//! Replies: RFC 5321 §4.2, with the enhanced status codes of RFC 3463 as RFC 2034 places them.

use crate::extensions::Extension;
use crate::faults::Fault;
use crate::site::Site;

/// RFC 5321 §4.5.3.1.5: a reply line with its code and CRLF.
const LINE: usize = 512;

/// One reply, of one or more lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    code: u16,
    /// Missing in the greeting, in replies to EHLO and HELO, and in 3yz replies (RFC 2034 §4).
    status: Option<&'static str>,
    lines: Vec<String>,
    /// Whether the client said that it reads UTF-8 in this reply (RFC 6531 §3.7.4).
    utf8: bool,
}

impl Reply {
    /// `250 2.1.0 text`. The class of the status is the first digit of the code (RFC 2034 §4).
    pub fn new(code: u16, status: &'static str, text: impl Into<String>) -> Self {
        debug_assert_eq!(u16::from(status.as_bytes().first().copied().unwrap_or_default() - b'0'), code / 100);
        Self { code, status: Some(status), lines: vec![text.into()], utf8: false }
    }

    /// `354 text`: a reply that has no enhanced status code.
    pub fn bare(code: u16, text: impl Into<String>) -> Self {
        Self { code, status: None, lines: vec![text.into()], utf8: false }
    }

    /// Nothing: the reply is given later, when what belongs to the command has come.
    pub fn later() -> Self {
        Self { code: 250, status: None, lines: Vec::new(), utf8: false }
    }

    /// Adds a line.
    pub fn line(mut self, text: impl Into<String>) -> Self {
        self.lines.push(text.into());
        self
    }

    /// Lets UTF-8 stand in the text.
    pub fn in_utf8(mut self) -> Self {
        self.utf8 = true;
        self
    }

    /// Whether the command did what it was asked for.
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// Whether the command was wrong, and will be wrong again.
    pub fn is_permanent(&self) -> bool {
        self.code >= 500
    }

    /// Takes the enhanced status code away.
    pub fn without_status(mut self) -> Self {
        self.status = None;
        self
    }

    /// Code and enhanced status code.
    #[cfg(test)]
    pub fn codes(&self) -> (u16, &'static str) {
        (self.code, self.status.unwrap_or_default())
    }

    /// Writes the lines, the code and a hyphen before all but the last (RFC 5321 §4.2.1).
    pub fn write(&self, site: &Site, out: &mut Vec<u8>) {
        let without = site.without.lacks(Extension::SmtpEnhancedStatusCodes) || site.faults.on(Fault::SmtpNoEnhancedCodes);
        let status = self.status.filter(|_| !without);
        for (index, text) in self.lines.iter().enumerate() {
            let last = index + 1 == self.lines.len();
            let multi = self.lines.len() > 1;
            let hyphen = !last || (multi && site.faults.on(Fault::SmtpWrongMultiline));
            let start = out.len();
            out.extend_from_slice(self.code.to_string().as_bytes());
            out.push(if hyphen { b'-' } else { b' ' });
            if let Some(status) = status {
                out.extend_from_slice(status.as_bytes());
                out.push(b' ');
            }
            // What clients said stands in texts too: neither a line end nor UTF-8 may get out that way.
            let allowed = |octet: &u8| matches!(octet, b' '..=b'~') || self.utf8 && *octet >= 0x80;
            if text.as_bytes().iter().all(allowed) {
                out.extend_from_slice(text.as_bytes());
            } else {
                out.extend(text.bytes().filter(allowed));
            }
            out.truncate(start + LINE - 2);
            out.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[track_caller]
    fn check(reply: Reply, written: &str) {
        let mut out = Vec::new();
        reply.write(&Site::new(&Config::default()).unwrap(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), written);
    }

    #[test]
    fn every_line_has_the_code() {
        check(Reply::new(250, "2.0.0", "ok"), "250 2.0.0 ok\r\n");
        check(Reply::bare(334, ""), "334 \r\n");
        check(Reply::bare(250, "host").line("PIPELINING").line("HELP"), "250-host\r\n250-PIPELINING\r\n250 HELP\r\n");
        check(Reply::new(214, "2.0.0", "a").line("b"), "214-2.0.0 a\r\n214 2.0.0 b\r\n");
        check(Reply::later(), "");
    }

    #[test]
    fn a_line_is_never_too_long_or_broken() {
        check(Reply::new(550, "5.1.1", "x".repeat(600)), &format!("550 5.1.1 {}\r\n", "x".repeat(500)));
        check(Reply::new(550, "5.1.1", "a\r\n250 b\u{e9}"), "550 5.1.1 a250 b\r\n");
        check(Reply::new(250, "2.1.5", "a\r\nb\u{e9}").in_utf8(), "250 2.1.5 ab\u{e9}\r\n");
    }
}
