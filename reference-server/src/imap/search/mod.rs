//! Searching a mailbox: [`program`] makes of the criteria what can be asked of each message, [`candidate`] asks it,
//! [`answer`] tells the client what was found and [`updating`] what is found later. [`run`] does all of it for SEARCH and SORT.

pub mod answer;
pub mod candidate;
mod fuzzy;
pub mod program;
pub mod run;
pub mod updating;

use super::context::Context;
use super::grammar::search::Key;
use super::selected::Selected;
use crate::faults::Fault;
use crate::store::{Store, Uid, View};
use candidate::{Candidate, Scope};

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub number: u32,
    pub uid: Uid,
    pub modseq: u64,
    /// How well it fits, from 1 to 100: as well as can be where nothing is asked for with FUZZY (RFC 6203 §4).
    pub score: u8,
}

/// The messages of the mailbox for which all keys hold, in its order. The keys are prepared already; `store` is the one of the
/// context or, better where messages are read, that standing still.
pub fn find(context: &Context, store: &Store, selected: &Selected, keys: &[Key]) -> Vec<Found> {
    let scope = scope(context, store, &selected.view);
    let scored = keys.iter().any(|key| key.any(|key| matches!(key, Key::Fuzzy(_))));
    let mut found = Vec::new();
    for (number, row) in selected.view.rows().filter(|(_, row)| !row.gone) {
        let candidate = Candidate::new(&scope, row);
        if candidate.matches_all(keys) {
            let score = if scored { candidate.relevancy(keys) } else { fuzzy::EXACT };
            found.push(Found { number, uid: row.message.uid, modseq: row.message.modseq, score });
        }
    }
    found
}

/// What a search in this mailbox has in common now.
pub fn scope<'a>(context: &Context, store: &'a Store, view: &View) -> Scope<'a> {
    Scope {
        store,
        now: context.site.clock.now(),
        largest_uid: view.last_uid().unwrap_or(0),
        narrow_numbers: context.faults().on(Fault::ImapNarrowNumbers),
        ignores_not: context.faults().on(Fault::ImapSearchIgnoresNot),
    }
}
