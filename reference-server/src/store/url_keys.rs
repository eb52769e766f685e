//! Mailbox access keys: "per-user and per-mailbox" (RFC 4467 §2.2).

use super::{MailboxId, Result, Store, sql};

impl Store {
    /// The key a user has for a mailbox.
    pub fn url_key(&self, account: &str, mailbox: MailboxId) -> Result<Option<Vec<u8>>> {
        self.read(|connection| sql::url_key::find(connection, account, mailbox))
    }

    /// Gives the user a key for a mailbox in place of the one before; gives it back.
    pub fn set_url_key(&self, account: &str, mailbox: MailboxId, key: Vec<u8>) -> Result<Vec<u8>> {
        let account = account.to_owned();
        self.write(move |tx| {
            sql::url_key::set(tx.connection, &account, mailbox, &key)?;
            Ok(key)
        })
    }

    /// Removes all keys of a user.
    pub fn remove_url_keys(&self, account: &str) -> Result<()> {
        let account = account.to_owned();
        self.write(move |tx| sql::url_key::remove_all(tx.connection, &account))
    }
}
