//! Bytes of messages, and how many messages, queue entries and other blobs refer to them.
//!
//! The bytes of a blob are its head, which lies in its row, and then those of its base from an offset on, or its chunks.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::Result;

/// The most bytes of one chunk: SQLite reaches any of them without walking a long overflow chain.
pub(crate) const CHUNK: usize = 256 * 1024;

/// The most bytes that are stored as a head: counting a reference writes the row again.
const HEAD: usize = 32 * 1024;

/// Makes an empty blob nobody refers to; gives its number.
pub(crate) fn create(connection: &Connection) -> Result<i64> {
    connection.prepare_cached("INSERT INTO blob (size, refs) VALUES (0, 0)")?.execute([])?;
    Ok(connection.last_insert_rowid())
}

/// Stores bytes that `refs` messages and entries will refer to; gives the number of the blob.
pub(crate) fn insert(connection: &Connection, bytes: &[u8], refs: i64) -> Result<i64> {
    let head = (bytes.len() <= HEAD).then_some(bytes);
    connection.prepare_cached("INSERT INTO blob (size, refs, bare_lf, last, head) VALUES (?, ?, ?, ?, ?)")?.execute(params![
        bytes.len() as i64,
        refs,
        bare_lf(None, bytes),
        bytes.last(),
        head
    ])?;
    let blob = connection.last_insert_rowid();
    if head.is_none() {
        insert_chunks(connection, blob, 0, bytes)?;
    }
    Ok(blob)
}

/// Makes a blob of `head` and the bytes of `base` from the end of `skipped` on, with which it begins. The new blob counts as
/// a reference to `base`, and `refs` will refer to it. Gives its number and size; None if there is no `base`.
pub(crate) fn insert_headed(
    connection: &Connection,
    head: &[u8],
    base: i64,
    skipped: &[u8],
    refs: i64,
) -> Result<Option<(i64, i64)>> {
    let sql = "INSERT INTO blob (size, refs, bare_lf, last, skip, base, head)
               SELECT ?1 + size - ?2, ?6, ?3 + bare_lf, last, ?2, id, ?4 FROM blob WHERE id = ?5 RETURNING id, size";
    let bare = bare_lf(None, head) - bare_lf(None, skipped);
    let mut insert = connection.prepare_cached(sql)?;
    let made = insert.query_row(params![head.len() as i64, skipped.len() as i64, bare, head, base, refs], |row| {
        Ok((row.get(0)?, row.get(1)?))
    });
    let made = made.optional()?;
    if made.is_some() {
        add_reference(connection, base)?;
    }
    Ok(made)
}

/// Adds bytes at the end of a blob of chunks, which is at `size` now.
pub(crate) fn push(connection: &Connection, blob: i64, size: i64, bytes: &[u8]) -> Result<()> {
    insert_chunks(connection, blob, size, bytes)?;
    let last = connection.prepare_cached("SELECT last FROM blob WHERE id = ?")?.query_row([blob], |row| row.get(0))?;
    let update = "UPDATE blob SET size = ?2, bare_lf = bare_lf + ?3, last = coalesce(?4, last) WHERE id = ?1";
    let size = size + bytes.len() as i64;
    connection.prepare_cached(update)?.execute(params![blob, size, bare_lf(last, bytes), bytes.last()])?;
    Ok(())
}

fn insert_chunks(connection: &Connection, blob: i64, mut start: i64, bytes: &[u8]) -> Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO blob_chunk (blob, start, data) VALUES (?, ?, ?)")?;
    for chunk in bytes.chunks(CHUNK) {
        insert.execute(params![blob, start, chunk])?;
        start += chunk.len() as i64;
    }
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

/// The bytes of this range; fewer where it goes past the end, none of a blob that does not exist.
pub(crate) fn read(connection: &Connection, blob: i64, range: Range<i64>) -> Result<Vec<u8>> {
    Ok(find(connection, blob, range)?.unwrap_or_default())
}

/// The bytes of this range, fewer where it goes past the end, if the blob exists.
pub(crate) fn find(connection: &Connection, blob: i64, range: Range<i64>) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut found_any = false;
    let (mut blob, mut range) = (blob, range);
    // A head, then the base of it, and so on; a blob of chunks has no head.
    loop {
        let mut select = connection.prepare_cached("SELECT skip, base, head FROM blob WHERE id = ?")?;
        let found = select.query_row([blob], |row| {
            let head = row.get_ref(2)?.as_blob_or_null()?.unwrap_or_default();
            let within = |at: i64| usize::try_from(at).unwrap_or(0).min(head.len());
            bytes.extend_from_slice(head.get(within(range.start)..within(range.end)).unwrap_or_default());
            Ok((row.get::<_, Option<i64>>(0)?.unwrap_or(0), row.get::<_, Option<i64>>(1)?, head.len() as i64))
        });
        let Some((skip, base, head)) = found.optional()? else { return Ok(found_any.then_some(bytes)) };
        found_any = true;
        let rest = |at: i64| at.saturating_sub(head).max(0).saturating_add(skip);
        match base {
            Some(base) if range.end > head => (blob, range) = (base, rest(range.start)..rest(range.end)),
            Some(_) => return Ok(Some(bytes)),
            None if head > 0 => return Ok(Some(bytes)),
            None => break,
        }
    }
    read_chunks(connection, blob, range, &mut bytes)?;
    Ok(Some(bytes))
}

fn read_chunks(connection: &Connection, blob: i64, range: Range<i64>, bytes: &mut Vec<u8>) -> Result<()> {
    let mut select = connection
        .prepare_cached("SELECT start, data FROM blob_chunk WHERE blob = ?1 AND start > ?2 - ?4 AND start < ?3 ORDER BY start")?;
    let mut rows = select.query(params![blob, range.start, range.end, CHUNK as i64])?;
    while let Some(row) = rows.next()? {
        let start: i64 = row.get(0)?;
        let data = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        let within = |at: i64| usize::try_from(at - start).unwrap_or(0).min(data.len());
        let (from, to) = (within(range.start), within(range.end));
        bytes.extend_from_slice(data.get(from..to).unwrap_or_default());
    }
    Ok(())
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

/// Removes the blob if nobody refers to it; gives the one it was based on, whose reference the caller gives back.
pub(crate) fn remove_unreferenced(connection: &Connection, blob: i64) -> Result<Option<i64>> {
    let sql = "DELETE FROM blob_chunk WHERE blob = (SELECT id FROM blob WHERE id = ? AND refs = 0)";
    connection.prepare_cached(sql)?.execute([blob])?;
    let mut delete = connection.prepare_cached("DELETE FROM blob WHERE id = ? AND refs = 0 RETURNING base")?;
    Ok(delete.query_row([blob], |row| row.get(0)).optional()?.flatten())
}

/// Removes everything nobody refers to: what a crash left of messages that were being received.
pub(crate) fn sweep(connection: &Connection) -> Result<()> {
    let based =
        "UPDATE blob SET refs = refs - (SELECT count(*) FROM blob AS headed WHERE headed.base = blob.id AND headed.refs = 0)
                 WHERE id IN (SELECT base FROM blob WHERE refs = 0 AND base IS NOT NULL)";
    connection.execute(based, [])?;
    connection.execute("DELETE FROM blob_chunk WHERE blob IN (SELECT id FROM blob WHERE refs = 0)", [])?;
    // Those that are based on others go before them.
    connection.execute("DELETE FROM blob WHERE refs = 0 AND base IS NOT NULL", [])?;
    connection.execute("DELETE FROM blob WHERE refs = 0", [])?;
    Ok(())
}
