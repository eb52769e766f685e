//! The queue: every message that was accepted and is not settled for all its recipients.
//!
//! All mail passes through it, local mail too. A message is accepted in one commit and settled, recipient by recipient,
//! in others; [`spool`] has the table of what is on disk in between. The [`Worker`] takes what is due, asks the
//! [`Courier`] where it goes, and has it delivered, tried again later or returned.

mod bounce;
mod flush;
mod schedule;
mod spool;
mod worker;

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::mail::{Address, Body, Domain, Envelope};
use crate::store::{BlobId, Result, Stage, Store};

pub(crate) use bounce::Sender;
pub(crate) use schedule::Schedule;
pub(crate) use worker::Worker;

/// A handle on the queue; clones are the same queue.
#[derive(Clone)]
pub struct Queue {
    store: Store,
    clock: Clock,
    /// Rings at the worker.
    work: Arc<Notify>,
}

/// The number of an entry, told to the client and written to the log; never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryId(i64);

/// A message that was received and is not accepted yet.
pub enum Spooled {
    Memory(Vec<u8>),
    /// Too big for the memory.
    Staged(Stage),
}

/// An entry with the recipients that are due.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: EntryId,
    pub accepted: OffsetDateTime,
    pub reverse_path: Option<Address>,
    pub body: Body,
    pub blob: BlobId,
    pub recipients: Vec<Waiting>,
}

/// A recipient whose mail is not settled.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub address: Address,
    /// How often it was tried.
    pub attempts: u32,
}

/// The part of an entry that goes to one destination now: the worker gives it to a [`Relay`], and nobody else works on
/// these recipients until it is finished.
pub struct Job {
    pub entry: Entry,
    pub destination: Destination,
    // The worker's end of it comes with the relay.
}

/// Where mail of several entries may travel over the same connection: the domain of the recipients.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination(pub Domain);

/// What became of a recipient's mail at another server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The other server has taken responsibility (RFC 5321 §6.1).
    Relayed {
        /// The name of the server, as it was looked up.
        host: String,
        /// Its reply, code and text.
        reply: String,
        /// Whether it was told of NOTIFY and ORCPT, and will notify the sender itself (RFC 3461 §5.2.2).
        notifies: bool,
    },
    /// Not now; it is tried again later.
    Later {
        diagnosis: Diagnosis,
        /// The whole destination could not be reached: other mail for it need not be tried before it is its time.
        unreachable: bool,
    },
    /// Never; it is returned.
    Refused(Diagnosis),
}

/// Carries mail to other servers.
pub trait Relay: Send + Sync {
    /// How many more jobs for this destination it would start on now; 0 if the destination, or the whole server, is busy.
    fn room(&self, destination: &Destination) -> usize;

    /// Takes a job and returns at once; it finishes the job later, from any thread.
    fn carry(&self, job: Job);
}

/// Knows where mail goes.
pub trait Courier: Send + Sync {
    /// What is to be done for a recipient now.
    fn route(&self, recipient: &Address) -> Route;

    /// What final delivery writes before the message (RFC 5321 §4.4).
    fn heading(&self, entry: &Entry) -> Vec<u8>;
}

/// What is to be done for a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The message goes to the INBOX of this account.
    Mailbox { account: String },
    /// The address stands for others: the message goes to them. A list has an owner, who becomes its sender; an alias leaves
    /// the sender as it is (RFC 5321 §3.9, RFC 3461 §5.2.7).
    Expand { members: Vec<Address>, owner: Option<Address> },
    /// Another server has it.
    Relay(Destination),
    /// Not now; it is tried again later.
    Later(Diagnosis),
    /// Never; it is returned.
    Nowhere(Diagnosis),
}

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// An enhanced status code (RFC 3463), `5.1.1`.
    pub status: String,
    /// For a person to read.
    pub reason: String,
    /// The other server that said so, and its reply as it came (RFC 3464 §2.3.5, §2.3.6); `None`: this server.
    pub remote: Option<Remote>,
}

/// Another server's word on a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The name of the server, as it was looked up.
    pub host: String,
    /// Its reply, code and text, without line ends.
    pub reply: String,
}

impl Diagnosis {
    /// What this server found itself.
    pub fn local(status: &str, reason: impl Into<String>) -> Self {
        Self { status: status.to_owned(), reason: reason.into(), remote: None }
    }
}

impl Queue {
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, work: Arc::default() }
    }

    /// Begins to receive a message that is too big for the memory.
    pub fn stage(&self) -> Result<Stage> {
        self.store.stage()
    }

    /// Takes responsibility for a message: when this returns it is durable (RFC 5321 §4.2.5, §6.1).
    pub fn accept(&self, envelope: Envelope, message: Spooled) -> Result<EntryId> {
        let now = self.clock.now();
        let id = spool::accept(&self.store, envelope, message, now)?;
        self.work.notify_one();
        Ok(id)
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
