//! Which messages belong together.

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::{BlobId, Result};

/// The thread that was found for these bytes.
pub(crate) fn of_blob(connection: &Connection, blob: BlobId) -> Result<Option<i64>> {
    let sql = "SELECT thread FROM thread WHERE blob = ?";
    Ok(connection.prepare_cached(sql)?.query_row([blob.0], |row| row.get(0)).optional()?)
}

/// The thread of the account in which this message identifier occurs.
pub(crate) fn of_identifier(connection: &Connection, account: &str, identifier: &str) -> Result<Option<i64>> {
    let sql = "SELECT thread FROM thread_reference WHERE account = ? AND identifier = ?";
    Ok(connection.prepare_cached(sql)?.query_row([account, identifier], |row| row.get(0)).optional()?)
}

/// Puts bytes into a thread, for good.
pub(crate) fn join(connection: &Connection, blob: BlobId, thread: i64) -> Result<()> {
    connection.prepare_cached("INSERT INTO thread (blob, thread) VALUES (?, ?)")?.execute(params![blob.0, thread])?;
    Ok(())
}

/// Says in which thread a message identifier occurs, unless that is known.
pub(crate) fn refer(connection: &Connection, account: &str, identifier: &str, thread: i64) -> Result<()> {
    let sql = "INSERT OR IGNORE INTO thread_reference (account, identifier, thread) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![account, identifier, thread])?;
    Ok(())
}

/// A thread that was never given.
pub(crate) fn new(connection: &Connection) -> Result<i64> {
    let sql = "INSERT INTO counter (name, value) VALUES ('thread', 1)
               ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}
