//! What of the queue is on disk, and how it changes: one commit each.
//!
//! | step | on disk afterwards | who answers for the message |
//! | --- | --- | --- |
//! | the message is received | at most bytes nobody refers to; swept away at the next start | the client |
//! | it is accepted | the message in the mailboxes of those who are here; for the others the bytes, the entry, a row for each | this server: the client gets its 250 now |
//! | a recipient is delivered | the message in the mailbox, the recipient's row gone | the mailbox |
//! | another server has it | nothing new until its reply is written down: the recipient's row gone | both, for that moment |
//! | a recipient waits | its row with the next attempt's time and what the last came to | this server |
//! | a recipient is refused or given up | its row gone, and a new entry with the notification | the sender, told so |
//! | a sender is warned | the rows as they were, and a new entry with the notification | this server |
//! | a recipient is held | its row, due at the end of time | the postmaster |
//! | the last recipient is settled | the entry gone; the bytes too, unless a mailbox has them | nobody |
//!
//! A stop between any two of them loses nothing and does nothing twice, but where another server took a message and this one
//! stopped before it knew (RFC 5321 §6.1, §4.5.3.2.6).

use std::collections::HashSet;
use std::sync::Arc;

use time::OffsetDateTime;

use super::record::{self, millis};
use super::schedule::Schedule;
use super::{Courier, Entry, EntryId, Route, Spooled, heading};
use crate::mail::{DeliverBy, Envelope, Recipient};
use crate::store::{BlobId, Error, Hold, Result, Store, Tx, sql};

/// Destinations that have something to do, and when.
pub(super) type Due = Vec<(String, OffsetDateTime)>;

/// What became of a message that was accepted.
pub(super) struct Accepted {
    pub id: EntryId,
    /// Destinations that have something to do now, and when.
    pub due: Due,
}

/// A message whose bytes are all there.
#[derive(Clone)]
enum Parcel {
    Bytes(Arc<Vec<u8>>),
    /// The hold keeps the bytes until something refers to them.
    Stored(BlobId, #[expect(dead_code, reason = "it only has to live")] Arc<Hold>),
}

/// Takes responsibility for a message: delivers it to those who are here, and makes it an entry of the queue for the others.
/// Calls `done` from the thread of the writer when that is durable or has failed. Waits for the disk only where the message
/// is too big for the memory.
pub(super) fn accept(
    store: &Store,
    envelope: Envelope,
    message: Spooled,
    courier: Option<&dyn Courier>,
    schedule: &Schedule,
    now: OffsetDateTime,
    done: impl FnOnce(Result<Accepted>) + Send + 'static,
) {
    let parcel = match message {
        Spooled::Memory(bytes) => Parcel::Bytes(Arc::new(bytes)),
        Spooled::Staged(stage) => match stage.finish() {
            Ok((blob, hold)) => Parcel::Stored(blob, Arc::new(hold)),
            Err(error) => return done(Err(error)),
        },
    };
    let plan = Plan::of(envelope, courier, schedule, now);
    let fallback = plan.all_queued();
    let (again, kept) = (store.clone(), parcel.clone());
    store.write_then(
        move |tx| plan.write(tx, &parcel),
        move |accepted| match accepted {
            // A mailbox that takes nothing is a matter of its own recipient: the worker finds it out.
            Err(Error::NoUidsLeft | Error::NoSuchMailbox(_) | Error::OverQuota) => {
                again.write_then(move |tx| fallback.write(tx, &kept), done)
            }
            accepted => done(accepted),
        },
    );
}

/// What accepting a message comes to.
struct Plan {
    envelope: Envelope,
    /// Those who have it in the same commit, and their accounts.
    here: Vec<(Recipient, String)>,
    /// Those who wait in the queue.
    queued: Vec<Recipient>,
    heading: Vec<u8>,
    event: OffsetDateTime,
    due: OffsetDateTime,
    now: OffsetDateTime,
}

impl Plan {
    fn of(mut envelope: Envelope, courier: Option<&dyn Courier>, schedule: &Schedule, now: OffsetDateTime) -> Self {
        let (mut here, mut queued) = (Vec::new(), Vec::new());
        // What has a date to keep goes through the worker, who keeps dates.
        let courier = courier.filter(|_| envelope.hold_until.is_none() && envelope.deliver_by.is_none());
        for recipient in std::mem::take(&mut envelope.recipients) {
            let notified = recipient.notify.is_some_and(|notify| notify.success);
            match courier.map(|courier| courier.route(&recipient.address)) {
                Some(Route::Mailbox { account }) if !notified => here.push((recipient, account)),
                _ => queued.push(recipient),
            }
        }
        let heading = match courier {
            Some(courier) if !here.is_empty() => courier.heading(envelope.reverse_path.as_ref()),
            _ => Vec::new(),
        };
        let event = next_event(schedule, now, envelope.hold_until, envelope.deliver_by, 0, None).unwrap_or(now);
        let due = envelope.hold_until.map_or(now, |until| until.max(now));
        Self { envelope, here, queued, heading, event, due, now }
    }

    /// The same with everyone in the queue.
    fn all_queued(&self) -> Plan {
        let mut queued = self.queued.clone();
        queued.extend(self.here.iter().map(|(recipient, _)| recipient.clone()));
        Plan {
            envelope: self.envelope.clone(),
            here: Vec::new(),
            queued,
            heading: Vec::new(),
            event: self.event,
            due: self.due,
            now: self.now,
        }
    }

    fn write(&self, tx: &Tx<'_>, parcel: &Parcel) -> Result<Accepted> {
        let bytes = match parcel {
            Parcel::Bytes(bytes) => bytes,
            Parcel::Stored(blob, _) => return self.write_stored(tx, *blob),
        };
        if !self.queued.is_empty() || self.here.is_empty() {
            let blob = tx.store_bytes(bytes, 0)?;
            return self.write_stored(tx, blob);
        }
        // Everyone is here: the message is stored once, as the mailboxes show it.
        let (mut message, skipped) = heading::front(&self.heading, bytes);
        message.extend_from_slice(bytes.get(skipped..).unwrap_or_default());
        let blob = tx.store_bytes(&message, self.here.len())?;
        for (_, account) in &self.here {
            tx.deliver(account, blob, message.len() as u64, self.now)?;
        }
        Ok(Accepted { id: EntryId(blob.0), due: Vec::new() })
    }

    fn write_stored(&self, tx: &Tx<'_>, blob: BlobId) -> Result<Accepted> {
        if !self.here.is_empty() {
            let (headed, size) = heading::store(tx, blob, &self.heading, self.here.len())?;
            for (_, account) in &self.here {
                tx.deliver(account, headed, size, self.now)?;
            }
        }
        let due = if self.queued.is_empty() { Vec::new() } else { self.enter(tx, blob)? };
        Ok(Accepted { id: EntryId(blob.0), due })
    }

    fn enter(&self, tx: &Tx<'_>, blob: BlobId) -> Result<Due> {
        tx.refer(blob)?;
        // Each message has bytes of its own, whose number is never given again: it is the entry's number too.
        sql::queue::insert(tx.connection, blob.0, &record::entry_row(&self.envelope, blob, self.now, self.event))?;
        let priority = self.envelope.priority.unwrap_or_default();
        let mut destinations = HashSet::new();
        for recipient in &self.queued {
            let row = record::recipient_row(recipient, priority, self.due);
            sql::queue::add_recipient(tx.connection, blob.0, &row)?;
            destinations.insert(row.destination);
        }
        Ok(destinations.into_iter().map(|destination| (destination, self.due)).collect())
    }
}

/// Queues a message of the server itself. Gives the destinations that have something to do now.
pub(super) fn enter(tx: &Tx<'_>, envelope: Envelope, message: &[u8], schedule: &Schedule, now: OffsetDateTime) -> Result<Due> {
    let blob = tx.store_bytes(message, 0)?;
    enter_stored(tx, envelope, blob, schedule, now)
}

/// Queues a message whose bytes are in the store, for this entry alone.
pub(super) fn enter_stored(
    tx: &Tx<'_>,
    envelope: Envelope,
    blob: BlobId,
    schedule: &Schedule,
    now: OffsetDateTime,
) -> Result<Due> {
    Plan::of(envelope, None, schedule, now).enter(tx, blob)
}

/// When something is to be done about an entry next, attempts apart. `told` has the bits of its row, `passed`: events up to
/// then are over.
pub(super) fn next_event(
    schedule: &Schedule,
    accepted: OffsetDateTime,
    hold_until: Option<OffsetDateTime>,
    deliver_by: Option<DeliverBy>,
    told: u8,
    passed: Option<OffsetDateTime>,
) -> Option<OffsetDateTime> {
    let warning = schedule.warning(accepted, hold_until).filter(|_| told & WARNED == 0);
    let deadline = deliver_by.map(|by| by.deadline).filter(|_| told & LATE == 0);
    let expiry = Some(schedule.expiry(accepted, hold_until));
    [warning, deadline, expiry].into_iter().flatten().filter(|at| passed.is_none_or(|passed| *at > passed)).min()
}

/// The sender was warned of the delay.
pub(super) const WARNED: u8 = 1;
/// The sender was told that the deadline has passed.
pub(super) const LATE: u8 = 2;

/// Entries with the recipients that are due at a destination, and those that cannot be read, with the reason.
#[derive(Default)]
pub(super) struct Pulled {
    pub entries: Vec<Entry>,
    pub unreadable: Vec<(EntryId, String)>,
}

/// Looks for entries that are due at a destination, at most so many, and none of those that are `taken`.
pub(super) fn pull(
    store: &Store,
    destination: &str,
    now: OffsetDateTime,
    most: usize,
    taken: impl Fn(i64) -> bool,
) -> Result<Pulled> {
    let now = millis(now);
    store.read(|connection| {
        let mut pulled = Pulled::default();
        for id in sql::queue::due(connection, destination, now, most, |id| !taken(id))? {
            let read = sql::queue::find(connection, id).and_then(|row| {
                let row = row.ok_or_else(|| Error::Failed("the entry has recipients and no envelope".to_owned()))?;
                sql::blob::size(connection, row.blob)?.ok_or(Error::BlobGone)?;
                let recipients = sql::queue::due_recipients(connection, id, destination, now)?;
                record::entry(id, &row, &recipients)
            });
            match read {
                Ok(entry) => pulled.entries.push(entry),
                Err(error) => pulled.unreadable.push((EntryId(id), error.to_string())),
            }
        }
        Ok(pulled)
    })
}

/// Keeps an entry that cannot be read, for somebody to look at, and out of the way of the others.
pub(super) fn set_unreadable(store: &Store, id: EntryId, why: String) -> Result<()> {
    store.write(move |tx| sql::queue::set_unreadable(tx.connection, id.0, &why))
}
