//! The queue: every message that was accepted and is not settled for all its recipients.
//!
//! All mail passes through it, local mail too. A message is accepted in one commit, which puts it into the mailboxes that
//! are here, and settled for other recipients in others; [`spool`] has the table of what is on disk in between. The
//! [`Worker`] takes what is due, asks the [`Courier`] where it goes, gives it to the [`Relay`], and has it tried again
//! later or returned ([`dsn`]).

mod agenda;
mod control;
mod desk;
mod dsn;
mod events;
mod expand;
mod flush;
mod heading;
mod job;
mod notify;
mod record;
mod schedule;
mod settle;
mod spool;
mod worker;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;

use crate::clock::Clock;
use crate::config::Limits;
use crate::mail::{self, Address, Body, DeliverBy, Domain, Envelope, OriginalRecipient, Ret};
use crate::store::{BlobId, Result, Stage, Store};

pub use control::{Held, Listed, ListedRecipient, Overview, Selection};
pub use dsn::Sender;
pub use job::{Job, Message, Outcomes};
pub(crate) use schedule::Schedule;
pub(crate) use worker::Worker;

/// A handle on the queue; clones are the same queue.
#[derive(Clone)]
pub struct Queue {
    store: Store,
    clock: Clock,
    schedule: Schedule,
    /// Knows who is here; without it everything is left to the worker.
    courier: Option<Arc<dyn Courier>>,
    desk: Arc<desk::Desk>,
}

/// The number of an entry, told to the client and written to the log; never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct EntryId(pub i64);

/// A message that was received and is not accepted yet.
pub enum Spooled {
    Memory(Vec<u8>),
    /// Too big for the memory.
    Staged(Stage),
}

/// A message that is being accepted.
pub struct Accepting(Arc<Mutex<Option<Result<EntryId>>>>);

impl Accepting {
    /// The answer, once there is one: then the message is durable, or nobody here answers for it.
    pub fn answer(&self) -> Option<Result<EntryId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A message and its envelope, with those of its recipients that are worked on together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: EntryId,
    pub accepted: OffsetDateTime,
    /// Whom to tell; `None` is the null reverse-path.
    pub reverse_path: Option<Address>,
    /// What the octets of the message may be: the next hop must know it, or the message is converted.
    pub body: Body,
    /// The next hop must know SMTPUTF8, or the message goes back (RFC 6531 §3.6).
    pub smtputf8: bool,
    pub ret: Option<Ret>,
    pub envid: Option<String>,
    /// Only to be sent over verified TLS, to a server that knows REQUIRETLS (RFC 8689 §4.2.1).
    pub require_tls: bool,
    /// To be sent without regard for anybody's policy on TLS, rather than not at all (RFC 8689 §4.2.2).
    pub tls_optional: bool,
    pub priority: Option<i8>,
    /// It was not to be delivered before; that time has come.
    pub hold_until: Option<OffsetDateTime>,
    /// What was asked for then (RFC 4865 §5.1.2).
    pub hold_request: Option<String>,
    /// Who submitted it (RFC 4954 §5).
    pub submitter: Option<Address>,
    pub deliver_by: Option<DeliverBy>,
    /// Where the bytes are; a [`Job`] reads them by its [`Message`].
    pub blob: BlobId,
    pub recipients: Vec<Waiting>,
}

/// A recipient whose mail is not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub address: Address,
    /// `NOTIFY=`, as it came (RFC 3461 §4.1).
    pub notify: Option<mail::Notify>,
    /// `ORCPT=`, as it came (RFC 3461 §4.2).
    pub original: Option<OriginalRecipient>,
    /// How often it was tried.
    pub attempts: u32,
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
        /// Whether it was told of BY, or there was none to tell of (RFC 2852 §4.1.4).
        keeps_time: bool,
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

/// Carries mail to other servers. The worker asks for room, gives jobs, and asks again whenever a job is finished.
pub trait Relay: Send + Sync {
    /// How many more jobs for this destination it would start on now; 0 if the destination, or the whole server, is busy.
    fn room(&self, destination: &Destination) -> usize;

    /// Takes a job and returns at once; it finishes the job later, from any thread.
    fn carry(&self, job: Job);
}

/// The relay of a server that sends nothing: every job is refused (RFC 3463 §3.5: X.4.4, unable to route).
pub struct NoRelay;

impl Relay for NoRelay {
    fn room(&self, _: &Destination) -> usize {
        usize::MAX
    }

    fn carry(&self, job: Job) {
        let Destination(domain) = &job.destination;
        let diagnosis = Diagnosis::local("5.4.4", format!("this server has no route to {domain}"));
        let refused = |waiting: &Waiting| (waiting.address.clone(), Outcome::Refused(diagnosis.clone()));
        let outcomes = job.entry.recipients.iter().map(refused).collect();
        job.finish(outcomes);
    }
}

/// Knows where mail goes.
pub trait Courier: Send + Sync {
    /// What is to be done for a recipient now.
    fn route(&self, recipient: &Address) -> Route;

    /// What final delivery writes before a message with this reverse-path (RFC 5321 §4.4).
    fn heading(&self, reverse_path: Option<&Address>) -> Vec<u8>;
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
    /// A queue with the patience of the default [`Limits`] that leaves all mail to its worker.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, schedule: Schedule::new(&Limits::default()), courier: None, desk: Arc::default() }
    }

    /// Has mail for those who are here delivered in the commit that accepts it, and the others tried as `limits` say.
    pub fn serving(self, courier: Arc<dyn Courier>, limits: &Limits) -> Self {
        Self { courier: Some(courier), schedule: Schedule::new(limits), ..self }
    }

    /// Begins to receive a message that is too big for the memory.
    pub fn stage(&self) -> Result<Stage> {
        self.store.stage()
    }

    /// Takes responsibility for a message: when this returns it is durable (RFC 5321 §4.2.5, §6.1), and lies in the
    /// mailboxes of those who are here.
    pub fn accept(&self, envelope: Envelope, message: Spooled) -> Result<EntryId> {
        self.store.wait_for(|done| self.accept_then(envelope, message, done))
    }

    /// The same without waiting: `ring` is called, from another thread, when there is an answer.
    pub fn accept_soon(&self, envelope: Envelope, message: Spooled, ring: impl FnOnce() + Send + 'static) -> Accepting {
        let answer = Arc::new(Mutex::new(None));
        let accepting = Accepting(answer.clone());
        self.accept_then(envelope, message, move |accepted| {
            *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(accepted);
            ring();
        });
        accepting
    }

    /// Whether accepting a message waits for the disk.
    pub fn is_durable(&self) -> bool {
        self.store.is_durable()
    }

    fn accept_then(&self, envelope: Envelope, message: Spooled, done: impl FnOnce(Result<EntryId>) + Send + 'static) {
        let (courier, desk, now) = (self.courier.as_deref(), self.desk.clone(), self.clock.now());
        spool::accept(&self.store, envelope, message, courier, &self.schedule, now, move |accepted| {
            done(accepted.map(|accepted| {
                desk.announce(accepted.due);
                accepted.id
            }));
        });
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
