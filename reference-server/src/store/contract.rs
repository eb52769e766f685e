//! What every store promises, in a file and in memory, and what a file promises beyond.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use proptest::prelude::*;
use rstest::rstest;
use tempfile::TempDir;
use time::macros::datetime;

use super::*;

/// A store, and the directory that goes with it.
struct Fresh {
    store: Store,
    _directory: Option<TempDir>,
}

impl std::ops::Deref for Fresh {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

fn memory() -> Fresh {
    Fresh { store: Store::memory().unwrap(), _directory: None }
}

fn file() -> Fresh {
    let directory = tempfile::tempdir().unwrap();
    Fresh { store: Store::open(&directory.path().join("mail.db")).unwrap(), _directory: Some(directory) }
}

fn mail(text: &str) -> NewMessage {
    let date = datetime!(1996-07-17 02:44:25 -7);
    NewMessage { body: Body::Bytes(text.into()), flags: Flags::none(), date, saved: Some(date) }
}

/// When something is copied.
const LATER: time::OffsetDateTime = datetime!(2001-02-03 04:05:06 UTC);

fn append(store: &Store, mailbox: MailboxId, text: &str) -> Uid {
    store.append(mailbox, vec![mail(text)]).unwrap().uids[0]
}

fn flag(store: &Store, mailbox: MailboxId, uids: &[Uid], how: How, flags: &[&str]) -> FlagOutcome {
    let flags = Flags::from_iter(flags.iter().copied());
    store.change_flags(mailbox, uids.to_vec(), FlagChange { how, flags, unchanged_since: None }).unwrap()
}

fn since(modseq: u64) -> UnchangedSince {
    UnchangedSince { modseq, ..UnchangedSince::default() }
}

fn names(store: &Store) -> Vec<String> {
    let shown = |listed: Listed| {
        let bare = if listed.mailbox.selectable { "" } else { " \\Noselect" };
        format!("{}{bare}", listed.mailbox.name)
    };
    store.mailboxes("alice").unwrap().into_iter().map(shown).collect()
}

#[rstest]
fn a_message_comes_back_as_it_was_given(#[values(memory(), file())] store: Fresh) {
    let inbox = store.mailbox("alice", "inbox").unwrap();
    let large: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
    let date = datetime!(1996-07-17 02:44:25 -7);
    let flags = Flags::from_iter(["\\Flagged", "$Junk"]);
    let new = NewMessage { body: Body::Bytes(large.clone()), flags: flags.clone(), date, saved: Some(date) };
    let appended = store.append(inbox.id, vec![new, mail("")]).unwrap();
    assert_eq!(appended, Appended { uidvalidity: inbox.uidvalidity, uids: vec![1, 2] });
    let [first, second] = &store.messages(inbox.id).unwrap()[..] else { panic!("two messages") };
    assert_eq!((first.uid, first.size, &first.flags, first.date), (1, 700_000, &flags, date));
    assert_eq!(first.date.offset(), date.offset());
    assert_eq!(store.whole(first.blob).unwrap(), large);
    assert_eq!(store.whole(second.blob).unwrap(), b"");
    for range in [0..1, 262_143..262_145, 262_144..524_288, 699_999..800_000, 700_000..700_001, 10..10] {
        let wanted = large.get(range.start as usize..(range.end as usize).min(large.len())).unwrap_or_default();
        assert_eq!(store.bytes(first.blob, range).unwrap(), wanted);
    }
    assert_eq!(store.mailbox("bob", "INBOX").map(|inbox| store.status(inbox.id).unwrap().messages), Ok(0));
}

#[rstest]
fn mailboxes_form_a_tree(#[values(memory(), file())] store: Fresh) {
    assert_eq!(names(&store), ["INBOX"]);
    store.create("alice", "a/b/c").unwrap();
    assert_eq!(names(&store), ["INBOX", "a", "a/b", "a/b/c"]);
    assert_eq!(store.create("alice", "a/b"), Err(Error::AlreadyExists("a/b".into())));
    assert_eq!(store.create("alice", "Inbox"), Err(Error::AlreadyExists("INBOX".into())));
    store.delete("alice", "a/b").unwrap();
    assert_eq!(names(&store), ["INBOX", "a", "a/b \\Noselect", "a/b/c"]);
    assert_eq!(store.delete("alice", "a/b"), Err(Error::HasChildren("a/b".into())));
    store.create("alice", "a/b").unwrap();
    store.rename("alice", "a", "x/y").unwrap();
    assert_eq!(names(&store), ["INBOX", "x", "x/y", "x/y/b", "x/y/b/c"]);
    assert!(matches!(store.rename("alice", "x", "x/z"), Err(Error::BadName { .. })));
    assert_eq!(store.rename("alice", "x", "x/y"), Err(Error::AlreadyExists("x/y".into())));
    assert_eq!(store.rename("alice", "no", "y"), Err(Error::NoSuchMailbox("no".into())));
    assert_eq!(store.delete("alice", "INBOX"), Err(Error::InboxStays));
    assert_eq!(store.delete("bob", "x"), Err(Error::NoSuchMailbox("x".into())));
    store.subscribe("alice", "gone/away").unwrap();
    store.subscribe("alice", "x").unwrap();
    assert_eq!(store.subscriptions("alice").unwrap(), ["gone/away", "x"]);
    let listed = store.mailboxes("alice").unwrap();
    assert_eq!(
        listed.iter().map(|one| (one.children, one.subscribed)).collect::<Vec<_>>(),
        [(false, false), (true, true), (true, false), (true, false), (false, false)]
    );
    assert!(store.unsubscribe("alice", "x").unwrap() && !store.unsubscribe("alice", "x").unwrap());
}

#[rstest]
fn renaming_inbox_moves_its_messages(#[values(memory(), file())] store: Fresh) {
    store.create("alice", "INBOX/below").unwrap();
    let inbox = store.mailbox("alice", "INBOX").unwrap();
    append(&store, inbox.id, "one");
    store.rename("alice", "inbox", "old/mail").unwrap();
    assert_eq!(names(&store), ["INBOX", "INBOX/below", "old", "old/mail"]);
    assert_eq!(store.mailbox("alice", "INBOX").unwrap(), inbox);
    assert_eq!(store.status(inbox.id).unwrap().messages, 0);
    let old = store.mailbox("alice", "old/mail").unwrap();
    assert_eq!(store.status(old.id).unwrap().messages, 1);
    assert_eq!(append(&store, inbox.id, "two"), 2);
}

#[rstest]
fn no_uid_means_two_messages(#[values(memory(), file())] store: Fresh) {
    let first = store.create("alice", "box").unwrap();
    assert_eq!(append(&store, first.id, "one"), 1);
    store.remove(first.id, vec![1]).unwrap();
    assert_eq!(append(&store, first.id, "two"), 2);
    store.delete("alice", "box").unwrap();
    let second = store.create("alice", "box").unwrap();
    assert!(second.uidvalidity > first.uidvalidity && second.id != first.id);
    assert!(matches!(store.append(first.id, vec![mail("x")]), Err(Error::NoSuchMailbox(_))));
    // A name that a younger mailbox had may not get an older UIDVALIDITY back.
    let older = store.create("alice", "older").unwrap();
    let younger = store.create("alice", "younger").unwrap();
    store.rename("alice", "younger", "away").unwrap();
    assert_eq!(store.mailbox("alice", "away").unwrap().uidvalidity, younger.uidvalidity);
    store.rename("alice", "older", "younger").unwrap();
    let renamed = store.mailbox("alice", "younger").unwrap();
    assert!(renamed.uidvalidity > younger.uidvalidity && renamed.id == older.id);
}

#[rstest]
fn flags_change_as_asked_and_modseq_grows(#[values(memory(), file())] store: Fresh) {
    let inbox = store.mailbox("alice", "INBOX").unwrap().id;
    store.append(inbox, vec![mail("1"), mail("2")]).unwrap();
    let before = store.status(inbox).unwrap().highest_modseq;
    let added = flag(&store, inbox, &[1, 2, 3], How::Add, &["\\Seen", "work"]);
    assert_eq!(added.done.len(), 2);
    assert!(added.done.iter().all(|one| one.modseq == before + 1 && one.flags.contains("work")));
    let same = flag(&store, inbox, &[1], How::Add, &["WORK"]);
    assert_eq!(same.done[0].modseq, before + 1);
    let removed = flag(&store, inbox, &[2], How::Remove, &["\\Seen"]);
    assert_eq!((removed.done[0].modseq, &removed.done[0].flags), (before + 2, &Flags::from_iter(["work"])));
    let change = FlagChange { how: How::Replace, flags: Flags::none(), unchanged_since: Some(since(before + 1)) };
    let outcome = store.change_flags(inbox, vec![1, 2], change).unwrap();
    assert_eq!((outcome.done[0].uid, outcome.done.len(), outcome.refused), (1, 1, vec![2]));
    let status = store.status(inbox).unwrap();
    assert_eq!((status.highest_modseq, status.unseen, status.size, status.uidnext), (before + 3, 2, 2, 3));
}

/// What is done to two mailboxes, to be counted afterwards.
#[derive(Clone, Debug)]
enum Deed {
    Append(usize, Vec<&'static str>),
    Flag(usize, Uid, bool, &'static str),
    Expunge(usize),
    Copy(usize, Uid),
    Move(usize, Uid),
}

fn deed() -> impl Strategy<Value = Deed> {
    let flag = || prop::sample::select(vec!["\\Seen", "\\Deleted", "\\Flagged", "work"]);
    let uid = 1..12_u32;
    prop_oneof![
        3 => (0..2_usize, prop::collection::vec(flag(), 0..3)).prop_map(|(at, flags)| Deed::Append(at, flags)),
        4 => (0..2_usize, uid.clone(), any::<bool>(), flag()).prop_map(|(at, uid, add, flag)| Deed::Flag(at, uid, add, flag)),
        1 => (0..2_usize).prop_map(Deed::Expunge),
        1 => (0..2_usize, uid.clone()).prop_map(|(at, uid)| Deed::Copy(at, uid)),
        1 => (0..2_usize, uid).prop_map(|(at, uid)| Deed::Move(at, uid)),
    ]
}

proptest! {
    #[test]
    fn counts_are_those_of_the_messages(deeds in prop::collection::vec(deed(), 1..40)) {
        let store = memory();
        let boxes = [store.mailbox("alice", "INBOX").unwrap().id, store.create("alice", "other").unwrap().id];
        for deed in deeds {
            // What fails changes nothing: a message may be gone.
            let _ = match deed {
                Deed::Append(at, flags) => {
                    store.append(boxes[at], vec![NewMessage { flags: Flags::from_iter(flags), ..mail("four") }]).map(drop)
                }
                Deed::Flag(at, uid, add, name) => {
                    flag(&store, boxes[at], &[uid], if add { How::Add } else { How::Remove }, &[name]);
                    Ok(())
                }
                Deed::Expunge(at) => store.expunge(boxes[at], None).map(drop),
                Deed::Copy(at, uid) => store.copy(boxes[at], vec![uid], boxes[1 - at], LATER).map(drop),
                Deed::Move(at, uid) => store.transfer(boxes[at], vec![uid], boxes[1 - at], LATER).map(drop),
            };
        }
        for mailbox in boxes {
            let status = store.status(mailbox).unwrap();
            let messages = store.messages(mailbox).unwrap();
            let count = |which: &dyn Fn(&Message) -> bool| messages.iter().filter(|message| which(message)).count() as u32;
            prop_assert_eq!(status.messages, count(&|_| true));
            prop_assert_eq!(status.unseen, count(&|message| !message.flags.has(SystemFlag::Seen)));
            prop_assert_eq!(status.deleted, count(&|message| message.flags.has(SystemFlag::Deleted)));
            prop_assert_eq!(status.recent, count(&|message| message.uid >= status.recent_from));
            prop_assert_eq!(status.size, u64::from(status.messages) * 4);
        }
    }
}

#[rstest]
fn expunge_takes_what_is_deleted(#[values(memory(), file())] store: Fresh) {
    let inbox = store.mailbox("alice", "INBOX").unwrap().id;
    store.append(inbox, ["1", "2", "3", "4"].map(mail).to_vec()).unwrap();
    flag(&store, inbox, &[1, 2, 3], How::Add, &["\\Deleted"]);
    assert_eq!(store.status(inbox).unwrap().deleted, 3);
    let modseq = store.status(inbox).unwrap().highest_modseq;
    assert_eq!(store.expunge(inbox, Some(vec![2, 4])).unwrap(), [2]);
    assert_eq!(store.expunge(inbox, None).unwrap(), [1, 3]);
    let changes = store.changes(inbox, modseq, false).unwrap();
    let vanished = [(1, modseq + 2), (2, modseq + 1), (3, modseq + 2)].map(|(uid, modseq)| Vanished { uid, modseq });
    assert_eq!((changes.vanished, changes.changed.len()), (vanished.to_vec(), 0));
    assert_eq!(store.vanished(inbox, modseq + 1).unwrap(), [vanished[0], vanished[2]]);
    assert_eq!(store.messages(inbox).unwrap()[0].uid, 4);
}

#[rstest]
fn copies_share_bytes_and_come_all_or_none(#[values(memory(), file())] store: Fresh) {
    let inbox = store.mailbox("alice", "INBOX").unwrap().id;
    let target = store.create("alice", "t").unwrap();
    store.append(inbox, vec![mail("one"), mail("two")]).unwrap();
    flag(&store, inbox, &[2], How::Add, &["\\Answered"]);
    assert_eq!(store.copy(inbox, vec![1, 9], target.id, LATER), Err(Error::MessageGone(9)));
    assert_eq!(store.status(target.id).unwrap().messages, 0);
    let copied = store.copy(inbox, vec![1, 2], target.id, LATER).unwrap();
    assert_eq!(copied, Copied { uidvalidity: target.uidvalidity, uids: vec![(1, 1), (2, 2)] });
    let copy = store.messages(target.id).unwrap().remove(1);
    let original = store.messages(inbox).unwrap().remove(1);
    assert_eq!((&copy.flags, copy.date, copy.blob), (&original.flags, original.date, original.blob));
    store.remove(inbox, vec![1, 2]).unwrap();
    assert_eq!(store.whole(copy.blob).unwrap(), b"two");
    assert_eq!(store.transfer(target.id, vec![2], inbox, LATER).unwrap().uids, [(2, 3)]);
    assert_eq!(store.copy(inbox, vec![3], inbox, LATER).unwrap().uids, [(3, 4)]);
    store.remove(inbox, vec![3, 4]).unwrap();
    assert_eq!(store.whole(copy.blob), Err(Error::BlobGone));
}

#[rstest]
fn recent_belongs_to_the_first_session(#[values(memory(), file())] store: Fresh) {
    let inbox = store.mailbox("alice", "INBOX").unwrap().id;
    append(&store, inbox, "one");
    assert_eq!(store.status(inbox).unwrap().recent, 1);
    let examined = View::new(store.snapshot(inbox, false).unwrap());
    let mut first = View::new(store.snapshot(inbox, true).unwrap());
    let second = View::new(store.snapshot(inbox, true).unwrap());
    assert_eq!((examined.recent(), first.recent(), second.recent()), (1, 1, 0));
    assert_eq!(store.status(inbox).unwrap().recent, 0);
    append(&store, inbox, "two");
    first.learn(store.changes(inbox, first.modseq(), true).unwrap());
    assert_eq!(first.sync(Telling::all(Expunges::Tell)), [Update::Exists(2), Update::Recent(2)]);
    assert_eq!(store.changes(inbox, second.modseq(), true).unwrap().recent_from, 3);
}

#[rstest]
fn a_held_message_can_be_read_after_its_end(#[values(memory(), file())] store: Fresh) {
    let inbox = store.mailbox("alice", "INBOX").unwrap().id;
    append(&store, inbox, "one");
    let maildrop = store.lock_maildrop("alice").unwrap().unwrap();
    assert!(store.lock_maildrop("alice").unwrap().is_none() && store.lock_maildrop("bob").unwrap().is_some());
    let (message, _) = maildrop.messages[0].clone();
    store.remove(inbox, vec![1]).unwrap();
    assert_eq!(maildrop.bytes(&message).unwrap(), b"one");
    drop(maildrop);
    assert!(store.lock_maildrop("alice").unwrap().is_some());
    assert_eq!(store.whole(message.blob), Err(Error::BlobGone));
}

#[rstest]
fn a_maildrop_counts_the_octets_of_crlf_lines(#[values(memory(), file())] store: Fresh) {
    let cases = [("", 0), ("a", 3), ("a\r", 3), ("a\r\n", 3), ("a\n", 3), ("\n\n", 4), ("a\rb\r\n\nc", 10)];
    for (text, _) in cases {
        store.deliver("alice", mail(text)).unwrap();
    }
    // The same in two pieces, split between CR and LF.
    let mut stage = store.stage().unwrap();
    stage.push(&[b"x".repeat(sql::blob::CHUNK - 1), b"\r".to_vec()].concat()).unwrap();
    stage.push(b"\ny\n").unwrap();
    let (blob, _hold) = stage.finish().unwrap();
    store.deliver("alice", NewMessage { body: Body::Stored(blob), ..mail("") }).unwrap();
    let maildrop = store.lock_maildrop("alice").unwrap().unwrap();
    let sizes: Vec<u64> = maildrop.messages.iter().map(|(_, size)| *size).collect();
    let wanted = cases.map(|(_, size)| size).into_iter().chain([sql::blob::CHUNK as u64 + 4]);
    assert_eq!(sizes, wanted.collect::<Vec<_>>());
}

#[rstest]
fn a_staged_message_is_shared_or_swept(#[values(memory(), file())] store: Fresh) {
    let mut stage = store.stage().unwrap();
    let text = "line\r\n".repeat(100_000);
    text.as_bytes().chunks(1000).for_each(|chunk| stage.push(chunk).unwrap());
    assert_eq!(stage.size(), text.len() as u64);
    let (blob, hold) = stage.finish().unwrap();
    let new = NewMessage { body: Body::Stored(blob), ..mail("") };
    store.deliver("alice", new.clone()).unwrap();
    drop(hold);
    assert_eq!(store.whole(blob).unwrap(), text.as_bytes());
    let (lost, hold) = store.stage().unwrap().finish().unwrap();
    drop(hold);
    assert_eq!(store.deliver("alice", NewMessage { body: Body::Stored(lost), ..new }), Err(Error::BlobGone));
}

#[rstest]
fn concurrent_appends_get_distinct_uids_in_few_commits(#[values(memory(), file())] store: Fresh) {
    let inbox = store.mailbox("alice", "INBOX").unwrap().id;
    let woken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&woken);
    let watch = store.watch(
        inbox,
        Arc::new(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        }),
    );
    // Holds the writer until all the appends below have queued up, so that they meet in one batch.
    let (begun, free) = (Arc::new(std::sync::Barrier::new(2)), Arc::new(std::sync::Barrier::new(2)));
    let uids: BTreeSet<Uid> = thread::scope(|scope| {
        let (started, released, handle) = (Arc::clone(&begun), Arc::clone(&free), store.store.clone());
        scope.spawn(move || {
            handle
                .write(move |_| {
                    started.wait();
                    released.wait();
                    Ok(())
                })
                .unwrap();
        });
        begun.wait();
        let appends = (0..16).map(|n| {
            let handle = store.store.clone();
            scope.spawn(move || append(&handle, inbox, &n.to_string()))
        });
        let appends: Vec<_> = appends.into_iter().collect();
        thread::sleep(std::time::Duration::from_millis(200));
        free.wait();
        appends.into_iter().map(|append| append.join().unwrap()).collect()
    });
    assert_eq!(uids, (1..=16).collect());
    // Each commit that changed the mailbox woke once: far fewer than one for each append.
    assert!((1..16).contains(&woken.load(Ordering::SeqCst)), "{woken:?} commits");
    drop(watch);
    let before = woken.load(Ordering::SeqCst);
    append(&store, inbox, "unwatched");
    assert_eq!(woken.load(Ordering::SeqCst), before);
}

#[rstest]
fn an_operation_that_fails_is_undone_alone(#[values(memory(), file())] store: Fresh) {
    let inbox = store.mailbox("alice", "INBOX").unwrap().id;
    let failed: Result<()> = store.write(move |tx| {
        tx.append(inbox, &[mail("half")])?;
        panic!("on purpose");
    });
    assert_eq!(failed, Err(Error::Failed("an operation panicked: on purpose".into())));
    let two = vec![mail("one"), NewMessage { body: Body::Stored(BlobId(999)), ..mail("") }];
    assert_eq!(store.append(inbox, two), Err(Error::BlobGone));
    assert_eq!(append(&store, inbox, "whole"), 1);
    assert_eq!(store.messages(inbox).unwrap().len(), 1);
}

#[test]
fn what_was_acknowledged_survives_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("mail.db")).unwrap();
    let inbox = store.mailbox("alice", "INBOX").unwrap();
    append(&store, inbox.id, "acknowledged");
    let mut stage = store.stage().unwrap();
    stage.push(&vec![b'x'; 300_000]).unwrap();
    // What a crash would leave: the files as they are while the store is open.
    let crashed = tempfile::tempdir().unwrap();
    for file in ["mail.db", "mail.db-wal"] {
        std::fs::copy(directory.path().join(file), crashed.path().join(file)).unwrap();
    }
    let reopened = Store::open(&crashed.path().join("mail.db")).unwrap();
    assert_eq!(reopened.mailbox("alice", "INBOX").unwrap(), inbox);
    let message = reopened.messages(inbox.id).unwrap().remove(0);
    assert_eq!(reopened.whole(message.blob).unwrap(), b"acknowledged");
    let blobs = reopened.read(|connection| Ok(connection.query_row("SELECT count(*) FROM blob", [], |row| row.get(0))?));
    assert_eq!(blobs, Ok(1), "what was staged is swept");
    assert_eq!(append(&reopened, inbox.id, "next"), 2);
}

#[test]
fn a_store_is_the_same_after_it_was_closed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mail.db");
    let inbox = {
        let store = Store::open(&path).unwrap();
        let inbox = store.mailbox("alice", "INBOX").unwrap();
        append(&store, inbox.id, "one");
        store.remove(inbox.id, vec![1]).unwrap();
        store.snapshot(inbox.id, true).unwrap();
        inbox
    };
    let store = Store::open(&path).unwrap();
    assert_eq!(store.mailbox("alice", "INBOX").unwrap(), inbox);
    // A client that resynchronises hears of what vanished before (RFC 7162 §3.2.5).
    assert_eq!(store.vanished(inbox.id, 2).unwrap(), [Vanished { uid: 1, modseq: 3 }]);
    assert_eq!(store.status(inbox.id).unwrap().highest_modseq, 3);
    assert_eq!(append(&store, inbox.id, "two"), 2);
    assert!(store.create("alice", "new").unwrap().uidvalidity > inbox.uidvalidity);
    assert!(Store::open(&directory.path().join("no/such/mail.db")).is_err());
}
