//! The mailboxes a client can see, by the names it sees them by.

use super::context::{Context, refusal};
use super::response::Status;
use crate::store::{Listed, Mailbox, SpecialUse};
use std::collections::HashSet;

/// A name, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    pub name: String,
    /// `None`: there is no such mailbox.
    pub mailbox: Option<Mailbox>,
    pub children: bool,
    pub subscribed: bool,
    pub special_use: Vec<SpecialUse>,
}

impl Folder {
    /// A name without a mailbox.
    pub fn missing(name: String) -> Self {
        Folder { name, mailbox: None, children: false, subscribed: false, special_use: Vec::new() }
    }

    /// The mailbox, if it can be selected.
    pub fn selectable(&self) -> Option<&Mailbox> {
        self.mailbox.as_ref().filter(|mailbox| mailbox.selectable)
    }
}

impl From<Listed> for Folder {
    fn from(listed: Listed) -> Self {
        let Listed { mailbox, children, subscribed, special_use } = listed;
        Folder { name: mailbox.name.clone(), mailbox: Some(mailbox), children, subscribed, special_use }
    }
}

impl Context {
    /// All of them.
    pub fn folders(&self) -> Result<Vec<Folder>, Status> {
        let listed = self.store.mailboxes(self.account_name()).map_err(refusal)?;
        Ok(listed.into_iter().map(Folder::from).collect())
    }

    /// Adds the names the client is subscribed to that stand for no mailbox.
    pub fn add_missing_subscriptions(&self, folders: &mut Vec<Folder>) -> Result<(), Status> {
        let subscribed = self.store.subscriptions(self.account_name()).map_err(refusal)?;
        let known: HashSet<&str> = folders.iter().map(|folder| folder.name.as_str()).collect();
        let missing: Vec<String> = subscribed.into_iter().filter(|name| !known.contains(name.as_str())).collect();
        folders.extend(missing.into_iter().map(|name| Folder { subscribed: true, ..Folder::missing(name) }));
        Ok(())
    }
}
