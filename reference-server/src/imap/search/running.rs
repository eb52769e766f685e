//! A search under way in the selected mailbox; what is made of the messages it finds is up to the command.

use super::Found;
use super::walk::{Tally, Walk};
use crate::imap::context::Context;
use crate::imap::grammar::search::Key;
use crate::imap::long::{Long, Step};
use crate::imap::progress::completion;
use crate::imap::response::Status;
use crate::imap::selected::Selected;
use crate::store::{Row, Store};

/// A search that still has messages to look at.
pub struct Running {
    walk: Walk,
    tally: Tally,
    purpose: Box<dyn Purpose>,
}

/// What a command does with the messages it looks for.
pub trait Purpose: Send {
    /// Takes one that was found; they come in the order of the mailbox. What is needed of its octets is read now.
    fn take(&mut self, found: Found, row: &Row, store: &Store);

    /// All were looked at, for these keys: answers, and gives the status.
    fn answer(self: Box<Self>, keys: Vec<Key>, context: &mut Context, out: &mut Vec<u8>) -> Status;

    /// Gives the status if messages could not be read.
    fn fail(self: Box<Self>, status: Status, context: &mut Context) -> Status;
}

impl Running {
    /// A search in the selected mailbox that begins now.
    pub fn begin(context: &Context, selected: &Selected, keys: Vec<Key>, purpose: Box<dyn Purpose>) -> Box<dyn Long> {
        let tally = Tally::begin(context, selected.present_count());
        Box::new(Running { walk: Walk::begin(context, keys), tally, purpose })
    }
}

impl Long for Running {
    fn step(mut self: Box<Self>, context: &mut Context, out: &mut Vec<u8>) -> Step {
        let purpose = &mut self.purpose;
        let looked = match &context.selected {
            Some(selected) => {
                self.walk.on(context, selected, &mut self.tally, out, |found, row, still| purpose.take(found, row, still))
            }
            None => Ok(false),
        };
        match looked {
            Ok(true) => Step::More(self),
            Ok(false) => {
                let status = self.purpose.answer(self.walk.keys, context, out);
                Step::Done(completion(context, status, self.tally.all))
            }
            Err(status) => Step::Done(self.purpose.fail(status, context)),
        }
    }
}
