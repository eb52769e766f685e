//! Where queries run: on connections of their own beside a file, or between two batches of the writer in memory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::{Result, sql};
use crate::waiting::waiting;

/// How many idle connections are kept.
const KEPT: usize = 8;

pub(super) enum Readers {
    /// WAL readers see the last commit and never wait for the writer.
    File { path: PathBuf, idle: Mutex<Vec<Connection>> },
    /// A database in memory has one connection; the writer holds the lock for a whole transaction.
    Shared(Arc<Mutex<Connection>>),
}

impl Readers {
    pub(super) fn of_file(path: &Path) -> Readers {
        Readers::File { path: path.to_owned(), idle: Mutex::default() }
    }

    pub(super) fn sharing(connection: Arc<Mutex<Connection>>) -> Readers {
        Readers::Shared(connection)
    }

    pub(super) fn run<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        match self {
            Readers::Shared(connection) => query(&lock(connection)),
            Readers::File { path, idle } => waiting(|| {
                let kept = lock(idle).pop();
                let connection = match kept {
                    Some(connection) => connection,
                    None => open(path)?,
                };
                // One transaction, so that all statements of the query see the same commit.
                let answer = (|| {
                    let transaction = connection.unchecked_transaction()?;
                    let answer = query(&transaction)?;
                    transaction.commit()?;
                    Ok(answer)
                })();
                let mut idle = lock(idle);
                if idle.len() < KEPT {
                    idle.push(connection);
                }
                answer
            }),
        }
    }
}

fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    sql::prepare_reader(&connection)?;
    Ok(connection)
}

/// A panic while the lock was held has been caught and its operation rolled back, so the connection is sound.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
