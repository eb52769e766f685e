//! Where queries run: on connections of their own beside a file, or between two batches of the writer in memory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::{Error, Inner, Result, sql};

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
            Readers::File { path, idle } => {
                let connection = taken(path, idle)?;
                // One transaction, so that all statements of the query see the same commit.
                let answer = (|| {
                    sql::begin(&connection)?;
                    let answer = query(&connection);
                    sql::end(&connection)?;
                    answer
                })();
                // One that is still inside a transaction would show its next user the past.
                if connection.is_autocommit() {
                    give_back(idle, connection);
                }
                answer
            }
        }
    }
}

/// A connection that stays inside one transaction, until dropped.
pub(super) struct Still {
    inner: Arc<Inner>,
    connection: Mutex<Option<Connection>>,
}

impl Still {
    /// None for a database in memory: there a query has no transaction of its own that would cost something, and whoever
    /// held the connection would hold up everyone.
    pub(super) fn on(inner: &Arc<Inner>) -> Result<Option<Still>> {
        let Readers::File { path, idle } = &inner.readers else { return Ok(None) };
        let connection = taken(path, idle)?;
        sql::begin(&connection)?;
        Ok(Some(Still { inner: Arc::clone(inner), connection: Mutex::new(Some(connection)) }))
    }

    /// Whoever opened it waits already.
    pub(super) fn run<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        match &*lock(&self.connection) {
            Some(connection) => query(connection),
            None => Err(Error::Failed("the transaction has ended".into())),
        }
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        if let Readers::File { idle, .. } = &self.inner.readers
            && let Some(connection) = lock(&self.connection).take()
            && sql::end(&connection).is_ok()
        {
            give_back(idle, connection);
        }
    }
}

fn taken(path: &Path, idle: &Mutex<Vec<Connection>>) -> Result<Connection> {
    let kept = lock(idle).pop();
    match kept {
        Some(connection) => Ok(connection),
        None => open(path),
    }
}

fn give_back(idle: &Mutex<Vec<Connection>>, connection: Connection) {
    let mut idle = lock(idle);
    if idle.len() < KEPT {
        idle.push(connection);
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
