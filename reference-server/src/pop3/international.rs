//! Which messages a client must have said UTF8 for (RFC 6856 §2.1).

use crate::mime::{Message, Part};

/// Whether a message is an internationalized one: a header field of its own, of a part or of a message inside is not ASCII
/// (RFC 6532 §3.2).
///
/// A body in 8 bits alone does not make it one. MIME says what its octets are (RFC 2045 §2.8), and such messages have always
/// gone through POP3 as they are.
pub(super) fn needs_utf8(bytes: &[u8]) -> bool {
    !bytes.is_ascii() && header_is_not_ascii(&Message::parse(bytes).root, bytes)
}

fn header_is_not_ascii(part: &Part, bytes: &[u8]) -> bool {
    let ascii = bytes.get(part.header.clone()).is_none_or(<[u8]>::is_ascii);
    !ascii || part.children().iter().any(|inside| header_is_not_ascii(inside, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_decide() {
        let needs = |text: &str| needs_utf8(text.as_bytes());
        assert!(!needs("Subject: plain\r\n\r\nbody\r\n"));
        assert!(!needs("Content-Transfer-Encoding: 8bit\r\n\r\nd\u{e9}j\u{e0} vu\r\n"));
        assert!(needs("Subject: d\u{e9}j\u{e0} vu\r\n\r\nbody\r\n"));
        let mixed =
            |header: &str| format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{header}\r\n\r\n\u{e9}\r\n--b--\r\n");
        assert!(!needs(&mixed("Content-Type: text/plain")));
        assert!(needs(&mixed("Content-Disposition: attachment; filename=\"d\u{e9}j\u{e0}.txt\"")));
        assert!(needs(&mixed("Content-Type: message/global\r\n\r\nFrom: d\u{e9}j\u{e0}@example.org")));
        assert!(needs_utf8(b"Subject: Latin-1 \xe9\r\n\r\n"));
    }
}
