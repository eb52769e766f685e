//! The part of an entry that goes to one destination now, and how its outcome comes back.

use std::ops::Range;

use super::{Destination, Entry, Outcome};
use crate::mail::Address;
use crate::store::{BlobId, Hold, Result, Store};

/// Recipients of one entry at one destination, leased to a [`Relay`](super::Relay): nobody else works on them until the
/// job is finished. A job that is dropped gives its recipients back to be tried later.
pub struct Job {
    /// The entry, with the recipients that this job is about.
    pub entry: Entry,
    pub destination: Destination,
    message: Message,
    lease: Lease,
}

/// What became of recipients.
pub type Outcomes = Vec<(Address, Outcome)>;

/// Takes what became of a job; `None`: it was dropped.
pub(super) type Return = Box<dyn FnOnce(Option<Outcomes>) + Send>;

struct Lease(Option<Return>);

/// The bytes of the message of a job, as they were accepted: lines end with CRLF, nothing is dot-stuffed. They stay readable
/// while this lives, whatever becomes of the entry.
pub struct Message {
    store: Store,
    blob: BlobId,
    size: u64,
    _hold: Hold,
}

impl Job {
    pub(super) fn new(entry: Entry, destination: Destination, message: Message, give_back: Return) -> Self {
        Self { entry, destination, message, lease: Lease(Some(give_back)) }
    }

    /// The message.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Says what became of each recipient, and ends the lease. Recipients that are not named are tried later. Returns at
    /// once: the worker writes it down soon.
    pub fn finish(mut self, outcomes: Outcomes) {
        if let Some(give_back) = self.lease.0.take() {
            give_back(Some(outcomes));
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(give_back) = self.0.take() {
            give_back(None);
        }
    }
}

impl Message {
    /// The most octets of one [`Message::chunks`] piece.
    pub const CHUNK: u64 = 256 * 1024;

    /// Fails if the bytes are gone.
    pub(super) fn open(store: &Store, blob: BlobId) -> Result<Self> {
        let hold = store.hold(vec![blob])?;
        Ok(Self { size: store.size(blob)?, store: store.clone(), blob, _hold: hold })
    }

    /// How many octets the message has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Octets of the message; fewer where the range goes past its end. Waits for the disk.
    pub fn read(&self, range: Range<u64>) -> Result<Vec<u8>> {
        self.store.bytes(self.blob, range)
    }

    /// The whole message. Waits for the disk.
    pub fn whole(&self) -> Result<Vec<u8>> {
        self.store.whole(self.blob)
    }

    /// The message in pieces of at most 256 KiB, so that a big one is never whole in memory. Each piece waits for the disk.
    pub fn chunks(&self) -> impl Iterator<Item = Result<Vec<u8>>> + '_ {
        (0..self.size.div_ceil(Self::CHUNK)).map(|number| self.read(number * Self::CHUNK..(number + 1) * Self::CHUNK))
    }
}

#[cfg(test)]
impl Job {
    /// A job as the worker would give it, for tests of a relay, and where its outcome comes out (`None`: it was dropped).
    pub(crate) fn sample(envelope: crate::mail::Envelope, message: &[u8]) -> (Self, std::sync::mpsc::Receiver<Option<Outcomes>>) {
        let store = Store::memory().unwrap();
        let bytes = message.to_vec();
        let blob = store.write(move |tx| tx.store_bytes(&bytes, 1)).unwrap();
        let recipients = envelope.recipients.into_iter().map(|recipient| super::Waiting {
            address: recipient.address,
            notify: recipient.notify,
            original: recipient.original,
            attempts: 0,
        });
        let entry = Entry {
            id: super::EntryId(1),
            accepted: time::macros::datetime!(2026-01-01 12:00 UTC),
            recipients: recipients.collect(),
            reverse_path: envelope.reverse_path,
            body: envelope.body,
            smtputf8: envelope.smtputf8,
            ret: envelope.ret,
            envid: envelope.envid,
            require_tls: envelope.require_tls,
            tls_optional: envelope.tls_optional,
            priority: envelope.priority,
            hold_until: envelope.hold_until,
            hold_request: envelope.hold_request,
            submitter: envelope.submitter,
            deliver_by: envelope.deliver_by,
            blob,
        };
        let destination = Destination(entry.recipients.first().unwrap().address.domain().clone());
        let message = Message::open(&store, blob).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        // A test that has dropped its end does not want to know.
        let give_back = Box::new(move |outcomes| drop(sender.send(outcomes)));
        (Self::new(entry, destination, message, give_back), receiver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Envelope, Recipient};

    fn job(message: &[u8]) -> (Job, std::sync::mpsc::Receiver<Option<Outcomes>>) {
        let recipients = vec![Recipient::new(Address::parse("bob@hamburger.edu").unwrap())];
        Job::sample(Envelope { recipients, ..Envelope::default() }, message)
    }

    #[test]
    fn a_job_is_given_back_once() {
        let (finished, outcome) = job(b"x");
        finished.finish(Vec::new());
        assert_eq!(outcome.iter().collect::<Vec<_>>(), [Some(Vec::new())]);
        let (dropped, outcome) = job(b"x");
        drop(dropped);
        assert_eq!(outcome.iter().collect::<Vec<_>>(), [None]);
    }

    #[test]
    fn a_message_is_read_whole_or_in_pieces() {
        let bytes: Vec<u8> = (0..600_000_u32).map(|n| n as u8).collect();
        let (job, _) = job(&bytes);
        let message = job.message();
        assert_eq!((message.size(), message.whole().unwrap().len()), (600_000, 600_000));
        assert_eq!(message.read(599_999..u64::MAX).unwrap(), [bytes[599_999]]);
        let pieces = message.chunks().collect::<Result<Vec<_>>>().unwrap();
        assert_eq!((pieces.len(), pieces.concat() == bytes), (3, true));
    }
}
