//! The order SORT gives (RFC 5256 §3), and what it sorts by.

pub mod base_subject;
pub mod value;

use super::grammar::sort::Criterion;
use super::search::Found;
use super::selected::Selected;
use crate::faults::{Fault, Faults};
use crate::store::Store;
use std::cmp::Ordering;
use value::{Source, Value};

/// A message and what it is sorted by.
#[derive(Clone, Debug)]
pub struct Sortable {
    pub found: Found,
    values: Vec<Value>,
}

/// The messages in the order of the criteria, and where these leave it open in that of the mailbox: "there is an implicit
/// sort criterion of "sequence number"" (RFC 5256 §3).
pub fn sorted(found: Vec<Found>, criteria: &[Criterion], selected: &Selected, store: &Store, faults: Faults) -> Vec<Sortable> {
    let mut sortable: Vec<Sortable> = found.into_iter().map(|found| Sortable::new(found, criteria, selected, store)).collect();
    sortable.sort_by(|one, other| compare(one, other, criteria));
    if faults.on(Fault::ImapSortReverseReversesTies) && criteria.iter().any(|criterion| criterion.reverse) {
        sortable.reverse();
        sortable.sort_by(|one, other| compare(one, other, criteria));
    }
    sortable
}

impl Sortable {
    /// Reads what the criteria ask of a message. One whose octets are gone has empty values.
    pub fn new(found: Found, criteria: &[Criterion], selected: &Selected, store: &Store) -> Self {
        let row = selected.view.row(found.number);
        let source = row.map(|row| Source::new(store, &row.message));
        let value =
            |criterion: &Criterion| source.as_ref().map_or(Value::Number(0), |source| source.value(criterion.key, &found));
        Sortable { values: criteria.iter().map(value).collect(), found }
    }
}

/// Which comes first by the criteria alone.
pub fn compare(one: &Sortable, other: &Sortable, criteria: &[Criterion]) -> Ordering {
    let pairs = one.values.iter().zip(&other.values).zip(criteria);
    let orders = pairs.map(|((one, other), criterion)| match criterion.reverse {
        true => other.cmp(one),
        false => one.cmp(other),
    });
    orders.fold(Ordering::Equal, Ordering::then)
}
