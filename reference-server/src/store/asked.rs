//! Changes that may take long: whoever has asked for one waits for a while, looks how far it is, and waits on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use super::{Error, Result};
use crate::waiting::waiting;

/// How many of the messages an operation is about are done with. What is not committed is not complete, so it is fewer than all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// So many.
    pub done: u32,
    /// Of so many.
    pub all: u32,
}

/// What an operation counts while it runs; someone else reads it meanwhile.
#[derive(Debug, Default)]
pub(super) struct Counter {
    /// All messages; 0 as long as the operation has not begun.
    all: AtomicU32,
    /// How often each of them is looked at.
    times: AtomicU32,
    /// How often any was.
    looks: AtomicU32,
}

impl Counter {
    fn count(&self) -> Option<Count> {
        let all = self.all.load(Ordering::Relaxed);
        let done = self.looks.load(Ordering::Relaxed) / self.times.load(Ordering::Relaxed).max(1);
        Some(Count { done: done.min(all.checked_sub(1)?), all })
    }
}

/// How an operation says how far it is.
pub(super) struct Meter {
    pub(super) counter: Arc<Counter>,
    /// Hears of each message, if someone wants to.
    pub(super) each: Option<Sender<Count>>,
}

impl Meter {
    /// The operation goes through so many messages, so many times. Of one that is made of others the first word holds.
    pub(super) fn plan(&self, all: usize, times: u32) {
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        if self.counter.all.compare_exchange(0, all, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.counter.times.store(times, Ordering::Relaxed);
        }
    }

    /// One message is done with, this time.
    pub(super) fn step(&self) {
        self.counter.looks.fetch_add(1, Ordering::Relaxed);
        if let (Some(each), Some(count)) = (&self.each, self.counter.count()) {
            // Whoever does not listen any more does not miss it.
            let _ = each.send(count);
        }
    }
}

/// A change that was asked for. It is made whether the answer is waited for or not.
pub struct Asked<T> {
    pub(super) answer: Receiver<Result<T>>,
    pub(super) counter: Arc<Counter>,
    pub(super) each: Option<Receiver<Count>>,
    /// A database in memory has no disk to wait for.
    pub(super) durable: bool,
}

/// What waiting came to.
pub enum Heard<T> {
    /// It is made, or was refused.
    Answer(Result<T>),
    /// It goes on, and is so far; `None`: others are before it.
    Count(Option<Count>),
}

impl<T> Asked<T> {
    /// Waits for the answer, but not for longer than this; or until one more message is done, for someone who wants to hear of each.
    pub fn wait(&self, patience: Duration) -> Heard<T> {
        if self.durable { waiting(|| self.hear(patience)) } else { self.hear(patience) }
    }

    fn hear(&self, patience: Duration) -> Heard<T> {
        let patience = match &self.each {
            None => patience,
            Some(each) => match each.recv() {
                Ok(count) => return Heard::Count(Some(count)),
                // The operation is over, and committed soon.
                Err(_) => Duration::MAX,
            },
        };
        match self.answer.recv_timeout(patience) {
            Ok(answer) => Heard::Answer(answer),
            Err(RecvTimeoutError::Timeout) => Heard::Count(self.counter.count()),
            Err(RecvTimeoutError::Disconnected) => Heard::Answer(Err(Error::Failed("the writer thread has stopped".into()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Body, FlagChange, Flags, How, NewMessage, Store, SystemFlag};
    use std::sync::mpsc::channel;
    use time::OffsetDateTime;

    /// A store whose INBOX has five messages that are marked as deleted.
    fn five() -> (Store, crate::store::MailboxId) {
        let store = Store::memory().unwrap();
        let inbox = store.mailbox("alice", "INBOX").unwrap().id;
        let date = OffsetDateTime::UNIX_EPOCH;
        let message = NewMessage { body: Body::Bytes(b"a".to_vec()), flags: Flags::none(), date, saved: None };
        store.append(inbox, vec![message; 5]).unwrap();
        let mut flags = Flags::none();
        flags.set(SystemFlag::Deleted);
        store.change_flags(inbox, (1..6).collect(), FlagChange { how: How::Add, flags, unchanged_since: None }).unwrap();
        (store, inbox)
    }

    #[test]
    fn each_message_is_heard_of_before_the_answer() {
        let (store, inbox) = five();
        let asked = store.ask(true, move |tx| tx.expunge(inbox, Some(vec![5, 4, 2, 1])));
        let mut counts = Vec::new();
        let answer = loop {
            match asked.wait(Duration::ZERO) {
                Heard::Count(count) => counts.push(count.map(|count| (count.done, count.all))),
                Heard::Answer(answer) => break answer,
            }
        };
        // The last is complete with the commit.
        assert_eq!(counts, [1, 2, 3, 3].map(|done| Some((done, 4))));
        assert_eq!(answer.unwrap(), [1, 2, 4, 5]);
    }

    #[test]
    fn what_waits_for_its_turn_has_no_count() {
        let (store, inbox) = five();
        let (go, held) = channel::<()>();
        store.write_then(move |_| Ok(held.recv().is_ok()), drop);
        let asked = store.ask(false, move |tx| tx.expunge(inbox, None));
        assert!(matches!(asked.wait(Duration::from_millis(5)), Heard::Count(None)));
        go.send(()).unwrap();
        assert!(matches!(asked.wait(Duration::MAX), Heard::Answer(Ok(expunged)) if expunged.len() == 5));
    }

    #[test]
    fn a_message_that_is_looked_at_twice_is_done_once() {
        let meter = Meter { counter: Arc::default(), each: None };
        assert_eq!(meter.counter.count(), None);
        meter.plan(3, 2);
        meter.plan(7, 1);
        let done: Vec<u32> = (0..6).map(|_| (meter.step(), meter.counter.count().unwrap().done).1).collect();
        assert_eq!(done, [0, 1, 1, 2, 2, 2]);
    }

    #[test]
    fn what_has_failed_is_undone_and_says_why() {
        let (store, inbox) = five();
        let sent = store.mailbox("alice", "INBOX").unwrap().id;
        let asked = store.ask(false, move |tx| {
            tx.expunge(inbox, None)?;
            tx.copy(inbox, &[1], sent, None, crate::store::Rights::ALL)
        });
        assert!(matches!(asked.wait(Duration::MAX), Heard::Answer(Err(Error::MessageGone(1)))));
        assert_eq!(store.messages(inbox).unwrap().len(), 5);
    }
}
