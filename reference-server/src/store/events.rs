//! What happens to mailboxes beside their messages, and who did it: told to those who listen, after the commit.

use super::watch::Listening;
use super::{Grant, MailboxId, Result, Rights, Store, Tx, acl, sql};
use std::sync::Arc;

/// Who makes changes, by the handle of the store they are made with ([`Store::by`]). The default is nobody in particular.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(pub u32);

/// Something that happened, and who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who did it.
    pub origin: Origin,
    /// What it was.
    pub what: Happening,
}

/// What can happen to mailboxes beside their messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// There is a mailbox of this name now.
    Created(Place),
    /// There is none any more; what is below it stays.
    Deleted(Place),
    /// A mailbox has another name now, and so has all below it.
    Renamed {
        /// Its former name.
        from: String,
        /// The mailbox by its new name. INBOX stays, and what it held is in this new mailbox.
        to: Place,
    },
    /// Somebody's rights to a mailbox changed.
    Granted {
        /// With the rights that hold now.
        mailbox: Place,
        /// What held before.
        before: Vec<Grant>,
    },
    /// An annotation was set or removed.
    Annotated {
        /// The mailbox it is of; none: it is of the server.
        mailbox: Option<Place>,
        /// Whose it is; none: everybody's.
        user: Option<String>,
        /// Its name.
        entry: String,
    },
    /// A user subscribed to a name, or ended a subscription.
    Subscription {
        /// The user.
        user: String,
        /// The name, as the user knows the mailbox.
        name: String,
    },
}

/// A mailbox at the moment something happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose it is.
    pub owner: String,
    /// The name it has there.
    pub name: String,
    /// Who may do what with it.
    pub grants: Vec<Grant>,
}

impl Place {
    /// What a user may do with it.
    pub fn rights(&self, user: &str) -> Rights {
        self.rights_by(&self.grants, user)
    }

    /// What a user could do with it when other rights held.
    pub fn rights_by(&self, grants: &[Grant], user: &str) -> Rights {
        acl::effective(grants, &self.owner, user)
    }
}

/// Is called with every event after the commit that made it; it must not block, nor call the store.
pub type Listener = Arc<dyn Fn(&Arc<Event>) + Send + Sync>;

impl Store {
    /// The handle by which somebody makes changes: watchers and listeners are told who it was.
    pub fn by(&self, origin: Origin) -> Store {
        Store { origin, ..self.clone() }
    }

    /// Has the listener called until what is given is dropped.
    pub fn listen(&self, listener: Listener) -> Listening {
        self.inner.watchers.listen(listener)
    }
}

impl Tx<'_> {
    /// A mailbox as it is now, for an event.
    pub(super) fn place(&self, owner: &str, name: &str, mailbox: MailboxId) -> Result<Place> {
        Ok(Place { owner: owner.to_owned(), name: name.to_owned(), grants: sql::acl::of(self.connection, mailbox)? })
    }

    /// The same by its number. None: there is no such mailbox.
    pub(super) fn place_of(&self, mailbox: MailboxId) -> Result<Option<Place>> {
        match sql::mailbox::account_and_name(self.connection, mailbox)? {
            Some((owner, name)) => self.place(&owner, &name, mailbox).map(Some),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::AclChange;
    use std::sync::Mutex;

    /// What was heard while something was done.
    fn heard(store: &Store, act: impl FnOnce(&Store)) -> Vec<String> {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let listening = store.listen(Arc::new(move |event| {
            let told = match &event.what {
                Happening::Created(place) => format!("{} made", place.name),
                Happening::Deleted(place) => format!("{} deleted", place.name),
                Happening::Renamed { from, to } => format!("{from} renamed {}", to.name),
                Happening::Granted { mailbox, before } => {
                    format!(
                        "{} {:?} {:?}",
                        mailbox.name,
                        mailbox.rights_by(before, "bob").letters(),
                        mailbox.rights("bob").letters()
                    )
                }
                Happening::Annotated { mailbox, user, entry } => {
                    format!("{:?} {user:?} {entry}", mailbox.as_ref().map(|place| place.name.as_str()))
                }
                Happening::Subscription { user, name } => format!("{user} {name}"),
            };
            ear.lock().unwrap().push(format!("{}: {told}", event.origin.0));
        }));
        act(&store.by(Origin(7)));
        drop(listening);
        store.create("alice", "unheard").unwrap();
        store.delete("alice", "unheard").unwrap();
        std::mem::take(&mut *heard.lock().unwrap())
    }

    #[test]
    fn who_listens_hears_what_happened_and_who_did_it() {
        let store = Store::memory().unwrap();
        store.mailbox("alice", "INBOX").unwrap();
        let made = heard(&store, |store| drop(store.create("alice", "a/b").unwrap()));
        assert_eq!(made, ["7: a made", "7: a/b made"]);
        assert_eq!(heard(&store, |store| store.rename("alice", "a", "c").unwrap()), ["7: a renamed c"]);
        assert_eq!(heard(&store, |store| store.delete("alice", "c").unwrap()), ["7: c deleted"], "c/b keeps the name");
        assert_eq!(heard(&store, |store| store.rename("alice", "INBOX", "old").unwrap()), ["7: INBOX renamed old"]);
        assert_eq!(heard(&store, |store| store.subscribe("alice", "x").unwrap()), ["7: alice x"]);
        assert_eq!(heard(&store, |store| assert!(!store.unsubscribe("alice", "y").unwrap())), [""; 0], "there was none");
        let shared = store.mailbox("alice", "c/b").unwrap().id;
        let grant = AclChange::Replace(Rights::read("lr").unwrap());
        assert_eq!(heard(&store, |store| store.change_acl(shared, "bob", grant).unwrap()), ["7: c/b \"\" \"lr\""]);
    }

    #[test]
    fn annotations_are_somebodys_or_everybodys() {
        let store = Store::memory().unwrap();
        let inbox = store.mailbox("alice", "INBOX").unwrap().id;
        let set = |mailbox, entry: &str, value: Option<&[u8]>| {
            let entries = vec![(entry.to_owned(), value.map(<[u8]>::to_vec))];
            heard(&store, |store| store.set_annotations(mailbox, "bob", entries).unwrap())
        };
        assert_eq!(set(inbox, "/shared/comment", Some(b"x")), ["7: Some(\"INBOX\") None /shared/comment"]);
        assert_eq!(set(inbox, "/shared/comment", None), ["7: Some(\"INBOX\") None /shared/comment"]);
        assert_eq!(set(inbox, "/shared/comment", None), [""; 0], "it was gone");
        let server = crate::store::THE_SERVER;
        assert_eq!(set(server, "/private/comment", Some(b"x")), ["7: None Some(\"bob\") /private/comment"]);
    }
}
