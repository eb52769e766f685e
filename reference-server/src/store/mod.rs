//! Mailboxes and their messages, durable when a method has returned.
//!
//! Everything lives in one SQLite database, in a file or in memory. All changes go through one writer thread, which
//! commits whatever has queued up in one transaction and answers after the commit; reads have connections of their own.
//! The methods speak of mail, the SQL stays in [`sql`]. They block until the answer is there, so they are called where
//! waiting is allowed: on a thread of its own, or of a runtime that can move other tasks away. The store knows no protocol: message numbers are the business of a [`View`], response codes that
//! of the session which reads the [`Error`].

mod acl;
mod annotations;
mod asked;
mod blobs;
mod changes;
mod digests;
mod error;
mod events;
mod flags;
mod lock;
mod mailboxes;
mod maildrop;
mod messages;
mod names;
mod quotas;
mod readers;
mod rewind;
mod rights;
mod special_use;
pub(crate) mod sql;
mod threads;
mod url_keys;
mod view;
mod watch;
mod writer;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod view_model;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use crate::waiting::waiting;

pub use acl::{ANYONE, AclChange, Grant, NOBODY, SharedMailbox};
pub use annotations::{Annotation, LONGEST_ANNOTATION, THE_SERVER, is_private};
pub use asked::{Asked, Count, Heard};
pub use blobs::{BlobId, Hold, Stage};
pub use changes::{Changes, Snapshot, Vanished};
pub use digests::Digest;
pub use error::Error;
pub use events::{Event, Happening, Origin, Place};
pub use flags::{Flags, SystemFlag};
pub use mailboxes::{Listed, Mailbox, MailboxId, Status};
pub use maildrop::Maildrop;
pub use messages::{Appended, Body, Copied, FlagChange, FlagOutcome, Flagged, How, Message, NewMessage, Uid, UnchangedSince};
pub use names::{DELIMITER, INBOX, canonical as canonical_name};
pub use quotas::{Quota, Resource, default_quotas};
pub use rights::{Right, Rights};
pub use special_use::SpecialUse;
pub use view::{Expunges, Row, Telling, Update, View};
pub use watch::{Kinds, Listening, Touch, Waker, Watch};
pub(crate) use writer::Tx;

/// What the operations of the store give.
pub type Result<T> = std::result::Result<T, Error>;

/// The store. Cloning gives another handle on the same database.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    /// What all queries of this handle see, if it is to be the same.
    still: Option<Arc<readers::Still>>,
    /// Who makes the changes that are made by this handle.
    origin: Origin,
}

struct Inner {
    // Fields drop in this order: the writer first, so that all it still holds is committed before the readers close.
    writer: writer::Writer,
    readers: readers::Readers,
    watchers: Arc<watch::Watchers>,
    known: Arc<Known>,
    maildrops: Arc<maildrop::Locks>,
    url_resets: Arc<url_keys::Resets>,
    /// Let go last.
    _lock: Option<lock::Lock>,
}

/// What the store knows without asking its database.
#[derive(Default)]
pub(crate) struct Known {
    holds: blobs::Holds,
    /// Whether any account is limited: while none is, nobody needs to ask.
    limited: AtomicBool,
    digests: digests::Digests,
}

impl Store {
    /// Opens the database in this file, creating it if need be.
    ///
    /// What a crash left half written (messages staged but never referred to) is swept away.
    pub fn open(path: &Path) -> Result<Store> {
        let lock = lock::Lock::take(path)?;
        let told = |error: Error| match error {
            Error::Failed(why) => Error::Failed(format!(
                "the database {} cannot be used: {why}; put a backup in its place, or move it away to begin with an empty one",
                path.display()
            )),
            other => other,
        };
        let connection = Connection::open(path).map_err(|error| told(error.into()))?;
        let opened = sql::prepare_file(&connection).and_then(|()| {
            let readers = |_: &Arc<Mutex<Connection>>| readers::Readers::of_file(path);
            Store::on(connection, readers, Some(lock))
        });
        opened.map_err(told)
    }

    /// A store that lives as long as its last handle, in memory.
    pub fn memory() -> Result<Store> {
        let connection = sql::in_memory()?;
        Store::on(connection, |shared| readers::Readers::sharing(Arc::clone(shared)), None)
    }

    fn on(
        connection: Connection,
        readers: impl FnOnce(&Arc<Mutex<Connection>>) -> readers::Readers,
        lock: Option<lock::Lock>,
    ) -> Result<Store> {
        sql::migrate(&connection)?;
        sql::blob::sweep(&connection)?;
        let known = Arc::<Known>::default();
        known.limited.store(sql::quota::is_any(&connection)?, Ordering::Release);
        let durable = connection.path().is_some_and(|path| !path.is_empty());
        let shared = Arc::new(Mutex::new(connection));
        let watchers = Arc::<watch::Watchers>::default();
        Ok(Store {
            inner: Arc::new(Inner {
                readers: readers(&shared),
                writer: writer::Writer::start(shared, Arc::clone(&watchers), Arc::clone(&known), durable)?,
                watchers,
                known,
                maildrops: Arc::default(),
                url_resets: Arc::default(),
                _lock: lock,
            }),
            still: None,
            origin: Origin::default(),
        })
    }

    /// Runs `operation` on the writer thread and gives its result once it is committed.
    ///
    /// Operations of several callers share a transaction; one that fails is undone alone.
    pub(crate) fn write<T: Send + 'static>(&self, operation: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        let origin = self.origin;
        self.inner.writer.run(move |tx| {
            tx.begin_as(origin);
            operation(tx)
        })
    }

    /// Has `operation` run on the writer thread without waiting for it; what it counts may be looked at meanwhile, or is told of `each`
    /// message. It is as whole as any: it is committed when its answer is there, and nothing of it before.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        each: bool,
        operation: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Asked<T> {
        let origin = self.origin;
        let counter = Arc::<asked::Counter>::default();
        let (sender, receiver) = if each { Some(channel()) } else { None }.unzip();
        let meter = asked::Meter { counter: Arc::clone(&counter), each: sender };
        let (reply, answer) = channel();
        let counted = move |tx: &Tx<'_>| {
            tx.begin_as(origin);
            tx.count_with(meter);
            operation(tx)
        };
        self.inner.writer.run_then(counted, move |result| {
            // Whoever asked may have gone away meanwhile.
            let _ = reply.send(result);
        });
        Asked { answer, counter, each: receiver, durable: self.is_durable() }
    }

    /// Runs `operation` on the writer thread, which calls `then` with its result once it is committed. Does not wait.
    pub(crate) fn write_then<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
        then: impl FnOnce(Result<T>) + Send + 'static,
    ) {
        self.inner.writer.run_then(operation, then);
    }

    /// Waits for what `begin` has begun to give an answer.
    pub(crate) fn wait_for<T: Send + 'static>(&self, begin: impl FnOnce(Box<dyn FnOnce(Result<T>) + Send>)) -> Result<T> {
        self.inner.writer.wait_for(begin)
    }

    /// Whether what is committed survives the process, and committing waits for the disk.
    pub(crate) fn is_durable(&self) -> bool {
        self.inner.writer.durable
    }

    /// Runs a query that takes long on a snapshot of what is committed: the other tasks of this thread are moved away first.
    pub(crate) fn read_much<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        if self.is_durable() && self.still.is_none() { waiting(|| self.read(query)) } else { self.read(query) }
    }

    /// Runs a query that looks at a few rows on a snapshot of what is committed. To move tasks away would take longer.
    pub(crate) fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        match &self.still {
            Some(still) => still.run(query),
            None => self.inner.readers.run(query),
        }
    }

    /// The handle to be kept: one whose queries see the last commit each time.
    pub(crate) fn moving(&self) -> Store {
        Store { inner: Arc::clone(&self.inner), still: None, origin: self.origin }
    }

    /// Does work that asks for much, one small thing after the other, on a handle whose queries all see the same commit: the
    /// last one now. The thread is taken out of the runtime once for all of it. As long as it takes the log of the database
    /// grows, so nothing else is to be waited for in it.
    pub(crate) fn standing_still<T>(&self, work: impl FnOnce(&Store) -> T) -> Result<T> {
        let all = || {
            let still = readers::Still::on(&self.inner)?.map(Arc::new);
            Ok(work(&Store { inner: Arc::clone(&self.inner), still, origin: self.origin }))
        };
        // A database in memory has no disk to wait for.
        if self.is_durable() { waiting(all) } else { all() }
    }
}
