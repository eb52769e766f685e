//! What the queue promises: accepted mail survives, is delivered once, waits, or is returned.

mod control;
mod relaying;
mod stops;
mod timing;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use time::macros::datetime;

use super::*;
use crate::config::Limits;
use crate::mail::Recipient;
use crate::store::INBOX;

/// `now@`, `sender@` and `here@` have mailboxes, `later@` waits, domains other than example.org are elsewhere, everyone
/// else is refused.
struct Scripted;

impl Courier for Scripted {
    fn route(&self, recipient: &Address) -> Route {
        let diagnosis = |status| Diagnosis::local(status, "no");
        if !recipient.domain().is("example.org") {
            return Route::Relay(Destination(recipient.domain().clone()));
        }
        match recipient.local() {
            "now" | "sender" | "here" => Route::Mailbox { account: recipient.to_string() },
            "later" => Route::Later(diagnosis("4.4.1")),
            _ => Route::Nowhere(diagnosis("5.1.1")),
        }
    }

    fn heading(&self, reverse_path: Option<&Address>) -> Vec<u8> {
        format!("Return-Path: <{}>\r\n", reverse_path.map(Address::to_string).unwrap_or_default()).into_bytes()
    }
}

/// A relay that keeps its jobs until a test finishes them.
#[derive(Default)]
struct Kept {
    jobs: Mutex<Vec<Job>>,
    /// Jobs at a time for a destination, and together.
    room: usize,
    total: usize,
}

impl Relay for Kept {
    fn room(&self, destination: &Destination) -> usize {
        let jobs = self.jobs.lock().unwrap();
        let own = jobs.iter().filter(|job| job.destination == *destination).count();
        self.room.saturating_sub(own).min(self.total.saturating_sub(jobs.len()))
    }

    fn carry(&self, job: Job) {
        self.jobs.lock().unwrap().push(job);
    }
}

impl Kept {
    fn new(room: usize, total: usize) -> Arc<Self> {
        Arc::new(Self { jobs: Mutex::default(), room, total })
    }

    /// The job for this domain that came first.
    fn take(&self, domain: &str) -> Option<Job> {
        let mut jobs = self.jobs.lock().unwrap();
        let at = jobs.iter().position(|job| job.destination.0.is(domain))?;
        Some(jobs.remove(at))
    }

    fn destinations(&self) -> Vec<String> {
        self.jobs.lock().unwrap().iter().map(|job| job.destination.0.to_string()).collect()
    }
}

fn worker_with(store: &Store, clock: &Clock, limits: &Limits, relay: Arc<dyn Relay>) -> Worker {
    let queue = Queue::new(store.clone(), clock.clone());
    Worker {
        // Acceptance leaves everything to the worker, unless a test wants it otherwise.
        queue: Queue { schedule: Schedule::new(limits), ..queue },
        courier: Arc::new(Scripted),
        relay,
        sender: Sender { host: "mail.example.org".into(), domain: "example.org".into() },
        memory: Default::default(),
    }
}

fn worker(store: &Store, clock: &Clock) -> Worker {
    worker_with(store, clock, &Limits::default(), Arc::new(NoRelay))
}

fn clock() -> Clock {
    Clock::stopped(datetime!(2026-01-01 12:00 UTC))
}

fn envelope(from: Option<&str>, to: &[&str]) -> Envelope {
    Envelope {
        reverse_path: from.map(|text| Address::parse(text).unwrap()),
        recipients: to.iter().map(|text| Recipient::new(Address::parse(text).unwrap())).collect(),
        ..Envelope::default()
    }
}

fn memory(bytes: &[u8]) -> Spooled {
    Spooled::Memory(bytes.to_vec())
}

/// How many recipients wait.
fn waiting(worker: &Worker) -> u64 {
    worker.queue.overview().unwrap().recipients
}

/// When a recipient is tried next.
fn due(worker: &Worker, address: &str) -> Option<OffsetDateTime> {
    let listed = worker.queue.list(&Selection::All, None, 100).unwrap();
    let mut recipients = listed.into_iter().flat_map(|entry| entry.recipients);
    recipients.find(|recipient| recipient.address == address).unwrap().due
}

fn relayed() -> Outcome {
    Outcome::Relayed { host: "mx".into(), reply: "250 2.0.0 Ok".into(), notifies: true, keeps_time: true }
}

fn later(unreachable: bool) -> Outcome {
    let remote = Some(Remote { host: "mx".into(), reply: "451 4.3.0 Later".into() });
    Outcome::Later { diagnosis: Diagnosis { remote, ..Diagnosis::local("4.3.0", "it does not want it now") }, unreachable }
}

/// Finishes a job with the same outcome for all its recipients.
fn finish(job: Job, outcome: Outcome) {
    let outcomes = job.entry.recipients.iter().map(|waiting| (waiting.address.clone(), outcome.clone())).collect();
    job.finish(outcomes);
}

const MESSAGE: &[u8] = b"Subject: x\r\n\r\nbody\r\n";
const SENDER: Option<&str> = Some("sender@example.org");

/// The messages in the INBOX of an account.
fn inbox(store: &Store, account: &str) -> Vec<String> {
    let mailbox = store.mailbox(account, INBOX).unwrap().id;
    let messages = store.messages(mailbox).unwrap();
    messages.iter().map(|message| String::from_utf8(store.whole(message.blob).unwrap()).unwrap()).collect()
}

#[test]
fn each_recipient_is_settled_on_its_own() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let mut worker = worker(&store, &clock);
    let to = ["now@example.org", "later@example.org", "never@example.org"];
    worker.queue.accept(envelope(SENDER, &to), memory(MESSAGE)).unwrap();
    worker.work_off();

    assert_eq!(inbox(&store, "now@example.org"), ["Return-Path: <sender@example.org>\r\nSubject: x\r\n\r\nbody\r\n"]);
    let told = inbox(&store, "sender@example.org");
    let [notification] = told.as_slice() else { panic!("one notification, not {told:?}") };
    for line in [
        "Return-Path: <>\r\n",
        "To: <sender@example.org>\r\n",
        "Auto-Submitted: auto-replied\r\n",
        "Content-Type: multipart/report; report-type=delivery-status;\r\n",
        "Reporting-MTA: dns; mail.example.org\r\n",
        "\r\nFinal-Recipient: rfc822; never@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n",
        "Content-Type: message/rfc822\r\n",
        "\r\n\r\nSubject: x\r\n\r\nbody\r\n",
    ] {
        assert!(notification.contains(line), "{line:?} in {notification}");
    }
    assert!(!notification.contains("later@"));
    // The one who waits is still there, and is not tried before it is due.
    assert_eq!(due(&worker, "later@example.org"), Some(datetime!(2026-01-01 12:30 UTC)));
    assert_eq!(waiting(&worker), 1);
}

#[test]
fn mail_that_waits_is_returned_after_five_days() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let mut worker = worker(&store, &clock);
    worker.queue.accept(envelope(SENDER, &["later@example.org"]), memory(MESSAGE)).unwrap();
    for _ in 0..240 {
        worker.work_off();
        assert!(inbox(&store, "sender@example.org").is_empty());
        clock.advance(Duration::from_secs(1800));
    }
    worker.work_off();
    let told = inbox(&store, "sender@example.org");
    assert!(told.first().is_some_and(|notification| notification.contains("Status: 4.4.7\r\n")), "{told:?}");
    assert_eq!(waiting(&worker), 0, "nothing is left");
}

#[test]
fn a_notification_is_never_answered_with_another() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let mut worker = worker(&store, &clock);
    worker.queue.accept(envelope(None, &["never@example.org"]), memory(MESSAGE)).unwrap();
    worker.queue.accept(envelope(Some("gone@example.org"), &["never@example.org"]), memory(MESSAGE)).unwrap();
    worker.work_off();
    assert_eq!(waiting(&worker), 0);
}

#[test]
fn settled_mail_leaves_no_bytes_behind() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let mut worker = worker(&store, &clock);
    let id = worker.queue.accept(envelope(None, &["never@example.org"]), memory(MESSAGE)).unwrap();
    assert_eq!(store.whole(BlobId(id.0)).unwrap(), MESSAGE);
    worker.work_off();
    assert!(store.whole(BlobId(id.0)).is_err());
}

#[test]
fn who_is_here_has_the_message_when_it_is_accepted() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let queue = Queue::new(store.clone(), clock.clone()).serving(Arc::new(Scripted), &Limits::default());
    queue.accept(envelope(SENDER, &["now@example.org", "here@example.org"]), memory(MESSAGE)).unwrap();
    let expected = "Return-Path: <sender@example.org>\r\nSubject: x\r\n\r\nbody\r\n";
    assert_eq!(
        (inbox(&store, "now@example.org"), inbox(&store, "here@example.org")),
        (vec![expected.into()], vec![expected.into()])
    );
    assert_eq!(queue.overview().unwrap(), Overview { entries: 0, recipients: 0 });
    // Some are here, some are not: each has the same bytes.
    let forged = b"Return-Path: <evil@example.com>\r\nSubject: x\r\n\r\nbody\r\n";
    queue.accept(envelope(SENDER, &["now@example.org", "later@example.org"]), memory(forged)).unwrap();
    assert_eq!(inbox(&store, "now@example.org"), [expected, expected]);
    let listed = queue.list(&Selection::All, None, 9).unwrap();
    assert_eq!(
        listed.iter().map(|entry| (entry.recipients.len(), entry.size)).collect::<Vec<_>>(),
        [(1, Some(forged.len() as u64))]
    );
}

#[test]
fn what_is_expunged_leaves_no_bytes_of_the_queue_behind() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let queue = Queue::new(store.clone(), clock.clone()).serving(Arc::new(Scripted), &Limits::default());
    queue.accept(envelope(SENDER, &["now@example.org", "later@example.org"]), memory(MESSAGE)).unwrap();
    let mailbox = store.mailbox("now@example.org", INBOX).unwrap().id;
    let message = store.messages(mailbox).unwrap().remove(0);
    assert_eq!(queue.delete(Selection::All, None).unwrap(), 1);
    assert!(store.whole(message.blob).unwrap().ends_with(b"body\r\n"), "the mailbox still has the bytes of the queue");
    store.remove(mailbox, vec![message.uid]).unwrap();
    let left: i64 = store.read(|c| Ok(c.query_row("SELECT count(*) FROM blob", [], |row| row.get(0))?)).unwrap();
    assert_eq!(left, 0);
}
