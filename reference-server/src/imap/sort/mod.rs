//! The order SORT gives (RFC 5256 §3), and what it sorts by.

pub mod base_subject;
pub mod value;

use super::grammar::sort::Criterion;
use super::search::Found;
use super::selected::Selected;
use crate::faults::{Fault, Faults};
use crate::store::{Row, Store};
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
    let rows = found.into_iter().filter_map(|found| selected.view.row(found.number).map(|row| (found, row)));
    let mut sortable: Vec<Sortable> = rows.map(|(found, row)| Sortable::of_row(found, criteria, row, store)).collect();
    sortable.sort_by(|one, other| compare(one, other, criteria));
    if faults.on(Fault::ImapSortReverseReversesTies) && criteria.iter().any(|criterion| criterion.reverse) {
        sortable.reverse();
        sortable.sort_by(|one, other| compare(one, other, criteria));
    }
    sortable
}

impl Sortable {
    /// Reads what the criteria ask of a message. One whose octets are gone has empty values.
    pub fn of_row(found: Found, criteria: &[Criterion], row: &Row, store: &Store) -> Self {
        let source = Source::new(store, &row.message);
        let values = criteria.iter().map(|criterion| source.value(criterion.key, &found)).collect();
        Sortable { values, found }
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
