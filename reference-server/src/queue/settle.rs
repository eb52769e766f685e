//! What became of recipients, written down: one commit for all entries that are settled together.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::dsn::{self, Action, Report, Returned, Sender};
use super::expand::expand;
use super::notify::{self, Event};
use super::record::{self, millis};
use super::schedule::Schedule;
use super::spool::Due;
use super::{Diagnosis, Entry, Outcome, Remote, Waiting, heading, spool};
use crate::mail::{Address, ByMode};
use crate::store::{BlobId, Error, Result, Store, Tx, sql};

/// The most octets of a returned message's header section that a notification shows.
const HEADER: i64 = 64 * 1024;
/// The most octets of a message that is returned whole (RFC 3461 §6.2 leaves the number to the implementation).
const WHOLE: i64 = 1024 * 1024;

/// What becomes of recipients of an entry.
#[derive(Clone)]
pub(super) struct Settlement {
    pub entry: Entry,
    /// Of these recipients, as the agenda knows it.
    pub destination: String,
    pub fates: Vec<(Address, Fate)>,
    /// Their destination is out of reach until then.
    pub rests_until: Option<OffsetDateTime>,
}

/// What becomes of a recipient.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// The message goes to the INBOX of this account.
    Mailbox(String),
    /// The message goes to those the address stands for; a list has an owner.
    Expand { members: Vec<Address>, owner: Option<Address> },
    /// What a relay said, or what is to be done without one.
    Outcome(Outcome),
}

/// What settling needs to know.
#[derive(Clone)]
pub(super) struct Terms {
    pub sender: Sender,
    pub schedule: Schedule,
    /// Writes what stands before a message in a mailbox.
    pub courier: std::sync::Arc<dyn super::Courier>,
    pub now: OffsetDateTime,
}

/// Settles all of these, or none. Gives the destinations that have something to do, and when.
pub(super) fn settle(store: &Store, settlements: Vec<Settlement>, terms: Terms) -> Result<Due> {
    store.write(move |tx| {
        // A sender gets one notification for the recipients that are settled together.
        let mut reports: BTreeMap<i64, (&Entry, Vec<Report>)> = BTreeMap::new();
        let mut due = Vec::new();
        for settlement in &settlements {
            let told = settle_one(tx, settlement, &terms, &mut due)?;
            reports.entry(settlement.entry.id.0).or_insert((&settlement.entry, Vec::new())).1.extend(told);
        }
        for (entry, reports) in reports.into_values() {
            due.extend(tell(tx, entry, reports, &terms)?);
            remove_if_settled(tx, entry.id.0)?;
        }
        Ok(due)
    })
}

/// Settles the recipients that still wait. Gives what the sender is to be told; adds to the destinations that have something to
/// do.
fn settle_one(tx: &Tx<'_>, settlement: &Settlement, terms: &Terms, due: &mut Due) -> Result<Vec<Report>> {
    let Settlement { entry, fates, rests_until, .. } = settlement;
    let mut told = Vec::new();
    let mut mailed: Option<(BlobId, u64)> = None;
    for (address, fate) in fates {
        let Some(waiting) = entry.recipients.iter().find(|waiting| waiting.address == *address) else { continue };
        // Somebody may have deleted it meanwhile.
        if sql::queue::find_recipient(tx.connection, entry.id.0, &address.to_string())?.is_none() {
            continue;
        }
        let report = match fate {
            Fate::Mailbox(account) => match deliver(tx, entry, account, &mut mailed, terms) {
                Ok(()) => {
                    remove(tx, entry, address)?;
                    let diagnosis = Diagnosis::local("2.0.0", "delivered");
                    notify::is_told(waiting.notify, Event::Delivered, false).then_some((Action::Delivered, diagnosis))
                }
                Err(Error::OverQuota) => {
                    // RFC 3463 §3.3, X.2.2: "a persistent transient failure", for the recipient can make room.
                    let diagnosis = Diagnosis::local("4.2.2", "the mailbox is full");
                    postpone(tx, settlement, waiting, diagnosis, terms)?
                }
                Err(error @ (Error::NoUidsLeft | Error::NoSuchMailbox(_))) => {
                    let diagnosis = Diagnosis::local("4.2.0", format!("the mailbox takes no mail: {error}"));
                    postpone(tx, settlement, waiting, diagnosis, terms)?
                }
                Err(error) => return Err(error),
            },
            Fate::Expand { members, owner } => {
                remove(tx, entry, address)?;
                let (busy, report) = expand(tx, entry, waiting, members, owner.as_ref(), terms)?;
                due.extend(busy);
                told.extend(report);
                None
            }
            Fate::Outcome(outcome @ Outcome::Relayed { host, reply, .. }) => {
                remove(tx, entry, address)?;
                let remote = Remote { host: host.clone(), reply: reply.clone() };
                let diagnosis = Diagnosis { remote: Some(remote), ..Diagnosis::local("2.0.0", format!("{host} has taken it")) };
                notify::is_told_of_relaying(entry, waiting, outcome).then_some((Action::Relayed, diagnosis))
            }
            Fate::Outcome(Outcome::Later { diagnosis, .. }) => postpone(tx, settlement, waiting, diagnosis.clone(), terms)?,
            Fate::Outcome(Outcome::Refused(diagnosis)) => fail(tx, entry, waiting, diagnosis.clone())?,
        };
        if let Some((action, diagnosis)) = report {
            told.push(Report { recipient: waiting.clone(), action, diagnosis, tried: Some(terms.now) });
        }
        tracing::info!(entry = %entry.id, recipient = %address, ?fate, ?rests_until, "an attempt was made");
    }
    Ok(told)
}

fn deliver(tx: &Tx<'_>, entry: &Entry, account: &str, mailed: &mut Option<(BlobId, u64)>, terms: &Terms) -> Result<()> {
    let (blob, size) = match *mailed {
        Some(mailed) => mailed,
        None => *mailed.insert(heading::store(tx, entry.blob, &terms.courier.heading(entry.reverse_path.as_ref()), 0)?),
    };
    tx.deliver(account, blob, size, terms.now)?;
    tx.refer(blob)
}

/// Writes down an attempt in vain; after the last one the recipient is given up.
fn postpone(
    tx: &Tx<'_>,
    settlement: &Settlement,
    waiting: &Waiting,
    diagnosis: Diagnosis,
    terms: &Terms,
) -> Result<Option<(Action, Diagnosis)>> {
    let Settlement { entry, rests_until, .. } = settlement;
    if let Some(late) = too_late(entry, terms.now) {
        return fail(tx, entry, waiting, Diagnosis { remote: diagnosis.remote, ..late });
    }
    let expiry = terms.schedule.expiry(entry.accepted, entry.hold_until);
    let Some(next) = terms.schedule.next(waiting.attempts.saturating_add(1), terms.now, expiry) else {
        return fail(tx, entry, waiting, given_up(diagnosis));
    };
    let due = rests_until.map_or(next, |until| until.min(expiry));
    let (address, why) = (waiting.address.to_string(), record::diagnosis_row(&diagnosis));
    sql::queue::postpone(tx.connection, entry.id.0, &address, millis(terms.now), millis(due), &why)?;
    Ok(None)
}

/// Gives a recipient up; the sender may want to hear of it.
fn fail(tx: &Tx<'_>, entry: &Entry, waiting: &Waiting, diagnosis: Diagnosis) -> Result<Option<(Action, Diagnosis)>> {
    remove(tx, entry, &waiting.address)?;
    Ok(notify::is_told(waiting.notify, Event::Failed, false).then_some((Action::Failed, diagnosis)))
}

/// What is said of a message that has waited long enough (RFC 3463 §3.5, X.4.7).
pub(super) fn given_up(last: Diagnosis) -> Diagnosis {
    let reason = format!("given up, it has waited too long; at last: {}", last.reason);
    Diagnosis { status: "4.4.7".to_owned(), reason, remote: last.remote }
}

/// What is said of a message that may not be delivered any more (RFC 2852 §4.1.3).
pub(super) fn too_late(entry: &Entry, now: OffsetDateTime) -> Option<Diagnosis> {
    let by = entry.deliver_by.filter(|by| by.mode == ByMode::Return && by.deadline <= now)?;
    let seconds = (by.deadline - entry.accepted).whole_seconds();
    Some(Diagnosis::local("5.4.7", format!("it could not be delivered within the {seconds} seconds that were given")))
}

pub(super) fn remove(tx: &Tx<'_>, entry: &Entry, address: &Address) -> Result<()> {
    sql::queue::remove_recipient(tx.connection, entry.id.0, &address.to_string()).map(drop)
}

/// Removes an entry without recipients, and its bytes.
pub(super) fn remove_if_settled(tx: &Tx<'_>, id: i64) -> Result<()> {
    match sql::queue::remove_if_settled(tx.connection, id)? {
        Some(blob) => tx.release(BlobId(blob)),
        None => Ok(()),
    }
}

/// Queues the notification for the sender. There is none for a message without a sender, a notification itself: it would go
/// round for ever (RFC 5321 §4.5.5, §6.1; RFC 3461 §5.2). Gives the destinations that have something to do.
pub(super) fn tell(tx: &Tx<'_>, entry: &Entry, reports: Vec<Report>, terms: &Terms) -> Result<Due> {
    if reports.is_empty() {
        return Ok(Vec::new());
    }
    let Some(reverse_path) = &entry.reverse_path else {
        for Report { recipient, diagnosis, action, .. } in &reports {
            tracing::warn!(
                entry = %entry.id, recipient = %recipient.address, ?action, status = diagnosis.status, reason = diagnosis.reason,
                "mail without a sender: nobody can be told what became of it"
            );
        }
        return Ok(Vec::new());
    };
    // A notification that shows less is better than none.
    let size = sql::blob::size(tx.connection, entry.blob.0)?.unwrap_or_default();
    let whole = dsn::returns_all(entry, &reports) && size <= WHOLE;
    let shown = if whole { WHOLE } else { HEADER };
    let bytes = sql::blob::read(tx.connection, entry.blob.0, 0..shown).unwrap_or_default();
    let original = Returned { bytes, whole };
    let notification = dsn::notification(&terms.sender, reverse_path, entry, &reports, &original, terms.now);
    spool::enter(tx, notification.envelope, &notification.message, &terms.schedule, terms.now)
}
