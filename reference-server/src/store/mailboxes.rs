//! The mailboxes of an account: made, listed, renamed, deleted.

use std::collections::{HashMap, HashSet};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

use super::names::{self, INBOX};
use super::{Error, Happening, Kinds, Result, Rights, SpecialUse, Store, Tx, special_use, sql};

/// A mailbox, whatever its name becomes. Never given to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MailboxId(pub(crate) i64);

/// A mailbox and what stays the same while it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Which one.
    pub id: MailboxId,
    /// Its full name, UTF-8, levels separated by [`names::DELIMITER`].
    pub name: String,
    /// False for a name that only holds other mailboxes (`\Noselect`).
    pub selectable: bool,
    /// Its UIDVALIDITY (RFC 3501 §2.3.1.1).
    pub uidvalidity: u32,
    /// What whoever asks may do with it (RFC 4314). The store itself lets everybody do everything.
    pub rights: Rights,
}

/// A mailbox as LIST shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Whether there are mailboxes below it (`\HasChildren`).
    pub children: bool,
    /// Whether its name is subscribed to.
    pub subscribed: bool,
    /// What it is for (RFC 6154).
    pub special_use: Vec<SpecialUse>,
}

/// What STATUS tells of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// How many messages there are.
    pub messages: u32,
    /// How many of them no session has been told of.
    pub recent: u32,
    /// How many have no `\Seen`.
    pub unseen: u32,
    /// How many have `\Deleted`.
    pub deleted: u32,
    /// The size of all messages together, in octets.
    pub size: u64,
    /// No message will get a UID below this one any more.
    pub uidnext: u32,
    /// The UIDVALIDITY.
    pub uidvalidity: u32,
    /// The greatest modification sequence (RFC 7162).
    pub highest_modseq: u64,
    /// Messages from this UID on are `\Recent` for the next session that selects the mailbox.
    pub recent_from: u32,
}

impl Store {
    /// All mailboxes of the account, by name; INBOX is always among them.
    pub fn mailboxes(&self, account: &str) -> Result<Vec<Listed>> {
        self.mailboxes_beginning_with(account, "")
    }

    /// Those of them whose names begin so.
    pub fn mailboxes_beginning_with(&self, account: &str, prefix: &str) -> Result<Vec<Listed>> {
        self.mailbox(account, INBOX)?;
        self.read_much(|connection| {
            // All that is below one of them begins so too.
            let all = sql::mailbox::beginning_with(connection, account, prefix)?;
            let subscribed = sql::mailbox::subscriptions(connection, account, prefix)?;
            let mut uses: HashMap<MailboxId, Vec<SpecialUse>> = special_use::of_user(connection, account)?;
            let superiors: HashSet<&str> = all.iter().flat_map(|mailbox| names::superiors(&mailbox.name)).collect();
            let listed = all.iter().map(|mailbox| Listed {
                mailbox: mailbox.clone(),
                children: superiors.contains(mailbox.name.as_str()),
                subscribed: subscribed.binary_search(&mailbox.name).is_ok(),
                special_use: uses.remove(&mailbox.id).unwrap_or_default(),
            });
            Ok(listed.collect())
        })
    }

    /// The mailbox of this name, selectable or not. INBOX comes to be when it is first asked for.
    pub fn mailbox(&self, account: &str, name: &str) -> Result<Mailbox> {
        let name = names::canonical(name);
        if let Some(mailbox) = self.read(|connection| sql::mailbox::find(connection, account, &name))? {
            return Ok(mailbox);
        }
        if name != INBOX {
            return Err(Error::NoSuchMailbox(name));
        }
        let account = account.to_owned();
        self.write(move |tx| tx.inbox(&account))
    }

    /// Makes a mailbox, and the superiors it lacks (RFC 3501 §6.3.3).
    ///
    /// A name that only held other mailboxes becomes a mailbox.
    pub fn create(&self, account: &str, name: &str) -> Result<Mailbox> {
        self.create_for(account, name, account, Vec::new())
    }

    /// The same with what it is for to a user, who has no other mailbox for that afterwards (RFC 6154 §3).
    pub fn create_for(&self, account: &str, name: &str, user: &str, uses: Vec<SpecialUse>) -> Result<Mailbox> {
        let name = names::checked(name)?;
        let (account, user) = (account.to_owned(), user.to_owned());
        self.write(move |tx| {
            if name == INBOX || find(tx.connection, &account, &name)?.is_some_and(|mailbox| mailbox.selectable) {
                return Err(Error::AlreadyExists(name));
            }
            let made = tx.make(&account, &name)?;
            tx.set_special_use(&user, made.id, &uses)?;
            Ok(made)
        })
    }

    /// Deletes a mailbox and its messages; where there are mailboxes below it the name stays, without messages
    /// (`\Noselect`, RFC 3501 §6.3.4).
    pub fn delete(&self, account: &str, name: &str) -> Result<()> {
        let name = names::canonical(name);
        let account = account.to_owned();
        self.write(move |tx| {
            if name == INBOX {
                return Err(Error::InboxStays);
            }
            let mailbox = required(tx.connection, &account, &name)?;
            let children = sql::mailbox::has_below(tx.connection, &account, &name)?;
            if children && !mailbox.selectable {
                return Err(Error::HasChildren(name));
            }
            tx.remove_all(mailbox.id)?;
            sql::mailbox::remember_name(tx.connection, &account, &name, mailbox.uidvalidity)?;
            tx.touch(mailbox.id, Kinds::MESSAGES);
            tx.happened(Happening::Deleted(tx.place(&account, &name, mailbox.id)?));
            sql::mailbox::delete(tx.connection, mailbox.id)?;
            if children {
                sql::mailbox::insert(tx.connection, &account, &name, mailbox.uidvalidity, false)?;
            }
            Ok(())
        })
    }

    /// Renames a mailbox and all below it. Renaming INBOX moves its messages to a new mailbox and leaves INBOX empty
    /// (RFC 3501 §6.3.5).
    pub fn rename(&self, account: &str, from: &str, to: &str) -> Result<()> {
        let from = names::canonical(from);
        let to = names::checked(to)?;
        let account = account.to_owned();
        self.write(move |tx| {
            if from == INBOX {
                tx.inbox(&account)?;
            }
            let mailbox = required(tx.connection, &account, &from)?;
            if to == INBOX || find(tx.connection, &account, &to)?.is_some() {
                return Err(Error::AlreadyExists(to));
            }
            if from == INBOX {
                tx.make_superiors(&account, &to)?;
                let target = tx.make_silently(&account, &to)?;
                tx.move_all(mailbox.id, target.id)?;
                // "annotations are copied from the original INBOX to the renamed mailbox" (RFC 5464 §4.1).
                sql::annotation::copy(tx.connection, mailbox.id, target.id)?;
                tx.happened(Happening::Renamed { from, to: tx.place(&account, &to, target.id)? });
                return Ok(());
            }
            if to.strip_prefix(&from).is_some_and(|rest| rest.starts_with(names::DELIMITER)) {
                return Err(Error::BadName { name: to, why: "it lies below the mailbox that is renamed" });
            }
            tx.make_superiors(&account, &to)?;
            let below = sql::mailbox::below(tx.connection, &account, &from)?;
            let id = mailbox.id;
            for old in std::iter::once(mailbox).chain(below) {
                let name = format!("{to}{}", old.name.get(from.len()..).unwrap_or_default());
                tx.give_name(&account, &old, &name)?;
            }
            tx.happened(Happening::Renamed { from, to: tx.place(&account, &to, id)? });
            Ok(())
        })
    }

    /// Subscribes to a name, whether a mailbox has it or not.
    pub fn subscribe(&self, account: &str, name: &str) -> Result<()> {
        let name = names::checked(name)?;
        let account = account.to_owned();
        self.write(move |tx| {
            if sql::mailbox::subscribe(tx.connection, &account, &name)? {
                tx.happened(Happening::Subscription { user: account, name });
            }
            Ok(())
        })
    }

    /// Ends a subscription; gives whether there was one.
    pub fn unsubscribe(&self, account: &str, name: &str) -> Result<bool> {
        let name = names::canonical(name);
        let account = account.to_owned();
        self.write(move |tx| {
            let was = sql::mailbox::unsubscribe(tx.connection, &account, &name)?;
            if was {
                tx.happened(Happening::Subscription { user: account, name });
            }
            Ok(was)
        })
    }

    /// The names subscribed to, in order.
    pub fn subscriptions(&self, account: &str) -> Result<Vec<String>> {
        self.subscriptions_beginning_with(account, "")
    }

    /// Those of them that begin so.
    pub fn subscriptions_beginning_with(&self, account: &str, prefix: &str) -> Result<Vec<String>> {
        self.read(|connection| sql::mailbox::subscriptions(connection, account, prefix))
    }

    /// Counts and sequences of a mailbox.
    pub fn status(&self, mailbox: MailboxId) -> Result<Status> {
        self.read(|connection| sql::mailbox::status(connection, mailbox)?.ok_or_else(gone))
    }

    /// Counts and sequences of several mailboxes at one instant; those that cannot be selected have none.
    pub fn statuses(&self, mailboxes: &[MailboxId]) -> Result<HashMap<MailboxId, Status>> {
        self.read_much(|connection| {
            let mut statuses = HashMap::new();
            for mailbox in mailboxes {
                if let Some(status) = sql::mailbox::status(connection, *mailbox)? {
                    statuses.insert(*mailbox, status);
                }
            }
            Ok(statuses)
        })
    }
}

impl Tx<'_> {
    /// The account's INBOX, made if need be.
    pub(super) fn inbox(&self, account: &str) -> Result<Mailbox> {
        match find(self.connection, account, INBOX)? {
            Some(mailbox) => Ok(mailbox),
            None => self.make(account, INBOX),
        }
    }

    pub(super) fn make(&self, account: &str, name: &str) -> Result<Mailbox> {
        self.make_superiors(account, name)?;
        let made = self.make_silently(account, name)?;
        self.happened(Happening::Created(self.place(account, name, made.id)?));
        Ok(made)
    }

    /// The same below superiors that are there, and nobody hears that it was made.
    fn make_silently(&self, account: &str, name: &str) -> Result<Mailbox> {
        if let Some(bare) = find(self.connection, account, name)? {
            sql::mailbox::delete(self.connection, bare.id)?;
        }
        let uidvalidity = next_uidvalidity(self.connection)?;
        let id = sql::mailbox::insert(self.connection, account, name, uidvalidity, true)?;
        self.inherit_acl(account, name, id)?;
        Ok(Mailbox { id, name: name.to_owned(), selectable: true, uidvalidity, rights: Rights::ALL })
    }

    fn make_superiors(&self, account: &str, name: &str) -> Result<()> {
        for superior in names::superiors(name) {
            if find(self.connection, account, superior)?.is_none() {
                let uidvalidity = next_uidvalidity(self.connection)?;
                let id = sql::mailbox::insert(self.connection, account, superior, uidvalidity, true)?;
                self.inherit_acl(account, superior, id)?;
                self.happened(Happening::Created(self.place(account, superior, id)?));
            }
        }
        Ok(())
    }

    /// Renames one mailbox. It keeps its UIDVALIDITY, unless a former mailbox of the new name had a greater one: a
    /// client that remembers that one would see UIDVALIDITY shrink (RFC 3501 §2.3.1.1).
    fn give_name(&self, account: &str, mailbox: &Mailbox, name: &str) -> Result<()> {
        sql::mailbox::remember_name(self.connection, account, &mailbox.name, mailbox.uidvalidity)?;
        sql::mailbox::set_name(self.connection, mailbox.id, name)?;
        let former = sql::mailbox::former_uidvalidity(self.connection, account, name)?;
        let mut kinds = Kinds::OTHER;
        if former.is_some_and(|former| former > mailbox.uidvalidity) {
            kinds = Kinds::VALIDITY;
            let uidvalidity = next_uidvalidity(self.connection)?;
            sql::mailbox::set_uidvalidity(self.connection, mailbox.id, uidvalidity)?;
        }
        self.touch(mailbox.id, kinds);
        Ok(())
    }
}

/// The mailbox went away while someone used it.
pub(super) fn gone() -> Error {
    Error::NoSuchMailbox("that was open: it has been deleted".into())
}

fn find(connection: &Connection, account: &str, name: &str) -> Result<Option<Mailbox>> {
    sql::mailbox::find(connection, account, name)
}

fn required(connection: &Connection, account: &str, name: &str) -> Result<Mailbox> {
    find(connection, account, name)?.ok_or_else(|| Error::NoSuchMailbox(name.to_owned()))
}

/// Greater than any before, also if the database was thrown away in between: at least the time in seconds.
fn next_uidvalidity(connection: &Connection) -> Result<u32> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs());
    sql::mailbox::next_uidvalidity(connection, u32::try_from(now).unwrap_or(u32::MAX - 1_000_000))
}
