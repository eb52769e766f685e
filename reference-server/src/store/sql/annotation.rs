//! What is noted on mailboxes and on the server.

use rusqlite::{Connection, params};

use crate::store::{MailboxId, Result};

/// Notes a value, in place of the one before.
pub(crate) fn set(connection: &Connection, mailbox: MailboxId, user: &str, entry: &str, value: &[u8]) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO annotation (mailbox, user, entry, value) VALUES (?, ?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![mailbox.0, user, entry, value])?;
    Ok(())
}

/// Removes a value; gives whether there was one.
pub(crate) fn remove(connection: &Connection, mailbox: MailboxId, user: &str, entry: &str) -> Result<bool> {
    let sql = "DELETE FROM annotation WHERE mailbox = ? AND user = ? AND entry = ?";
    Ok(connection.prepare_cached(sql)?.execute(params![mailbox.0, user, entry])? == 1)
}

/// Removes everything that is noted on a mailbox.
pub(crate) fn remove_all(connection: &Connection, mailbox: MailboxId) -> Result<()> {
    connection.prepare_cached("DELETE FROM annotation WHERE mailbox = ?")?.execute([mailbox.0])?;
    Ok(())
}

/// The mailboxes to which the user gave a special use, and the attributes.
pub(crate) fn special_uses(connection: &Connection, user: &str) -> Result<Vec<(MailboxId, String)>> {
    let sql = "SELECT mailbox, CAST(value AS TEXT) FROM annotation WHERE user = ? AND entry = '/private/specialuse'";
    let mut select = connection.prepare_cached(sql)?;
    let rows = select.query_map([user], |row| Ok((MailboxId(row.get(0)?), row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// All entries of a user, by name; everybody's are of the user without a name.
pub(crate) fn all(connection: &Connection, mailbox: MailboxId, user: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let sql = "SELECT entry, value FROM annotation WHERE mailbox = ? AND user = ? ORDER BY entry";
    let mut select = connection.prepare_cached(sql)?;
    let rows = select.query_map(params![mailbox.0, user], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes on another mailbox what is noted on one, but for what it is for: no two mailboxes are for the same.
pub(crate) fn copy(connection: &Connection, from: MailboxId, to: MailboxId) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO annotation (mailbox, user, entry, value)
               SELECT ?2, user, entry, value FROM annotation WHERE mailbox = ?1 AND entry <> '/private/specialuse'";
    connection.prepare_cached(sql)?.execute(params![from.0, to.0])?;
    Ok(())
}

/// The entries of all users.
pub(crate) fn of_everybody(connection: &Connection, mailbox: MailboxId) -> Result<Vec<(String, Vec<u8>)>> {
    let mut select = connection.prepare_cached("SELECT entry, value FROM annotation WHERE mailbox = ?")?;
    let rows = select.query_map([mailbox.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
