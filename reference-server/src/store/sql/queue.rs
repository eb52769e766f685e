//! Entries of the queue and their recipients. Instants are milliseconds since 1970.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::store::Result;

/// The end of time: when a recipient is due that is held.
pub(crate) const NEVER: i64 = i64::MAX;

/// An entry as it is stored; `envelope.sql` says what the numbers mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EntryRow {
    pub accepted: i64,
    pub reverse_path: Option<String>,
    pub body: u8,
    pub blob: i64,
    pub smtputf8: bool,
    pub tls: u8,
    pub ret: Option<u8>,
    pub envid: Option<String>,
    pub priority: Option<i8>,
    pub hold_until: Option<i64>,
    pub hold_request: Option<String>,
    pub submitter: Option<String>,
    /// Deadline, mode, trace.
    pub deliver_by: Option<(i64, u8, bool)>,
    pub told: u8,
    pub event: Option<i64>,
}

/// A recipient as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecipientRow {
    pub address: String,
    pub due: i64,
    pub attempts: u32,
    pub destination: String,
    pub priority: i8,
    pub notify: Option<u8>,
    /// Type and address.
    pub original: Option<(String, String)>,
    pub held: u8,
    pub tried: Option<i64>,
    pub diagnosis: Option<DiagnosisRow>,
}

/// What the last attempt came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiagnosisRow {
    pub status: String,
    pub reason: String,
    /// The other server and its reply.
    pub remote: Option<(String, String)>,
}

const ENTRY: &str = "accepted, reverse_path, body, blob, smtputf8, tls, ret, envid, priority, hold_until,
                     by_deadline, by_mode, by_trace, told, event, hold_request, submitter";
const RECIPIENT: &str = "address, due, attempts, destination, priority, notify, original_type, original, held, tried,
                         status, reason, remote, reply";

fn entry(row: &Row<'_>) -> rusqlite::Result<EntryRow> {
    let deadline: Option<i64> = row.get(10)?;
    Ok(EntryRow {
        accepted: row.get(0)?,
        reverse_path: row.get(1)?,
        body: row.get(2)?,
        blob: row.get(3)?,
        smtputf8: row.get(4)?,
        tls: row.get(5)?,
        ret: row.get(6)?,
        envid: row.get(7)?,
        priority: row.get(8)?,
        hold_until: row.get(9)?,
        deliver_by: match deadline {
            Some(deadline) => Some((deadline, row.get(11)?, row.get(12)?)),
            None => None,
        },
        told: row.get(13)?,
        event: row.get(14)?,
        hold_request: row.get(15)?,
        submitter: row.get(16)?,
    })
}

fn recipient(row: &Row<'_>) -> rusqlite::Result<RecipientRow> {
    let kind: Option<String> = row.get(6)?;
    let status: Option<String> = row.get(10)?;
    let remote: Option<String> = row.get(12)?;
    Ok(RecipientRow {
        address: row.get(0)?,
        due: row.get(1)?,
        attempts: row.get(2)?,
        destination: row.get(3)?,
        priority: row.get(4)?,
        notify: row.get(5)?,
        original: match kind {
            Some(kind) => Some((kind, row.get(7)?)),
            None => None,
        },
        held: row.get(8)?,
        tried: row.get(9)?,
        diagnosis: match status {
            Some(status) => Some(DiagnosisRow {
                status,
                reason: row.get(11)?,
                remote: match remote {
                    Some(remote) => Some((remote, row.get(13)?)),
                    None => None,
                },
            }),
            None => None,
        },
    })
}

/// Adds an entry under this number.
pub(crate) fn insert(connection: &Connection, id: i64, row: &EntryRow) -> Result<()> {
    let sql = format!("INSERT INTO queue_entry (id, {ENTRY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    connection.prepare_cached(&sql)?.execute(params![
        id,
        row.accepted,
        row.reverse_path,
        row.body,
        row.blob,
        row.smtputf8,
        row.tls,
        row.ret,
        row.envid,
        row.priority,
        row.hold_until,
        row.deliver_by.map(|by| by.0),
        row.deliver_by.map(|by| by.1),
        row.deliver_by.map(|by| by.2),
        row.told,
        row.event,
        row.hold_request,
        row.submitter,
    ])?;
    Ok(())
}

/// Adds a recipient that was never tried.
pub(crate) fn add_recipient(connection: &Connection, entry: i64, row: &RecipientRow) -> Result<()> {
    let sql = "INSERT INTO queue_recipient (entry, address, due, destination, priority, notify, original_type, original)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let original = row.original.as_ref();
    connection.prepare_cached(sql)?.execute(params![
        entry,
        row.address,
        row.due,
        row.destination,
        row.priority,
        row.notify,
        original.map(|original| &original.0),
        original.map(|original| &original.1),
    ])?;
    Ok(())
}

/// The entry of this number, if it is not settled.
pub(crate) fn find(connection: &Connection, id: i64) -> Result<Option<EntryRow>> {
    let sql = format!("SELECT {ENTRY} FROM queue_entry WHERE id = ?");
    Ok(connection.prepare_cached(&sql)?.query_row([id], entry).optional()?)
}

/// All recipients of an entry that wait.
pub(crate) fn recipients(connection: &Connection, id: i64) -> Result<Vec<RecipientRow>> {
    let sql = format!("SELECT {RECIPIENT} FROM queue_recipient WHERE entry = ? ORDER BY address");
    let mut select = connection.prepare_cached(&sql)?;
    let rows = select.query_map([id], recipient)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The recipients of an entry that are due at a destination.
pub(crate) fn due_recipients(connection: &Connection, id: i64, destination: &str, now: i64) -> Result<Vec<RecipientRow>> {
    let sql =
        format!("SELECT {RECIPIENT} FROM queue_recipient WHERE entry = ? AND destination = ? AND due <= ? ORDER BY address");
    let mut select = connection.prepare_cached(&sql)?;
    let rows = select.query_map(params![id, destination, now], recipient)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The recipient of an entry, if it waits.
pub(crate) fn find_recipient(connection: &Connection, id: i64, address: &str) -> Result<Option<RecipientRow>> {
    let sql = format!("SELECT {RECIPIENT} FROM queue_recipient WHERE entry = ? AND address = ?");
    Ok(connection.prepare_cached(&sql)?.query_row(params![id, address], recipient).optional()?)
}

/// Entries that have recipients due at a destination, those of high priority first, then those that wait longest; at most
/// so many, and only those that `wanted` takes. Stops looking when it has them.
pub(crate) fn due(
    connection: &Connection,
    destination: &str,
    now: i64,
    most: usize,
    wanted: impl Fn(i64) -> bool,
) -> Result<Vec<i64>> {
    let mut entries: Vec<i64> = Vec::new();
    each_priority(connection, destination, |priority| {
        let mut select = connection.prepare_cached(
            "SELECT entry FROM queue_recipient WHERE destination = ? AND priority = ? AND due <= ? ORDER BY due, entry",
        )?;
        let mut rows = select.query(params![destination, priority, now])?;
        while entries.len() < most
            && let Some(row) = rows.next()?
        {
            let id = row.get(0)?;
            // The recipients of an entry mostly follow each other.
            if entries.last() != Some(&id) && wanted(id) && !entries.contains(&id) {
                entries.push(id);
            }
        }
        Ok(entries.len() < most)
    })?;
    Ok(entries)
}

/// When the next recipient is due at a destination, of the entries that `wanted` takes.
pub(crate) fn next_due(connection: &Connection, destination: &str, wanted: impl Fn(i64) -> bool) -> Result<Option<i64>> {
    let mut next: Option<i64> = None;
    each_priority(connection, destination, |priority| {
        let mut select = connection.prepare_cached(
            "SELECT entry, due FROM queue_recipient WHERE destination = ? AND priority = ? ORDER BY due, entry",
        )?;
        let mut rows = select.query(params![destination, priority])?;
        while let Some(row) = rows.next()? {
            if wanted(row.get(0)?) {
                let due: i64 = row.get(1)?;
                next = Some(next.map_or(due, |next| next.min(due)));
                break;
            }
        }
        Ok(true)
    })?;
    Ok(next.filter(|due| *due != NEVER))
}

/// Calls `look` for the priorities at a destination from the highest on, while it gives true. Each is found by the index.
fn each_priority(connection: &Connection, destination: &str, mut look: impl FnMut(i8) -> Result<bool>) -> Result<()> {
    let mut select =
        connection.prepare_cached("SELECT max(priority) FROM queue_recipient WHERE destination = ? AND priority < ?")?;
    let mut below: i64 = i64::from(i8::MAX) + 1;
    while let Some(priority) = select.query_row(params![destination, below], |row| row.get::<_, Option<i8>>(0))? {
        if !look(priority)? {
            break;
        }
        below = i64::from(priority);
    }
    Ok(())
}

/// Every destination with the instant when its next recipient is due. Reads the whole index: for the start of a server.
pub(crate) fn destinations(connection: &Connection) -> Result<Vec<(String, i64)>> {
    let mut select = connection
        .prepare_cached("SELECT destination, min(due) AS next FROM queue_recipient GROUP BY destination HAVING next <> ?")?;
    let rows = select.query_map([NEVER], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Entries with an event at `now` or before, at most so many.
pub(crate) fn events(connection: &Connection, now: i64, most: usize) -> Result<Vec<i64>> {
    let mut select = connection.prepare_cached("SELECT id FROM queue_entry WHERE event <= ? ORDER BY event LIMIT ?")?;
    let rows = select.query_map(params![now, most as i64], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// When the next event is.
pub(crate) fn next_event(connection: &Connection) -> Result<Option<i64>> {
    let mut select = connection.prepare_cached("SELECT min(event) FROM queue_entry WHERE event IS NOT NULL")?;
    Ok(select.query_row([], |row| row.get(0))?)
}

/// Numbers of entries after this one, in order; at most so many.
pub(crate) fn after(connection: &Connection, id: i64, most: usize) -> Result<Vec<i64>> {
    let mut select = connection.prepare_cached("SELECT id FROM queue_entry WHERE id > ? ORDER BY id LIMIT ?")?;
    let rows = select.query_map(params![id, most as i64], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Numbers of entries after this one with a recipient at a destination, in order; at most so many.
pub(crate) fn after_at(connection: &Connection, id: i64, destination: &str, most: usize) -> Result<Vec<i64>> {
    let mut select = connection.prepare_cached(
        "SELECT DISTINCT entry FROM queue_recipient WHERE entry > ? AND destination = ? ORDER BY entry LIMIT ?",
    )?;
    let rows = select.query_map(params![id, destination, most as i64], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The greatest number of an entry.
pub(crate) fn last(connection: &Connection) -> Result<i64> {
    Ok(connection.query_row("SELECT coalesce(max(id), 0) FROM queue_entry", [], |row| row.get(0))?)
}

/// How many entries and recipients there are.
pub(crate) fn count(connection: &Connection) -> Result<(u64, u64)> {
    let sql = "SELECT (SELECT count(*) FROM queue_entry), (SELECT count(*) FROM queue_recipient)";
    Ok(connection.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64)))?)
}

/// Writes down an attempt that failed. A recipient that was held meanwhile stays held.
pub(crate) fn postpone(connection: &Connection, id: i64, address: &str, now: i64, due: i64, why: &DiagnosisRow) -> Result<()> {
    let sql = "UPDATE queue_recipient SET due = CASE held WHEN 0 THEN ?3 ELSE due END, attempts = attempts + 1, tried = ?4,
               status = ?5, reason = ?6, remote = ?7, reply = ?8 WHERE entry = ?1 AND address = ?2";
    let (remote, reply) = why.remote.as_ref().map(|(remote, reply)| (remote, reply)).unzip();
    connection.prepare_cached(sql)?.execute(params![id, address, due, now, why.status, why.reason, remote, reply])?;
    Ok(())
}

/// Makes a recipient due at another instant, without an attempt. One that is held stays so.
pub(crate) fn set_due(connection: &Connection, id: i64, address: &str, due: i64) -> Result<()> {
    let sql = "UPDATE queue_recipient SET due = ? WHERE entry = ? AND address = ? AND held = 0";
    connection.prepare_cached(sql)?.execute(params![due, id, address])?;
    Ok(())
}

/// Holds a recipient (`held` is not 0), or lets it go.
pub(crate) fn set_held(connection: &Connection, id: i64, address: &str, held: u8, due: i64) -> Result<()> {
    let sql = "UPDATE queue_recipient SET held = ?, due = ? WHERE entry = ? AND address = ?";
    connection.prepare_cached(sql)?.execute(params![held, due, id, address])?;
    Ok(())
}

/// Says why a recipient cannot be read, and has nobody try it.
pub(crate) fn set_unreadable(connection: &Connection, id: i64, why: &str) -> Result<()> {
    let sql = "UPDATE queue_recipient SET held = 2, due = ?, status = '5.3.0', reason = ? WHERE entry = ?";
    connection.prepare_cached(sql)?.execute(params![NEVER, why, id])?;
    connection.prepare_cached("UPDATE queue_entry SET event = NULL WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Writes down what the sender was told, and when something is to be done next.
pub(crate) fn set_event(connection: &Connection, id: i64, told: u8, event: Option<i64>) -> Result<()> {
    let mut update = connection.prepare_cached("UPDATE queue_entry SET told = ?, event = ? WHERE id = ?")?;
    update.execute(params![told, event, id])?;
    Ok(())
}

/// Removes a recipient that is settled; gives whether it was still waiting.
pub(crate) fn remove_recipient(connection: &Connection, id: i64, address: &str) -> Result<bool> {
    let mut delete = connection.prepare_cached("DELETE FROM queue_recipient WHERE entry = ? AND address = ?")?;
    Ok(delete.execute(params![id, address])? == 1)
}

/// Removes the entry if nobody waits for it any more; gives the blob it had if it did.
pub(crate) fn remove_if_settled(connection: &Connection, id: i64) -> Result<Option<i64>> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM queue_entry WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM queue_recipient WHERE entry = ?1) RETURNING blob",
    )?;
    Ok(delete.query_row([id], |row| row.get(0)).optional()?)
}
