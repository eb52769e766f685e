//! Searches whose results the client is told of as they change (RFC 5267 §4.3).

use super::candidate::{Candidate, Scope};
use super::{Found, scope};
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::fetch::Item;
use crate::imap::grammar::search::Key;
use crate::imap::grammar::sequence::write_uid_set;
use crate::imap::grammar::sort::Criterion;
use crate::imap::response::write_string;
use crate::imap::selected::Naming;
use crate::imap::sort::{Sortable, compare};
use crate::store::{Row, Uid, View};
use std::cmp::Ordering;
use std::collections::HashSet;

/// How many searches of one mailbox may be kept up to date on one connection (RFC 5267 §4.3.1).
pub const MOST: usize = 32;

/// A search with UPDATE.
pub struct Updating {
    /// The tag of its command, by which its updates are known.
    pub tag: String,
    naming: Naming,
    keys: Vec<Key>,
    /// What is fetched of new messages that match (RFC 5465 §7).
    fetch: Vec<Item>,
    results: Results,
    /// Changes up to this modification sequence have been looked at.
    seen: u64,
}

/// What the client knows to be found.
enum Results {
    InMailboxOrder(HashSet<Uid>),
    Sorted { criteria: Vec<Criterion>, messages: Vec<Sortable>, known: HashSet<Uid> },
}

/// Which data item of ESEARCH carries an update.
#[derive(Clone, Copy)]
enum Change {
    AddTo,
    RemoveFrom,
}

/// Tells of messages that match no more. It comes before the EXPUNGE responses, so that message numbers are still those the
/// client knows: "a REMOVEFROM containing message sequence numbers removed as a result of those messages being expunged MUST
/// be sent prior to the expunge notification itself" (RFC 5267 §4.3.4).
pub fn tell_removed(searches: &mut [Updating], context: &Context, view: &View, out: &mut Vec<u8>) {
    if context.faults().on(Fault::ImapContextRemovesLate) {
        return;
    }
    let scope = scope(context, &context.store, view);
    searches.iter_mut().for_each(|search| search.tell_removed(view, &scope, out));
}

/// Tells of messages that match now. It comes behind EXISTS: "an ADDTO containing message sequence numbers added as a result
/// of those messages being delivered or appended MUST be sent after the EXISTS notification itself" (RFC 5267 §4.3.3).
/// Gives what is fetched of the messages that came from elsewhere: "No untagged FETCH response SHOULD be returned if a message
/// becomes a member of UPDATE SEARCH due to flag or annotation changes" (RFC 5465 §7).
pub fn tell_added(
    searches: &mut [Updating],
    context: &Context,
    view: &View,
    arrived: &[(u32, Uid)],
    out: &mut Vec<u8>,
) -> Vec<(u32, Vec<Item>)> {
    let scope = scope(context, &context.store, view);
    let mut fetches = Vec::new();
    for search in searches {
        if context.faults().on(Fault::ImapContextRemovesLate) {
            search.tell_removed(view, &scope, out);
        }
        if !context.faults().on(Fault::ImapContextTellsNothingNew) {
            let added = search.tell_added(view, &scope, out);
            if !search.fetch.is_empty() && !context.faults().on(Fault::ImapUpdateFetchesNothing) {
                let came = added.into_iter().filter(|uid| arrived.iter().any(|(_, arrived)| arrived == uid));
                fetches.extend(came.filter_map(|uid| Some((view.number(uid)?, search.fetch.clone()))));
            }
        }
    }
    fetches
}

impl Updating {
    /// Begins with what SEARCH found.
    pub fn searched(tag: &str, naming: Naming, keys: Vec<Key>, found: &[Found], view: &View) -> Self {
        let results = Results::InMailboxOrder(found.iter().map(|found| found.uid).collect());
        Updating { tag: tag.to_owned(), naming, keys, fetch: Vec::new(), results, seen: view.modseq() }
    }

    /// Begins with what SORT found, in its order.
    pub fn sorted(
        tag: &str,
        naming: Naming,
        keys: Vec<Key>,
        criteria: Vec<Criterion>,
        messages: Vec<Sortable>,
        view: &View,
    ) -> Self {
        let known = messages.iter().map(|sortable| sortable.found.uid).collect();
        let results = Results::Sorted { criteria, messages, known };
        Updating { tag: tag.to_owned(), naming, keys, fetch: Vec::new(), results, seen: view.modseq() }
    }

    /// The same, with these data items of each message that comes and matches.
    pub fn fetching(self, fetch: Vec<Item>) -> Self {
        Updating { fetch, ..self }
    }

    fn tell_removed(&mut self, view: &View, scope: &Scope<'_>, out: &mut Vec<u8>) {
        if !self.may_have_changed(view) {
            return;
        }
        let removed: Vec<(u32, Uid)> =
            view.rows().filter(|(_, row)| self.knows(row.message.uid) && !self.still_matches(row, scope)).map(named).collect();
        if removed.is_empty() {
            return;
        }
        let gone: HashSet<Uid> = removed.iter().map(|(_, uid)| *uid).collect();
        let naming = self.naming;
        let number = |(number, uid): &(u32, Uid)| if naming == Naming::Uids { *uid } else { *number };
        let mut pairs = Vec::new();
        match &mut self.results {
            Results::InMailboxOrder(uids) => {
                uids.retain(|uid| !gone.contains(uid));
                pairs.push(format!("0 {}", write_uid_set(&removed.iter().map(number).collect::<Vec<_>>())));
            }
            Results::Sorted { messages, known, .. } => {
                // From the end, so that each position holds whatever was removed before.
                for (at, sortable) in messages.iter().enumerate().rev() {
                    if let Some(named) = removed.iter().find(|(_, uid)| *uid == sortable.found.uid) {
                        pairs.push(format!("{} {}", at + 1, number(named)));
                    }
                }
                messages.retain(|sortable| !gone.contains(&sortable.found.uid));
                known.retain(|uid| !gone.contains(uid));
            }
        }
        self.write(Change::RemoveFrom, &pairs, out);
    }

    /// Gives what was added.
    fn tell_added(&mut self, view: &View, scope: &Scope<'_>, out: &mut Vec<u8>) -> Vec<Uid> {
        if !self.may_have_changed(view) {
            return Vec::new();
        }
        let timed = self.depends_on_time();
        let added: Vec<(u32, &Row)> = view
            .rows()
            .filter(|(_, row)| !row.gone && (timed || row.message.modseq > self.seen) && !self.knows(row.message.uid))
            .filter(|(_, row)| Candidate::new(scope, row).matches_all(&self.keys))
            .collect();
        // What is kept from the client is looked at again.
        self.seen = view.told_modseq();
        let uids: Vec<Uid> = added.iter().map(|(_, row)| row.message.uid).collect();
        if added.is_empty() {
            return uids;
        }
        let naming = self.naming;
        let number = |number: u32, row: &Row| if naming == Naming::Uids { row.message.uid } else { number };
        let mut pairs = Vec::new();
        match &mut self.results {
            Results::InMailboxOrder(uids) => {
                uids.extend(added.iter().map(|(_, row)| row.message.uid));
                let numbers: Vec<u32> = added.iter().map(|(at, row)| number(*at, row)).collect();
                pairs.push(format!("0 {}", write_uid_set(&numbers)));
            }
            Results::Sorted { criteria, messages, known } => {
                for (at, row) in added {
                    let found = Found {
                        number: at,
                        uid: row.message.uid,
                        modseq: row.message.modseq,
                        score: Candidate::new(scope, row).relevancy(&self.keys),
                    };
                    let sortable = Sortable::of_row(found, criteria, row, scope.store);
                    let place = messages.partition_point(|have| {
                        compare(have, &sortable, criteria).then(have.found.uid.cmp(&row.message.uid)) == Ordering::Less
                    });
                    pairs.push(format!("{} {}", place + 1, number(at, row)));
                    known.insert(row.message.uid);
                    messages.insert(place, sortable);
                }
            }
        }
        self.write(Change::AddTo, &pairs, out);
        uids
    }

    fn still_matches(&self, row: &Row, scope: &Scope<'_>) -> bool {
        let as_before = row.message.modseq <= self.seen && !self.depends_on_time();
        !row.gone && (as_before || Candidate::new(scope, row).matches_all(&self.keys))
    }

    fn knows(&self, uid: Uid) -> bool {
        match &self.results {
            Results::InMailboxOrder(uids) => uids.contains(&uid),
            Results::Sorted { known, .. } => known.contains(&uid),
        }
    }

    fn may_have_changed(&self, view: &View) -> bool {
        view.modseq() > self.seen || self.depends_on_time()
    }

    /// Messages grow older without any change (RFC 5032 §2).
    fn depends_on_time(&self) -> bool {
        self.keys.iter().any(|key| key.any(|key| matches!(key, Key::Older(_) | Key::Younger(_))))
    }

    /// ```abnf
    /// ret-data-addto = "ADDTO" SP "(" context-position SP sequence-set *(SP context-position SP sequence-set) ")"
    /// ret-data-removefrom = "REMOVEFROM" SP "(" context-position SP sequence-set *(SP context-position SP sequence-set) ")"
    /// ```
    fn write(&self, item: Change, pairs: &[String], out: &mut Vec<u8>) {
        out.extend_from_slice(b"* ESEARCH (TAG ");
        write_string(out, self.tag.as_bytes());
        let uid = if self.naming == Naming::Uids { " UID" } else { "" };
        let name = match item {
            Change::AddTo => "ADDTO",
            Change::RemoveFrom => "REMOVEFROM",
        };
        out.extend_from_slice(format!("){uid} {name} ({})\r\n", pairs.join(" ")).as_bytes());
    }
}

fn named((number, row): (u32, &Row)) -> (u32, Uid) {
    (number, row.message.uid)
}
