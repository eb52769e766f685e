//! The view against a naive client: whatever happens in the mailbox, a client that applies the updates knows the truth.

use std::collections::BTreeMap;

use proptest::prelude::*;
use time::OffsetDateTime;

use super::*;

#[derive(Clone, Debug)]
enum Event {
    Append,
    Remove(usize),
    Flag(usize, &'static str, How),
    /// The session's own silent change: the client computes the flags itself.
    Silent(usize, &'static str, How),
    /// The same on the condition that the message is as the client was told.
    Conditional(usize, &'static str, How),
    Learn,
    /// The client is told: of expunges, of new messages, of flags.
    Sync(Expunges, bool, bool),
}

fn event() -> impl Strategy<Value = Event> {
    let flag = || proptest::sample::select(vec!["\\Seen", "\\Deleted", "key"]);
    let how = || proptest::sample::select(vec![How::Add, How::Remove, How::Replace]);
    prop_oneof![
        3 => Just(Event::Append),
        2 => (0..8_usize).prop_map(Event::Remove),
        2 => (0..8_usize, flag(), how()).prop_map(|(index, flag, how)| Event::Flag(index, flag, how)),
        1 => (0..8_usize, flag(), how()).prop_map(|(index, flag, how)| Event::Silent(index, flag, how)),
        1 => (0..8_usize, flag(), how()).prop_map(|(index, flag, how)| Event::Conditional(index, flag, how)),
        2 => Just(Event::Learn),
        2 => Just(Event::Sync(Expunges::Tell, true, true)),
        1 => Just(Event::Sync(Expunges::Withhold, true, true)),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(arrivals, flags)| Event::Sync(Expunges::Withhold, arrivals, flags)),
    ]
}

/// What a client believes: UID, flags and modification sequence by message number.
type Belief = Vec<(Uid, Flags, u64)>;

/// Applies the updates as RFC 3501 §7 tells a client to; UIDs of new messages are asked from the view, as by FETCH.
fn apply(belief: &mut Belief, updates: &[Update], view: &View) {
    for update in updates {
        match update {
            Update::Expunge { number, uid } => {
                let (gone, ..) = belief.remove(*number as usize - 1);
                assert_eq!(gone, *uid);
            }
            Update::Exists(count) => {
                assert!(*count as usize > belief.len(), "EXISTS never shrinks a mailbox");
                while belief.len() < *count as usize {
                    let row = view.row(belief.len() as u32 + 1).unwrap();
                    belief.push((row.message.uid, row.told().clone(), row.message.modseq));
                }
            }
            Update::Recent(_) => {}
            Update::Flags { number, uid, flags, modseq, .. } => {
                assert_eq!(belief[*number as usize - 1].0, *uid);
                belief[*number as usize - 1] = (*uid, flags.clone(), *modseq);
            }
        }
    }
}

fn changed(flags: &Flags, name: &str, how: How) -> Flags {
    let these = Flags::from_iter([name]);
    match how {
        How::Add => flags.with(&these),
        How::Remove => flags.without(&these),
        How::Replace | How::ReplaceAllowed(_) => these,
    }
}

/// What a client that was away since `modseq` knows after SELECT with QRESYNC (RFC 7162 §3.2.5), without the order.
fn resynchronized(store: &Store, mailbox: MailboxId, modseq: u64, belief: &Belief) -> BTreeMap<Uid, Flags> {
    let mut known: BTreeMap<Uid, Flags> = belief.iter().map(|(uid, flags, _)| (*uid, flags.clone())).collect();
    for vanished in store.vanished(mailbox, modseq).unwrap() {
        known.remove(&vanished.uid);
    }
    let changed = store.messages(mailbox).unwrap().into_iter().filter(|one| one.modseq > modseq);
    known.extend(changed.map(|one| (one.uid, one.flags)));
    known
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn a_client_that_is_told_all_knows_the_truth(
        events in proptest::collection::vec(event(), 0..40),
        follows_modseqs: bool,
    ) {
        let store = Store::memory().unwrap();
        let inbox = store.mailbox("alice", INBOX).unwrap().id;
        let mut view = View::new(store.snapshot(inbox, true).unwrap());
        let mut belief = Belief::new();
        if follows_modseqs {
            view.follow_modseqs();
        }
        // What the client knew at each moment when its connection could have broken.
        let mut moments = Vec::new();
        for event in events.into_iter().chain([Event::Learn, Event::Sync(Expunges::Tell, true, true)]) {
            let truth = store.messages(inbox).unwrap();
            match event {
                Event::Append => {
                    let new = NewMessage { body: Body::Bytes(Vec::new()), flags: Flags::none(), date: OffsetDateTime::UNIX_EPOCH, saved: None };
                    store.append(inbox, vec![new]).unwrap();
                }
                Event::Remove(index) => {
                    store.remove(inbox, truth.get(index).map(|one| one.uid).into_iter().collect()).unwrap();
                }
                Event::Flag(index, name, how) => if let Some(message) = truth.get(index) {
                    let change = FlagChange { how, flags: Flags::from_iter([name]), unchanged_since: None };
                    store.change_flags(inbox, vec![message.uid], change).unwrap();
                },
                Event::Silent(index, name, how) => if let Some((uid, believed, at)) = belief.get_mut(index) {
                    let change = FlagChange { how, flags: Flags::from_iter([name]), unchanged_since: None };
                    let outcome = store.change_flags(inbox, vec![*uid], change).unwrap();
                    *believed = changed(believed, name, how);
                    view.told_flags(*uid, believed.clone());
                    for flagged in outcome.done {
                        *at = flagged.modseq;
                        view.told_modseq_of(*uid, flagged.modseq);
                    }
                },
                Event::Conditional(index, name, how) => if let Some((uid, believed, at)) = belief.get_mut(index).filter(|_| follows_modseqs) {
                    let since = UnchangedSince { modseq: *at, known: view.known_at(&[*uid], *at) };
                    let change = FlagChange { how, flags: Flags::from_iter([name]), unchanged_since: Some(since) };
                    let outcome = store.change_flags(inbox, vec![*uid], change).unwrap();
                    let before = truth.iter().find(|message| message.uid == *uid);
                    // Nobody overwrites what another session did to the same flag, and nothing else stands in the way.
                    let same = before.is_some_and(|message| match how {
                        How::Replace => message.modseq <= *at,
                        _ => message.flags.contains(name) == believed.contains(name),
                    });
                    prop_assert_eq!(outcome.done.len(), usize::from(same));
                    prop_assert_eq!(outcome.refused.len(), usize::from(before.is_some() && !same));
                    for flagged in outcome.done {
                        *believed = changed(believed, name, how);
                        *at = flagged.modseq;
                        view.told_flags(*uid, believed.clone());
                        view.told_modseq_of(*uid, flagged.modseq);
                    }
                },
                Event::Learn => view.learn(store.changes(inbox, view.modseq(), true).unwrap()),
                Event::Sync(expunges, arrivals, flags) => {
                    let telling = Telling { arrivals, flags, ..Telling::all(expunges) };
                    let updates = view.sync(telling);
                    let told_of_expunge = updates.iter().any(|update| matches!(update, Update::Expunge { .. }));
                    prop_assert!(expunges == Expunges::Tell || !told_of_expunge);
                    apply(&mut belief, &updates, &view);
                    let came = updates.iter().any(|update| matches!(update, Update::Exists(_)));
                    prop_assert!(arrivals || !came);
                    prop_assert_eq!(view.sync(telling), []);
                    moments.push((view.told_modseq(), belief.clone()));
                }
            }
            // Numbers only move when the client is told.
            let seen: Vec<Uid> = view.rows().map(|(_, row)| row.message.uid).collect();
            prop_assert_eq!(&seen, &belief.iter().map(|(uid, ..)| *uid).collect::<Vec<_>>());
            for (number, row) in view.rows() {
                prop_assert_eq!(view.number(row.message.uid), Some(number));
            }
        }
        let truth: Belief = store.messages(inbox).unwrap().into_iter().map(|one| (one.uid, one.flags, one.modseq)).collect();
        if follows_modseqs {
            prop_assert_eq!(&belief, &truth);
        }
        let flags = |all: &Belief| all.iter().map(|(uid, flags, _)| (*uid, flags.clone())).collect::<BTreeMap<_, _>>();
        prop_assert_eq!(flags(&belief), flags(&truth));
        for (modseq, belief) in moments {
            prop_assert_eq!(resynchronized(&store, inbox, modseq, &belief), flags(&truth));
        }
    }
}
