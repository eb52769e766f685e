//! All SQL of the server, behind functions that take a connection. Which statements make one operation, and what the
//! results mean for mail, is decided outside.

pub(crate) mod acl;
pub(crate) mod annotation;
pub(crate) mod blob;
pub(crate) mod mailbox;
pub(crate) mod message;
pub(crate) mod queue;
pub(crate) mod quota;
pub(crate) mod thread;
pub(crate) mod url_key;

use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::{Error, Result};

/// The schema in steps: a database at version n has seen the first n. Steps are only ever added.
const STEPS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("queue.sql"),
    include_str!("envelope.sql"),
    include_str!("head.sql"),
    include_str!("folders.sql"),
    include_str!("saved.sql"),
    include_str!("url_key.sql"),
    include_str!("counts.sql"),
];

/// Settings of the writing connection of a database in a file. They come before anything else.
///
/// WAL with synchronous=FULL syncs the log at every commit: what was acknowledged survives a power loss.
pub(crate) fn prepare_file(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;",
    )?;
    Ok(())
}

/// A database in memory that has the newest schema. It is a copy of one that was made step by step: where each case or test
/// has a server of its own, the steps would take most of the time.
pub(crate) fn in_memory() -> Result<Connection> {
    static MADE: Mutex<Option<Connection>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = match &mut *made {
        Some(made) => made,
        none => {
            let fresh = Connection::open_in_memory()?;
            migrate(&fresh)?;
            none.insert(fresh)
        }
    };
    let mut copy = Connection::open_in_memory()?;
    Backup::new(made, &mut copy)?.step(-1)?;
    Ok(copy)
}

/// Settings of a reading connection.
pub(crate) fn prepare_reader(connection: &Connection) -> Result<()> {
    connection.execute_batch("PRAGMA busy_timeout = 5000;")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Begins to read what is committed now.
pub(crate) fn begin(reader: &Connection) -> Result<()> {
    reader.prepare_cached("BEGIN")?.execute([])?;
    Ok(())
}

/// Ends it.
pub(crate) fn end(reader: &Connection) -> Result<()> {
    reader.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

/// Brings the schema to the newest version.
pub(crate) fn migrate(connection: &Connection) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(128);
    // SQLite looks through all children for a parent that goes, a whole table where they have no index. So nothing relies
    // on its watch: children are removed by name, and builds for tests have it on to see that this is done.
    connection.pragma_update(None, "foreign_keys", cfg!(debug_assertions))?;
    let version: usize = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))? as usize;
    if version > STEPS.len() {
        return Err(Error::Failed(format!(
            "the database has schema version {version}, this program knows only {}: use a newer program or another directory",
            STEPS.len()
        )));
    }
    for (step, sql) in STEPS.iter().enumerate().skip(version) {
        connection.execute_batch(&format!("BEGIN IMMEDIATE; {sql} PRAGMA user_version = {}; COMMIT;", step + 1))?;
    }
    Ok(())
}

/// Copies the write-ahead log into the database, as far as no reader needs it.
pub(crate) fn checkpoint(connection: &Connection) -> Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(())
}
