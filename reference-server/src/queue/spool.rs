//! What of the queue is on disk, and how it changes: one commit each.
//!
//! | step | on disk afterwards | who answers for the message |
//! | --- | --- | --- |
//! | the message is received | at most bytes nobody refers to; swept away at the next start | the client |
//! | it is accepted | the bytes, the entry, a row for each recipient | this server: the client gets its 250 now |
//! | a recipient is delivered | the message in the mailbox, the recipient's row gone | the mailbox |
//! | a recipient waits | its row with the next attempt's time | this server |
//! | a recipient is refused | its row gone, and a new entry with the notification | the sender, told so |
//! | the last recipient is settled | the entry gone; the bytes too, unless a mailbox has them | nobody |
//!
//! A stop between any two of them loses nothing and does nothing twice.

use time::OffsetDateTime;

use super::schedule::Schedule;
use super::{Destination, Diagnosis, Entry, EntryId, Route, Spooled, Waiting, bounce};
use crate::mail::{Address, Body, Envelope, Recipient};
use crate::mime;
use crate::store::{self, BlobId, Error, Flags, NewMessage, Result, Store, Tx, sql};

/// The most octets of a returned message's header section that a notification shows.
const HEADER: i64 = 64 * 1024;

/// Makes the message an entry of the queue.
pub(super) fn accept(store: &Store, envelope: Envelope, message: Spooled, now: OffsetDateTime) -> Result<EntryId> {
    match message {
        Spooled::Memory(bytes) => store.write(move |tx| {
            let blob = tx.store_bytes(&bytes)?;
            enter(tx, &envelope, blob, now)
        }),
        Spooled::Staged(stage) => {
            // The hold keeps the bytes until the entry refers to them.
            let (blob, hold) = stage.finish()?;
            let id = store.write(move |tx| enter(tx, &envelope, blob, now));
            drop(hold);
            id
        }
    }
}

fn enter(tx: &Tx<'_>, envelope: &Envelope, blob: BlobId, now: OffsetDateTime) -> Result<EntryId> {
    tx.refer(blob)?;
    let row = sql::queue::Row {
        accepted: millis(now),
        reverse_path: envelope.reverse_path.as_ref().map(Address::to_string),
        eight_bit: envelope.body == Body::EightBitMime,
        blob: blob.0,
    };
    let id = sql::queue::insert(tx.connection, &row)?;
    for recipient in &envelope.recipients {
        sql::queue::add_recipient(tx.connection, id, &recipient.address.to_string(), millis(now))?;
    }
    Ok(EntryId(id))
}

/// Entries with recipients that are due, at most so many.
pub(super) fn due(store: &Store, now: OffsetDateTime, most: i64) -> Result<Vec<Entry>> {
    store.read(|connection| {
        let mut entries = Vec::new();
        for id in sql::queue::due(connection, millis(now), most)? {
            let Some(row) = sql::queue::find(connection, id)? else { continue };
            let recipients = sql::queue::due_recipients(connection, id, millis(now))?;
            let recipients = recipients.into_iter().map(|(text, attempts)| Ok(Waiting { address: address(&text)?, attempts }));
            entries.push(Entry {
                id: EntryId(id),
                accepted: instant(row.accepted),
                reverse_path: row.reverse_path.as_deref().map(address).transpose()?,
                body: if row.eight_bit { Body::EightBitMime } else { Body::SevenBit },
                blob: BlobId(row.blob),
                recipients: recipients.collect::<Result<_>>()?,
            });
        }
        Ok(entries)
    })
}

/// When the next recipient is due.
pub(super) fn next_due(store: &Store) -> Result<Option<OffsetDateTime>> {
    store.read(|connection| Ok(sql::queue::next_due(connection)?.map(instant)))
}

/// What [`settle`] is to do for an entry.
pub(super) struct Settlement {
    pub entry: Entry,
    /// For each recipient that is due.
    pub routes: Vec<(Address, Route)>,
    /// What is written before the message in a mailbox.
    pub heading: Vec<u8>,
    pub schedule: Schedule,
    pub sender: bounce::Sender,
    pub now: OffsetDateTime,
}

/// Delivers, postpones or returns, all in one commit. Gives whether a notification was queued.
pub(super) fn settle(store: &Store, settlement: Settlement) -> Result<bool> {
    store.write(move |tx| {
        let Settlement { entry, routes, heading, schedule, sender, now } = &settlement;
        let mut delivered: Option<BlobId> = None;
        let mut failed: Vec<(Address, Diagnosis)> = Vec::new();
        for (recipient, route) in routes {
            match route {
                Route::Mailbox { account } => {
                    if !sql::queue::remove_recipient(tx.connection, entry.id.0, &recipient.to_string())? {
                        continue;
                    }
                    let blob = match delivered {
                        Some(blob) => blob,
                        None => *delivered.insert(headed(tx, entry.blob, heading)?),
                    };
                    let message = NewMessage { body: store::Body::Stored(blob), flags: Flags::default(), date: *now };
                    tx.deliver(account, message)?;
                }
                Route::Expand { members, owner } => {
                    if !sql::queue::remove_recipient(tx.connection, entry.id.0, &recipient.to_string())? {
                        continue;
                    }
                    let envelope = Envelope {
                        reverse_path: owner.clone().or_else(|| entry.reverse_path.clone()),
                        recipients: members.iter().cloned().map(Recipient::new).collect(),
                        body: entry.body,
                        ..Envelope::default()
                    };
                    enter(tx, &envelope, entry.blob, *now)?;
                }
                Route::Later(diagnosis) => match schedule.next(entry.accepted, *now) {
                    Some(next) => sql::queue::postpone(tx.connection, entry.id.0, &recipient.to_string(), millis(next))?,
                    None => failed.push((recipient.clone(), Diagnosis { status: "4.4.7".to_owned(), ..diagnosis.clone() })),
                },
                Route::Relay(Destination(domain)) => {
                    let reason = format!("this server has no route to {domain}");
                    failed.push((recipient.clone(), Diagnosis::local("5.4.4", reason)));
                }
                Route::Nowhere(diagnosis) => failed.push((recipient.clone(), diagnosis.clone())),
            }
        }
        for (recipient, _) in &failed {
            sql::queue::remove_recipient(tx.connection, entry.id.0, &recipient.to_string())?;
        }
        let told = !failed.is_empty() && notify(tx, entry, &failed, sender, *now)?;
        if sql::queue::remove_if_settled(tx.connection, entry.id.0)? {
            tx.release(entry.blob)?;
        }
        Ok(told)
    })
}

/// Has these recipients tried again at an instant, whatever happened.
pub(super) fn postpone(store: &Store, id: EntryId, recipients: Vec<Address>, to: OffsetDateTime) -> Result<()> {
    store.write(move |tx| {
        let mut recipients = recipients.iter().map(Address::to_string);
        recipients.try_for_each(|recipient| sql::queue::postpone(tx.connection, id.0, &recipient, millis(to)))
    })
}

/// The message as it lies in mailboxes. A Return-Path that somebody else put there goes before ours comes: there can be only
/// one that is true (RFC 5321 §4.4).
fn headed(tx: &Tx<'_>, blob: BlobId, heading: &[u8]) -> Result<BlobId> {
    let message = sql::blob::read(tx.connection, blob.0, 0..i64::MAX)?;
    let mut bytes = heading.to_vec();
    let mut kept = 0;
    let foreign = mime::fields(&message).filter(|field| !heading.is_empty() && field.name.eq_ignore_ascii_case(b"Return-Path"));
    for field in foreign {
        bytes.extend_from_slice(message.get(kept..field.range.start).unwrap_or_default());
        kept = field.range.end;
    }
    bytes.extend_from_slice(message.get(kept..).unwrap_or_default());
    tx.store_bytes(&bytes)
}

/// Queues the notification for the sender. There is none for a notification: it would go round for ever
/// (RFC 5321 §4.5.5, §6.1).
fn notify(
    tx: &Tx<'_>,
    entry: &Entry,
    failed: &[(Address, Diagnosis)],
    sender: &bounce::Sender,
    now: OffsetDateTime,
) -> Result<bool> {
    let Some(reverse_path) = &entry.reverse_path else {
        tracing::warn!(entry = %entry.id, "a notification could not be delivered and was dropped");
        return Ok(false);
    };
    let header = sql::blob::read(tx.connection, entry.blob.0, 0..HEADER)?;
    let message = bounce::message(sender, reverse_path, entry, failed, &header, now);
    let envelope = Envelope { recipients: vec![Recipient::new(reverse_path.clone())], body: entry.body, ..Envelope::default() };
    let blob = tx.store_bytes(&message)?;
    enter(tx, &envelope, blob, now)?;
    Ok(true)
}

fn address(text: &str) -> Result<Address> {
    Address::parse(text).map_err(|error| Error::Failed(format!("the queue holds {text:?}, which is no address: {error}")))
}

pub(super) fn millis(instant: OffsetDateTime) -> i64 {
    i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn instant(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
