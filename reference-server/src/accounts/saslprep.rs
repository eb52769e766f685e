//! SASLprep (RFC 4013): two ways to write the same name or password are one.

use std::borrow::Cow;

/// Prepares a name or password as RFC 4013 says. `None`: it has characters that are prohibited, or nothing is left.
pub fn strict(text: &str) -> Option<Cow<'_, str>> {
    stringprep::saslprep(text).ok().filter(|prepared| !prepared.is_empty())
}

/// Prepares a password where a protocol takes any octets (IMAP LOGIN, POP3 PASS): what cannot be prepared stays as it is,
/// and is then only equal to itself.
pub fn lenient(password: &[u8]) -> Cow<'_, [u8]> {
    match std::str::from_utf8(password).ok().and_then(strict) {
        Some(Cow::Owned(prepared)) => Cow::Owned(prepared.into_bytes()),
        _ => Cow::Borrowed(password),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc() {
        // RFC 4013 §3.
        assert_eq!(strict("I\u{ad}X").as_deref(), Some("IX"));
        assert_eq!(strict("user").as_deref(), Some("user"));
        assert_eq!(strict("USER").as_deref(), Some("USER"));
        assert_eq!(strict("\u{aa}").as_deref(), Some("a"));
        assert_eq!(strict("\u{2168}").as_deref(), Some("IX"));
        assert_eq!(strict("\u{7}"), None);
        assert_eq!(strict("\u{627}1"), None);
        assert_eq!(strict("\u{ad}"), None);
    }

    #[test]
    fn any_octets_are_a_password() {
        assert_eq!(lenient(b"\xff\x07").as_ref(), b"\xff\x07");
        assert_eq!(lenient("\u{2168}".as_bytes()).as_ref(), b"IX");
    }
}
