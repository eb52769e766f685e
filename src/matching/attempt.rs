//! One try to satisfy patterns: what holes are bound to, and how to take it back.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::slot::{Narrowing, Slot, SlotKind};
use super::{Span, Values};

/// Bindings of a try, over the values known before it.
pub(super) struct Attempt<'v> {
    values: &'v dyn Values,
    bound: Vec<(String, Rc<[u8]>)>,
    /// Looked up once: a value may be a large fixture.
    looked_up: RefCell<HashMap<LookUp, Option<Rc<[u8]>>>>,
    /// Free holes match and bind nothing: for `S!` lines and for sifting candidates.
    pub wildcards: bool,
    /// A comparison goes on behind a difference, so that `hits` counts all that matches.
    pub thorough: bool,
    /// Differences are wanted in words, not only as a fact.
    pub explain: bool,
    /// How much matched so far: the nearest candidate has the most.
    pub hits: usize,
    /// Where the reply that is compared stands in the received stream.
    pub at: u64,
}

/// Name and argument.
type LookUp = (String, Option<String>);

/// What a hole stands for.
pub(super) enum Known {
    Value(Rc<[u8]>),
    /// Nothing yet: it captures.
    Free,
    /// A function that has no value: it can match nothing.
    Missing,
}

/// Where two things differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Difference {
    /// Empty unless the attempt explains.
    pub message: String,
    /// Of the pattern, from 0.
    pub line: usize,
    /// The part of the pattern line.
    pub part: Option<Span>,
    pub hints: Vec<String>,
}

impl<'v> Attempt<'v> {
    pub fn new(values: &'v dyn Values) -> Attempt<'v> {
        let looked_up = RefCell::default();
        Attempt { values, bound: Vec::new(), looked_up, wildcards: false, thorough: false, explain: false, hits: 0, at: 0 }
    }

    pub fn known(&self, slot: &Slot) -> Known {
        let argument = match &slot.kind {
            SlotKind::Rest | SlotKind::One(_) => return Known::Free,
            SlotKind::Function => slot.hole.argument.as_deref(),
            // A mod-sequence is captured anew each time.
            SlotKind::Named(Narrowing::Modseq) => return Known::Free,
            SlotKind::Named(_) => None,
        };
        match (self.look_up(&slot.hole.name, argument), &slot.kind) {
            (Some(value), _) => Known::Value(value),
            (None, SlotKind::Function) => Known::Missing,
            (None, _) => Known::Free,
        }
    }

    fn look_up(&self, name: &str, argument: Option<&str>) -> Option<Rc<[u8]>> {
        let bound = self.bound.iter().rfind(|(bound, _)| bound == name && argument.is_none());
        if let Some((_, value)) = bound {
            return Some(value.clone());
        }
        let key = (name.to_owned(), argument.map(str::to_owned));
        let mut cache = self.looked_up.borrow_mut();
        cache.entry(key).or_insert_with(|| self.values.value(name, argument).map(Rc::from)).clone()
    }

    /// The value that the next one of `${m:modseq}` must exceed.
    pub fn held_modseq(&self, slot: &Slot) -> Option<u64> {
        match slot.kind {
            SlotKind::Named(Narrowing::Modseq) => number(&self.look_up(&slot.hole.name, None)?),
            _ => None,
        }
    }

    /// Whether a hole without value may hold these octets, all of them.
    pub fn accepts(&self, slot: &Slot, narrowing: &Narrowing, octets: &[u8]) -> bool {
        narrowing.accepts(octets) && self.held_modseq(slot).is_none_or(|held| number(octets).is_some_and(|next| next > held))
    }

    /// The number that the message of `$initial` has when the reply that is compared comes; `None`: it is expunged.
    pub fn message_number(&self, initial: u32) -> Option<u64> {
        self.values.message_number(initial, self.at)
    }

    /// Binds a named hole; others keep nothing.
    pub fn bind(&mut self, slot: &Slot, value: impl FnOnce() -> Rc<[u8]>) {
        if matches!(slot.kind, SlotKind::Named(_)) && !self.wildcards {
            self.bound.push((slot.hole.name.clone(), value()));
        }
    }

    /// What is bound now; to be given to [`Attempt::undo`].
    pub fn mark(&self) -> usize {
        self.bound.len()
    }

    /// Takes back what was bound since.
    pub fn undo(&mut self, mark: usize) {
        self.bound.truncate(mark);
    }

    /// What was bound, in order.
    pub fn bindings(&self) -> Vec<(String, Vec<u8>)> {
        self.bound.iter().map(|(name, value)| (name.clone(), value.to_vec())).collect()
    }

    /// A difference at a part of a pattern line; the words are only made when they are wanted.
    pub fn differ(&self, part: Span, message: impl FnOnce() -> String) -> Difference {
        let message = if self.explain { message() } else { String::new() };
        Difference { message, line: 0, part: Some(part), hints: Vec::new() }
    }
}

fn number(octets: &[u8]) -> Option<u64> {
    std::str::from_utf8(octets).ok()?.parse().ok()
}
