//! Mailbox access keys: "per-user and per-mailbox" (RFC 4467 §2.2), and how often they were reset, which sessions tell.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::readers::lock;
use super::{Kinds, MailboxId, Result, Store, sql};

/// How often the keys of a user were reset since the server started: of one mailbox, and of all at once.
#[derive(Default)]
pub(super) struct Resets(Mutex<HashMap<(String, Option<MailboxId>), u64>>);

impl Resets {
    fn count(&self, account: String, mailbox: Option<MailboxId>) {
        *lock(&self.0).entry((account, mailbox)).or_default() += 1;
    }
}

impl Store {
    /// The key a user has for a mailbox.
    pub fn url_key(&self, account: &str, mailbox: MailboxId) -> Result<Option<Vec<u8>>> {
        self.read(|connection| sql::url_key::find(connection, account, mailbox))
    }

    /// Gives the user a key for a mailbox that had none; gives the one it has then.
    pub fn make_url_key(&self, account: &str, mailbox: MailboxId, key: Vec<u8>) -> Result<Vec<u8>> {
        let account = account.to_owned();
        self.write(move |tx| {
            if let Some(key) = sql::url_key::find(tx.connection, &account, mailbox)? {
                return Ok(key);
            }
            sql::url_key::set(tx.connection, &account, mailbox, &key)?;
            Ok(key)
        })
    }

    /// Gives the user another key for a mailbox.
    pub fn reset_url_key(&self, account: &str, mailbox: MailboxId, key: Vec<u8>) -> Result<()> {
        let account = account.to_owned();
        let resets = Arc::clone(&self.inner.url_resets);
        self.write(move |tx| {
            sql::url_key::set(tx.connection, &account, mailbox, &key)?;
            // Whoever is woken after the commit finds it counted.
            resets.count(account, Some(mailbox));
            tx.touch(mailbox, Kinds::OTHER);
            Ok(())
        })
    }

    /// Removes all keys of a user.
    pub fn remove_url_keys(&self, account: &str) -> Result<()> {
        let account = account.to_owned();
        let resets = Arc::clone(&self.inner.url_resets);
        self.write(move |tx| {
            let mailboxes = sql::url_key::mailboxes(tx.connection, &account)?;
            sql::url_key::remove_all(tx.connection, &account)?;
            resets.count(account, None);
            mailboxes.into_iter().for_each(|mailbox| tx.touch(mailbox, Kinds::OTHER));
            Ok(())
        })
    }

    /// How often the user's key for this mailbox was reset.
    pub fn url_resets(&self, account: &str, mailbox: MailboxId) -> u64 {
        let resets = lock(&self.inner.url_resets.0);
        let counted = |mailbox| resets.get(&(account.to_owned(), mailbox)).copied().unwrap_or(0);
        if resets.is_empty() { 0 } else { counted(Some(mailbox)) + counted(None) }
    }
}
