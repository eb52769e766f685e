//! SASLprep (RFC 4013): two ways to write the same name or password are one.

use std::borrow::Cow;

use stringprep::tables::unassigned_code_point;

/// Prepares a name or password as RFC 4013 says. `None`: it has characters that are prohibited, or nothing is left.
pub fn strict(text: &str) -> Option<Cow<'_, str>> {
    stringprep::saslprep(text).ok().filter(|prepared| !prepared.is_empty())
}

/// Prepares what a client typed, a query string (RFC 3454 §7): characters that Unicode 3.2 did not know yet stay as they are
/// instead of making the text invalid.
pub fn query(text: &str) -> Option<Cow<'_, str>> {
    if !text.chars().any(unassigned_code_point) {
        return strict(text);
    }
    // The crate knows stored strings only. A symbol that neither mapping nor normalization touch, and that counts as little for
    // the rules about directions as an unknown character, stands in for each of them.
    let stand_in = STAND_INS.chars().find(|symbol| !text.contains(*symbol))?;
    let known: String = text.chars().map(|c| if unassigned_code_point(c) { stand_in } else { c }).collect();
    let mut unknown = text.chars().filter(|c| unassigned_code_point(*c));
    let prepared = strict(&known)?;
    let restored = prepared.chars().map(|c| if c == stand_in { unknown.next().unwrap_or(c) } else { c });
    Some(Cow::Owned(restored.collect()))
}

/// Symbols of the first version of Unicode that have no direction and no decomposition.
const STAND_INS: &str = "\u{2600}\u{2601}\u{2602}\u{2603}\u{2604}\u{2605}\u{2606}\u{2607}";

/// Prepares a password where a protocol takes any octets (IMAP LOGIN): what cannot be prepared stays as it is, and is then
/// only equal to itself.
pub fn lenient(password: &[u8]) -> Cow<'_, [u8]> {
    match std::str::from_utf8(password).ok().and_then(query) {
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
    fn a_query_may_have_characters_that_are_newer_than_the_tables() {
        assert_eq!(strict("pa\u{df}\u{1f511}"), None);
        assert_eq!(query("\u{2168}\u{1f511}\u{ad}e\u{301}\u{1f512}").as_deref(), Some("IX\u{1f511}\u{e9}\u{1f512}"));
        assert_eq!(query("\u{2600}\u{1f511}\u{2601}").as_deref(), Some("\u{2600}\u{1f511}\u{2601}"));
        assert_eq!(query("\u{1f511}\u{7}"), None);
        // RFC 3454 §6: a text with a character of right to left ends with one.
        assert_eq!(query("\u{627}\u{1f511}"), None);
        assert_eq!(query("\u{627}\u{1f511}1\u{627}").as_deref(), Some("\u{627}\u{1f511}1\u{627}"));
    }

    #[test]
    fn any_octets_are_a_password() {
        assert_eq!(lenient(b"\xff\x07").as_ref(), b"\xff\x07");
        assert_eq!(lenient("\u{2168}".as_bytes()).as_ref(), b"IX");
    }
}
