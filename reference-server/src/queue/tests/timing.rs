//! What time does to mail that waits.

use super::*;
use crate::mail::Notify;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn the_sender_is_warned_once_if_that_was_asked_for() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let mut worker = worker(&store, &clock);
    let mut envelope = envelope(SENDER, &["later@example.org"]);
    worker.queue.accept(envelope.clone(), memory(MESSAGE)).unwrap();
    envelope.recipients[0].notify = Some(Notify { delay: true, ..Notify::default() });
    worker.queue.accept(envelope, memory(MESSAGE)).unwrap();
    worker.work_off();
    for hour in 0..6 {
        let told = inbox(&store, "sender@example.org");
        assert_eq!(told.len(), usize::from(hour >= 4), "after {hour} hours");
        if let Some(warning) = told.first() {
            assert!(warning.contains("Action: delayed\r\nStatus: 4.4.1\r\nLast-Attempt-Date: "), "{warning}");
            assert!(warning.contains("Will-Retry-Until: Tue, 06 Jan 2026 12:00:00 +0000\r\n"));
        }
        clock.advance(HOUR);
        worker.work_off();
    }
}

#[test]
fn everyone_is_warned_if_the_server_likes() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let limits = Limits { warn_unasked: true, delay_warning: HOUR, ..Limits::default() };
    let mut worker = worker_with(&store, &clock, &limits, Arc::new(NoRelay));
    worker.queue.accept(envelope(SENDER, &["later@example.org"]), memory(MESSAGE)).unwrap();
    worker.work_off();
    clock.advance(HOUR);
    worker.work_off();
    assert_eq!(inbox(&store, "sender@example.org").len(), 1);
}

#[test]
fn mail_for_later_is_held_back() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let mut worker = worker(&store, &clock);
    let hold_until = Some(clock.now() + 10 * HOUR);
    worker.queue.accept(Envelope { hold_until, ..envelope(SENDER, &["now@example.org"]) }, memory(MESSAGE)).unwrap();
    worker.work_off();
    clock.advance(9 * HOUR);
    worker.work_off();
    assert!(inbox(&store, "now@example.org").is_empty() && inbox(&store, "sender@example.org").is_empty());
    clock.advance(HOUR);
    worker.work_off();
    assert_eq!(inbox(&store, "now@example.org").len(), 1);
}

/// A server that was off for a week tries once more before it gives up.
#[test]
fn a_life_that_ended_meanwhile_has_a_last_attempt() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let relay = Kept::new(9, 9);
    let mut worker = worker_with(&store, &clock, &Limits::default(), relay.clone());
    worker.queue.accept(envelope(SENDER, &["a@x.example"]), memory(MESSAGE)).unwrap();
    clock.advance(7 * 24 * HOUR);
    worker.work_off();
    assert_eq!(relay.destinations(), ["x.example"]);
    finish(relay.take("x.example").unwrap(), later(true));
    worker.work_off();
    let told = inbox(&store, "sender@example.org");
    assert!(told.len() == 1 && told[0].contains("Action: failed\r\nStatus: 4.4.7\r\nRemote-MTA: dns; mx\r\n"), "{told:#?}");
    assert_eq!(waiting(&worker), 0);
}

/// Mail for a destination that rests is returned in time although nobody tries it.
#[test]
fn a_resting_destination_does_not_keep_mail_for_ever() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let relay = Kept::new(1, 9);
    let limits = Limits { retry_max: 1000 * HOUR, ..Limits::default() };
    let mut worker = worker_with(&store, &clock, &limits, relay.clone());
    for _ in 0..2 {
        worker.queue.accept(envelope(SENDER, &["a@x.example"]), memory(MESSAGE)).unwrap();
    }
    // Failing until the pause is longer than what is left.
    for _ in 0..12 {
        worker.work_off();
        if let Some(job) = relay.take("x.example") {
            finish(job, later(true));
        }
        worker.work_off();
        clock.advance(12 * HOUR);
    }
    worker.work_off();
    assert_eq!((waiting(&worker), inbox(&store, "sender@example.org").len()), (0, 2));
}

#[test]
fn never_is_never() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let mut worker = worker(&store, &clock);
    let mut envelope = envelope(SENDER, &["now@example.org", "later@example.org", "never@example.org"]);
    envelope.recipients.iter_mut().for_each(|recipient| recipient.notify = Some(Notify::default()));
    worker.queue.accept(envelope, memory(MESSAGE)).unwrap();
    for _ in 0..150 {
        worker.work_off();
        clock.advance(HOUR);
    }
    assert_eq!((waiting(&worker), inbox(&store, "sender@example.org").len()), (0, 0));
}

/// The worker sleeps until something is to be done and no longer, with a stopped clock that is moved.
#[tokio::test]
async fn the_worker_wakes_in_time() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let worker = worker(&store, &clock);
    let queue = worker.queue.clone();
    let (stop, stopped) = crate::stop::channel();
    let running = tokio::spawn(worker.run(stopped));
    let hold_until = Some(clock.now() + HOUR);
    queue.accept(Envelope { hold_until, ..envelope(SENDER, &["now@example.org"]) }, memory(MESSAGE)).unwrap();
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert!(inbox(&store, "now@example.org").is_empty());
    clock.advance(HOUR);
    let arrived = async {
        while inbox(&store, "now@example.org").is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), arrived).await.unwrap();
    stop.send();
    tokio::time::timeout(Duration::from_secs(30), running).await.unwrap().unwrap();
}
