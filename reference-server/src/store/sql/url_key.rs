//! Mailbox access keys.

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::{MailboxId, Result};

/// The key of a user for a mailbox.
pub(crate) fn find(connection: &Connection, account: &str, mailbox: MailboxId) -> Result<Option<Vec<u8>>> {
    let mut select = connection.prepare_cached("SELECT key FROM url_key WHERE account = ? AND mailbox = ?")?;
    Ok(select.query_row(params![account, mailbox.0], |row| row.get(0)).optional()?)
}

/// Writes a key down, in place of the one before.
pub(crate) fn set(connection: &Connection, account: &str, mailbox: MailboxId, key: &[u8]) -> Result<()> {
    let mut insert = connection.prepare_cached("INSERT OR REPLACE INTO url_key (account, mailbox, key) VALUES (?, ?, ?)")?;
    insert.execute(params![account, mailbox.0, key])?;
    Ok(())
}

/// The mailboxes a user has keys for.
pub(crate) fn mailboxes(connection: &Connection, account: &str) -> Result<Vec<MailboxId>> {
    let mut select = connection.prepare_cached("SELECT mailbox FROM url_key WHERE account = ?")?;
    let rows = select.query_map([account], |row| row.get(0).map(MailboxId))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Removes all keys of a user.
pub(crate) fn remove_all(connection: &Connection, account: &str) -> Result<()> {
    connection.prepare_cached("DELETE FROM url_key WHERE account = ?")?.execute([account])?;
    Ok(())
}
