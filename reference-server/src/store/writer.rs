//! The one thread that changes the database: it commits what has queued up together, then answers.
//!
//! A commit waits for the disk once, so operations that arrive while another commit is under way share the next one.
//! Each runs in a SAVEPOINT of its own: one that fails is undone alone. Nobody is answered, and no change is announced,
//! before the COMMIT that holds it.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use super::asked::Meter;
use super::events::{Event, Happening, Origin};
use super::readers::lock;
use super::watch::{Kinds, Touch, Watchers};
use super::{Error, Known, MailboxId, Result, sql};
use crate::waiting::waiting;

/// The most operations one transaction takes, so that the first of them does not wait for long.
const BATCH: usize = 256;

/// After this long without work the write-ahead log is copied into the database.
const IDLE: Duration = Duration::from_millis(500);

/// What an operation works on: the connection, inside its savepoint.
pub(crate) struct Tx<'c> {
    /// The connection of the writer.
    pub(crate) connection: &'c Connection,
    pub(super) known: &'c Known,
    origin: Cell<Origin>,
    meter: OnceCell<Meter>,
    done: RefCell<Done>,
}

/// What was done, to be told after the commit.
#[derive(Default)]
struct Done {
    touched: Vec<Touch>,
    events: Vec<Event>,
}

impl Tx<'_> {
    /// Says who does what follows.
    pub(super) fn begin_as(&self, origin: Origin) {
        self.origin.set(origin);
    }

    /// Says who counts what follows. It is let go with the operation.
    pub(super) fn count_with(&self, meter: Meter) {
        let _ = self.meter.set(meter);
    }

    /// Says that so many messages are gone through so many times.
    pub(super) fn plan(&self, messages: usize, times: u32) {
        if let Some(meter) = self.meter.get() {
            meter.plan(messages, times);
        }
    }

    /// Says that one message is done with, this time.
    pub(super) fn step(&self) {
        if let Some(meter) = self.meter.get() {
            meter.step();
        }
    }

    /// Says that the mailbox has changed, so that its watchers are woken after the commit.
    pub(crate) fn touch(&self, mailbox: MailboxId, kinds: Kinds) {
        self.done.borrow_mut().touched.push(Touch { mailbox, origin: self.origin.get(), kinds });
    }

    /// Says that something happened, so that those who listen hear of it after the commit.
    pub(super) fn happened(&self, what: Happening) {
        self.done.borrow_mut().events.push(Event { origin: self.origin.get(), what });
    }
}

/// Runs an operation in its savepoint; gives what was done, why it failed, and the answer to send when the fate of the
/// batch is known.
type Job = Box<dyn FnOnce(&Connection, &Known) -> (Done, Option<Error>, Answer) + Send>;
type Answer = Box<dyn FnOnce(Result<()>) + Send>;

pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    pub(super) durable: bool,
}

impl Writer {
    /// `durable`: the database is in a file, and committing waits for the disk.
    pub(super) fn start(
        connection: Arc<Mutex<Connection>>,
        watchers: Arc<Watchers>,
        known: Arc<Known>,
        durable: bool,
    ) -> Result<Writer> {
        let (jobs, queued) = channel();
        let desk = Desk { connection, watchers, known, queued };
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || desk.serve())
            .map_err(|error| Error::Failed(format!("cannot start the writer thread: {error}")))?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread), durable })
    }

    pub(super) fn run<T: Send + 'static>(&self, operation: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        self.wait_for(|done| self.run_then(operation, done))
    }

    /// Waits for the answer to what `begin` queues.
    pub(super) fn wait_for<T: Send + 'static>(&self, begin: impl FnOnce(Box<dyn FnOnce(Result<T>) + Send>)) -> Result<T> {
        let (reply, answered) = channel();
        begin(Box::new(move |result| {
            // The caller waits below; if it is gone nobody is left to tell.
            let _ = reply.send(result);
        }));
        // A database in memory has no disk to wait for.
        let answer = if self.durable { waiting(|| answered.recv()) } else { answered.recv() };
        answer.map_err(|_| Error::Failed("the writer thread has stopped".into()))?
    }

    /// Queues an operation nobody waits for.
    pub(super) fn post(&self, operation: impl FnOnce(&Tx<'_>) -> Result<()> + Send + 'static) {
        // What is posted cleans up; what stays undone is swept when the database is opened again.
        self.run_then(operation, drop);
    }

    /// Queues an operation; `then` is called with its result when its fate is known, or dropped if the writer has stopped.
    pub(super) fn run_then<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
        then: impl FnOnce(Result<T>) + Send + 'static,
    ) {
        let job: Job = Box::new(move |connection, known| {
            let (done, result) = in_savepoint(connection, known, operation);
            let failure = result.as_ref().err().cloned();
            let answer: Answer = Box::new(move |committed| then(committed.and(result)));
            (done, failure, answer)
        });
        if let Some(jobs) = &self.jobs {
            // A writer that has stopped drops the job, and whoever waits for its answer notices.
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Writer {
    /// Waits until everything asked for is committed.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

/// What the writer thread works with.
struct Desk {
    connection: Arc<Mutex<Connection>>,
    watchers: Arc<Watchers>,
    known: Arc<Known>,
    queued: Receiver<Job>,
}

impl Desk {
    fn serve(self) {
        let mut log_is_long = false;
        loop {
            let patience = if log_is_long { IDLE } else { Duration::from_secs(3600) };
            match self.queued.recv_timeout(patience) {
                Ok(first) => {
                    self.run_batch(first);
                    log_is_long = true;
                }
                Err(RecvTimeoutError::Timeout) if log_is_long => {
                    // Failing here loses nothing: the log is read where it is, and the next time-out tries again.
                    log_is_long = sql::checkpoint(&lock(&self.connection)).is_err();
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn run_batch(&self, first: Job) {
        let mut all = Done::default();
        let mut answers = Vec::new();
        let committed = {
            let connection = lock(&self.connection);
            let begun = connection.execute_batch("BEGIN IMMEDIATE");
            // SQLite undoes the whole transaction where it cannot undo one operation alone, on a full disk for example.
            let mut undone = None;
            for job in std::iter::once(first).chain(self.queued.try_iter().take(BATCH - 1)) {
                let (done, failure, answer) = job(&connection, &self.known);
                if connection.is_autocommit() && undone.is_none() {
                    undone = failure;
                }
                all.touched.extend(done.touched);
                all.events.extend(done.events);
                answers.push(answer);
            }
            let committed = begun.and_then(|()| connection.execute_batch("COMMIT"));
            if committed.is_err() && !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
            committed.map_err(|error| undone.unwrap_or_else(|| error.into()))
        };
        if committed.is_ok() {
            self.watchers.announce(all.touched, all.events);
        }
        for answer in answers {
            answer(committed.clone());
        }
    }
}

fn in_savepoint<T>(connection: &Connection, known: &Known, operation: impl FnOnce(&Tx<'_>) -> Result<T>) -> (Done, Result<T>) {
    if connection.is_autocommit() {
        // BEGIN failed, or SQLite rolled the whole transaction back (disk full): nothing may run outside one.
        return (Done::default(), Err(Error::Failed("the transaction could not be started or was rolled back".into())));
    }
    let tx = Tx { connection, known, origin: Cell::default(), meter: OnceCell::new(), done: RefCell::default() };
    let result = connection.execute_batch("SAVEPOINT operation").map_err(Error::from).and_then(|()| {
        catch_unwind(AssertUnwindSafe(|| operation(&tx)))
            .unwrap_or_else(|panic| Err(Error::Failed(format!("an operation panicked: {}", panic_text(&*panic)))))
    });
    match result {
        Ok(value) => match connection.execute_batch("RELEASE operation") {
            Ok(()) => (tx.done.into_inner(), Ok(value)),
            Err(error) => (Done::default(), Err(error.into())),
        },
        Err(error) => {
            let _ = connection.execute_batch("ROLLBACK TO operation; RELEASE operation");
            (Done::default(), Err(error))
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}
