//! The mailboxes a client can see, by the names it sees them by.

use super::context::{Context, refusal};
use super::listing::superiors;
use super::namespace::shown_to_others;
use super::response::Status;
use crate::faults::Fault;
use crate::store::{Listed, Mailbox, NOBODY, Right, SharedMailbox, SpecialUse};
use std::collections::{BTreeMap, HashSet};

/// A name, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    pub name: String,
    /// `None`: there is no such mailbox.
    pub mailbox: Option<Mailbox>,
    pub children: bool,
    pub subscribed: bool,
    pub special_use: Vec<SpecialUse>,
    /// It is no mailbox, but there are some below it.
    pub is_level: bool,
}

impl Folder {
    /// A level of the hierarchy that only holds others.
    fn level(name: String) -> Self {
        Folder { is_level: true, ..Folder::missing(name) }
    }

    /// A mailbox of which no more is known, for the user may not list it.
    pub fn unlisted(mailbox: Mailbox) -> Self {
        Folder { mailbox: Some(mailbox.clone()), ..Folder::missing(mailbox.name) }
    }

    /// A name without a mailbox.
    pub fn missing(name: String) -> Self {
        Folder { name, mailbox: None, children: false, subscribed: false, special_use: Vec::new(), is_level: false }
    }

    /// The mailbox, if it can be selected and read.
    pub fn selectable(&self) -> Option<&Mailbox> {
        self.mailbox.as_ref().filter(|mailbox| mailbox.selectable && mailbox.rights.has(Right::Read))
    }
}

impl From<Listed> for Folder {
    fn from(listed: Listed) -> Self {
        let Listed { mailbox, children, subscribed, special_use } = listed;
        Folder { name: mailbox.name.clone(), mailbox: Some(mailbox), children, subscribed, special_use, is_level: false }
    }
}

impl Context {
    /// All of them whose names begin so: the user's own, and those of others that the user may see.
    pub fn folders(&self, prefix: &str) -> Result<Vec<Folder>, Status> {
        let user = self.account_name();
        let listed = self.store.mailboxes_beginning_with(user, prefix).map_err(refusal)?;
        let mut folders: Vec<Folder> = listed.into_iter().map(Folder::from).collect();
        if self.shares() {
            let rights = self.store.rights_of_all(user, user).map_err(refusal)?;
            for mailbox in folders.iter_mut().filter_map(|folder| folder.mailbox.as_mut()) {
                mailbox.rights = rights.get(&mailbox.id).copied().unwrap_or(mailbox.rights);
            }
            self.add_shared(&mut folders)?;
        }
        Ok(folders)
    }

    /// "l - lookup (mailbox is visible to LIST/LSUB commands" (RFC 4314 §2.1). The levels above are names that can not be
    /// selected, so that a client that goes down level by level gets there.
    fn add_shared(&self, folders: &mut Vec<Folder>) -> Result<(), Status> {
        let shared = self.store.shared_with(self.account_name()).map_err(refusal)?;
        let meant = |one: &SharedMailbox| one.owner != NOBODY || self.has_shared_namespace();
        let mut shared: Vec<_> = shared.into_iter().filter(|one| one.mailbox.rights.has(Right::Lookup) && meant(one)).collect();
        if self.faults().on(Fault::ImapListIgnoresLookup) {
            shared.clear();
        }
        if shared.is_empty() {
            return Ok(());
        }
        let subscribed: HashSet<String> = self.store.subscriptions(self.account_name()).map_err(refusal)?.into_iter().collect();
        let mut uses = self.store.special_uses(self.account_name()).map_err(refusal)?;
        let mut found: BTreeMap<String, Folder> = BTreeMap::new();
        for SharedMailbox { owner, mailbox } in shared {
            let name = shown_to_others(&owner, &mailbox.name);
            for level in superiors(&name) {
                found.entry(level.to_owned()).or_insert_with(|| Folder::level(level.to_owned())).children = true;
            }
            // Its levels came first, in the order of names, but for one that is its own level.
            let children = found.get(&name).is_some_and(|folder| folder.children);
            let special_use = uses.remove(&mailbox.id).unwrap_or_default();
            let subscribed = subscribed.contains(&name);
            found.insert(
                name.clone(),
                Folder { name, mailbox: Some(mailbox), children, subscribed, special_use, is_level: false },
            );
        }
        folders.extend(found.into_values());
        Ok(())
    }

    /// Adds the names that begin so, the client is subscribed to, and stand for no mailbox.
    pub fn add_missing_subscriptions(&self, prefix: &str, folders: &mut Vec<Folder>) -> Result<(), Status> {
        let subscribed = self.store.subscriptions_beginning_with(self.account_name(), prefix).map_err(refusal)?;
        let known: HashSet<&str> = folders.iter().map(|folder| folder.name.as_str()).collect();
        let missing: Vec<String> = subscribed.into_iter().filter(|name| !known.contains(name.as_str())).collect();
        folders.extend(missing.into_iter().map(|name| Folder { subscribed: true, ..Folder::missing(name) }));
        Ok(())
    }
}
