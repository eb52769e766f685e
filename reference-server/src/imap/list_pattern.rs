//! What LIST and LSUB look for: the reference and a pattern, which together name mailboxes.

use super::grammar::list::matches;
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

impl Pattern {
    /// `star_for_percent` is how a server misbehaves on purpose.
    pub fn new(reference: &[u8], pattern: &[u8], star_for_percent: bool) -> Self {
        let mut octets = [reference, pattern].concat();
        if star_for_percent {
            octets.iter_mut().filter(|octet| **octet == b'%').for_each(|octet| *octet = b'*');
        }
        Pattern { octets, delimiter: DELIMITER as u8, utf8: false }
    }

    /// The same from a client that speaks UTF-8, or does not.
    pub fn in_utf8(self, utf8: bool) -> Self {
        Pattern { utf8, ..self }
    }

    /// Whether a name matches. INBOX has no case, not even as the first level of other names.
    pub fn matches(&self, name: &EncodedName<'_>) -> bool {
        let EncodedName { name, written } = name;
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

    /// Whether it ends with `%`, and so finds levels of the hierarchy too.
    pub fn finds_levels(&self) -> bool {
        self.octets.last() == Some(&b'%')
    }
}
