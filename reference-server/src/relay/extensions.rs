//! What another server announced in its reply to EHLO (RFC 5321 §4.1.1.1).

use super::reply::Reply;
use crate::faults::{Fault, Faults};

/// The extensions a client makes use of. A server that knows HELO only has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    pub pipelining: bool,
    /// `SIZE`, and the most octets of a message if it has such a number; 0 is none (RFC 1870 §4).
    pub size: Option<Option<u64>>,
    pub eight_bit_mime: bool,
    pub binary_mime: bool,
    pub chunking: bool,
    pub smtputf8: bool,
    pub dsn: bool,
    pub starttls: bool,
    pub require_tls: bool,
    /// `DELIVERBY`, and the least seconds it takes if it has such a number; 0 is none (RFC 2852 §2).
    pub deliver_by: Option<i64>,
    pub mt_priority: bool,
    pub limits: Limits,
}

/// What `LIMITS` says (RFC 9422 §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    /// Transactions of one session.
    pub mail: Option<usize>,
    /// Recipients of one transaction.
    pub rcpt: Option<usize>,
    /// Domains among the recipients of one transaction.
    pub domains: Option<usize>,
}

impl Extensions {
    /// Reads the lines after the first; keywords may be in any case (RFC 5321 §2.4).
    pub fn read(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            let Some(keyword) = words.next() else { continue };
            match keyword.to_ascii_uppercase().as_str() {
                "PIPELINING" => extensions.pipelining = true,
                "SIZE" => extensions.size = Some(words.next().and_then(|word| word.parse().ok()).filter(|&most| most > 0)),
                "8BITMIME" => extensions.eight_bit_mime = true,
                "BINARYMIME" => extensions.binary_mime = true,
                "CHUNKING" => extensions.chunking = true,
                "SMTPUTF8" => extensions.smtputf8 = true,
                "DSN" => extensions.dsn = true,
                "STARTTLS" => extensions.starttls = true,
                "REQUIRETLS" => extensions.require_tls = true,
                "DELIVERBY" => extensions.deliver_by = Some(words.next().and_then(|word| word.parse().ok()).unwrap_or(0)),
                "MT-PRIORITY" => extensions.mt_priority = true,
                "LIMITS" => extensions.limits = Limits::read(words),
                _ => {}
            }
        }
        // RFC 3030 §3: BINARYMIME needs CHUNKING.
        extensions.binary_mime &= extensions.chunking;
        // RFC 6531 §3.1: SMTPUTF8 includes 8BITMIME; a server that forgets it cannot be believed.
        extensions.smtputf8 &= extensions.eight_bit_mime;
        extensions
    }

    /// The same, as a client with these faults takes it.
    pub fn misread(mut self, faults: Faults) -> Self {
        self.chunking |= faults.on(Fault::SmtpClientChunksUntold);
        self.dsn &= !faults.on(Fault::SmtpClientForgetsDsn);
        self.mt_priority |= faults.on(Fault::SmtpClientPriorityUntold);
        self.mt_priority &= !faults.on(Fault::SmtpClientForgetsPriority);
        if faults.on(Fault::SmtpClientIgnoresLimits) {
            self.limits = Limits::default();
        }
        self
    }
}

impl Limits {
    fn read<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut limits = Self::default();
        for word in words {
            let Some((name, value)) = word.split_once('=') else { continue };
            // RFC 9422 §4: the value is at least 1; what is no number says nothing.
            let value = value.parse().ok().filter(|&most: &usize| most > 0);
            match name.to_ascii_uppercase().as_str() {
                "MAILMAX" => limits.mail = value,
                "RCPTMAX" => limits.rcpt = value,
                "RCPTDOMAINMAX" => limits.domains = value,
                _ => {}
            }
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Extensions {
        Extensions::read(&Reply { code: 250, lines: lines.split('|').map(str::to_owned).collect() })
    }

    #[test]
    fn keywords_are_read_in_any_case() {
        let extensions = read("PIPELINING|pipelining|Size 1000|8bitmime|SMTPUTF8|X-OTHER a b||LIMITS RCPTMAX=2 mailmax=x");
        assert!(extensions.pipelining && extensions.eight_bit_mime && extensions.smtputf8);
        assert_eq!(extensions.size, Some(Some(1000)));
        assert_eq!(extensions.limits, Limits { rcpt: Some(2), ..Limits::default() });
        assert_eq!(read("PIPELINING"), Extensions::default(), "the first line is the greeting");
    }

    #[test]
    fn what_cannot_be_is_not_believed() {
        assert!(!read("x|BINARYMIME").binary_mime);
        assert!(!read("x|SMTPUTF8").smtputf8);
        assert_eq!(read("x|SIZE 0").size, Some(None));
        assert_eq!(read("x|SIZE many").size, Some(None));
        assert_eq!(read("x|DELIVERBY").deliver_by, Some(0));
    }
}
