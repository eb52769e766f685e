//! Entries of the queue and their recipients.

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::Result;

/// An entry as it is stored.
pub(crate) struct Row {
    pub accepted: i64,
    pub reverse_path: Option<String>,
    pub eight_bit: bool,
    pub blob: i64,
}

/// Adds an entry; gives its number.
pub(crate) fn insert(connection: &Connection, row: &Row) -> Result<i64> {
    connection
        .prepare_cached("INSERT INTO queue_entry (accepted, reverse_path, eight_bit, blob) VALUES (?, ?, ?, ?)")?
        .execute(params![row.accepted, row.reverse_path, row.eight_bit, row.blob])?;
    Ok(connection.last_insert_rowid())
}

/// Adds a recipient that is due at once.
pub(crate) fn add_recipient(connection: &Connection, entry: i64, address: &str, due: i64) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO queue_recipient (entry, address, due) VALUES (?, ?, ?)")?
        .execute(params![entry, address, due])?;
    Ok(())
}

/// The entry of this number, if it is not settled.
pub(crate) fn find(connection: &Connection, entry: i64) -> Result<Option<Row>> {
    let mut select = connection.prepare_cached("SELECT accepted, reverse_path, eight_bit, blob FROM queue_entry WHERE id = ?")?;
    let row = select.query_row([entry], |row| {
        Ok(Row { accepted: row.get(0)?, reverse_path: row.get(1)?, eight_bit: row.get(2)?, blob: row.get(3)? })
    });
    Ok(row.optional()?)
}

/// Numbers of entries that have recipients due now, those that wait longest first.
pub(crate) fn due(connection: &Connection, now: i64, most: i64) -> Result<Vec<i64>> {
    let mut select = connection
        .prepare_cached("SELECT entry FROM queue_recipient WHERE due <= ? GROUP BY entry ORDER BY min(due), entry LIMIT ?")?;
    let entries = select.query_map([now, most], |row| row.get(0))?;
    Ok(entries.collect::<rusqlite::Result<_>>()?)
}

/// The recipients of an entry that are due now, with the attempts made so far.
pub(crate) fn due_recipients(connection: &Connection, entry: i64, now: i64) -> Result<Vec<(String, u32)>> {
    let mut select = connection
        .prepare_cached("SELECT address, attempts FROM queue_recipient WHERE entry = ? AND due <= ? ORDER BY address")?;
    let recipients = select.query_map([entry, now], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(recipients.collect::<rusqlite::Result<_>>()?)
}

/// When the next recipient is due.
pub(crate) fn next_due(connection: &Connection) -> Result<Option<i64>> {
    let mut select = connection.prepare_cached("SELECT min(due) FROM queue_recipient")?;
    Ok(select.query_row([], |row| row.get(0))?)
}

/// Counts an attempt and says when the next one is due.
pub(crate) fn postpone(connection: &Connection, entry: i64, address: &str, due: i64) -> Result<()> {
    connection
        .prepare_cached("UPDATE queue_recipient SET due = ?, attempts = attempts + 1 WHERE entry = ? AND address = ?")?
        .execute(params![due, entry, address])?;
    Ok(())
}

/// Removes a recipient that is settled; gives whether it was still waiting.
pub(crate) fn remove_recipient(connection: &Connection, entry: i64, address: &str) -> Result<bool> {
    let mut delete = connection.prepare_cached("DELETE FROM queue_recipient WHERE entry = ? AND address = ?")?;
    Ok(delete.execute(params![entry, address])? == 1)
}

/// Removes the entry if nobody waits for it any more; gives whether it did.
pub(crate) fn remove_if_settled(connection: &Connection, entry: i64) -> Result<bool> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM queue_entry WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM queue_recipient WHERE entry = ?1)",
    )?;
    Ok(delete.execute([entry])? == 1)
}

/// Makes the recipients of a domain due, and with `below` those of the domains below it; gives how many entries they are of.
pub(crate) fn hasten(connection: &Connection, domain: &str, below: bool, now: i64) -> Result<usize> {
    // A domain name has neither of the wildcards of LIKE.
    let (at, under) = (format!("%@{domain}"), if below { format!("%.{domain}") } else { String::new() });
    let fits = "address LIKE ?1 OR address LIKE ?2";
    let mut count = connection.prepare_cached(&format!("SELECT count(DISTINCT entry) FROM queue_recipient WHERE {fits}"))?;
    let waiting: i64 = count.query_row(params![at, under], |row| row.get(0))?;
    connection
        .prepare_cached(&format!("UPDATE queue_recipient SET due = min(due, ?3) WHERE {fits}"))?
        .execute(params![at, under, now])?;
    Ok(usize::try_from(waiting).unwrap_or_default())
}
