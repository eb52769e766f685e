//! Bytes of messages: chunks, and how many messages and queue entries refer to them.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::Result;

/// The most bytes of one chunk: SQLite reaches any of them without walking a long overflow chain.
pub(crate) const CHUNK: usize = 256 * 1024;

/// Makes an empty blob nobody refers to; gives its number.
pub(crate) fn create(connection: &Connection) -> Result<i64> {
    connection.prepare_cached("INSERT INTO blob (size, refs) VALUES (0, 0)")?.execute([])?;
    Ok(connection.last_insert_rowid())
}

/// Adds bytes at the end, which is at `size` now.
pub(crate) fn push(connection: &Connection, blob: i64, size: i64, bytes: &[u8]) -> Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO blob_chunk (blob, start, data) VALUES (?, ?, ?)")?;
    let mut start = size;
    for chunk in bytes.chunks(CHUNK) {
        insert.execute(params![blob, start, chunk])?;
        start += chunk.len() as i64;
    }
    let last = connection.prepare_cached("SELECT last FROM blob WHERE id = ?")?.query_row([blob], |row| row.get(0))?;
    let update = "UPDATE blob SET size = ?2, bare_lf = bare_lf + ?3, last = coalesce(?4, last) WHERE id = ?1";
    connection.prepare_cached(update)?.execute(params![blob, start, bare_lf(last, bytes), bytes.last()])?;
    Ok(())
}

/// How many LFs have no CR before them; `before` is the byte before the first.
fn bare_lf(before: Option<u8>, bytes: &[u8]) -> i64 {
    let preceding = |at: usize| at.checked_sub(1).map_or(before, |at| bytes.get(at).copied());
    memchr::memchr_iter(b'\n', bytes).filter(|&at| preceding(at) != Some(b'\r')).count() as i64
}

/// How many bytes there are when every line, the last one too, ends with CRLF.
pub(crate) fn crlf_size(connection: &Connection, blob: i64) -> Result<i64> {
    let mut select = connection.prepare_cached("SELECT size + bare_lf, last FROM blob WHERE id = ?")?;
    Ok(select.query_row([blob], |row| {
        let missing = match row.get::<_, Option<u8>>(1)? {
            None | Some(b'\n') => 0,
            Some(b'\r') => 1,
            Some(_) => 2,
        };
        Ok(row.get::<_, i64>(0)? + missing)
    })?)
}

/// How many bytes there are, if the blob exists.
pub(crate) fn size(connection: &Connection, blob: i64) -> Result<Option<i64>> {
    let mut select = connection.prepare_cached("SELECT size FROM blob WHERE id = ?")?;
    Ok(select.query_row([blob], |row| row.get(0)).optional()?)
}

/// The bytes of this range; fewer where it goes past the end.
pub(crate) fn read(connection: &Connection, blob: i64, range: Range<i64>) -> Result<Vec<u8>> {
    let mut select = connection
        .prepare_cached("SELECT start, data FROM blob_chunk WHERE blob = ?1 AND start > ?2 - ?4 AND start < ?3 ORDER BY start")?;
    let mut rows = select.query(params![blob, range.start, range.end, CHUNK as i64])?;
    let mut bytes = Vec::new();
    while let Some(row) = rows.next()? {
        let start: i64 = row.get(0)?;
        let data = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        let within = |at: i64| usize::try_from(at - start).unwrap_or(0).min(data.len());
        let (from, to) = (within(range.start), within(range.end));
        bytes.extend_from_slice(data.get(from..to).unwrap_or_default());
    }
    Ok(bytes)
}

/// Counts one more reference. Gives false if there is no such blob.
pub(crate) fn add_reference(connection: &Connection, blob: i64) -> Result<bool> {
    Ok(connection.prepare_cached("UPDATE blob SET refs = refs + 1 WHERE id = ?")?.execute([blob])? == 1)
}

/// Counts one reference less; gives how many are left.
pub(crate) fn remove_reference(connection: &Connection, blob: i64) -> Result<i64> {
    let mut update = connection.prepare_cached("UPDATE blob SET refs = refs - 1 WHERE id = ? RETURNING refs")?;
    Ok(update.query_row([blob], |row| row.get(0))?)
}

/// Removes the blob if nobody refers to it.
pub(crate) fn remove_unreferenced(connection: &Connection, blob: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM blob WHERE id = ? AND refs = 0")?.execute([blob])?;
    Ok(())
}

/// Removes everything nobody refers to: what a crash left of messages that were being received.
pub(crate) fn sweep(connection: &Connection) -> Result<()> {
    connection.execute("DELETE FROM blob WHERE refs = 0", [])?;
    Ok(())
}
