//! Who wants to hear of changes in which mailbox.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{MailboxId, Store};

/// What is called after a change; it must not block, nor call the store.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
pub(super) struct Watchers {
    next: AtomicU64,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    watching: HashMap<MailboxId, Vec<(u64, Waker)>>,
    /// How many commits changed each mailbox since the store was opened.
    revisions: HashMap<MailboxId, u64>,
}

/// Keeps a waker called; dropping it stops the calls.
pub struct Watch {
    mailbox: MailboxId,
    id: u64,
    watchers: Arc<Watchers>,
}

impl Store {
    /// Has `waker` called after every commit that changed this mailbox, whoever made the change, and after its deletion.
    pub fn watch(&self, mailbox: MailboxId, waker: Waker) -> Watch {
        let watchers = Arc::clone(&self.inner.watchers);
        let id = watchers.next.fetch_add(1, Ordering::Relaxed);
        watchers.lock().watching.entry(mailbox).or_default().push((id, waker));
        Watch { mailbox, id, watchers }
    }

    /// How often this mailbox was changed since the store was opened: as long as it stays the same there is nothing to ask
    /// for. Who has read it, and then the mailbox, has seen at least so many changes. It grows before those who made a change
    /// have their answer.
    pub fn revision(&self, mailbox: MailboxId) -> u64 {
        self.inner.watchers.lock().revisions.get(&mailbox).copied().unwrap_or(0)
    }
}

impl Watchers {
    /// Calls the wakers of these mailboxes, each once.
    pub(super) fn announce(&self, mut changed: Vec<MailboxId>) {
        changed.sort_unstable();
        changed.dedup();
        // The wakers are called with the table unlocked, so that they may drop a watch.
        let wakers: Vec<Waker> = {
            let mut table = self.lock();
            for mailbox in &changed {
                *table.revisions.entry(*mailbox).or_default() += 1;
            }
            let watching = changed.iter().filter_map(|mailbox| table.watching.get(mailbox));
            watching.flatten().map(|(_, waker)| Arc::clone(waker)).collect()
        };
        for waker in wakers {
            waker();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut table = self.watchers.lock();
        if let Some(watching) = table.watching.get_mut(&self.mailbox) {
            watching.retain(|(id, _)| *id != self.id);
            if watching.is_empty() {
                table.watching.remove(&self.mailbox);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Body, Flags, NewMessage};
    use time::OffsetDateTime;

    #[test]
    fn the_revision_grows_with_the_changes_of_this_mailbox_alone() {
        let store = Store::memory().unwrap();
        let (inbox, other) = (store.mailbox("alice", "INBOX").unwrap().id, store.create("alice", "other").unwrap().id);
        let date = OffsetDateTime::UNIX_EPOCH;
        let message = || NewMessage { body: Body::Bytes(Vec::new()), flags: Flags::none(), date, saved: None };
        let before = store.revision(inbox);
        store.append(other, vec![message()]).unwrap();
        assert_eq!(store.revision(inbox), before);
        store.append(inbox, vec![message()]).unwrap();
        assert_eq!(store.revision(inbox), before + 1);
        store.expunge(inbox, None).unwrap();
        assert_eq!(store.revision(inbox), before + 1, "nothing was there to expunge");
        store.remove(inbox, vec![1]).unwrap();
        assert_eq!(store.revision(inbox), before + 2);
        store.delete("alice", "other").unwrap();
        assert_eq!(store.revision(other), 2);
    }
}
