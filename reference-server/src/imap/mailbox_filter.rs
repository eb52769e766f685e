//! Which mailboxes a filter means, those of NOTIFY (RFC 5465 §6) and of ESEARCH (RFC 7377 §2.2): asked of each name, so that
//! mailboxes which come later are meant too.

use super::context::Context;
use super::folder::Folder;
use super::grammar::sources::Source;
use super::mailbox_name::WrittenName;
use crate::store::{DELIMITER, INBOX, canonical_name};

/// Some mailboxes, by the names the user has for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailboxFilter {
    /// Those into which mail is delivered.
    Inboxes,
    /// The user's own.
    Personal,
    Subscribed,
    /// These and all below them.
    Subtree(Vec<String>),
    /// These and those one level below them.
    SubtreeOne(Vec<String>),
    Mailboxes(Vec<String>),
}

/// A name, and what the user has to do with it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    pub name: &'a str,
    /// It is, was or would be a mailbox of the user.
    pub own: bool,
    pub subscribed: bool,
}

impl<'a> From<&'a Folder> for Candidate<'a> {
    /// What others share has another name here than in their own folders.
    fn from(folder: &'a Folder) -> Self {
        let own = folder.mailbox.as_ref().is_some_and(|mailbox| mailbox.name == folder.name);
        Candidate { name: &folder.name, own, subscribed: folder.subscribed }
    }
}

impl MailboxFilter {
    /// What was written; nothing for the selected mailbox. A name that no mailbox can have is ignored, as all are that no
    /// mailbox has.
    pub fn of(context: &Context, source: &Source<'_>) -> Option<MailboxFilter> {
        let names = |names: &[WrittenName<'_>]| -> Vec<String> {
            names.iter().filter_map(|name| Some(canonical_name(&name.decoded(context).ok()?))).collect()
        };
        Some(match source {
            Source::Selected => return None,
            Source::Inboxes => MailboxFilter::Inboxes,
            Source::Personal => MailboxFilter::Personal,
            Source::Subscribed => MailboxFilter::Subscribed,
            Source::Subtree(written) => MailboxFilter::Subtree(names(written)),
            Source::SubtreeOne(written) => MailboxFilter::SubtreeOne(names(written)),
            Source::Mailboxes(written) => MailboxFilter::Mailboxes(names(written)),
        })
    }

    /// The names that were written.
    pub fn named(&self) -> &[String] {
        match self {
            MailboxFilter::Subtree(names) | MailboxFilter::SubtreeOne(names) | MailboxFilter::Mailboxes(names) => names,
            MailboxFilter::Inboxes | MailboxFilter::Personal | MailboxFilter::Subscribed => &[],
        }
    }

    /// Whether a name is meant. Wildcards have no meaning: "The server MUST NOT do a wildcard expansion" (RFC 5465 §6.6).
    pub fn covers(&self, candidate: Candidate<'_>) -> bool {
        let name = candidate.name;
        match self {
            // Mail is delivered into INBOX alone.
            MailboxFilter::Inboxes => candidate.own && name == INBOX,
            MailboxFilter::Personal => candidate.own,
            MailboxFilter::Subscribed => candidate.subscribed,
            MailboxFilter::Mailboxes(names) => names.iter().any(|one| one == name),
            MailboxFilter::Subtree(names) => names.iter().any(|top| top == name || below(top, name).is_some()),
            MailboxFilter::SubtreeOne(names) => {
                names.iter().any(|top| top == name || below(top, name).is_some_and(|rest| !rest.contains(DELIMITER)))
            }
        }
    }
}

/// What a name has behind the name that it is below.
fn below<'a>(top: &str, name: &'a str) -> Option<&'a str> {
    name.strip_prefix(top)?.strip_prefix(DELIMITER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[rstest]
    #[case(MailboxFilter::Inboxes, "INBOX")]
    #[case(MailboxFilter::Personal, "INBOX lists lists/a lists/a/b lists2")]
    #[case(MailboxFilter::Subscribed, "lists/a Other Users/bob/x")]
    #[case(MailboxFilter::Mailboxes(names(&["lists", "Other Users/bob/x", "*"])), "lists Other Users/bob/x")]
    #[case(MailboxFilter::Subtree(names(&["lists"])), "lists lists/a lists/a/b")]
    #[case(MailboxFilter::SubtreeOne(names(&["lists"])), "lists lists/a")]
    fn filters_mean_names(#[case] filter: MailboxFilter, #[case] expected: &str) {
        let all = ["INBOX", "lists", "lists/a", "lists/a/b", "lists2", "Other Users/bob/x", "Other Users/bob/INBOX"];
        let covered = all.into_iter().filter(|name| {
            let subscribed = ["lists/a", "Other Users/bob/x"].contains(name);
            filter.covers(Candidate { name, own: !name.starts_with("Other"), subscribed })
        });
        assert_eq!(covered.collect::<Vec<_>>().join(" "), expected);
    }
}
