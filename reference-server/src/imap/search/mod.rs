//! Searching a mailbox: [`program`] makes of the criteria what can be asked of each message, [`candidate`] asks it,
//! [`answer`] tells the client what was found and [`updating`] what is found later. [`walk`] goes through the messages of a mailbox,
//! [`running`] for SEARCH, SORT and THREAD and [`several`] for ESEARCH, and [`run`] is the first two from their criteria to their answers.

pub mod answer;
pub mod candidate;
mod fuzzy;
pub mod program;
pub mod run;
pub mod running;
pub mod several;
pub mod updating;
pub mod walk;

use super::context::Context;
use super::grammar::search::Key;
use super::selected::Selected;
use crate::faults::Fault;
use crate::store::{Row, Store, Uid, View};
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
    let search = Search::new(&scope, keys);
    let present = selected.view.rows().filter(|(_, row)| !row.gone);
    present.filter_map(|(number, row)| search.found(number, row)).collect()
}

/// What is asked of one message after the other.
struct Search<'a> {
    scope: &'a Scope<'a>,
    keys: &'a [Key],
    /// Whether it matters how well a message fits.
    scored: bool,
}

impl<'a> Search<'a> {
    fn new(scope: &'a Scope<'a>, keys: &'a [Key]) -> Self {
        let scored = keys.iter().any(|key| key.any(|key| matches!(key, Key::Fuzzy(_))));
        Search { scope, keys, scored }
    }

    /// This message, if all keys hold for it.
    fn found(&self, number: u32, row: &Row) -> Option<Found> {
        let candidate = Candidate::new(self.scope, row);
        candidate.matches_all(self.keys).then(|| {
            let score = if self.scored { candidate.relevancy(self.keys) } else { fuzzy::EXACT };
            Found { number, uid: row.message.uid, modseq: row.message.modseq, score }
        })
    }
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
