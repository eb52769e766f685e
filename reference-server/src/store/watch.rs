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
    by_mailbox: Mutex<HashMap<MailboxId, Vec<(u64, Waker)>>>,
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
        watchers.lock().entry(mailbox).or_default().push((id, waker));
        Watch { mailbox, id, watchers }
    }
}

impl Watchers {
    /// Calls the wakers of these mailboxes, each once.
    pub(super) fn announce(&self, mut changed: Vec<MailboxId>) {
        changed.sort_unstable();
        changed.dedup();
        // The wakers are called with the table unlocked, so that they may drop a watch.
        let wakers: Vec<Waker> = {
            let table = self.lock();
            let watching = changed.iter().filter_map(|mailbox| table.get(mailbox));
            watching.flatten().map(|(_, waker)| Arc::clone(waker)).collect()
        };
        for waker in wakers {
            waker();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MailboxId, Vec<(u64, Waker)>>> {
        self.by_mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut table = self.watchers.lock();
        if let Some(watching) = table.get_mut(&self.mailbox) {
            watching.retain(|(id, _)| *id != self.id);
            if watching.is_empty() {
                table.remove(&self.mailbox);
            }
        }
    }
}
