//! The queue: every message that was accepted and is not settled for all its recipients.
//!
//! All mail passes through it, local mail too. A message is accepted in one commit and settled, recipient by recipient,
//! in others; [`spool`] has the table of what is on disk in between. The [`Worker`] takes what is due, asks the
//! [`Courier`] where it goes, and has it delivered, tried again later or returned.

mod bounce;
mod schedule;
mod spool;
mod worker;

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::mail::{Address, Body, Envelope};
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
    /// Not now; it is tried again later.
    Later(Diagnosis),
    /// Never; it is returned.
    Nowhere(Diagnosis),
}

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// An enhanced status code (RFC 3463), `5.1.1`.
    pub status: &'static str,
    /// For a person to read.
    pub reason: String,
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
