//! Whose mailboxes a name is about: the user's own have no prefix, those of other users stand below `Other Users/` and the
//! name of the account, those of nobody below `Shared/` (RFC 2342, RFC 4314).

use super::context::{Context, refusal};
use super::response::{Code, Status};
use crate::extensions::Extension;
use crate::store::{self, DELIMITER, INBOX, Mailbox, NOBODY, Right, Rights};

/// The first level of the names of other users' mailboxes.
pub const OTHERS: &str = "Other Users";

/// The first level of the names of mailboxes that belong to nobody.
pub const SHARED: &str = "Shared";

/// A name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The account whose mailbox it is or would be.
    pub owner: String,
    /// The name it has there.
    pub name: String,
}

/// The name by which others see a mailbox.
pub fn shown_to_others(owner: &str, name: &str) -> String {
    if owner == NOBODY {
        return format!("{SHARED}{DELIMITER}{name}");
    }
    format!("{OTHERS}{DELIMITER}{owner}{DELIMITER}{name}")
}

impl Context {
    /// Whether mailboxes of other users can be seen.
    pub fn shares(&self) -> bool {
        !self.lacks(Extension::ImapAcl)
    }

    /// Whether there is a namespace of mailboxes that belong to nobody. Without ACL nobody could do anything with them.
    pub fn has_shared_namespace(&self) -> bool {
        self.shares() && self.site.shares_mailboxes
    }

    /// What a name is about. The levels above the mailboxes of other users are no mailboxes, and neither is the one above those of
    /// nobody, where there is no INBOX.
    pub fn place(&self, name: &str) -> Result<Place, Status> {
        let user = self.account_name();
        let below = |level: &str| name.strip_prefix(level).filter(|rest| rest.is_empty() || rest.starts_with(DELIMITER));
        if let Some(below) = below(SHARED).filter(|_| self.has_shared_namespace()) {
            let name = below.trim_start_matches(DELIMITER);
            let first = name.split(DELIMITER).next().unwrap_or_default();
            return match first.is_empty() || first.eq_ignore_ascii_case(INBOX) {
                true => Err(refusal(store::Error::NoSuchMailbox(name.to_owned()))),
                false => Ok(Place { owner: NOBODY.to_owned(), name: name.to_owned() }),
            };
        }
        let Some(below) = below(OTHERS).filter(|_| self.shares()) else {
            return Ok(Place { owner: user.to_owned(), name: name.to_owned() });
        };
        match below.trim_start_matches(DELIMITER).split_once(DELIMITER) {
            Some((owner, name)) if owner != user && !name.is_empty() => {
                Ok(Place { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(refusal(store::Error::NoSuchMailbox(name.to_owned()))),
        }
    }

    /// Whether the place is among the user's own mailboxes.
    pub fn is_own(&self, place: &Place) -> bool {
        place.owner == self.account_name()
    }

    /// The name by which the user knows a mailbox.
    pub fn shown(&self, place: &Place, mailbox: &Mailbox) -> String {
        if self.is_own(place) { mailbox.name.clone() } else { shown_to_others(&place.owner, &mailbox.name) }
    }

    /// The mailbox at a place, by the name the user knows it by, with the rights the user has. One the user has no right to
    /// does not exist for them: "if the user doesn't have "l" right", the same answer must be given (RFC 4314 §6).
    pub fn find(&self, place: &Place) -> Result<Mailbox, Status> {
        let shown = || shown_to_others(&place.owner, &place.name);
        let hidden = || refusal(store::Error::NoSuchMailbox(shown()));
        let exists = || self.site.accounts.login(&place.owner).is_some_and(|account| account.name() == place.owner);
        if !self.is_own(place) && place.owner != NOBODY && !exists() {
            return Err(hidden());
        }
        let found = match self.shares() {
            true => self.store.mailbox_as(&place.owner, &place.name, self.account_name()),
            false => self.store.mailbox(&place.owner, &place.name),
        };
        let mailbox = match found {
            Err(store::Error::NoSuchMailbox(_)) if !self.is_own(place) => return Err(hidden()),
            found => found.map_err(refusal)?,
        };
        if !self.shares() {
            return Ok(mailbox);
        }
        if mailbox.rights == Rights::NONE {
            return Err(hidden());
        }
        Ok(Mailbox { name: self.shown(place, &mailbox), ..mailbox })
    }

    /// The mailbox of this name, selectable or not, if the user has this right to it.
    pub fn with_right(&self, name: &str, right: Right) -> Result<(Place, Mailbox), Status> {
        let place = self.place(name)?;
        let mailbox = self.find(&place)?;
        match mailbox.rights.has(right) || !self.shares() {
            true => Ok((place, mailbox)),
            false => Err(denied(mailbox.rights)),
        }
    }

    /// Whether the user may make a mailbox at a place: "k" right on a nearest existing parent mailbox" (RFC 4314 §4). On the
    /// first level only the owner makes mailboxes, or an administrator those of nobody.
    pub fn require_create(&self, place: &Place) -> Result<(), Status> {
        if !self.shares() {
            return Ok(());
        }
        let parent = self.store.nearest_superior(&place.owner, &place.name, self.account_name()).map_err(refusal)?;
        match parent {
            None if self.is_own(place) || place.owner == NOBODY && self.is_administrator() => Ok(()),
            None if place.owner == NOBODY => Err(Status::no(Code::NoPerm, "Administrators make mailboxes here")),
            Some(parent) if parent.rights.has(Right::Create) => Ok(()),
            Some(parent) => Err(denied(parent.rights)),
            None => Err(denied(Rights::NONE)),
        }
    }
}

/// What a user hears who may not do something with a mailbox. Those who may not even know of it hear that it does not exist.
pub fn denied(rights: Rights) -> Status {
    match rights.meets(Rights::OF_KNOWLEDGE) {
        true => Status::no(Code::NoPerm, "Your rights to the mailbox do not allow it"),
        false => Status::no(Code::NonExistent, "There is no such mailbox"),
    }
}
