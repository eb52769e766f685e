//! Who wants to hear of changes in which mailbox.

use std::collections::HashMap;
use std::ops::BitOr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::events::{Event, Listener, Origin};
use super::{MailboxId, Store};

/// What is called after a change; it must not block, nor call the store.
pub type Waker = Arc<dyn Fn(&Touch) + Send + Sync>;

/// What somebody changed in a mailbox with one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Which mailbox.
    pub mailbox: MailboxId,
    /// Who did it.
    pub origin: Origin,
    /// What was changed.
    pub kinds: Kinds,
}

/// Kinds of changes in a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// None that concerns messages.
    pub const OTHER: Kinds = Kinds(0);
    /// Messages came or went.
    pub const MESSAGES: Kinds = Kinds(1);
    /// Flags were set or cleared.
    pub const FLAGS: Kinds = Kinds(2);
    /// Among them `\Seen`.
    pub const SEEN: Kinds = Kinds(4);
    /// The UIDVALIDITY is another one.
    pub const VALIDITY: Kinds = Kinds(8);

    /// Whether any of those is among these.
    pub fn meets(self, others: Kinds) -> bool {
        self.0 & others.0 != 0
    }
}

impl BitOr for Kinds {
    type Output = Kinds;

    fn bitor(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
}

#[derive(Default)]
pub(super) struct Watchers {
    next: AtomicU64,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    watching: HashMap<MailboxId, Vec<(u64, Waker)>>,
    listening: Vec<(u64, Listener)>,
    /// How many commits changed each mailbox since the store was opened.
    revisions: HashMap<MailboxId, u64>,
}

/// Keeps a waker called; dropping it stops the calls.
pub struct Watch {
    mailbox: MailboxId,
    id: u64,
    watchers: Arc<Watchers>,
}

/// Keeps a listener called; dropping it stops the calls.
pub struct Listening {
    id: u64,
    watchers: Arc<Watchers>,
}

impl Store {
    /// Has `waker` called after every commit that changed this mailbox, once for each who made a change, and after its
    /// deletion.
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
    pub(super) fn listen(self: &Arc<Self>, listener: Listener) -> Listening {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().listening.push((id, listener));
        Listening { id, watchers: Arc::clone(self) }
    }

    /// Tells of a commit: calls the listeners with what happened, in its order, and the wakers of the mailboxes that changed.
    pub(super) fn announce(&self, touched: Vec<Touch>, events: Vec<Event>) {
        let touched = merged(touched);
        // The wakers and listeners are called with the table unlocked, so that they may drop a watch.
        let (wakers, listeners) = {
            let mut table = self.lock();
            let mut last = None;
            for touch in &touched {
                if last.replace(touch.mailbox) != Some(touch.mailbox) {
                    *table.revisions.entry(touch.mailbox).or_default() += 1;
                }
            }
            let watching = |touch: &Touch| {
                let wakers = table.watching.get(&touch.mailbox).into_iter().flatten();
                wakers.map(|(_, waker)| (*touch, Arc::clone(waker))).collect::<Vec<_>>()
            };
            let wakers: Vec<(Touch, Waker)> = touched.iter().flat_map(watching).collect();
            let listeners: Vec<Listener> = match events.is_empty() {
                true => Vec::new(),
                false => table.listening.iter().map(|(_, listener)| Arc::clone(listener)).collect(),
            };
            (wakers, listeners)
        };
        for event in events.into_iter().map(Arc::new) {
            listeners.iter().for_each(|listener| listener(&event));
        }
        for (touch, waker) in wakers {
            waker(&touch);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One touch for each mailbox and who touched it, those of a mailbox together.
fn merged(mut touched: Vec<Touch>) -> Vec<Touch> {
    touched.sort_unstable_by_key(|touch| (touch.mailbox, touch.origin));
    touched.dedup_by(|next, kept| {
        let same = (next.mailbox, next.origin) == (kept.mailbox, kept.origin);
        if same {
            kept.kinds = kept.kinds | next.kinds;
        }
        same
    });
    touched
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

impl Drop for Listening {
    fn drop(&mut self) {
        self.watchers.lock().listening.retain(|(id, _)| *id != self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Body, FlagChange, Flags, How, NewMessage, SystemFlag};
    use time::OffsetDateTime;

    fn message() -> NewMessage {
        NewMessage { body: Body::Bytes(Vec::new()), flags: Flags::none(), date: OffsetDateTime::UNIX_EPOCH, saved: None }
    }

    #[test]
    fn the_revision_grows_with_the_changes_of_this_mailbox_alone() {
        let store = Store::memory().unwrap();
        let (inbox, other) = (store.mailbox("alice", "INBOX").unwrap().id, store.create("alice", "other").unwrap().id);
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

    #[test]
    fn a_waker_hears_what_was_changed_and_by_whom() {
        let store = Store::memory().unwrap();
        let inbox = store.mailbox("alice", "INBOX").unwrap().id;
        let touches = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&touches);
        let _watch = store.watch(inbox, Arc::new(move |touch| seen.lock().unwrap().push(*touch)));
        store.append(inbox, vec![message()]).unwrap();
        let flag = |flag: SystemFlag| {
            let mut flags = Flags::none();
            flags.set(flag);
            store.by(Origin(3)).change_flags(inbox, vec![1], FlagChange { how: How::Add, flags, unchanged_since: None }).unwrap();
        };
        flag(SystemFlag::Flagged);
        flag(SystemFlag::Seen);
        store.remove(inbox, vec![1]).unwrap();
        let touch = |origin, kinds| Touch { mailbox: inbox, origin: Origin(origin), kinds };
        let expected =
            [touch(0, Kinds::MESSAGES), touch(3, Kinds::FLAGS), touch(3, Kinds::FLAGS | Kinds::SEEN), touch(0, Kinds::MESSAGES)];
        assert_eq!(*touches.lock().unwrap(), expected);
    }

    #[test]
    fn the_touches_of_a_commit_are_one_for_each_who_made_them() {
        let touch = |mailbox, origin, kinds| Touch { mailbox: MailboxId(mailbox), origin: Origin(origin), kinds };
        let touched =
            vec![touch(2, 1, Kinds::MESSAGES), touch(1, 1, Kinds::FLAGS), touch(2, 1, Kinds::SEEN), touch(2, 0, Kinds::OTHER)];
        let expected = [touch(1, 1, Kinds::FLAGS), touch(2, 0, Kinds::OTHER), touch(2, 1, Kinds::MESSAGES | Kinds::SEEN)];
        assert_eq!(merged(touched), expected);
    }
}
