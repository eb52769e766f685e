//! The order SORT gives (RFC 5256 §3), and what it sorts by.

pub mod base_subject;
pub mod value;

use super::grammar::sort::Criterion;
use super::search::Found;
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

/// Brings messages from the order of the mailbox into that of the criteria. Where these leave it open it stays as it is: "there is
/// an implicit sort criterion of "sequence number"" (RFC 5256 §3).
pub fn sort(sortable: &mut [Sortable], criteria: &[Criterion], faults: Faults) {
    sortable.sort_by(|one, other| compare(one, other, criteria));
    if faults.on(Fault::ImapSortReverseReversesTies) && criteria.iter().any(|criterion| criterion.reverse) {
        sortable.reverse();
        sortable.sort_by(|one, other| compare(one, other, criteria));
    }
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
