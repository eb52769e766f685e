//! From what a client wrote to what each message is asked.

use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::search::{Key, Program, charset};
use crate::imap::response::{Code, Status};
use crate::imap::search_objects;
use crate::imap::selected::Selected;
use crate::store::Uid;
use std::ops::RangeInclusive;

/// The keys with message numbers, `$` and object identifiers replaced by UIDs: what they mean is settled when the command is
/// received (RFC 5267 §4.3).
pub fn prepared(program: Program, selected: &Selected, context: &Context) -> Result<Vec<Key>, Status> {
    // "If the server does not support the specified [CHARSET], it MUST return a tagged NO response (not a BAD)"
    // (RFC 3501 §6.4.4).
    if !program.charset_is_known() {
        return Err(Status::no(Code::BadCharset(charset::NAMES), "The charset is unknown here"));
    }
    let includes = context.faults().on(Fault::ImapUidAfterIncludes);
    let mut keys: Vec<Key> = program.keys.into_iter().map(|key| settled(key, selected, includes)).collect();
    search_objects::resolve(&mut keys, selected, context)?;
    Ok(keys)
}

/// `includes`: the bounds of UIDAFTER and UIDBEFORE are among what they find, by fault.
fn settled(key: Key, selected: &Selected, includes: bool) -> Key {
    match key {
        Key::Numbers(set) => {
            let exists = selected.view.exists();
            let numbers = set.ranges(exists).into_iter().filter_map(|range| uids(range, selected));
            let mut ranges: Vec<RangeInclusive<Uid>> = numbers.collect();
            if set.has_saved() {
                ranges.extend(saved(selected));
            }
            Key::Among(sorted(ranges))
        }
        Key::Uids(set) if set.has_saved() => {
            let largest = selected.view.last_uid().unwrap_or(0);
            let written = if set.is_only_saved() { Vec::new() } else { set.ranges(largest) };
            Key::Among(sorted(written.into_iter().chain(saved(selected)).collect()))
        }
        Key::UidAfter(uid) if includes => Key::Among(vec![uid..=Uid::MAX]),
        Key::UidBefore(uid) if includes => Key::Among(vec![1..=uid]),
        Key::UidAfter(uid) => Key::Among(uid.checked_add(1).map(|first| first..=Uid::MAX).into_iter().collect()),
        // "or if <uid> has the value 1, then the empty set" (RFC 9738 §3.2).
        Key::UidBefore(uid) => Key::Among((uid > 1).then(|| 1..=uid - 1).into_iter().collect()),
        Key::Not(key) => Key::Not(Box::new(settled(*key, selected, includes))),
        Key::Fuzzy(key) => Key::Fuzzy(Box::new(settled(*key, selected, includes))),
        Key::Or(one, other) => {
            Key::Or(Box::new(settled(*one, selected, includes)), Box::new(settled(*other, selected, includes)))
        }
        Key::And(keys) => Key::And(keys.into_iter().map(|key| settled(key, selected, includes)).collect()),
        key => key,
    }
}

/// The UIDs of the messages with these numbers. Numbers nobody has are no error in a search (RFC 7377 §2).
fn uids(numbers: RangeInclusive<u32>, selected: &Selected) -> Option<RangeInclusive<Uid>> {
    let exists = selected.view.exists();
    let uid = |number: u32| Some(selected.view.row(number)?.message.uid);
    Some(uid(*numbers.start())?..=uid((*numbers.end()).min(exists))?)
}

fn saved(selected: &Selected) -> impl Iterator<Item = RangeInclusive<Uid>> + '_ {
    selected.saved.iter().map(|uid| *uid..=*uid)
}

/// Ascending, and apart where they overlap.
fn sorted(mut ranges: Vec<RangeInclusive<Uid>>) -> Vec<RangeInclusive<Uid>> {
    ranges.sort_unstable_by_key(|range| *range.start());
    let mut apart: Vec<RangeInclusive<Uid>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start() <= last.end() => *last = *last.start()..=*range.end().max(last.end()),
            _ => apart.push(range),
        }
    }
    apart
}
