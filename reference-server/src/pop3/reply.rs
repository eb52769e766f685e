//! Writing responses: a status line, and for multi-line ones the lines after it (RFC 1939 §3).

use crate::faults::{Fault, Faults};

/// Where a command writes its response.
pub(super) struct Reply<'a> {
    out: &'a mut Vec<u8>,
    faults: Faults,
}

impl<'a> Reply<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, faults: Faults) -> Reply<'a> {
        Reply { out, faults }
    }

    /// `+OK text`. What follows, if it is a multi-line response, ends with [`Reply::end`].
    pub(super) fn ok(&mut self, text: &str) {
        self.status("+OK", text);
    }

    /// `-ERR text`. A text that begins with `[` begins with a response code (RFC 2449 §8).
    pub(super) fn error(&mut self, text: &str) {
        self.status("-ERR", text);
    }

    /// `+ ` and a challenge in base64, which may be empty (RFC 5034 §4).
    pub(super) fn challenge(&mut self, base64: &str) {
        self.out.extend_from_slice(format!("+ {base64}\r\n").as_bytes());
    }

    /// One line of a multi-line response, given without its CRLF.
    pub(super) fn line(&mut self, line: &[u8]) {
        // RFC 1939 §3: a line that begins with the termination octet gets another one before it.
        if line.first() == Some(&b'.') && !self.faults.on(Fault::Pop3NoDotStuffing) {
            self.out.push(b'.');
        }
        self.out.extend_from_slice(line);
        self.out.extend_from_slice(b"\r\n");
    }

    /// The line that ends a multi-line response.
    pub(super) fn end(&mut self) {
        self.out.extend_from_slice(b".\r\n");
    }

    fn status(&mut self, indicator: &str, text: &str) {
        let indicator =
            if self.faults.on(Fault::Pop3LowerCaseStatus) { indicator.to_ascii_lowercase() } else { indicator.to_owned() };
        let space = if text.is_empty() { "" } else { " " };
        self.out.extend_from_slice(format!("{indicator}{space}{text}\r\n").as_bytes());
    }
}
