//! NOTIFY (RFC 5465): what a client wants to hear of without asking ([`wish`]), what has happened and was not told yet
//! ([`pile`]), and how it is told ([`telling`]).
//!
//! Nothing is polled. Whoever commits a change puts it down in the pile of each session that wants to hear of it, by name and
//! not by its outcome, and rings; the session looks up what is so now when it tells. A mailbox that is meant only since it was
//! made is watched first and looked at then, so that no message falls between.

mod pile;
mod telling;
mod wish;

use super::context::Context;
use super::folder::Folder;
use super::grammar::fetch::Item;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::store::{Expunges, Listening, MailboxId, Right, Telling, Uid, Watch};
use pile::Pile;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use wish::Events;
pub use wish::{OfSelected, Wish};

/// What a session has to do because of its NOTIFY.
pub struct Notify {
    wish: Wish,
    pile: Arc<Pile>,
    _listening: Option<Listening>,
    /// The mailboxes whose messages the client wants to hear of while they are not selected.
    watched: HashMap<MailboxId, Watched>,
    /// The selected mailbox, if the client wants to hear of its messages.
    attended: Option<(MailboxId, Watch)>,
    /// Names the client was told it has no access to.
    denied: HashSet<String>,
    /// What had piled up before the command was told: it is an implicit NOOP (RFC 5465 §3.1).
    settled: bool,
}

/// A mailbox whose messages the client wants to hear of.
struct Watched {
    /// As the client knows it.
    name: String,
    events: Events,
    _watch: Watch,
}

impl Notify {
    /// Begins to listen. Of nothing, if the wish is empty: NOTIFY NONE.
    pub fn new(context: &Context, wish: Wish) -> Notify {
        let tells_own = context.faults().on(Fault::ImapNotifyTellsOwnChanges);
        let pile = Arc::new(Pile {
            me: (!tells_own).then(|| context.origin()),
            user: context.account_name().to_owned(),
            shares: context.shares(),
            wanted: wish.of_any(),
            most: context.site.limits.notifications,
            bell: context.peer.bell.clone(),
            heap: Mutex::default(),
        });
        let listening = (wish.of_any() != Events::NONE).then(|| {
            let pile = Arc::clone(&pile);
            context.store.listen(Arc::new(move |event| pile.event(event)))
        });
        Notify {
            wish,
            pile,
            _listening: listening,
            watched: HashMap::new(),
            attended: None,
            denied: HashSet::new(),
            settled: false,
        }
    }

    /// What the client wants to know of the selected mailbox.
    pub fn of_selected(&self) -> &OfSelected {
        &self.wish.selected
    }

    /// What is fetched of messages that come into the selected mailbox.
    pub fn fetch(&self, context: &Context) -> &[Item] {
        let fetches = self.settled && self.wish.selected.messages && !context.faults().on(Fault::ImapNotifyFetchesNothing);
        if fetches { &self.wish.selected.fetch } else { &[] }
    }

    /// What of the selected mailbox is told now. Without NOTIFY expunges would be told so.
    pub fn telling<'a>(&self, context: &Context, expunges: Expunges, expunged: &'a [Uid]) -> Telling<'a> {
        let OfSelected { messages, flags, delayed, .. } = self.wish.selected;
        if !self.settled {
            return Telling::all(expunges);
        }
        let delayed = delayed && !context.faults().on(Fault::ImapNotifyDelaysNothing);
        let expunges = match (messages, delayed) {
            (false, _) => Expunges::Withhold,
            (true, true) => expunges,
            // "requires the server to send immediate notifications" (RFC 5465 §6.1.1).
            (true, false) => Expunges::Tell,
        };
        Telling { expunges, expunged, arrivals: messages, flags }
    }

    /// Has the session woken by changes of the mailbox that is selected now; before it looks at them.
    pub fn attend(&mut self, context: &Context) {
        let selected = context.selected.as_ref().filter(|_| self.wish.selected.messages);
        let wanted = selected.map(|selected| selected.mailbox.id);
        if self.attended.as_ref().map(|(mailbox, _)| *mailbox) != wanted {
            self.attended = wanted.map(|mailbox| (mailbox, self.watch(context, mailbox)));
        }
    }

    fn watch(&self, context: &Context, mailbox: MailboxId) -> Watch {
        let pile = Arc::clone(&self.pile);
        context.store.watch(mailbox, Arc::new(move |touch| pile.touch(touch)))
    }

    /// Watches those of all mailboxes that are meant now: "If the subscription list changes, the server MUST reevaluate
    /// the list" (RFC 5465 §6.4), and so it does whatever else changes. Gives those that were not meant before.
    fn refresh(&mut self, context: &Context, folders: &[Folder]) -> Vec<MailboxId> {
        let mut before = std::mem::take(&mut self.watched);
        let mut gained = Vec::new();
        for folder in folders {
            let events = self.wish.of_mailbox(folder.into());
            let Some(mailbox) = observable(folder).filter(|_| events.meets(Events::OF_MESSAGES)) else { continue };
            let watch = match before.remove(&mailbox) {
                Some(watched) => watched._watch,
                None => {
                    gained.push(mailbox);
                    self.watch(context, mailbox)
                }
            };
            self.watched.insert(mailbox, Watched { name: folder.name.clone(), events, _watch: watch });
        }
        gained
    }
}

/// The mailbox, if it can be observed: "All event types described in this document require the 'l' and 'r' rights"
/// (RFC 5465 §5).
fn observable(folder: &Folder) -> Option<MailboxId> {
    folder.selectable().filter(|mailbox| mailbox.rights.has(Right::Lookup)).map(|mailbox| mailbox.id)
}

/// Whether mailboxes have modification sequences that can be told.
fn has_modseqs(context: &Context) -> bool {
    !context.lacks(Extension::ImapCondStore)
}
