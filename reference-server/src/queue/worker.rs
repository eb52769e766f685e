//! Takes what is due and has it settled.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::schedule::Schedule;
use super::spool::{self, Settlement};
use super::{Courier, Entry, Queue, bounce};
use crate::stop::Stop;
use crate::store::Result;

/// Entries taken at a time.
const ROUND: i64 = 32;
/// How long an entry waits that could not be settled.
const SETBACK: Duration = Duration::from_secs(60);
/// How long to wait when the store has failed.
const RELIEF: Duration = Duration::from_secs(1);

/// The one who works on the queue.
pub(crate) struct Worker {
    pub queue: Queue,
    pub courier: Arc<dyn Courier>,
    pub schedule: Schedule,
    pub sender: bounce::Sender,
    /// The store waits for the disk: it is called where blocking is allowed.
    pub blocking: bool,
}

/// What is to be waited for.
enum Next {
    /// Nothing: there may be more due already.
    More,
    /// This instant, or new mail.
    At(Option<OffsetDateTime>),
}

impl Worker {
    /// Works until told to stop.
    pub async fn run(self, mut stop: Stop) {
        while !stop.requested() {
            let round = if self.blocking { tokio::task::block_in_place(|| self.round()) } else { self.round() };
            let instant = match round {
                Ok(Next::More) => {
                    tokio::task::yield_now().await;
                    continue;
                }
                Ok(Next::At(instant)) => instant,
                Err(error) => {
                    tracing::error!(%error, "the queue cannot be worked on");
                    Some(self.queue.clock.now() + RELIEF)
                }
            };
            let due = async {
                match instant {
                    Some(instant) => self.queue.clock.reaches(instant).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.wait() => {}
                () = self.queue.work.notified() => {}
                () = due => {}
            }
        }
    }

    fn round(&self) -> Result<Next> {
        let now = self.queue.clock.now();
        let entries = spool::due(&self.queue.store, now, ROUND)?;
        if entries.is_empty() {
            return Ok(Next::At(spool::next_due(&self.queue.store)?));
        }
        for entry in entries {
            let recipients = entry.recipients.iter().map(|waiting| waiting.address.clone()).collect();
            let id = entry.id;
            if let Err(error) = self.settle(entry, now) {
                // One entry that cannot be settled must not hold up the others.
                tracing::error!(entry = %id, %error, "an entry of the queue cannot be settled; it is tried again later");
                spool::postpone(&self.queue.store, id, recipients, now + SETBACK)?;
            }
        }
        Ok(Next::More)
    }

    fn settle(&self, entry: Entry, now: OffsetDateTime) -> Result<bool> {
        let routes = entry.recipients.iter().map(|waiting| (waiting.address.clone(), self.courier.route(&waiting.address)));
        let settlement = Settlement {
            routes: routes.collect(),
            heading: self.courier.heading(&entry),
            entry,
            schedule: self.schedule,
            sender: self.sender.clone(),
            now,
        };
        spool::settle(&self.queue.store, settlement)
    }
}

#[cfg(test)]
impl Worker {
    /// Works until nothing is due.
    pub(super) fn work_off(&self) {
        while let Next::More = self.round().unwrap() {}
    }
}
