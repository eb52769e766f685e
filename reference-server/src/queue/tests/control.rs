//! Looking at the queue and changing it, beside the worker.

use super::*;

fn setup() -> (Store, Clock, Arc<Kept>, Worker) {
    let (store, clock, relay) = (Store::memory().unwrap(), clock(), Kept::new(9, 9));
    let worker = worker_with(&store, &clock, &Limits::default(), relay.clone());
    (store, clock, relay, worker)
}

#[test]
fn the_list_shows_what_there_is() {
    let (_, clock, relay, mut worker) = setup();
    let mut first = envelope(SENDER, &["a@x.example", "b@y.example"]);
    first.envid = Some("QQ".into());
    let id = worker.queue.accept(first, memory(MESSAGE)).unwrap();
    worker.queue.accept(envelope(None, &["c@x.example"]), memory(MESSAGE)).unwrap();
    worker.work_off();
    finish(relay.take("x.example").unwrap(), later(false));
    worker.work_off();

    let shown = worker.queue.show(id).unwrap().unwrap();
    assert_eq!((shown.accepted, shown.size), (clock.now(), Some(MESSAGE.len() as u64)));
    assert_eq!((shown.reverse_path.as_deref(), shown.envid.as_deref()), (SENDER, Some("QQ")));
    let [a, b] = shown.recipients.as_slice() else { panic!("two recipients") };
    assert_eq!((a.attempts, a.sending, a.due), (1, false, Some(clock.now() + Duration::from_secs(1800))));
    assert_eq!(a.last, Some(("4.3.0".into(), "it does not want it now".into())));
    assert_eq!((b.attempts, b.sending, b.held), (0, true, Held::No));
    assert_eq!(worker.queue.beginning(id, 10).unwrap().unwrap(), b"Subject: x");

    let ids = |selection: Selection, after| {
        worker.queue.list(&selection, after, 1).unwrap().iter().map(|one| one.id.0).collect::<Vec<_>>()
    };
    let first = ids(Selection::All, None);
    assert_eq!(first, [id.0]);
    assert_eq!(ids(Selection::All, Some(id)).len(), 1);
    assert_eq!(ids(Selection::Destination("Y.example".into()), None), first);
    assert!(ids(Selection::Destination("y.example".into()), Some(id)).is_empty());
    assert!(worker.queue.show(EntryId(999)).unwrap().is_none());
    let json = serde_json::to_string(&shown).unwrap();
    assert_eq!(serde_json::from_str::<Listed>(&json).unwrap(), shown);
}

#[test]
fn what_is_held_is_not_tried_until_it_is_released() {
    let (_, clock, relay, mut worker) = setup();
    worker.queue.accept(envelope(SENDER, &["a@x.example", "b@y.example"]), memory(MESSAGE)).unwrap();
    assert_eq!(worker.queue.hold(Selection::Destination("x.example".into())).unwrap(), 1);
    worker.work_off();
    assert_eq!(relay.destinations(), ["y.example"]);
    // One that is held while somebody tries it stays held afterwards.
    assert_eq!(worker.queue.hold(Selection::All).unwrap(), 1);
    finish(relay.take("y.example").unwrap(), later(false));
    clock.advance(Duration::from_secs(7200));
    worker.work_off();
    assert!(relay.destinations().is_empty());
    assert_eq!(worker.queue.flush(Selection::All).unwrap(), 0, "flushing is no release");
    worker.work_off();
    assert!(relay.destinations().is_empty());
    assert_eq!(worker.queue.release(Selection::All).unwrap(), 2);
    worker.work_off();
    assert_eq!(relay.destinations().len(), 2);
}

#[test]
fn flushing_tries_now_whatever_was_known() {
    let (_, _, relay, mut worker) = setup();
    let id = worker.queue.accept(envelope(SENDER, &["a@x.example"]), memory(MESSAGE)).unwrap();
    worker.queue.accept(envelope(SENDER, &["b@y.example"]), memory(MESSAGE)).unwrap();
    for selection in [Selection::All, Selection::Entry(id), Selection::Destination("X.example".into())] {
        worker.work_off();
        while let Some(domain) = relay.destinations().pop() {
            finish(relay.take(&domain).unwrap(), later(true));
        }
        worker.work_off();
        assert!(relay.destinations().is_empty());
        let all = selection == Selection::All;
        assert_eq!(worker.queue.flush(selection).unwrap(), if all { 2 } else { 1 });
        worker.work_off();
        assert_eq!(relay.destinations().len(), if all { 2 } else { 1 });
    }
}

#[test]
fn what_is_deleted_is_gone_and_its_sender_told_if_wanted() {
    let (store, _, relay, mut worker) = setup();
    let sender = worker.sender.clone();
    worker.queue.accept(envelope(SENDER, &["a@x.example", "b@y.example"]), memory(MESSAGE)).unwrap();
    worker.work_off();
    assert_eq!(worker.queue.delete(Selection::Destination("x.example".into()), None).unwrap(), 1);
    worker.work_off();
    assert!(inbox(&store, "sender@example.org").is_empty());
    // The job that is under way ends in nothing.
    finish(relay.take("x.example").unwrap(), Outcome::Refused(Diagnosis::local("5.1.1", "no")));
    assert_eq!(worker.queue.delete(Selection::All, Some(sender)).unwrap(), 1);
    let job = relay.take("y.example").unwrap();
    assert_eq!(job.message().whole().unwrap(), MESSAGE, "who works on it can read it to the end");
    finish(job, relayed());
    worker.work_off();
    let told = inbox(&store, "sender@example.org");
    assert!(told.len() == 1 && told[0].contains("b@y.example\r\nAction: failed\r\nStatus: 5.0.0\r\n"), "{told:#?}");
    assert_eq!(waiting(&worker), 0);
}
