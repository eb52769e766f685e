//! Who said which bytes when. One entry is a whole reply or a whole write, so that a transcript does not depend on how
//! the network cut the bytes.

use std::time::Duration;

use crate::suite::{ConnectionName, Party};

/// What was said on all connections of a case, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    pub entries: Vec<Entry>,
}

/// One write, one reply, or one event of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Since the case started.
    pub at: Duration,
    pub connection: ConnectionName,
    pub tls: bool,
    /// Part of bringing the connection to its start state or of `setup:`; not judged.
    pub preparing: bool,
    /// Of the attempt at which an `eventually` held: what a server tells of the moment depends on when that was.
    pub repeated: bool,
    /// Who we speak to. What a client says stands behind `C:`, so the server under test may be either.
    pub party: Party,
    pub what: What,
}

/// What an [`Entry`] records.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Bytes we sent. Secrets are masked by the engine before they come here.
    Sent(Vec<u8>),
    /// One reply of the server, or one command or message of a client, whole, with its line ends.
    Received(Vec<u8>),
    /// Connected, TLS established, closed by the server, reset, and the like.
    Event(String),
}

/// Bytes as printable text: control bytes, bytes over 0x7e and the backslash become `\r`, `\n`, `\t`, `\\` or `\xHH`; valid UTF-8 stays.
pub fn visible(bytes: &[u8]) -> String {
    escaped(bytes, |_| true)
}

/// The same, with a backslash doubled only where it could be read as the start of an escape: IMAP's flags stay what they are.
fn legible(bytes: &[u8]) -> String {
    escaped(bytes, |next| matches!(next, Some('r' | 'n' | 't' | 'x' | '\\' | ' ') | None))
}

/// `doubled` says whether a backslash is, by the character behind it.
fn escaped(bytes: &[u8], doubled: impl Fn(Option<char>) -> bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut characters = chunk.valid().chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '\r' => out.push_str("\\r"),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                // What is no printable character will be an escape, too.
                '\\' if doubled(characters.peek().copied().filter(|next| !next.is_control())) => out.push_str("\\\\"),
                c if c.is_control() || c == '\u{2028}' || c == '\u{2029}' || ('\u{fffe}'..='\u{ffff}').contains(&c) => {
                    let mut buffer = [0; 4];
                    for byte in c.encode_utf8(&mut buffer).bytes() {
                        out.push_str(&format!("\\x{byte:02x}"));
                    }
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

/// Bytes as lines of the suite's notation: CRLF is implied; a bare CR or LF stays visible as `\r` or `\n` (a bare LF also ends the
/// line); a last line without any line end closes with a lone `\`, and a blank before the line end shows as `\x20`.
pub fn lines(bytes: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let (content, end) = match line {
            [content @ .., b'\r', b'\n'] => (content, ""),
            [content @ .., b'\n'] => (content, "\\n"),
            content => (content, "\\"),
        };
        let text = legible(content);
        out.push(match text.strip_suffix(' ') {
            Some(before) => format!("{before}\\x20{end}"),
            None => format!("{text}{end}"),
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_bytes_become_visible() {
        assert_eq!(visible(b"a\r\n\x00\xff\\\xc3\xa9"), "a\\r\\n\\x00\\xff\\\\\u{e9}");
        assert_eq!(visible("\u{85}".as_bytes()), "\\xc2\\x85");
    }

    #[test]
    fn lines_imply_crlf_and_show_every_other_end() {
        assert_eq!(lines(b"a\r\nb\nc\rd \r\ne"), ["a", "b\\n", "c\\rd\\x20", "e\\"]);
        assert_eq!(lines(b"\r\n"), [""]);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn a_backslash_is_doubled_in_lines_only_where_it_could_begin_an_escape() {
        assert_eq!(lines(b"* FLAGS (\\Seen \\*)\r\n"), ["* FLAGS (\\Seen \\*)"]);
        assert_eq!(lines(b"\\recent \\\\ \\\r\n"), ["\\\\recent \\\\\\\\ \\\\"]);
        assert_eq!(lines(b"\\\x00\\\xff\r\n"), ["\\\\\\x00\\\\\\xff"]);
    }
}
