//! FETCH responses that no FETCH asked for: of messages that have just come (RFC 5465 §5.2, §7).

use super::command::fetch::{Running, Step};
use super::context::Context;
use super::grammar::fetch::Item;
use std::collections::{BTreeMap, VecDeque};

/// Responses that are still to be written.
pub struct Unasked {
    fetches: VecDeque<Running>,
    /// What is said when they are over.
    after: Vec<u8>,
}

impl Unasked {
    /// These items of each message, by its number; then what is written already.
    pub fn new(fetches: BTreeMap<u32, Vec<Item>>, after: Vec<u8>) -> Unasked {
        let mut runs: Vec<(Vec<Item>, Vec<u32>)> = Vec::new();
        for (number, items) in fetches {
            match runs.last_mut() {
                Some((same, numbers)) if *same == items => numbers.push(number),
                _ => runs.push((items, vec![number])),
            }
        }
        Unasked { fetches: runs.into_iter().map(|(items, numbers)| Running::unasked(items, numbers)).collect(), after }
    }

    /// Writes some more. A message that is gone again, or that can not be told of, is left out.
    pub fn step(&mut self, context: &mut Context, out: &mut Vec<u8>) -> Step {
        while let Some(running) = self.fetches.front_mut() {
            match running.step(context, out) {
                Step::Done(_) => drop(self.fetches.pop_front()),
                step => return step,
            }
        }
        out.append(&mut self.after);
        Step::Done(super::response::Status::ok("FETCH completed"))
    }
}
