//! What the queue promises: accepted mail survives, is delivered once, waits, or is returned.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use time::macros::datetime;

use super::*;
use crate::config::Limits;
use crate::mail::Recipient;
use crate::store::INBOX;

/// `now@` is delivered, `later@` waits, everyone else is refused.
struct Scripted;

impl Courier for Scripted {
    fn route(&self, recipient: &Address) -> Route {
        let diagnosis = |status| Diagnosis::local(status, "no");
        match recipient.local() {
            "now" | "sender" => Route::Mailbox { account: recipient.to_string() },
            "later" => Route::Later(diagnosis("4.4.1")),
            _ => Route::Nowhere(diagnosis("5.1.1")),
        }
    }

    fn heading(&self, entry: &Entry) -> Vec<u8> {
        format!("Return-Path: <{}>\r\n", entry.reverse_path.as_ref().map(Address::to_string).unwrap_or_default()).into_bytes()
    }
}

fn worker(store: &Store, clock: &Clock) -> Worker {
    Worker {
        queue: Queue::new(store.clone(), clock.clone()),
        courier: Arc::new(Scripted),
        schedule: Schedule::new(&Limits::default()),
        sender: Sender { host: "mail.example.org".into(), domain: "example.org".into() },
        blocking: false,
    }
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
    let worker = worker(&store, &clock);
    let to = ["now@example.org", "later@example.org", "never@example.org"];
    worker.queue.accept(envelope(SENDER, &to), Spooled::Memory(MESSAGE.to_vec())).unwrap();
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
        "Content-Type: text/rfc822-headers\r\n",
        "\r\n\r\nSubject: x\r\n\r\n--",
    ] {
        assert!(notification.contains(line), "{line:?} in {notification}");
    }
    assert!(!notification.contains("later@") && !notification.contains("body"));
    // The one who waits is still there, and is not tried before it is due.
    assert_eq!(spool::next_due(&store).unwrap(), Some(datetime!(2026-01-01 12:30 UTC)));
}

#[test]
fn mail_that_waits_is_returned_after_five_days() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let worker = worker(&store, &clock);
    worker.queue.accept(envelope(SENDER, &["later@example.org"]), Spooled::Memory(MESSAGE.to_vec())).unwrap();
    for _ in 0..=240 {
        assert!(inbox(&store, "sender@example.org").is_empty());
        worker.work_off();
        clock.advance(Duration::from_secs(1800));
    }
    let told = inbox(&store, "sender@example.org");
    assert!(told.first().is_some_and(|notification| notification.contains("Status: 4.4.7\r\n")), "{told:?}");
    assert_eq!(spool::next_due(&store).unwrap(), None, "nothing is left");
}

#[test]
fn a_notification_is_never_answered_with_another() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let worker = worker(&store, &clock);
    worker.queue.accept(envelope(None, &["never@example.org"]), Spooled::Memory(MESSAGE.to_vec())).unwrap();
    worker.queue.accept(envelope(Some("gone@example.org"), &["never@example.org"]), Spooled::Memory(MESSAGE.to_vec())).unwrap();
    worker.work_off();
    assert_eq!(spool::next_due(&store).unwrap(), None);
}

#[test]
fn settled_mail_leaves_no_bytes_behind() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let worker = worker(&store, &clock);
    worker.queue.accept(envelope(None, &["never@example.org"]), Spooled::Memory(MESSAGE.to_vec())).unwrap();
    let blob = spool::due(&store, clock.now(), 1).unwrap().first().unwrap().blob;
    assert_eq!(store.whole(blob).unwrap(), MESSAGE);
    worker.work_off();
    assert!(store.whole(blob).is_err());
}

/// A stop at every place of the table in `spool.rs`: the database is opened again and the work goes on.
#[rstest]
#[case::in_memory(false)]
#[case::staged(true)]
fn a_stop_loses_nothing_and_repeats_nothing(#[case] staged: bool) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mail.sqlite");
    let open = |path: &Path| Store::open(path).unwrap();
    let clock = clock();

    let received = open(&path);
    let queue = Queue::new(received.clone(), clock.clone());
    let mut stage = queue.stage().unwrap();
    stage.push(MESSAGE).unwrap();
    drop((stage, queue, received));
    let store = open(&path);
    assert_eq!(spool::next_due(&store).unwrap(), None, "what was only received is not in the queue");

    let queue = Queue::new(store.clone(), clock.clone());
    let message = if staged {
        let mut stage = queue.stage().unwrap();
        stage.push(MESSAGE).unwrap();
        Spooled::Staged(stage)
    } else {
        Spooled::Memory(MESSAGE.to_vec())
    };
    queue.accept(envelope(SENDER, &["now@example.org", "later@example.org"]), message).unwrap();
    drop((queue, store));

    for round in 0..2 {
        let store = open(&path);
        worker(&store, &clock).work_off();
        assert_eq!(inbox(&store, "now@example.org").len(), 1, "round {round}");
        assert!(spool::next_due(&store).unwrap().is_some());
    }
}
