//! A stop after each step of the table in `spool.rs`: the database is opened again and the work goes on.

use std::path::Path;

use rstest::rstest;

use super::*;

fn open(path: &Path) -> Store {
    Store::open(path).unwrap()
}

fn spooled(queue: &Queue, staged: bool) -> Spooled {
    if !staged {
        return memory(MESSAGE);
    }
    let mut stage = queue.stage().unwrap();
    stage.push(MESSAGE).unwrap();
    Spooled::Staged(stage)
}

const TO: [&str; 4] = ["here@example.org", "later@example.org", "never@example.org", "away@x.example"];

/// What must hold after every step, whatever stopped when: everyone is in exactly one place.
fn check(store: &Store, relayed: usize, settled: bool, step: &str) {
    let queue = Queue::new(store.clone(), clock());
    let wait = queue.list(&Selection::All, None, 100).unwrap();
    let wait: Vec<&String> = wait.iter().flat_map(|entry| &entry.recipients).map(|recipient| &recipient.address).collect();
    let count = |address: &str| wait.iter().filter(|one| ***one == address).count();
    assert_eq!(count("here@example.org") + inbox(store, "here@example.org").len(), 1, "{step}");
    assert_eq!(count("later@example.org"), 1, "{step}");
    assert_eq!(count("away@x.example") + relayed, 1, "{step}");
    let told = inbox(store, "sender@example.org").len() + count("sender@example.org");
    assert_eq!(count("never@example.org") + told, 1, "{step}");
    assert!(!settled || (told, relayed) == (1, 1), "{step}");
    // No bytes are left that nobody has.
    let stray = "SELECT count(*) FROM blob WHERE refs <= 0 OR refs <>
        (SELECT count(*) FROM message WHERE blob = blob.id) + (SELECT count(*) FROM queue_entry WHERE blob = blob.id)
        + (SELECT count(*) FROM blob AS headed WHERE headed.base = blob.id)";
    let stray: i64 = store.read(|c| Ok(c.query_row(stray, [], |row| row.get(0))?)).unwrap();
    assert_eq!(stray, 0, "{step}");
}

#[rstest]
fn a_stop_loses_nothing_and_repeats_nothing(#[values(false, true)] staged: bool, #[values(false, true)] at_once: bool) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mail.sqlite");

    // The message is received, and not accepted.
    let store = open(&path);
    let queue = Queue::new(store.clone(), clock());
    drop((spooled(&queue, staged), queue, store));
    let store = open(&path);
    let queue = Queue::new(store.clone(), clock());
    assert_eq!(queue.overview().unwrap(), Overview { entries: 0, recipients: 0 }, "what was only received is not in the queue");

    // It is accepted.
    let queue = if at_once { queue.serving(Arc::new(Scripted), &Limits::default()) } else { queue };
    queue.accept(envelope(SENDER, &TO), spooled(&queue, staged)).unwrap();
    drop((queue, store));
    check(&open(&path), 0, false, "accepted");

    // Recipients are delivered, wait, are refused; the relay has the job of the last when everything stops.
    for round in 0..2 {
        let relay = Kept::new(9, 9);
        let store = open(&path);
        let mut worker = worker_with(&store, &clock(), &Limits::default(), relay.clone());
        worker.work_off();
        assert_eq!(relay.destinations(), ["x.example"], "a job that was under way is given again");
        drop((worker, store));
        relay.jobs.lock().unwrap().clear();
        drop(relay);
        check(&open(&path), 0, false, &format!("worked on, round {round}"));
    }

    // The other server has it, and that is written down.
    let relay = Kept::new(9, 9);
    let store = open(&path);
    let mut worker = worker_with(&store, &clock(), &Limits::default(), relay.clone());
    worker.work_off();
    finish(relay.take("x.example").unwrap(), relayed());
    worker.work_off();
    drop((worker, store, relay));
    check(&open(&path), 1, true, "relayed");

    // One is held.
    let store = open(&path);
    let queue = Queue::new(store.clone(), clock());
    assert_eq!(queue.hold(Selection::All).unwrap(), 1);
    drop((queue, store));
    let store = open(&path);
    let mut worker = super::worker(&store, &clock());
    worker.queue.clock.advance(Duration::from_secs(86_400));
    worker.work_off();
    check(&store, 1, true, "held");
    assert_eq!(due(&worker, "later@example.org"), None);

    // The last is given up; nothing is left.
    worker.queue.release(Selection::All).unwrap();
    worker.queue.clock.advance(Duration::from_secs(6 * 86_400));
    worker.work_off();
    drop((worker, store));
    let store = open(&path);
    assert_eq!((inbox(&store, "sender@example.org").len(), inbox(&store, "here@example.org").len()), (2, 1));
    let left: i64 = store.read(|c| Ok(c.query_row("SELECT count(*) FROM blob WHERE refs = 0", [], |row| row.get(0))?)).unwrap();
    assert_eq!((left, Queue::new(store, clock()).overview().unwrap().recipients), (0, 0));
}

/// What became of jobs is not forgotten when it cannot be written down at once.
#[test]
fn an_outcome_waits_for_the_disk() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let relay = Kept::new(9, 9);
    let mut worker = worker_with(&store, &clock, &Limits::default(), relay.clone());
    worker.queue.accept(envelope(SENDER, &["a@x.example"]), memory(MESSAGE)).unwrap();
    worker.work_off();
    finish(relay.take("x.example").unwrap(), relayed());
    let ban = "CREATE TRIGGER ban BEFORE DELETE ON queue_recipient BEGIN SELECT RAISE(ABORT, 'no'); END";
    store.write(move |tx| Ok(tx.connection.execute_batch(ban)?)).unwrap();
    assert!(worker.try_round().is_err() && worker.try_round().is_err());
    assert!(relay.destinations().is_empty(), "it is not sent again");
    store.write(|tx| Ok(tx.connection.execute_batch("DROP TRIGGER ban")?)).unwrap();
    worker.work_off();
    assert_eq!((waiting(&worker), relay.destinations().len()), (0, 0));
}

/// An entry that makes no sense does not hold up the others.
#[test]
fn what_cannot_be_read_is_kept_aside() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let mut worker = worker(&store, &clock);
    let spoil = [
        "UPDATE queue_recipient SET address = 'no address' WHERE entry = ?",
        "UPDATE queue_recipient SET address = 'here@EXAMPLE.org' WHERE entry = ?",
        "UPDATE queue_entry SET body = 7 WHERE id = ?",
        "UPDATE queue_entry SET reverse_path = 'no path' WHERE id = ?",
    ];
    for sql in spoil {
        let id = worker.queue.accept(envelope(SENDER, &["here@example.org"]), memory(MESSAGE)).unwrap();
        store.write(move |tx| Ok(tx.connection.execute(sql, [id.0])?)).unwrap();
    }
    worker.queue.accept(envelope(SENDER, &["now@example.org"]), memory(MESSAGE)).unwrap();
    worker.work_off();
    assert_eq!(inbox(&store, "now@example.org").len(), 1);
    let listed = worker.queue.list(&Selection::All, None, 9).unwrap();
    let held: Vec<Held> = listed.iter().flat_map(|entry| &entry.recipients).map(|recipient| recipient.held).collect();
    assert_eq!(held, [Held::Unreadable; 4]);
    assert!(listed[2].recipients[0].last.as_ref().unwrap().1.contains("body"));
    clock.advance(Duration::from_secs(7 * 86_400));
    worker.work_off();
    assert_eq!(waiting(&worker), 4, "somebody is to look at it");
    assert_eq!(worker.queue.delete(Selection::All, None).unwrap(), 4);
}

/// A disk that is full costs nobody a message, and the server goes on when there is room again.
#[test]
fn a_full_disk_refuses_and_recovers() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("mail.sqlite"));
    let queue = Queue::new(store.clone(), clock()).serving(Arc::new(Scripted), &Limits::default());
    let pages = |count: i64| {
        let sql = format!("PRAGMA max_page_count = {count}");
        store.write(move |tx| Ok(tx.connection.query_row(&sql, [], |_| Ok(()))?)).unwrap();
    };
    pages(64);
    let message = [MESSAGE, &[b'x'; 20_000]].concat();
    let mut accepted = 0;
    let error = loop {
        match queue.accept(envelope(SENDER, &["now@example.org", "later@example.org"]), memory(&message)) {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("full"), "{error}");
    let check = |accepted: usize| {
        assert_eq!(inbox(&store, "now@example.org").len(), accepted);
        assert_eq!(queue.overview().unwrap(), Overview { entries: accepted as u64, recipients: accepted as u64 });
    };
    check(accepted);
    pages(1_000_000);
    queue.accept(envelope(SENDER, &["now@example.org", "later@example.org"]), memory(&message)).unwrap();
    check(accepted + 1);
}

/// A database that an older program has left, with an entry and two recipients.
#[test]
fn an_older_database_is_brought_up_to_date() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mail.sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../../store/sql/schema.sql")).unwrap();
    old.execute_batch(include_str!("../../store/sql/queue.sql")).unwrap();
    old.execute_batch(
        "INSERT INTO blob (id, size, refs, last) VALUES (7, 20, 1, 10);
         INSERT INTO blob_chunk (blob, start, data) VALUES (7, 0, CAST('Subject: x' || char(13, 10, 13, 10) || 'body' || char(13, 10) AS BLOB));
         INSERT INTO queue_entry (id, accepted, reverse_path, eight_bit, blob) VALUES (3, 1767268800000, 'sender@example.org', 1, 7);
         INSERT INTO queue_recipient (entry, address, due) VALUES (3, 'now@example.org', 0), (3, '\"a@b\"@x.example', 0);
         PRAGMA user_version = 2;",
    )
    .unwrap();
    drop(old);
    let store = open(&path);
    let relay = Kept::new(9, 9);
    let mut worker = worker_with(&store, &clock(), &Limits::default(), relay.clone());
    worker.work_off();
    assert_eq!(inbox(&store, "now@example.org"), ["Return-Path: <sender@example.org>\r\nSubject: x\r\n\r\nbody\r\n"]);
    let job = relay.take("x.example").unwrap();
    assert_eq!((job.entry.id.0, job.entry.body), (3, Body::EightBitMime));
    finish(job, relayed());
    worker.work_off();
    assert_eq!(waiting(&worker), 0);
    drop((worker, store));
    assert!(Store::open(&path).is_ok(), "and once more");
}

/// However much waits for one destination, nothing that is asked again and again reads all of it.
#[test]
fn a_long_queue_is_not_read_through() {
    let store = Store::memory().unwrap();
    let plan = |sql: &str| -> String {
        store
            .read(|connection| {
                let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let unbound = std::iter::repeat_n(rusqlite::types::Null, explain.parameter_count());
                let steps = explain.query_map(rusqlite::params_from_iter(unbound), |row| row.get::<_, String>(3))?;
                Ok(steps.collect::<rusqlite::Result<Vec<_>>>()?.join("; "))
            })
            .unwrap()
    };
    for sql in [
        "SELECT entry FROM queue_recipient WHERE destination = ? AND priority = ? AND due <= ? ORDER BY due, entry",
        "SELECT entry, due FROM queue_recipient WHERE destination = ? AND priority = ? ORDER BY due, entry",
        "SELECT max(priority) FROM queue_recipient WHERE destination = ? AND priority < ?",
        "SELECT id FROM queue_entry WHERE event <= ? ORDER BY event LIMIT ?",
        "SELECT min(event) FROM queue_entry WHERE event IS NOT NULL",
        "DELETE FROM blob WHERE refs = 0",
    ] {
        let plan = plan(sql);
        assert!(!plan.contains("TEMP B-TREE"), "{sql}: {plan}");
        assert!(
            plan.contains("SEARCH")
                || plan.contains("USING INDEX blob_unreferenced")
                || plan.contains("COVERING INDEX queue_entry_by_event"),
            "{sql}: {plan}"
        );
    }
}

/// 100,000 messages for a destination that is dead do not keep a message to another; nor is any of them lost.
#[test]
fn a_long_queue_does_not_keep_others() {
    let (store, clock) = (Store::memory().unwrap(), clock());
    let relay = Kept::new(1, 9);
    let mut worker = worker_with(&store, &clock, &Limits::default(), relay.clone());
    let first = worker.queue.accept(envelope(SENDER, &["a@dead.example"]), memory(MESSAGE)).unwrap();
    let many = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
         INSERT INTO queue_recipient (entry, address, due, destination)
         SELECT {first}, 'a' || i || '@dead.example', (SELECT due FROM queue_recipient LIMIT 1), 'dead.example' FROM n"
    );
    store.write(move |tx| Ok(tx.connection.execute_batch(&many)?)).unwrap();
    worker.work_off();
    let dead = relay.take("dead.example").unwrap();
    assert_eq!(dead.entry.recipients.len(), 100_001);
    for _ in 0..20 {
        worker.queue.accept(envelope(SENDER, &["b@alive.example"]), memory(MESSAGE)).unwrap();
        worker.work_off();
        finish(relay.take("alive.example").unwrap(), relayed());
    }
    worker.work_off();
}
