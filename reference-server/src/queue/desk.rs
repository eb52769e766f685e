//! Where everyone leaves word for the worker: mail that has come, jobs that were finished, what somebody wants done now.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use tokio::sync::Notify;

use super::Outcomes;
use super::spool::Due;

/// The worker's desk.
#[derive(Default)]
pub(super) struct Desk {
    notes: Mutex<Vec<Note>>,
    bell: Notify,
    /// What relays work on, entry and destination: for those who look at the queue.
    leased: Mutex<HashSet<(i64, String)>>,
}

/// Word for the worker.
pub(super) enum Note {
    /// There is mail for the destination, due then.
    Due(String, OffsetDateTime),
    /// A job has ended.
    Returned(Box<Returned>),
    /// Destinations that could not be reached are to be tried all the same: this one, or all.
    Forget(Option<String>),
}

/// A job that has ended.
pub(super) struct Returned {
    pub entry: super::Entry,
    /// The destination of its recipients, as the agenda knows it.
    pub destination: String,
    /// `None`: nobody has tried.
    pub outcomes: Option<Outcomes>,
}

impl Desk {
    /// There is mail for these destinations, due then.
    pub fn announce(&self, due: Due) {
        if !due.is_empty() {
            self.leave(due.into_iter().map(|(destination, due)| Note::Due(destination, due)));
        }
    }

    /// Leaves notes and rings.
    pub fn leave(&self, notes: impl IntoIterator<Item = Note>) {
        lock(&self.notes).extend(notes);
        self.bell.notify_one();
    }

    /// Has the worker look at what is due.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Takes all notes.
    pub fn take(&self) -> Vec<Note> {
        std::mem::take(&mut *lock(&self.notes))
    }

    /// Waits for a ring.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    pub fn lease(&self, entry: i64, destination: &str) {
        lock(&self.leased).insert((entry, destination.to_owned()));
    }

    pub fn release(&self, entry: i64, destination: &str) {
        lock(&self.leased).remove(&(entry, destination.to_owned()));
    }

    pub fn is_leased(&self, entry: i64, destination: &str) -> bool {
        lock(&self.leased).contains(&(entry, destination.to_owned()))
    }
}

/// Nothing that is done under these locks can leave them half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
