//! Searching a mailbox: [`program`] makes of the criteria what can be asked of each message, [`candidate`] asks it, and
//! [`answer`] tells the client what was found. SEARCH and its kin share all three.

pub mod answer;
pub mod candidate;
pub mod program;

use super::context::Context;
use super::grammar::search::Key;
use super::selected::Selected;
use crate::faults::Fault;
use crate::store::Uid;
use candidate::{Candidate, Scope};

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub number: u32,
    pub uid: Uid,
}

/// The messages of the mailbox for which all keys hold, in its order. The keys are prepared already.
pub fn find(context: &Context, selected: &Selected, keys: &[Key]) -> Vec<Found> {
    let scope = Scope {
        store: &context.store,
        now: context.site.clock.now(),
        largest_uid: selected.view.last_uid().unwrap_or(0),
        ignores_not: context.faults().on(Fault::ImapSearchIgnoresNot),
    };
    let present = selected.view.rows().filter(|(_, row)| !row.gone);
    let matching = present.filter(|(_, row)| Candidate::new(&scope, row).matches_all(keys));
    matching.map(|(number, row)| Found { number, uid: row.message.uid }).collect()
}
