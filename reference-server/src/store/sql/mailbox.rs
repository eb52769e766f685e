//! Mailboxes, subscriptions and the names that were.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::store::{Mailbox, MailboxId, Result, Rights, Status};

pub(super) const COLUMNS: &str = "id, name, selectable, uidvalidity";

pub(super) fn mailbox(row: &Row<'_>) -> rusqlite::Result<Mailbox> {
    Ok(Mailbox {
        id: MailboxId(row.get(0)?),
        name: row.get(1)?,
        selectable: row.get(2)?,
        uidvalidity: row.get(3)?,
        rights: Rights::ALL,
    })
}

/// The mailbox of this canonical name.
pub(crate) fn find(connection: &Connection, account: &str, name: &str) -> Result<Option<Mailbox>> {
    let sql = format!("SELECT {COLUMNS} FROM mailbox WHERE account = ? AND name = ?");
    Ok(connection.prepare_cached(&sql)?.query_row([account, name], mailbox).optional()?)
}

/// The mailboxes of the account whose names begin so, by name: no octet of UTF-8 is greater than the one at the end.
pub(crate) fn beginning_with(connection: &Connection, account: &str, prefix: &str) -> Result<Vec<Mailbox>> {
    let sql = format!("SELECT {COLUMNS} FROM mailbox WHERE account = ? AND name >= ? AND name < ? ORDER BY name");
    let mut select = connection.prepare_cached(&sql)?;
    let rows = select.query_map([account, prefix, &format!("{prefix}\u{10ffff}")], mailbox)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The mailboxes below this name: `0` follows the delimiter, so that the index has them in one piece.
pub(crate) fn below(connection: &Connection, account: &str, name: &str) -> Result<Vec<Mailbox>> {
    let sql = format!("SELECT {COLUMNS} FROM mailbox WHERE account = ? AND name > ? AND name < ? ORDER BY name");
    let mut select = connection.prepare_cached(&sql)?;
    let rows = select.query_map([account, &format!("{name}/"), &format!("{name}0")], mailbox)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether there are mailboxes below this name.
pub(crate) fn has_below(connection: &Connection, account: &str, name: &str) -> Result<bool> {
    let mut select = connection.prepare_cached("SELECT 1 FROM mailbox WHERE account = ? AND name > ? AND name < ? LIMIT 1")?;
    Ok(select.exists([account, &format!("{name}/"), &format!("{name}0")])?)
}

/// Whose mailbox it is.
pub(crate) fn account(connection: &Connection, id: MailboxId) -> Result<Option<String>> {
    let mut select = connection.prepare_cached("SELECT account FROM mailbox WHERE id = ?")?;
    Ok(select.query_row([id.0], |row| row.get(0)).optional()?)
}

/// Whose mailbox it is, and its name.
pub(crate) fn account_and_name(connection: &Connection, id: MailboxId) -> Result<Option<(String, String)>> {
    let mut select = connection.prepare_cached("SELECT account, name FROM mailbox WHERE id = ?")?;
    Ok(select.query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// Adds a mailbox, or a name that only holds others.
pub(crate) fn insert(
    connection: &Connection,
    account: &str,
    name: &str,
    uidvalidity: u32,
    selectable: bool,
) -> Result<MailboxId> {
    let sql = "INSERT INTO mailbox (account, name, selectable, uidvalidity) VALUES (?, ?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![account, name, selectable, uidvalidity])?;
    Ok(MailboxId(connection.last_insert_rowid()))
}

/// Removes the row and what belongs to it; its messages are gone already.
pub(crate) fn delete(connection: &Connection, id: MailboxId) -> Result<()> {
    super::annotation::remove_all(connection, id)?;
    connection.prepare_cached("DELETE FROM acl WHERE mailbox = ?")?.execute([id.0])?;
    connection.prepare_cached("DELETE FROM vanished WHERE mailbox = ?")?.execute([id.0])?;
    connection.prepare_cached("DELETE FROM mailbox WHERE id = ?")?.execute([id.0])?;
    Ok(())
}

/// Gives the mailbox another name.
pub(crate) fn set_name(connection: &Connection, id: MailboxId, name: &str) -> Result<()> {
    connection.prepare_cached("UPDATE mailbox SET name = ? WHERE id = ?")?.execute(params![name, id.0])?;
    Ok(())
}

/// Gives the mailbox another UIDVALIDITY.
pub(crate) fn set_uidvalidity(connection: &Connection, id: MailboxId, uidvalidity: u32) -> Result<()> {
    let sql = "UPDATE mailbox SET uidvalidity = ? WHERE id = ?";
    connection.prepare_cached(sql)?.execute(params![uidvalidity, id.0])?;
    Ok(())
}

/// Whether a mailbox of this number exists and can be selected.
pub(crate) fn exists(connection: &Connection, id: MailboxId) -> Result<bool> {
    let mut select = connection.prepare_cached("SELECT 1 FROM mailbox WHERE id = ? AND selectable")?;
    Ok(select.exists([id.0])?)
}

/// The least UIDVALIDITY that was never given and is not below `now`, and marks it as given.
pub(crate) fn next_uidvalidity(connection: &Connection, now: u32) -> Result<u32> {
    let sql = "INSERT INTO counter (name, value) VALUES ('uidvalidity', ?1)
               ON CONFLICT (name) DO UPDATE SET value = max(value + 1, ?1) RETURNING value";
    Ok(connection.prepare_cached(sql)?.query_row([now], |row| row.get(0))?)
}

/// Remembers that the name had this UIDVALIDITY.
pub(crate) fn remember_name(connection: &Connection, account: &str, name: &str, uidvalidity: u32) -> Result<()> {
    let sql = "INSERT INTO former_name (account, name, uidvalidity) VALUES (?1, ?2, ?3)
               ON CONFLICT (account, name) DO UPDATE SET uidvalidity = max(uidvalidity, ?3)";
    connection.prepare_cached(sql)?.execute(params![account, name, uidvalidity])?;
    Ok(())
}

/// The greatest UIDVALIDITY a former mailbox of this name had.
pub(crate) fn former_uidvalidity(connection: &Connection, account: &str, name: &str) -> Result<Option<u32>> {
    let sql = "SELECT uidvalidity FROM former_name WHERE account = ? AND name = ?";
    Ok(connection.prepare_cached(sql)?.query_row([account, name], |row| row.get(0)).optional()?)
}

/// Everything STATUS tells.
pub(crate) fn status(connection: &Connection, id: MailboxId) -> Result<Option<Status>> {
    // Of recent messages there are few, and they come last.
    let sql = "SELECT messages, unseen, deleted, octets, uidnext, uidvalidity, highestmodseq, recent_from,
                      (SELECT count(*) FROM message WHERE mailbox = mailbox.id AND uid >= recent_from)
               FROM mailbox WHERE id = ? AND selectable";
    let status = connection.prepare_cached(sql)?.query_row([id.0], |row| {
        Ok(Status {
            messages: row.get(0)?,
            unseen: row.get(1)?,
            deleted: row.get(2)?,
            size: row.get::<_, i64>(3)? as u64,
            uidnext: row.get(4)?,
            uidvalidity: row.get(5)?,
            highest_modseq: row.get::<_, i64>(6)? as u64,
            recent_from: row.get(7)?,
            recent: row.get(8)?,
        })
    });
    Ok(status.optional()?)
}

/// What changes with every change of a mailbox.
pub(crate) struct Sequences {
    pub uidnext: u32,
    pub highest_modseq: u64,
    pub recent_from: u32,
}

/// How far a mailbox has come, without counting its messages.
pub(crate) fn sequences(connection: &Connection, id: MailboxId) -> Result<Option<Sequences>> {
    let sql = "SELECT uidnext, highestmodseq, recent_from FROM mailbox WHERE id = ? AND selectable";
    let found = connection.prepare_cached(sql)?.query_row([id.0], |row| {
        Ok(Sequences { uidnext: row.get(0)?, highest_modseq: row.get::<_, i64>(1)? as u64, recent_from: row.get(2)? })
    });
    Ok(found.optional()?)
}

/// Takes `count` UIDs; gives the first and the UIDVALIDITY. None if the mailbox does not exist or they are spent.
pub(crate) fn take_uids(connection: &Connection, id: MailboxId, count: u32) -> Result<Option<(u32, u32)>> {
    let sql = "UPDATE mailbox SET uidnext = uidnext + ?2
               WHERE id = ?1 AND selectable AND uidnext + ?2 <= 4294967295 RETURNING uidnext - ?2, uidvalidity";
    let mut update = connection.prepare_cached(sql)?;
    Ok(update.query_row(params![id.0, count], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// Where a message is delivered.
pub(crate) struct Place {
    pub mailbox: MailboxId,
    pub uid: u32,
    pub modseq: i64,
}

/// Takes a UID and a modification sequence of the account's INBOX. None if there is none yet, or its UIDs are spent.
pub(crate) fn take_inbox_uid(connection: &Connection, account: &str) -> Result<Option<Place>> {
    let sql = "UPDATE mailbox SET uidnext = uidnext + 1, highestmodseq = highestmodseq + 1
               WHERE account = ? AND name = 'INBOX' AND selectable AND uidnext < 4294967295
               RETURNING id, uidnext - 1, highestmodseq";
    let mut update = connection.prepare_cached(sql)?;
    let place =
        update.query_row([account], |row| Ok(Place { mailbox: MailboxId(row.get(0)?), uid: row.get(1)?, modseq: row.get(2)? }));
    Ok(place.optional()?)
}

/// The next modification sequence of the mailbox.
pub(crate) fn next_modseq(connection: &Connection, id: MailboxId) -> Result<i64> {
    let sql = "UPDATE mailbox SET highestmodseq = highestmodseq + 1 WHERE id = ? RETURNING highestmodseq";
    Ok(connection.prepare_cached(sql)?.query_row([id.0], |row| row.get(0))?)
}

/// Forgets the UIDs of messages that are gone.
pub(crate) fn rewind_uids(connection: &Connection, id: MailboxId) -> Result<()> {
    let sql = "UPDATE mailbox SET uidnext = 1 + (SELECT coalesce(max(uid), 0) FROM message WHERE mailbox = ?1) WHERE id = ?1";
    connection.prepare_cached(sql)?.execute([id.0])?;
    Ok(())
}

/// Marks all messages as shown to a session.
pub(crate) fn clear_recent(connection: &Connection, id: MailboxId) -> Result<()> {
    connection.prepare_cached("UPDATE mailbox SET recent_from = uidnext WHERE id = ?")?.execute([id.0])?;
    Ok(())
}

/// Subscribes to a name; gives whether it was not subscribed to.
pub(crate) fn subscribe(connection: &Connection, account: &str, name: &str) -> Result<bool> {
    let sql = "INSERT OR IGNORE INTO subscription (account, name) VALUES (?, ?)";
    Ok(connection.prepare_cached(sql)?.execute([account, name])? == 1)
}

/// Ends a subscription; gives whether there was one.
pub(crate) fn unsubscribe(connection: &Connection, account: &str, name: &str) -> Result<bool> {
    let sql = "DELETE FROM subscription WHERE account = ? AND name = ?";
    Ok(connection.prepare_cached(sql)?.execute([account, name])? == 1)
}

/// The names subscribed to that begin so, in order.
pub(crate) fn subscriptions(connection: &Connection, account: &str, prefix: &str) -> Result<Vec<String>> {
    let sql = "SELECT name FROM subscription WHERE account = ? AND name >= ? AND name < ? ORDER BY name";
    let mut select = connection.prepare_cached(sql)?;
    let rows = select.query_map([account, prefix, &format!("{prefix}\u{10ffff}")], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
