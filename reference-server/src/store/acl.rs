//! Who may do what with a mailbox (RFC 4314). The owner is the account the mailbox belongs to.

use std::collections::HashMap;

use super::{Happening, Mailbox, MailboxId, Result, Rights, Store, Tx, mailboxes, sql};

/// Everybody.
pub const ANYONE: &str = "anyone";

/// Whom the mailboxes belong to that are nobody's. No account is called so, for their names are addresses.
pub const NOBODY: &str = "#shared";

/// An identifier, and what it is granted or, behind `-`, denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub identifier: String,
    pub rights: Rights,
}

/// How the rights of an identifier change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AclChange {
    Replace(Rights),
    Add(Rights),
    Remove(Rights),
    /// The identifier leaves the list.
    Delete,
}

/// A mailbox of another account that somebody has rights to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedMailbox {
    pub owner: String,
    pub mailbox: Mailbox,
}

impl Store {
    /// What a user may do with a mailbox.
    pub fn rights(&self, mailbox: MailboxId, owner: &str, user: &str) -> Result<Rights> {
        self.read(|connection| Ok(effective(&sql::acl::of(connection, mailbox)?, owner, user)))
    }

    /// The mailbox of this name ([`Store::mailbox`]), with what a user may do with it.
    pub fn mailbox_as(&self, owner: &str, name: &str, user: &str) -> Result<Mailbox> {
        let canonical = super::names::canonical(name);
        let found = self.read(|connection| {
            let Some(mailbox) = sql::mailbox::find(connection, owner, &canonical)? else { return Ok(None) };
            let rights = effective(&sql::acl::of(connection, mailbox.id)?, owner, user);
            Ok(Some(Mailbox { rights, ..mailbox }))
        })?;
        match found {
            Some(mailbox) => Ok(mailbox),
            None => {
                let mailbox = self.mailbox(owner, name)?;
                Ok(Mailbox { rights: self.rights(mailbox.id, owner, user)?, ..mailbox })
            }
        }
    }

    /// What a user may do with each mailbox of an account that has a list; with the others the owner may do everything.
    pub fn rights_of_all(&self, owner: &str, user: &str) -> Result<HashMap<MailboxId, Rights>> {
        self.read_much(|connection| {
            let lists = sql::acl::of_account(connection, owner)?;
            Ok(lists.into_iter().map(|(mailbox, grants)| (mailbox, effective(&grants, owner, user))).collect())
        })
    }

    /// Makes a mailbox that belongs to nobody, if it is not there yet, and gives rights to it.
    pub fn make_shared(&self, name: &str, grants: Vec<Grant>) -> Result<()> {
        let name = super::names::checked(name)?;
        self.write(move |tx| {
            let found = sql::mailbox::find(tx.connection, NOBODY, &name)?.filter(|mailbox| mailbox.selectable);
            let mailbox = match found {
                Some(mailbox) => mailbox,
                None => tx.make(NOBODY, &name)?,
            };
            let before = sql::acl::of(tx.connection, mailbox.id)?;
            for grant in &grants {
                let had = before.iter().find(|known| known.identifier == grant.identifier).map(|known| known.rights);
                let rights = grant.rights.with(had.unwrap_or(Rights::NONE));
                sql::acl::set(tx.connection, mailbox.id, &grant.identifier, rights)?;
            }
            Ok(())
        })
    }

    /// The list of a mailbox; the owner is always in it, if it has one.
    pub fn acl(&self, mailbox: MailboxId, owner: &str) -> Result<Vec<Grant>> {
        self.read(|connection| Ok(with_owner(sql::acl::of(connection, mailbox)?, owner)))
    }

    /// Changes what an identifier is granted. "the owner of a mailbox" keeps some rights (RFC 4314 §2).
    pub fn change_acl(&self, mailbox: MailboxId, identifier: &str, change: AclChange) -> Result<()> {
        let identifier = identifier.to_owned();
        self.write(move |tx| {
            let owner = sql::mailbox::account(tx.connection, mailbox)?.ok_or_else(mailboxes::gone)?;
            let listed = sql::acl::of(tx.connection, mailbox)?;
            let grants = with_owner(listed.clone(), &owner);
            let before = grants.iter().find(|grant| grant.identifier == identifier).map(|grant| grant.rights);
            let before = before.unwrap_or(Rights::NONE);
            let mut after = match change {
                AclChange::Replace(rights) => Some(rights),
                AclChange::Add(rights) => Some(before.with(rights)),
                AclChange::Remove(rights) => Some(before.without(rights)),
                AclChange::Delete => None,
            };
            if identifier == owner {
                after = Some(after.unwrap_or(Rights::NONE).with(Rights::OF_THE_OWNER));
            }
            for grant in grants.iter().filter(|grant| grant.identifier != identifier) {
                sql::acl::set(tx.connection, mailbox, &grant.identifier, grant.rights)?;
            }
            match after {
                Some(rights) => sql::acl::set(tx.connection, mailbox, &identifier, rights)?,
                None => sql::acl::remove(tx.connection, mailbox, &identifier)?,
            }
            if let Some(place) = tx.place_of(mailbox)? {
                tx.happened(Happening::Granted { mailbox: place, before: listed });
            }
            Ok(())
        })
    }

    /// The mailboxes of other accounts on whose list the user or everybody is, by owner and name.
    pub fn shared_with(&self, user: &str) -> Result<Vec<SharedMailbox>> {
        self.read(|connection| {
            sql::acl::mailboxes_for(connection, &[user, ANYONE])?
                .into_iter()
                .filter(|(owner, _)| owner != user)
                .map(|(owner, mailbox)| {
                    let grants = sql::acl::of(connection, mailbox.id)?;
                    let mailbox = Mailbox { rights: effective(&grants, &owner, user), ..mailbox };
                    Ok(SharedMailbox { owner, mailbox })
                })
                .collect()
        })
    }

    /// The nearest mailbox above a name, and what the user may do with it.
    pub fn nearest_superior(&self, owner: &str, name: &str, user: &str) -> Result<Option<Mailbox>> {
        self.read(|connection| {
            let superiors: Vec<&str> = super::names::superiors(name).collect();
            for superior in superiors.into_iter().rev() {
                if let Some(mailbox) = sql::mailbox::find(connection, owner, superior)? {
                    let rights = effective(&sql::acl::of(connection, mailbox.id)?, owner, user);
                    return Ok(Some(Mailbox { rights, ..mailbox }));
                }
            }
            Ok(None)
        })
    }
}

impl Tx<'_> {
    /// "When a new mailbox is created, it SHOULD inherit the ACL from the parent mailbox" (RFC 4314 §4).
    pub(super) fn inherit_acl(&self, account: &str, name: &str, mailbox: MailboxId) -> Result<()> {
        let Some(parent) = super::names::superiors(name).last() else { return Ok(()) };
        match sql::mailbox::find(self.connection, account, parent)? {
            Some(parent) => sql::acl::copy(self.connection, parent.id, mailbox),
            None => Ok(()),
        }
    }
}

/// The union of what the user and everybody are granted, without what they are denied. A mailbox without a list is its owner's
/// alone.
pub(super) fn effective(grants: &[Grant], owner: &str, user: &str) -> Rights {
    let own = if owner == user { Rights::OF_THE_OWNER } else { Rights::NONE };
    if grants.is_empty() {
        return if owner == user { Rights::ALL } else { Rights::NONE };
    }
    let is_of = |identifier: &str| identifier == user || identifier == ANYONE;
    let (mut granted, mut denied) = (Rights::NONE, Rights::NONE);
    for grant in grants {
        match grant.identifier.strip_prefix('-') {
            Some(identifier) if is_of(identifier) => denied = denied.with(grant.rights),
            None if is_of(&grant.identifier) => granted = granted.with(grant.rights),
            _ => {}
        }
    }
    granted.without(denied).with(own)
}

fn with_owner(mut grants: Vec<Grant>, owner: &str) -> Vec<Grant> {
    if grants.is_empty() && owner != NOBODY {
        grants.push(Grant { identifier: owner.to_owned(), rights: Rights::ALL });
    }
    grants
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", "alice", "lrswipkxtea")]
    #[case("", "bob", "")]
    #[case("alice=lrswipkxtea bob=lr", "bob", "lr")]
    #[case("alice=r bob=lr", "alice", "lra")]
    #[case("bob=lr anyone=i", "bob", "lri")]
    #[case("bob=lr anyone=i", "carol", "i")]
    #[case("bob=lrw -bob=w", "bob", "lr")]
    #[case("bob=lrw -anyone=wr", "bob", "l")]
    #[case("alice=lrswipkxtea -alice=la", "alice", "lrswipkxtea")]
    fn rights_are_a_union_without_what_is_denied(#[case] list: &str, #[case] user: &str, #[case] expected: &str) {
        let grants = list.split_whitespace().filter_map(|grant| grant.split_once('='));
        let grants: Vec<Grant> = grants
            .map(|(identifier, rights)| Grant { identifier: identifier.to_owned(), rights: Rights::read(rights).unwrap() })
            .collect();
        assert_eq!(effective(&grants, "alice", user), Rights::read(expected).unwrap());
    }
}
