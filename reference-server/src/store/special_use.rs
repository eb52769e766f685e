//! What mailboxes are for: the special uses of RFC 6154. They are the private annotation `/private/specialuse` (§4), so that each
//! user has their own.

use std::collections::HashMap;
use std::str::FromStr;

use rusqlite::Connection;

use super::{MailboxId, Result, Store, Tx, sql};

/// The annotation that holds them.
pub const SPECIAL_USE: &str = "/private/specialuse";

/// What a mailbox can be for. `\All` and `\Flagged` would show messages of other mailboxes, which no mailbox here does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialUse {
    Archive,
    Drafts,
    Junk,
    Sent,
    Trash,
}

impl SpecialUse {
    pub const ALL: [SpecialUse; 5] =
        [SpecialUse::Archive, SpecialUse::Drafts, SpecialUse::Junk, SpecialUse::Sent, SpecialUse::Trash];

    /// The attribute (RFC 6154 §2).
    pub fn attribute(self) -> &'static str {
        match self {
            SpecialUse::Archive => "\\Archive",
            SpecialUse::Drafts => "\\Drafts",
            SpecialUse::Junk => "\\Junk",
            SpecialUse::Sent => "\\Sent",
            SpecialUse::Trash => "\\Trash",
        }
    }

    /// "a space-separated list of special-use attributes" (RFC 6154 §4).
    pub fn read_list(list: &str) -> std::result::Result<Vec<SpecialUse>, UnknownUse> {
        list.split(' ').filter(|word| !word.is_empty()).map(str::parse).collect()
    }
}

/// An attribute that no mailbox here can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no mailbox here is for {0}")]
pub struct UnknownUse(String);

impl FromStr for SpecialUse {
    type Err = UnknownUse;

    fn from_str(attribute: &str) -> std::result::Result<Self, UnknownUse> {
        let named = |one: &SpecialUse| one.attribute().eq_ignore_ascii_case(attribute);
        SpecialUse::ALL.into_iter().find(named).ok_or_else(|| UnknownUse(attribute.to_owned()))
    }
}

/// The mailboxes to which the user gave a use.
pub(super) fn of_user(connection: &Connection, user: &str) -> Result<HashMap<MailboxId, Vec<SpecialUse>>> {
    let all = sql::annotation::special_uses(connection, user)?;
    Ok(all.into_iter().map(|(mailbox, list)| (mailbox, SpecialUse::read_list(&list).unwrap_or_default())).collect())
}

impl Store {
    /// The mailboxes to which the user gave a use, their own or not.
    pub fn special_uses(&self, user: &str) -> Result<HashMap<MailboxId, Vec<SpecialUse>>> {
        self.read(|connection| of_user(connection, user))
    }
}

impl Tx<'_> {
    /// Gives a mailbox these uses, and takes them from the others that the user gave them to. Gives those others.
    pub(super) fn set_special_use(&self, user: &str, mailbox: MailboxId, uses: &[SpecialUse]) -> Result<Vec<MailboxId>> {
        let mut others = Vec::new();
        if !uses.is_empty() {
            for (other, had) in of_user(self.connection, user)? {
                let left: Vec<SpecialUse> = had.iter().copied().filter(|one| !uses.contains(one)).collect();
                if other != mailbox && left.len() < had.len() {
                    self.note_special_use(user, other, &left)?;
                    others.push(other);
                }
            }
        }
        self.note_special_use(user, mailbox, uses)?;
        Ok(others)
    }

    fn note_special_use(&self, user: &str, mailbox: MailboxId, uses: &[SpecialUse]) -> Result<()> {
        if uses.is_empty() {
            if sql::annotation::remove(self.connection, mailbox, user, SPECIAL_USE)? {
                self.annotated(mailbox, user, SPECIAL_USE)?;
            }
            return Ok(());
        }
        let list = uses.iter().map(|one| one.attribute()).collect::<Vec<_>>().join(" ");
        sql::annotation::set(self.connection, mailbox, user, SPECIAL_USE, list.as_bytes())?;
        self.annotated(mailbox, user, SPECIAL_USE)
    }
}
