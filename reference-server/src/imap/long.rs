//! Commands that may take long. What they do is cut into steps, and between two of them the client is told how far they are.

use super::command::Outcome;
use super::context::{Context, refusal};
use super::progress::{Progress, completion};
use super::response::Status;
use super::selected::Naming;
use crate::store::{self, Asked, Heard, Tx};

/// A command that is under way.
pub trait Long: Send {
    /// Goes on until there is progress to tell, or to its end. Nothing else is done in the session between two steps.
    fn step(self: Box<Self>, context: &mut Context, out: &mut Vec<u8>) -> Step;
}

/// What a step came to.
pub enum Step {
    /// The client is to be told so far before it goes on.
    More(Box<dyn Long>),
    /// This completes it.
    Done(Status),
}

/// What is under way, or how the command is completed at once.
pub type Begun = Result<Box<dyn Long>, Status>;

impl Outcome {
    /// The outcome of a command that began so.
    pub fn of(naming: Naming, begun: Begun) -> Outcome {
        match (begun, naming) {
            (Ok(long), _) => Outcome::Long(naming, long),
            (Err(status), Naming::Numbers) => Outcome::Done(status),
            (Err(status), Naming::Uids) => Outcome::DoneByUid(status),
        }
    }
}

/// What follows on a change that was made.
type Then<T> = Box<dyn FnOnce(&mut Context, T, &mut Vec<u8>) -> Result<Status, Status> + Send>;

/// A change that the store makes, in one commit, while its client is told how far it is.
struct Change<T> {
    asked: Asked<T>,
    then: Then<T>,
    progress: Progress,
    /// How many messages it is about, as far as that is known.
    all: u32,
    /// Where every message is told of, so is that it begins.
    begins: bool,
}

impl Context {
    /// Has the store make a change, `then` answers and gives the status. Nothing of it is seen before all of it is done, and it is
    /// done whether the client stays or not.
    pub(crate) fn change<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Tx<'_>) -> store::Result<T> + Send + 'static,
        then: impl FnOnce(&mut Context, T, &mut Vec<u8>) -> Result<Status, Status> + Send + 'static,
    ) -> Box<dyn Long> {
        let progress = Progress::begin(self);
        let begins = progress.is_of_each();
        let asked = self.store.ask(begins, operation);
        Box::new(Change { asked, then: Box::new(then), progress, all: 0, begins })
    }
}

impl<T: Send + 'static> Long for Change<T> {
    fn step(mut self: Box<Self>, context: &mut Context, out: &mut Vec<u8>) -> Step {
        if std::mem::take(&mut self.begins) && self.progress.tell(context, None, out) {
            return Step::More(self);
        }
        loop {
            let count = match self.asked.wait(self.progress.patience()) {
                Heard::Count(count) => count,
                Heard::Answer(answer) => {
                    let Change { then, all, .. } = *self;
                    let status = answer.map_err(refusal).and_then(|made| then(context, made, out));
                    return Step::Done(completion(context, status.unwrap_or_else(|status| status), all));
                }
            };
            self.all = count.map_or(0, |count| count.all);
            if self.progress.is_due() && self.progress.tell(context, count, out) {
                return Step::More(self);
            }
        }
    }
}
