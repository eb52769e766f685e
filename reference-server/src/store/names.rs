//! Names of mailboxes: a tree with `/` between the levels, and INBOX, which ignores case (RFC 3501 §5.1).
//!
//! Names are UTF-8 here; the modified UTF-7 of IMAP4rev1 is undone before.

use super::{Error, Result};

/// What separates the levels of a name.
pub const DELIMITER: char = '/';

/// The mailbox every account has.
pub const INBOX: &str = "INBOX";

/// The longest name accepted, in octets.
const LONGEST: usize = 1000;

/// The most levels a name may have, so that creating the superiors stays cheap.
const DEEPEST: usize = 64;

/// The one spelling of a name: the first level `inbox`, in any case, becomes INBOX.
///
/// RFC 3501 §5.1 says so of the whole name; taking the superiors along keeps the tree below INBOX in one piece.
pub fn canonical(name: &str) -> String {
    let first = name.split(DELIMITER).next().unwrap_or_default();
    if first.eq_ignore_ascii_case(INBOX) { format!("{INBOX}{}", &name[first.len()..]) } else { name.to_owned() }
}

/// The canonical name, if a mailbox may be called so.
pub(crate) fn checked(name: &str) -> Result<String> {
    let bad = |why| Err(Error::BadName { name: name.to_owned(), why });
    if name.is_empty() {
        return bad("it is empty");
    }
    if name.len() > LONGEST {
        return bad("it is longer than 1000 octets");
    }
    if name.chars().any(char::is_control) {
        return bad("it contains a control character");
    }
    if name.split(DELIMITER).any(str::is_empty) {
        return bad("a level of the hierarchy has no name");
    }
    if name.split(DELIMITER).count() > DEEPEST {
        return bad("it has more than 64 levels");
    }
    Ok(canonical(name))
}

/// The superior names, outermost first: of `a/b/c`, `a` and `a/b`.
pub(crate) fn superiors(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices(DELIMITER).map(|(end, _)| &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_and_inbox_ignores_case() {
        assert_eq!(checked("inBox").unwrap(), "INBOX");
        assert_eq!(checked("inbox/Lists").unwrap(), "INBOX/Lists");
        assert_eq!(checked("inboxes").unwrap(), "inboxes");
        for bad in ["", "/a", "a/", "a//b", "a\u{1}b", "a\r\nb"] {
            assert!(matches!(checked(bad), Err(Error::BadName { .. })), "{bad:?}");
        }
        assert_eq!(superiors("a/b/c").collect::<Vec<_>>(), ["a", "a/b"]);
    }
}
