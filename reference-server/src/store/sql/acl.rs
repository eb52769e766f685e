//! The access control lists of mailboxes.

use rusqlite::{Connection, Row, params};

use super::mailbox;
use crate::store::{Grant, Mailbox, MailboxId, Result, Rights};

fn grant(row: &Row<'_>, at: usize) -> rusqlite::Result<Grant> {
    let rights: String = row.get(at + 1)?;
    Ok(Grant { identifier: row.get(at)?, rights: Rights::read(&rights).unwrap_or_default() })
}

/// The list of a mailbox.
pub(crate) fn of(connection: &Connection, mailbox: MailboxId) -> Result<Vec<Grant>> {
    let mut select = connection.prepare_cached("SELECT identifier, rights FROM acl WHERE mailbox = ? ORDER BY identifier")?;
    let rows = select.query_map([mailbox.0], |row| grant(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The lists of all mailboxes of an account that have one.
pub(crate) fn of_account(connection: &Connection, account: &str) -> Result<Vec<(MailboxId, Vec<Grant>)>> {
    let sql = "SELECT acl.mailbox, identifier, rights FROM acl JOIN mailbox ON mailbox.id = acl.mailbox
               WHERE mailbox.account = ? ORDER BY acl.mailbox";
    let mut select = connection.prepare_cached(sql)?;
    let rows = select.query_map([account], |row| Ok((MailboxId(row.get(0)?), grant(row, 1)?)))?;
    let mut lists: Vec<(MailboxId, Vec<Grant>)> = Vec::new();
    for row in rows {
        let (mailbox, grant) = row?;
        match lists.last_mut() {
            Some((last, grants)) if *last == mailbox => grants.push(grant),
            _ => lists.push((mailbox, vec![grant])),
        }
    }
    Ok(lists)
}

/// Puts an identifier on the list, in place of what it had.
pub(crate) fn set(connection: &Connection, mailbox: MailboxId, identifier: &str, rights: Rights) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO acl (mailbox, identifier, rights) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![mailbox.0, identifier, rights.standard_letters()])?;
    Ok(())
}

/// Takes an identifier off the list.
pub(crate) fn remove(connection: &Connection, mailbox: MailboxId, identifier: &str) -> Result<()> {
    let sql = "DELETE FROM acl WHERE mailbox = ? AND identifier = ?";
    connection.prepare_cached(sql)?.execute(params![mailbox.0, identifier])?;
    Ok(())
}

/// Gives a mailbox the list of another.
pub(crate) fn copy(connection: &Connection, from: MailboxId, to: MailboxId) -> Result<()> {
    let sql =
        "INSERT OR REPLACE INTO acl (mailbox, identifier, rights) SELECT ?2, identifier, rights FROM acl WHERE mailbox = ?1";
    connection.prepare_cached(sql)?.execute(params![from.0, to.0])?;
    Ok(())
}

/// The mailboxes on whose list one of two identifiers is, with their owners.
pub(crate) fn mailboxes_for(connection: &Connection, identifiers: &[&str; 2]) -> Result<Vec<(String, Mailbox)>> {
    let sql = format!(
        "SELECT DISTINCT {}, account FROM acl JOIN mailbox ON mailbox.id = acl.mailbox WHERE identifier IN (?, ?)
         ORDER BY account, name",
        mailbox::COLUMNS
    );
    let mut select = connection.prepare_cached(&sql)?;
    let rows = select.query_map(identifiers, |row| Ok((row.get(4)?, mailbox::mailbox(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
