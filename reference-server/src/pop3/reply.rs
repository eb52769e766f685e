//! Writing responses: a status line, and for multi-line ones the lines after it (RFC 1939 §3).

use super::language::Language;
use super::text::Text;
use crate::extensions::{Extension, Without};
use crate::faults::{Fault, Faults};

/// Where a command writes its response.
pub(super) struct Reply<'a> {
    out: &'a mut Vec<u8>,
    faults: Faults,
    without: Without,
    language: Language,
}

/// Why something failed, for programs (RFC 2449 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// The credentials are the problem (RFC 3206 §5).
    Auth,
    /// RFC 2449 §8.1.2: the login is right, and the maildrop in use.
    InUse,
    /// RFC 2449 §8.1.1: the login is right, and comes too soon.
    LoginDelay,
    /// RFC 3206 §4: nothing is wrong with the credentials, and it may go away by itself.
    SysTemp,
    /// RFC 3206 §4: it does not go away by itself.
    SysPerm,
    /// RFC 6856 §5: the message needs a client that said UTF8.
    Utf8,
}

impl<'a> Reply<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, faults: Faults, without: Without, language: Language) -> Reply<'a> {
        Reply { out, faults, without, language }
    }

    /// `+OK text`. What follows, if it is a multi-line response, ends with [`Reply::end`].
    pub(super) fn ok(&mut self, text: Text) {
        let text = text.in_language(self.language);
        self.status("+OK", &text);
    }

    /// `+OK` and what is for programs: it has no language.
    pub(super) fn data(&mut self, data: &str) {
        self.status("+OK", data);
    }

    /// `-ERR text`.
    pub(super) fn error(&mut self, text: Text) {
        let text = text.in_language(self.language);
        self.status("-ERR", &text);
    }

    /// `-ERR [code] text`.
    pub(super) fn refuse(&mut self, code: Code, text: Text) {
        let (name, extension) = match code {
            Code::Auth => ("AUTH", Extension::Pop3AuthRespCode),
            Code::InUse => ("IN-USE", Extension::Pop3RespCodes),
            Code::LoginDelay => ("LOGIN-DELAY", Extension::Pop3RespCodes),
            Code::SysTemp => ("SYS/TEMP", Extension::Pop3RespCodes),
            Code::SysPerm => ("SYS/PERM", Extension::Pop3RespCodes),
            Code::Utf8 => ("UTF8", Extension::Pop3RespCodes),
        };
        let unsaid = code == Code::Auth && self.faults.on(Fault::Pop3NoAuthCode);
        if self.without.lacks(extension) || unsaid {
            return self.error(text);
        }
        let text = text.in_language(self.language);
        self.status("-ERR", &format!("[{name}] {text}"));
    }

    /// Goes on in another language: `+OK tag text` (RFC 6856 §3.2).
    pub(super) fn speak(&mut self, language: Language, tag: &str) {
        self.language = language;
        let text = Text::LanguageChosen.in_language(language);
        self.status("+OK", &format!("{tag} {text}"));
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
