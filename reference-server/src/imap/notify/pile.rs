//! What happened and was not told yet: put down by those who commit changes, and taken up by the session that tells.

use super::wish::Events;
use crate::session::Bell;
use crate::store::{Event, Grant, Happening, Kinds, MailboxId, Origin, Place, Touch};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is kept for one session, until it tells.
pub struct Pile {
    /// Whose changes are not told: "The server SHOULD omit notifying the client if the event is caused by this client"
    /// (RFC 5465 §5).
    pub me: Option<Origin>,
    /// Who is told.
    pub user: String,
    /// Whether mailboxes of others can be seen.
    pub shares: bool,
    /// What the client wants to hear of.
    pub wanted: Events,
    /// As many things are kept; with one more nothing is told at all but that (RFC 5465 §5.8).
    pub most: usize,
    pub bell: Bell,
    pub heap: Mutex<Heap>,
}

/// What is kept.
#[derive(Debug, Default)]
pub struct Heap {
    /// What happened, in its order.
    pub events: Vec<Arc<Event>>,
    /// The mailboxes whose messages were changed.
    pub touched: BTreeMap<MailboxId, Kinds>,
    /// Other mailboxes may be meant than before, and who is the cause.
    pub stale: Option<Cause>,
    /// There was too much.
    pub over: bool,
}

/// Who is the cause of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    Me,
    Others,
}

impl Pile {
    /// Something happened to mailboxes.
    pub fn event(&self, event: &Arc<Event>) {
        let Some((kinds, moves)) = self.concern(&event.what) else { return };
        let mine = self.me == Some(event.origin);
        let mut heap = self.lock();
        if moves {
            heap.stale = heap.stale.max(Some(if mine { Cause::Me } else { Cause::Others }));
        }
        if !mine && self.wanted.meets(kinds) && heap.has_room(self.most) {
            heap.events.push(Arc::clone(event));
        }
        drop(heap);
        if !mine {
            self.bell.ring();
        }
    }

    /// Messages of a mailbox were changed.
    pub fn touch(&self, touch: &Touch) {
        if self.me == Some(touch.origin) {
            return;
        }
        let mut heap = self.lock();
        if heap.touched.contains_key(&touch.mailbox) || heap.has_room(self.most) {
            let kinds = heap.touched.entry(touch.mailbox).or_default();
            *kinds = *kinds | touch.kinds;
        }
        drop(heap);
        self.bell.ring();
    }

    /// Takes all that is kept.
    pub fn take(&self) -> Heap {
        std::mem::take(&mut *self.lock())
    }

    /// Whether an event is of mailboxes the user may see; then by which events it is told, and whether it decides which mailboxes
    /// are meant.
    fn concern(&self, what: &Happening) -> Option<(Events, bool)> {
        match what {
            Happening::Created(place) | Happening::Deleted(place) | Happening::Renamed { to: place, .. } => {
                self.may_see(place, &place.grants).then_some((Events::NAMES, true))
            }
            Happening::Granted { mailbox, before } => {
                let any = Events::NAMES | Events::OF_MESSAGES | Events::METADATA;
                let sees = self.may_see(mailbox, &mailbox.grants) || self.may_see(mailbox, before);
                sees.then_some((any, true))
            }
            Happening::Annotated { user: Some(user), .. } if *user != self.user => None,
            Happening::Annotated { mailbox: Some(place), .. } => {
                self.may_see(place, &place.grants).then_some((Events::METADATA, false))
            }
            Happening::Annotated { mailbox: None, .. } => Some((Events::SERVER_METADATA, false)),
            Happening::Subscription { user, .. } => (*user == self.user).then_some((Events::SUBSCRIPTIONS, true)),
        }
    }

    fn may_see(&self, place: &Place, grants: &[Grant]) -> bool {
        let shared = || self.shares && place.rights_by(grants, &self.user) != crate::store::Rights::NONE;
        place.owner == self.user || shared()
    }

    fn lock(&self) -> MutexGuard<'_, Heap> {
        self.heap.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heap {
    /// Whether one more thing can be kept. If not, all that is there is of no use any more.
    fn has_room(&mut self, most: usize) -> bool {
        if self.events.len() + self.touched.len() >= most {
            *self = Heap { over: true, ..Heap::default() };
        }
        !self.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pile(wanted: Events, most: usize) -> Pile {
        Pile {
            me: Some(Origin(1)),
            user: "alice".to_owned(),
            shares: true,
            wanted,
            most,
            bell: Bell::default(),
            heap: Mutex::default(),
        }
    }

    fn made(origin: u32, owner: &str, grants: Vec<Grant>) -> Arc<Event> {
        let place = Place { owner: owner.to_owned(), name: "x".to_owned(), grants };
        Arc::new(Event { origin: Origin(origin), what: Happening::Created(place) })
    }

    #[test]
    fn own_changes_are_not_kept_but_may_move_what_is_meant() {
        let pile = pile(Events::NAMES, 10);
        pile.event(&made(1, "alice", Vec::new()));
        let heap = pile.take();
        assert_eq!((heap.events.len(), heap.stale), (0, Some(Cause::Me)));
        pile.event(&made(2, "alice", Vec::new()));
        pile.event(&made(1, "alice", Vec::new()));
        let heap = pile.take();
        assert_eq!((heap.events.len(), heap.stale), (1, Some(Cause::Others)));
        assert!(pile.take().stale.is_none());
    }

    #[test]
    fn what_others_keep_to_themselves_is_not_kept_here() {
        let pile = pile(Events::NAMES, 10);
        pile.event(&made(2, "bob", Vec::new()));
        assert!(pile.take().events.is_empty());
        let grant = Grant { identifier: "alice".to_owned(), rights: crate::store::Rights::ALL };
        pile.event(&made(2, "bob", vec![grant]));
        assert_eq!(pile.take().events.len(), 1);
    }

    #[test]
    fn what_is_not_wanted_takes_no_room() {
        let pile = pile(Events::SUBSCRIPTIONS, 1);
        (0..5).for_each(|_| pile.event(&made(2, "alice", Vec::new())));
        let heap = pile.take();
        assert!(heap.events.is_empty() && !heap.over && heap.stale.is_some());
    }

    #[test]
    fn too_much_is_forgotten_whole() {
        let pile = pile(Events::NAMES, 3);
        let touch = |mailbox| Touch { mailbox: MailboxId(mailbox), origin: Origin(2), kinds: Kinds::MESSAGES };
        pile.event(&made(2, "alice", Vec::new()));
        // One mailbox is one thing, however often it is changed.
        (0..9).for_each(|_| pile.touch(&touch(1)));
        pile.event(&made(2, "alice", Vec::new()));
        let heap = pile.take();
        assert_eq!((heap.events.len(), heap.touched.len(), heap.over), (2, 1, false));
        (0..4).for_each(|mailbox| pile.touch(&touch(mailbox)));
        pile.event(&made(2, "alice", Vec::new()));
        let heap = pile.take();
        assert_eq!((heap.events.len(), heap.touched.len(), heap.over), (0, 0, true));
    }
}
