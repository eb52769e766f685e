//! What LIST and LSUB look for: the reference and a pattern, which together name mailboxes.

use super::grammar::list::matches;
use super::mailbox_name::normalized;
use super::utf7;
use crate::store::{DELIMITER, INBOX};

/// A pattern in the encoding of the wire, behind its reference: "the canonical form is normally the reference name appended
/// with the mailbox name" (RFC 3501 §6.3.8).
pub struct Pattern {
    octets: Vec<u8>,
    delimiter: u8,
    /// It is UTF-8, and so are the names it is compared with.
    utf8: bool,
}

/// A name, and how it travels.
pub struct EncodedName<'a> {
    name: &'a str,
    written: String,
}

impl<'a> EncodedName<'a> {
    pub fn new(name: &'a str) -> Self {
        EncodedName { name, written: utf7::encode(name) }
    }
}

/// What every name begins with that matches one of these.
pub fn common_prefix(patterns: &[Pattern]) -> &str {
    let mut prefixes = patterns.iter().map(Pattern::prefix);
    let first = prefixes.next().unwrap_or_default();
    prefixes.fold(first, |common, prefix| {
        let same = common.bytes().zip(prefix.bytes()).take_while(|(a, b)| a == b).count();
        common.get(..same).unwrap_or_default()
    })
}

impl Pattern {
    /// `star_for_percent` is how a server misbehaves on purpose.
    pub fn new(reference: &[u8], pattern: &[u8], star_for_percent: bool) -> Self {
        let mut octets = [reference, pattern].concat();
        if star_for_percent {
            octets.iter_mut().filter(|octet| **octet == b'%').for_each(|octet| *octet = b'*');
        }
        Pattern { octets, delimiter: DELIMITER as u8, utf8: false }
    }

    /// The same from a client that speaks UTF-8, or does not. Names are normalized wherever they stand (RFC 9051 §5.1).
    pub fn in_utf8(self, utf8: bool) -> Self {
        let octets = match String::from_utf8(self.octets) {
            Ok(text) if utf8 => normalized(text).into_bytes(),
            Ok(text) => text.into_bytes(),
            Err(error) => error.into_bytes(),
        };
        Pattern { octets, utf8, ..self }
    }

    /// Whether a name matches. INBOX has no case, not even as the first level of other names.
    pub fn matches(&self, name: &EncodedName<'_>) -> bool {
        let EncodedName { name, written } = name;
        let prefix = self.prefix();
        if !name.starts_with(prefix) {
            return false;
        }
        if self.octets.get(prefix.len()..) == Some(b"*") {
            return true;
        }
        let written = if self.utf8 { *name } else { written.as_str() };
        if *name == INBOX {
            // "if the uppercase string "INBOX" matches the interpreted reference and mailbox name" (RFC 3501 §6.3.8).
            return matches(&self.octets.to_ascii_uppercase(), written.as_bytes(), self.delimiter);
        }
        let below_inbox = name.strip_prefix(INBOX).is_some_and(|rest| rest.starts_with(DELIMITER));
        match self.octets.split_at_checked(INBOX.len()) {
            Some((level, rest)) if below_inbox && level.eq_ignore_ascii_case(INBOX.as_bytes()) => {
                matches(&[INBOX.as_bytes(), rest].concat(), written.as_bytes(), self.delimiter)
            }
            _ => matches(&self.octets, written.as_bytes(), self.delimiter),
        }
    }

    /// What every name that matches begins with, as far as that is certain.
    pub fn prefix(&self) -> &str {
        let plain = |octet: &u8| octet.is_ascii_graphic() && !matches!(octet, b'*' | b'%' | b'&') || *octet == b' ';
        let length = self.octets.iter().position(|octet| !plain(octet)).unwrap_or(self.octets.len());
        let prefix = self.octets.get(..length).and_then(|octets| std::str::from_utf8(octets).ok()).unwrap_or_default();
        // INBOX, and the first level of the names below it, are the same in small letters.
        let about_inbox = prefix.bytes().zip(INBOX.bytes()).all(|(a, b)| a.eq_ignore_ascii_case(&b));
        if about_inbox { "" } else { prefix }
    }

    /// Whether it ends with `%`, and so finds levels of the hierarchy too.
    pub fn finds_levels(&self) -> bool {
        self.octets.last() == Some(&b'%')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Work/a", "Work/a")]
    #[case("Work/%/b", "Work/")]
    #[case("*", "")]
    #[case("", "")]
    #[case("inbox", "")]
    #[case("In%", "")]
    #[case("INBOX/a", "")]
    #[case("inboxes", "")]
    #[case("x&AOk-", "x")]
    #[case("two words*", "two words")]
    fn prefixes(#[case] pattern: &str, #[case] expected: &str) {
        assert_eq!(Pattern::new(b"", pattern.as_bytes(), false).prefix(), expected);
    }

    #[test]
    fn several_patterns_have_a_common_prefix() {
        let common = |patterns: &[&str]| {
            let patterns: Vec<Pattern> = patterns.iter().map(|one| Pattern::new(b"", one.as_bytes(), false)).collect();
            common_prefix(&patterns).to_owned()
        };
        assert_eq!(common(&["Work/a*", "Work/b"]), "Work/");
        assert_eq!(common(&["Work", "Home"]), "");
        assert_eq!(common(&["Work", "inbox"]), "");
        assert_eq!(common(&[]), "");
    }
}
