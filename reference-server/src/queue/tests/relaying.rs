//! Jobs for the relay, and what comes of their outcomes.

use super::*;
use crate::mail::{ByMode, DeliverBy, Notify};

fn setup(relay: &Arc<Kept>) -> (Store, Clock, Worker) {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let worker = worker_with(&store, &clock, &Limits::default(), relay.clone());
    (store, clock, worker)
}

#[test]
fn a_job_has_the_envelope_and_the_bytes_and_nobody_else_gets_them() {
    let relay = Kept::new(9, 9);
    let (_, clock, mut worker) = setup(&relay);
    let mut envelope = envelope(SENDER, &["a@hamburger.edu", "b@hamburger.edu", "c@other.example"]);
    envelope.envid = Some("QQ".into());
    envelope.require_tls = true;
    worker.queue.accept(envelope, memory(MESSAGE)).unwrap();
    worker.work_off();
    assert_eq!(relay.destinations(), ["hamburger.edu", "other.example"]);
    clock.advance(Duration::from_secs(86_400));
    worker.work_off();
    assert_eq!(relay.destinations().len(), 2, "never two attempts at once, however long one takes");

    let job = relay.take("hamburger.edu").unwrap();
    assert_eq!((job.entry.recipients.len(), job.entry.envid.as_deref(), job.entry.require_tls), (2, Some("QQ"), true));
    assert_eq!(job.message().whole().unwrap(), MESSAGE);
    finish(job, relayed());
    finish(relay.take("other.example").unwrap(), relayed());
    worker.work_off();
    assert_eq!(waiting(&worker), 0);
}

#[test]
fn one_is_delivered_one_waits_and_one_is_refused() {
    let relay = Kept::new(9, 9);
    let (store, clock, mut worker) = setup(&relay);
    worker.queue.accept(envelope(SENDER, &["a@x.example", "b@x.example", "c@x.example"]), memory(MESSAGE)).unwrap();
    worker.work_off();
    let job = relay.take("x.example").unwrap();
    let address = |at: usize| job.entry.recipients[at].address.clone();
    let refused = Outcome::Refused(Diagnosis {
        remote: Some(Remote { host: "mx".into(), reply: "550 5.1.1 Unknown".into() }),
        ..Diagnosis::local("5.1.1", "unknown")
    });
    let outcomes = vec![(address(0), relayed()), (address(1), later(false)), (address(2), refused)];
    job.finish(outcomes);
    worker.work_off();
    let told = inbox(&store, "sender@example.org");
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("Final-Recipient: rfc822; c@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; mx\r\n")
    );
    assert!(!told[0].contains("a@x.example") && !told[0].contains("b@x.example"));
    assert_eq!((waiting(&worker), due(&worker, "b@x.example")), (1, Some(clock.now() + Duration::from_secs(1800))));
    clock.advance(Duration::from_secs(1800));
    worker.work_off();
    let job = relay.take("x.example").unwrap();
    assert_eq!(job.entry.recipients.iter().map(|one| one.attempts).collect::<Vec<_>>(), [1]);
    finish(job, relayed());
    worker.work_off();
    assert_eq!((waiting(&worker), inbox(&store, "sender@example.org").len()), (0, 1));
}

#[test]
fn a_dropped_job_is_tried_again_after_a_while() {
    let relay = Kept::new(9, 9);
    let (_, clock, mut worker) = setup(&relay);
    worker.queue.accept(envelope(SENDER, &["a@x.example"]), memory(MESSAGE)).unwrap();
    worker.work_off();
    drop(relay.take("x.example"));
    worker.work_off();
    assert!(relay.destinations().is_empty());
    clock.advance(Duration::from_secs(60));
    worker.work_off();
    assert_eq!(relay.destinations(), ["x.example"]);
}

#[test]
fn a_dead_destination_is_left_alone_and_holds_up_nobody() {
    let relay = Kept::new(1, 9);
    let (_, clock, mut worker) = setup(&relay);
    for _ in 0..3 {
        worker.queue.accept(envelope(SENDER, &["a@dead.example"]), memory(MESSAGE)).unwrap();
    }
    worker.work_off();
    assert_eq!(relay.destinations(), ["dead.example"], "it has room for one");
    finish(relay.take("dead.example").unwrap(), later(true));
    worker.queue.accept(envelope(SENDER, &["b@alive.example"]), memory(MESSAGE)).unwrap();
    worker.work_off();
    assert_eq!(relay.destinations(), ["alive.example"], "the other two need not find out that nobody is there");
    clock.advance(Duration::from_secs(1800));
    worker.work_off();
    assert_eq!(relay.destinations(), ["alive.example", "dead.example"]);
    // Once it is back the others follow at once.
    for left in (0..3).rev() {
        finish(relay.take("dead.example").unwrap(), relayed());
        worker.work_off();
        assert_eq!(relay.destinations().len(), if left > 0 { 2 } else { 1 });
    }
}

/// 100 destinations that keep all connections busy, and one more.
#[test]
fn a_full_relay_takes_everyone_in_turn() {
    let relay = Kept::new(2, 4);
    let (_, _, mut worker) = setup(&relay);
    for number in 0..20 {
        worker.queue.accept(envelope(SENDER, &[&format!("a@{number}.example")]), memory(MESSAGE)).unwrap();
    }
    for _ in 0..20 {
        worker.work_off();
        let busy = relay.destinations();
        assert!(!busy.is_empty() && busy.len() <= 4);
        finish(relay.take(&busy[0]).unwrap(), relayed());
    }
    worker.work_off();
    assert_eq!(waiting(&worker), 0);
}

#[test]
fn urgent_mail_goes_first() {
    let relay = Kept::new(1, 1);
    let (_, _, mut worker) = setup(&relay);
    for priority in [None, Some(-3), Some(9), Some(2)] {
        let envelope = Envelope { priority, ..envelope(SENDER, &["a@x.example"]) };
        worker.queue.accept(envelope, memory(MESSAGE)).unwrap();
    }
    let mut order = Vec::new();
    loop {
        worker.work_off();
        let Some(job) = relay.take("x.example") else { break };
        order.push(job.entry.priority);
        finish(job, relayed());
    }
    assert_eq!(order, [Some(9), Some(2), None, Some(-3)]);
}

#[test]
fn success_is_told_where_nobody_else_will() {
    let relay = Kept::new(9, 9);
    let (store, _, mut worker) = setup(&relay);
    let mut envelope = envelope(SENDER, &["now@example.org", "a@x.example"]);
    for recipient in &mut envelope.recipients {
        recipient.notify = Some(Notify { success: true, ..Notify::default() });
    }
    worker.queue.accept(envelope.clone(), memory(MESSAGE)).unwrap();
    worker.work_off();
    let told = inbox(&store, "sender@example.org");
    assert!(
        told.len() == 1 && told[0].contains("Final-Recipient: rfc822; now@example.org\r\nAction: delivered\r\nStatus: 2.0.0\r\n")
    );
    finish(
        relay.take("x.example").unwrap(),
        Outcome::Relayed { host: "mx".into(), reply: "250 Ok".into(), notifies: false, keeps_time: true },
    );
    worker.work_off();
    let told = inbox(&store, "sender@example.org");
    let expected = "Action: relayed\r\nStatus: 2.0.0\r\nRemote-MTA: dns; mx\r\nDiagnostic-Code: smtp; 250 Ok\r\n";
    assert!(told.len() == 2 && told[1].contains(expected), "{told:#?}");

    worker.queue.accept(Envelope { reverse_path: None, ..envelope }, memory(MESSAGE)).unwrap();
    worker.work_off();
    finish(relay.take("x.example").unwrap(), relayed());
    worker.work_off();
    assert_eq!((waiting(&worker), inbox(&store, "sender@example.org").len()), (0, 2), "never to the null reverse-path");
}

#[test]
fn there_is_no_attempt_after_the_deadline() {
    let relay = Kept::new(9, 9);
    let (store, clock, mut worker) = setup(&relay);
    let by = |mode| Some(DeliverBy { deadline: datetime!(2026-01-01 12:10 UTC), mode, trace: false });
    worker
        .queue
        .accept(Envelope { deliver_by: by(ByMode::Return), ..envelope(SENDER, &["a@x.example"]) }, memory(MESSAGE))
        .unwrap();
    worker
        .queue
        .accept(Envelope { deliver_by: by(ByMode::Notify), ..envelope(SENDER, &["b@y.example"]) }, memory(MESSAGE))
        .unwrap();
    worker.work_off();
    finish(relay.take("x.example").unwrap(), later(false));
    finish(relay.take("y.example").unwrap(), later(false));
    worker.work_off();
    clock.advance(Duration::from_secs(600));
    worker.work_off();
    let told = inbox(&store, "sender@example.org");
    assert_eq!(told.len(), 2);
    assert!(told[0].contains("rfc822; a@x.example\r\nAction: failed\r\nStatus: 5.4.7\r\n"), "{}", told[0]);
    assert!(told[1].contains("rfc822; b@y.example\r\nAction: delayed\r\nStatus: 4.4.7\r\n"), "{}", told[1]);
    assert!(told[0].contains("Deliver-By-Date: Thu, 01 Jan 2026 12:10:00 +0000\r\n"));
    clock.advance(Duration::from_secs(1800));
    worker.work_off();
    assert_eq!(relay.destinations(), ["y.example"], "mode N is tried on");
    finish(relay.take("y.example").unwrap(), relayed());
    worker.work_off();
    assert_eq!(inbox(&store, "sender@example.org").len(), 2, "it was told once");
}

#[test]
fn a_job_that_comes_back_after_the_deadline_is_not_tried_again() {
    let relay = Kept::new(9, 9);
    let (store, clock, mut worker) = setup(&relay);
    let deliver_by = Some(DeliverBy { deadline: datetime!(2026-01-01 12:10 UTC), mode: ByMode::Return, trace: false });
    worker.queue.accept(Envelope { deliver_by, ..envelope(SENDER, &["a@x.example"]) }, memory(MESSAGE)).unwrap();
    worker.work_off();
    clock.advance(Duration::from_secs(3600));
    worker.work_off();
    assert_eq!(inbox(&store, "sender@example.org").len(), 0, "somebody works on it");
    finish(relay.take("x.example").unwrap(), later(false));
    worker.work_off();
    assert!(inbox(&store, "sender@example.org")[0].contains("Status: 5.4.7\r\nRemote-MTA: dns; mx\r\n"));
    assert_eq!(waiting(&worker), 0);
}
