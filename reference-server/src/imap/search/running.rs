//! A search under way. It looks at one message after the other, and stops between two where the client is to be told how far it
//! is; what is made of the messages it finds is up to the command.

use super::candidate::Scope;
use super::{Found, Search, scope};
use crate::faults::Fault;
use crate::imap::command::Outcome;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::search::Key;
use crate::imap::progress::{Progress, completion};
use crate::imap::response::Status;
use crate::imap::selected::{Naming, Selected};
use crate::store::{Row, Store};
use time::OffsetDateTime;

/// A search that still has messages to look at.
pub struct Running {
    pub naming: Naming,
    /// What is asked of each message, prepared.
    keys: Vec<Key>,
    /// When it began (RFC 5032 §2).
    began: OffsetDateTime,
    /// How many rows of the view are done with.
    rows: usize,
    /// How many messages were looked at, of how many.
    done: u32,
    all: u32,
    progress: Progress,
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

/// What a step came to.
pub enum Step {
    /// The client is to be told so far before it goes on.
    More(Box<Running>),
    /// This completes it.
    Done(Status),
}

impl Running {
    /// A search in the selected mailbox that begins now.
    pub fn begin(context: &Context, selected: &Selected, naming: Naming, keys: Vec<Key>, purpose: Box<dyn Purpose>) -> Self {
        let all = selected.view.rows().filter(|(_, row)| !row.gone).count() as u32;
        let (began, progress) = (context.site.clock.now(), Progress::begin(context));
        Running { naming, keys, began, rows: 0, done: 0, all, progress, purpose }
    }

    /// The outcome of a command that began so, or was over at once.
    pub fn outcome(naming: Naming, begun: Result<Running, Status>) -> Outcome {
        match (begun, naming) {
            (Ok(running), _) => Outcome::Search(Box::new(running)),
            (Err(status), Naming::Numbers) => Outcome::Done(status),
            (Err(status), Naming::Uids) => Outcome::DoneByUid(status),
        }
    }

    /// Looks at messages until there is progress to tell, or at all of them. The view stays as it is between two steps, for
    /// nothing else is done in this session.
    pub fn step(mut self: Box<Self>, context: &mut Context, out: &mut Vec<u8>) -> Step {
        let store = context.store.clone();
        // Many messages are read in one transaction. It ends with the step, for the client may take its time.
        match store.standing_still(|still| self.look(context, still, out)) {
            Ok(true) => Step::More(self),
            Ok(false) => {
                let status = self.purpose.answer(self.keys, context, out);
                Step::Done(completion(context, status, self.all))
            }
            Err(error) => Step::Done(self.purpose.fail(refusal(error), context)),
        }
    }

    /// Gives whether there is more to look at, once progress was told.
    fn look(&mut self, context: &Context, still: &Store, out: &mut Vec<u8>) -> bool {
        let Some(selected) = &context.selected else { return false };
        let scope = Scope { now: self.began, ..scope(context, still, &selected.view) };
        let search = Search::new(&scope, &self.keys);
        // "The server SHOULD NOT send a progress notification where PROGRESS equals GOAL" (RFC 9585 §4).
        let last = if context.faults().on(Fault::ImapInProgressAtGoal) { self.all } else { self.all.saturating_sub(1) };
        for (number, row) in selected.view.rows().skip(self.rows) {
            self.rows += 1;
            if row.gone {
                continue;
            }
            if let Some(found) = search.found(number, row) {
                self.purpose.take(found, row, still);
            }
            self.done += 1;
            if self.done <= last && self.progress.is_due() {
                self.progress.tell(context, self.done, self.all, out);
                return true;
            }
        }
        false
    }
}
