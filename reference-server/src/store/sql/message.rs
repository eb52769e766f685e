//! Messages of a mailbox, and those that vanished.

use rusqlite::{Connection, OptionalExtension, Row, params};
use time::{OffsetDateTime, UtcOffset};

use crate::store::{BlobId, Flags, MailboxId, Message, Result, Vanished};

const COLUMNS: &str = "uid, modseq, flags, keywords, date, date_offset, size, blob, saved";

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let keywords = row.get_ref(3)?.as_str()?;
    let date = OffsetDateTime::from_unix_timestamp(row.get(4)?).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let offset = UtcOffset::from_whole_seconds(row.get(5)?).unwrap_or(UtcOffset::UTC);
    Ok(Message {
        uid: row.get(0)?,
        modseq: row.get::<_, i64>(1)? as u64,
        flags: Flags::from_stored(row.get(2)?, keywords),
        // The offset only fails within a day of the ends of the calendar.
        date: date.checked_to_offset(offset).unwrap_or(date),
        size: row.get::<_, i64>(6)? as u64,
        blob: BlobId(row.get(7)?),
        saved: row.get::<_, Option<i64>>(8)?.and_then(|saved| OffsetDateTime::from_unix_timestamp(saved).ok()),
    })
}

/// Adds a message; the reference of its blob is counted by the caller.
pub(crate) fn insert(connection: &Connection, mailbox: MailboxId, new: &Message) -> Result<()> {
    let sql = format!("INSERT INTO message (mailbox, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    let (flags, keywords) = new.flags.stored();
    connection.prepare_cached(&sql)?.execute(params![
        mailbox.0,
        new.uid,
        new.modseq as i64,
        flags,
        keywords,
        new.date.unix_timestamp(),
        new.date.offset().whole_seconds(),
        new.size as i64,
        new.blob.0,
        new.saved.map(OffsetDateTime::unix_timestamp),
    ])?;
    Ok(())
}

/// All messages, by UID: as they lie there, without a detour over an index.
pub(crate) fn all(connection: &Connection, mailbox: MailboxId) -> Result<Vec<Message>> {
    let sql = format!("SELECT {COLUMNS} FROM message WHERE mailbox = ? ORDER BY uid");
    let mut select = connection.prepare_cached(&sql)?;
    let rows = select.query_map([mailbox.0], message)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The messages of these UIDs that are there, in the order given. UIDs that follow each other are read together.
pub(crate) fn named(connection: &Connection, mailbox: MailboxId, uids: &[u32]) -> Result<Vec<Message>> {
    let sql = format!("SELECT {COLUMNS} FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ? ORDER BY uid");
    let mut select = connection.prepare_cached(&sql)?;
    let mut found = Vec::with_capacity(uids.len());
    for run in runs(uids) {
        for row in select.query_map(params![mailbox.0, run.first(), run.last()], message)? {
            found.push(row?);
        }
    }
    Ok(found)
}

/// Cuts UIDs where one does not follow its predecessor.
pub(crate) fn runs(uids: &[u32]) -> impl Iterator<Item = &[u32]> {
    uids.chunk_by(|one, next| one.checked_add(1) == Some(*next))
}

/// The UIDs of messages with one of these system flags, ascending.
pub(crate) fn flagged(connection: &Connection, mailbox: MailboxId, flags: u8) -> Result<Vec<u32>> {
    let mut select = connection.prepare_cached("SELECT uid FROM message WHERE mailbox = ? AND flags & ? <> 0 ORDER BY uid")?;
    let rows = select.query_map(params![mailbox.0, flags], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The messages changed after this modification sequence (0: all), by UID.
pub(crate) fn since(connection: &Connection, mailbox: MailboxId, modseq: u64) -> Result<Vec<Message>> {
    let sql = format!("SELECT {COLUMNS} FROM message WHERE mailbox = ? AND modseq > ? ORDER BY uid");
    let mut select = connection.prepare_cached(&sql)?;
    let rows = select.query_map(params![mailbox.0, modseq as i64], message)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The messages that vanished after this modification sequence, by UID.
pub(crate) fn vanished_since(connection: &Connection, mailbox: MailboxId, modseq: u64) -> Result<Vec<Vanished>> {
    let sql = "SELECT uid, modseq FROM vanished WHERE mailbox = ? AND modseq > ? ORDER BY uid";
    let mut select = connection.prepare_cached(sql)?;
    let vanished = |row: &Row<'_>| Ok(Vanished { uid: row.get(0)?, modseq: row.get::<_, i64>(1)? as u64 });
    let rows = select.query_map(params![mailbox.0, modseq as i64], vanished)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Replaces the flags of the messages with these UIDs, which follow each other.
pub(crate) fn set_flags(connection: &Connection, mailbox: MailboxId, run: &[u32], flags: &Flags, modseq: i64) -> Result<()> {
    let sql = "UPDATE message SET flags = ?, keywords = ?, modseq = ? WHERE mailbox = ? AND uid BETWEEN ? AND ?";
    let (system, keywords) = flags.stored();
    connection.prepare_cached(sql)?.execute(params![system, keywords, modseq, mailbox.0, run.first(), run.last()])?;
    Ok(())
}

/// Removes a message; gives the blob it referred to, whose reference the caller gives back.
pub(crate) fn delete(connection: &Connection, mailbox: MailboxId, uid: u32) -> Result<Option<BlobId>> {
    let sql = "DELETE FROM message WHERE mailbox = ? AND uid = ? RETURNING blob";
    let blob = connection.prepare_cached(sql)?.query_row(params![mailbox.0, uid], |row| row.get(0)).optional()?;
    Ok(blob.map(BlobId))
}

/// Remembers that the message vanished.
pub(crate) fn remember_vanished(connection: &Connection, mailbox: MailboxId, uid: u32, modseq: i64) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO vanished (mailbox, uid, modseq) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![mailbox.0, uid, modseq])?;
    Ok(())
}
