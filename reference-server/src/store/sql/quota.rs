//! What accounts may hold, and what they hold.

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::{MailboxId, Result};

/// What the mailboxes of an account hold together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub messages: u64,
    pub octets: u64,
}

/// Whether any account has a limit.
pub(crate) fn is_any(connection: &Connection) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM quota WHERE most IS NOT NULL)";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// The limits that hold for an account: by the name of the resource. The own limit of an account comes before that of all.
pub(crate) fn limits(connection: &Connection, account: &str) -> Result<Vec<(String, u64)>> {
    // With `max(account)` alone beside them, SQLite takes the other columns from its row.
    let sql = "SELECT resource, most, max(account) FROM quota WHERE account IN ('', ?) GROUP BY resource ORDER BY resource DESC";
    let mut select = connection.prepare_cached(sql)?;
    let rows = select.query_map([account], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?)))?;
    let rows = rows.collect::<rusqlite::Result<Vec<(String, Option<i64>)>>>()?;
    Ok(rows.into_iter().filter_map(|(resource, most)| Some((resource, u64::try_from(most?).ok()?))).collect())
}

/// Sets a limit of an account, or says that there is none.
pub(crate) fn set(connection: &Connection, account: &str, resource: &str, most: Option<u64>) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO quota (account, resource, most) VALUES (?, ?, ?)";
    let most = most.map(|most| i64::try_from(most).unwrap_or(i64::MAX));
    connection.prepare_cached(sql)?.execute(params![account, resource, most])?;
    Ok(())
}

/// What an account holds.
pub(crate) fn usage(connection: &Connection, account: &str) -> Result<Usage> {
    let mut select = connection.prepare_cached("SELECT messages, octets FROM quota_usage WHERE account = ?")?;
    let usage = select.query_row([account], |row| {
        Ok(Usage { messages: row.get::<_, i64>(0)?.max(0) as u64, octets: row.get::<_, i64>(1)?.max(0) as u64 })
    });
    Ok(usage.optional()?.unwrap_or_default())
}

/// The size of the messages of a mailbox that are marked `\Deleted`.
pub(crate) fn deleted_octets(connection: &Connection, mailbox: MailboxId, deleted: u8) -> Result<u64> {
    let sql = "SELECT total(size) FROM message WHERE mailbox = ? AND flags & ? <> 0";
    Ok(connection.prepare_cached(sql)?.query_row(params![mailbox.0, deleted], |row| row.get::<_, f64>(0))? as u64)
}
