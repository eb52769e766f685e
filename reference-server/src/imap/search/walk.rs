//! The way through the messages of a mailbox that is searched. It stops between two of them where the client is to be told how far the
//! search is.

use super::{Found, Search, scope};
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::search::Key;
use crate::imap::progress::Progress;
use crate::imap::response::Status;
use crate::imap::search::candidate::Scope;
use crate::imap::selected::Selected;
use crate::store::{Count, Row, Store};
use time::OffsetDateTime;

/// How far a search is, in however many mailboxes.
pub struct Tally {
    /// So many messages were looked at,
    done: u32,
    /// of so many.
    pub all: u32,
    progress: Progress,
}

impl Tally {
    /// Of a search that begins now.
    pub fn begin(context: &Context, all: u32) -> Self {
        Tally { done: 0, all, progress: Progress::begin(context) }
    }

    /// Counts a message; gives whether something was told of it.
    fn count(&mut self, context: &Context, out: &mut Vec<u8>) -> bool {
        self.done += 1;
        let count = Count { done: self.done, all: self.all };
        self.progress.is_due() && self.progress.tell(context, Some(count), out)
    }
}

/// A search in one mailbox, as far as it is.
pub struct Walk {
    /// What is asked of each message, prepared.
    pub keys: Vec<Key>,
    /// When it began (RFC 5032 §2).
    began: OffsetDateTime,
    /// How many rows of the view are done with.
    rows: usize,
}

impl Walk {
    pub fn begin(context: &Context, keys: Vec<Key>) -> Self {
        Walk { keys, began: context.site.clock.now(), rows: 0 }
    }

    /// Looks at messages until there is progress to tell, or at all of them; gives whether there are more. What is found is taken
    /// in the order of the mailbox, and what is needed of its octets is read then. The view is to stay as it is in between.
    pub fn on(
        &mut self,
        context: &Context,
        selected: &Selected,
        tally: &mut Tally,
        out: &mut Vec<u8>,
        mut take: impl FnMut(Found, &Row, &Store),
    ) -> Result<bool, Status> {
        // Many messages are read in one transaction. It ends with the step, for the client may take its time.
        let looked = context.store.standing_still(|still| {
            let scope = Scope { now: self.began, ..scope(context, still, &selected.view) };
            let search = Search::new(&scope, &self.keys);
            for (number, row) in selected.view.rows().skip(self.rows) {
                self.rows += 1;
                if row.gone {
                    continue;
                }
                if let Some(found) = search.found(number, row) {
                    take(found, row, still);
                }
                if tally.count(context, out) {
                    return true;
                }
            }
            false
        });
        looked.map_err(refusal)
    }
}
