//! Messages: appended, flagged, copied, moved, expunged. Every operation is done whole or not at all.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::{BlobId, Error, Flags, Kinds, MailboxId, Result, Rights, Store, SystemFlag, Tx, mailboxes, sql};

/// The unique identifier of a message in its mailbox.
pub type Uid = u32;

/// A message of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its UID.
    pub uid: Uid,
    /// When it was last changed, in modification sequences of its mailbox.
    pub modseq: u64,
    /// Its flags.
    pub flags: Flags,
    /// Its internal date.
    pub date: OffsetDateTime,
    /// When it came into its mailbox (RFC 8514). None: before that was written down.
    pub saved: Option<OffsetDateTime>,
    /// Its size in octets.
    pub size: u64,
    /// Where its bytes are.
    pub blob: BlobId,
}

/// The bytes of a message to be appended.
#[derive(Clone, Debug)]
pub enum Body {
    /// These.
    Bytes(Vec<u8>),
    /// Those in the store already.
    Stored(BlobId),
}

/// A message to be appended.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its bytes.
    pub body: Body,
    /// The flags it starts with.
    pub flags: Flags,
    /// Its internal date.
    pub date: OffsetDateTime,
    /// The time now: when it comes into the mailbox.
    pub saved: Option<OffsetDateTime>,
}

/// Where appended messages are (RFC 4315 APPENDUID).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The UIDVALIDITY of the mailbox.
    pub uidvalidity: u32,
    /// Their UIDs, in the order of the messages.
    pub uids: Vec<Uid>,
}

/// What was copied or moved where (RFC 4315 COPYUID).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The UIDVALIDITY of the target.
    pub uidvalidity: u32,
    /// UID in the source, UID in the target.
    pub uids: Vec<(Uid, Uid)>,
}

/// How flags change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// They are set.
    Add,
    /// They are cleared.
    Remove,
    /// Exactly they are set.
    Replace,
    /// Exactly they are set, of those that a user with these rights may change (RFC 4314 §4).
    ReplaceAllowed(Rights),
}

/// A change of flags.
#[derive(Clone, Debug)]
pub struct FlagChange {
    /// How.
    pub how: How,
    /// Which.
    pub flags: Flags,
    /// Messages changed after a modification sequence are left alone (RFC 7162 §3.1.3).
    pub unchanged_since: Option<UnchangedSince>,
}

/// The condition of a change of flags.
#[derive(Clone, Debug, Default)]
pub struct UnchangedSince {
    /// Messages with a greater modification sequence are left alone,
    pub modseq: u64,
    /// unless the client knew these flags of a message, and those that are to be set or cleared are as it knew them: then
    /// what has changed is something else (RFC 7162 §3.1.12).
    pub known: HashMap<Uid, Flags>,
}

impl UnchangedSince {
    fn refuses(&self, message: &Message, change: &FlagChange) -> bool {
        let same = |known: &Flags| change.flags.iter().all(|flag| known.contains(flag) == message.flags.contains(flag));
        // Replacing depends on all flags.
        let otherwise = change.how != How::Replace && self.known.get(&message.uid).is_some_and(same);
        message.modseq > self.modseq && !otherwise
    }
}

/// A message and its flags after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flagged {
    /// Which message.
    pub uid: Uid,
    /// Its flags now.
    pub flags: Flags,
    /// Its modification sequence now; the old one if nothing changed.
    pub modseq: u64,
}

/// What a change of flags came to. Messages that are gone appear in neither list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlagOutcome {
    /// The messages that have the flags now.
    pub done: Vec<Flagged>,
    /// The messages that had changed since [`FlagChange::unchanged_since`].
    pub refused: Vec<Uid>,
}

impl Store {
    /// Adds messages at the end of a mailbox: all of them or none.
    pub fn append(&self, mailbox: MailboxId, messages: Vec<NewMessage>) -> Result<Appended> {
        self.write(move |tx| tx.append(mailbox, &messages))
    }

    /// Adds a message to the account's INBOX.
    pub fn deliver(&self, account: &str, message: NewMessage) -> Result<Appended> {
        let account = account.to_owned();
        self.write(move |tx| tx.append(tx.inbox(&account)?.id, &[message]))
    }

    /// The messages of a mailbox, by UID.
    pub fn messages(&self, mailbox: MailboxId) -> Result<Vec<Message>> {
        self.read_much(|connection| {
            if !sql::mailbox::exists(connection, mailbox)? {
                return Err(mailboxes::gone());
            }
            sql::message::all(connection, mailbox)
        })
    }

    /// The message of this UID, if it is there.
    pub fn message(&self, mailbox: MailboxId, uid: Uid) -> Result<Option<Message>> {
        self.read(|connection| Ok(sql::message::named(connection, mailbox, &[uid])?.into_iter().next()))
    }

    /// Changes the flags of these messages. The modification sequence of a message grows only if its flags change.
    pub fn change_flags(&self, mailbox: MailboxId, uids: Vec<Uid>, change: FlagChange) -> Result<FlagOutcome> {
        self.write(move |tx| tx.change_flags(mailbox, &uids, &change))
    }

    /// Removes the messages that are marked `\Deleted` (`among` these, if given); gives the UIDs of those removed.
    pub fn expunge(&self, mailbox: MailboxId, among: Option<Vec<Uid>>) -> Result<Vec<Uid>> {
        self.write(move |tx| tx.expunge(mailbox, among))
    }

    /// Removes these messages, whatever their flags; gives the UIDs of those that were there.
    pub fn remove(&self, mailbox: MailboxId, uids: Vec<Uid>) -> Result<Vec<Uid>> {
        self.write(move |tx| {
            tx.require(mailbox)?;
            tx.remove(mailbox, &uids)
        })
    }

    /// Copies messages with their flags and dates to the end of `to`, in the order given: all of them or, if one is
    /// gone, none (RFC 3501 §6.4.7).
    pub fn copy(&self, from: MailboxId, uids: Vec<Uid>, to: MailboxId, now: OffsetDateTime) -> Result<Copied> {
        self.write(move |tx| tx.copy(from, &uids, to, Some(now), Rights::ALL))
    }

    /// Copies as [`Store::copy`] does and removes the originals in the same commit (RFC 6851).
    pub fn transfer(&self, from: MailboxId, uids: Vec<Uid>, to: MailboxId, now: OffsetDateTime) -> Result<Copied> {
        self.write(move |tx| tx.transfer(from, &uids, to, now, Rights::ALL))
    }
}

impl Tx<'_> {
    /// Adds a message to the account's INBOX. The reference of its blob is counted already.
    pub(crate) fn deliver(&self, account: &str, blob: BlobId, size: u64, date: OffsetDateTime) -> Result<()> {
        self.require_room(account, 1, size)?;
        let place = match sql::mailbox::take_inbox_uid(self.connection, account)? {
            Some(place) => place,
            None => {
                self.inbox(account)?;
                sql::mailbox::take_inbox_uid(self.connection, account)?.ok_or(Error::NoUidsLeft)?
            }
        };
        let message =
            Message { uid: place.uid, modseq: place.modseq as u64, flags: Flags::default(), date, saved: Some(date), size, blob };
        sql::message::insert(self.connection, place.mailbox, &message)?;
        self.touch(place.mailbox, Kinds::MESSAGES);
        Ok(())
    }

    pub(crate) fn append(&self, mailbox: MailboxId, messages: &[NewMessage]) -> Result<Appended> {
        let account = sql::mailbox::account(self.connection, mailbox)?.ok_or_else(mailboxes::gone)?;
        let mut octets = 0;
        for message in messages {
            octets += match &message.body {
                Body::Bytes(bytes) => bytes.len() as u64,
                Body::Stored(blob) => sql::blob::size(self.connection, blob.0)?.unwrap_or_default() as u64,
            };
        }
        self.require_room(&account, messages.len() as u64, octets)?;
        self.plan(messages.len(), 1);
        self.append_in_any_case(mailbox, messages)
    }

    /// Whatever the account holds.
    fn append_in_any_case(&self, mailbox: MailboxId, messages: &[NewMessage]) -> Result<Appended> {
        let (first, uidvalidity) = self.take_uids(mailbox, messages.len())?;
        let modseq = sql::mailbox::next_modseq(self.connection, mailbox)? as u64;
        let mut uids = Vec::with_capacity(messages.len());
        for (uid, new) in (first..).zip(messages) {
            let (blob, size) = match &new.body {
                Body::Bytes(bytes) => (self.store_bytes(bytes, 1)?, bytes.len() as u64),
                Body::Stored(blob) => {
                    self.refer(*blob)?;
                    (*blob, sql::blob::size(self.connection, blob.0)?.ok_or(Error::BlobGone)? as u64)
                }
            };
            let message = Message { uid, modseq, flags: new.flags.clone(), date: new.date, saved: new.saved, size, blob };
            sql::message::insert(self.connection, mailbox, &message)?;
            uids.push(uid);
            self.step();
        }
        self.touch(mailbox, Kinds::MESSAGES);
        Ok(Appended { uidvalidity, uids })
    }

    /// Removes every message of a mailbox that is about to go.
    pub(super) fn remove_all(&self, mailbox: MailboxId) -> Result<()> {
        let uids: Vec<Uid> = sql::message::all(self.connection, mailbox)?.iter().map(|one| one.uid).collect();
        self.remove(mailbox, &uids).map(drop)
    }

    /// Moves every message.
    pub(super) fn move_all(&self, from: MailboxId, to: MailboxId) -> Result<()> {
        let uids: Vec<Uid> = sql::message::all(self.connection, from)?.iter().map(|one| one.uid).collect();
        if !uids.is_empty() {
            let copies = self.copies(from, &uids, None, Rights::ALL)?;
            self.append_in_any_case(to, &copies)?;
            self.remove(from, &uids)?;
        }
        Ok(())
    }

    fn require(&self, mailbox: MailboxId) -> Result<()> {
        if sql::mailbox::exists(self.connection, mailbox)? { Ok(()) } else { Err(mailboxes::gone()) }
    }

    fn take_uids(&self, mailbox: MailboxId, count: usize) -> Result<(Uid, u32)> {
        self.require(mailbox)?;
        let count = u32::try_from(count).map_err(|_| Error::NoUidsLeft)?;
        sql::mailbox::take_uids(self.connection, mailbox, count)?.ok_or(Error::NoUidsLeft)
    }

    pub(crate) fn change_flags(&self, mailbox: MailboxId, uids: &[Uid], change: &FlagChange) -> Result<FlagOutcome> {
        self.require(mailbox)?;
        self.plan(uids.len(), 1);
        let mut outcome = FlagOutcome::default();
        // All messages of one operation get the same modification sequence; none is spent if nothing changes.
        let mut spent = None;
        let mut kinds = Kinds::FLAGS;
        // Messages that come to have the same flags are written together as far as their UIDs follow each other.
        let mut together: Vec<Uid> = Vec::new();
        let mut their = Flags::none();
        for message in sql::message::named(self.connection, mailbox, uids)? {
            let uid = message.uid;
            self.step();
            if change.unchanged_since.as_ref().is_some_and(|since| since.refuses(&message, change)) {
                outcome.refused.push(uid);
                continue;
            }
            let flags = match change.how {
                How::Add => message.flags.with(&change.flags),
                How::Remove => message.flags.without(&change.flags),
                How::Replace => change.flags.clone(),
                How::ReplaceAllowed(rights) => {
                    let kept = message.flags.without(&rights.allowed(&message.flags));
                    kept.with(&rights.allowed(&change.flags))
                }
            };
            let mut modseq = message.modseq;
            if flags != message.flags {
                if flags.has(SystemFlag::Seen) != message.flags.has(SystemFlag::Seen) {
                    kinds = kinds | Kinds::SEEN;
                }
                let new = match spent {
                    Some(modseq) => modseq,
                    None => *spent.insert(sql::mailbox::next_modseq(self.connection, mailbox)?),
                };
                modseq = new as u64;
                if !together.is_empty() && (together.last().is_none_or(|last| uid != last + 1) || their != flags) {
                    sql::message::set_flags(self.connection, mailbox, &together, &their, new)?;
                    together.clear();
                }
                together.push(uid);
                their = flags.clone();
            }
            outcome.done.push(Flagged { uid, flags, modseq });
        }
        if let Some(modseq) = spent {
            sql::message::set_flags(self.connection, mailbox, &together, &their, modseq)?;
            self.touch(mailbox, kinds);
        }
        Ok(outcome)
    }

    /// Removes the messages that are marked `\Deleted` (`among` these, if given).
    pub(crate) fn expunge(&self, mailbox: MailboxId, among: Option<Vec<Uid>>) -> Result<Vec<Uid>> {
        self.require(mailbox)?;
        let mut deleted = sql::message::flagged(self.connection, mailbox, SystemFlag::Deleted as u8)?;
        if let Some(mut among) = among {
            among.sort_unstable();
            deleted.retain(|uid| among.binary_search(uid).is_ok());
        }
        self.plan(deleted.len(), 1);
        self.remove(mailbox, &deleted)
    }

    fn remove(&self, mailbox: MailboxId, uids: &[Uid]) -> Result<Vec<Uid>> {
        let mut removed = Vec::new();
        let mut spent = None;
        for &uid in uids {
            self.step();
            let Some(blob) = sql::message::delete(self.connection, mailbox, uid)? else { continue };
            let modseq = match spent {
                Some(modseq) => modseq,
                None => *spent.insert(sql::mailbox::next_modseq(self.connection, mailbox)?),
            };
            sql::message::remember_vanished(self.connection, mailbox, uid, modseq)?;
            self.release(blob)?;
            removed.push(uid);
        }
        if !removed.is_empty() {
            self.touch(mailbox, Kinds::MESSAGES);
        }
        Ok(removed)
    }

    /// Adds a message at the end of `to` and removes another from `from` (RFC 8508); fails if that one is gone.
    pub(crate) fn replace(&self, from: MailboxId, uid: Uid, to: MailboxId, message: NewMessage) -> Result<Appended> {
        self.plan(1, 2);
        // What goes makes room for what comes.
        match self.remove(from, &[uid])?.is_empty() {
            true => Err(Error::MessageGone(uid)),
            false => self.append(to, &[message]),
        }
    }

    /// Copies messages to the end of `to`, for a user with these rights there: a flag that they may not set is not copied
    /// (RFC 4314 §4).
    pub(crate) fn copy(
        &self,
        from: MailboxId,
        uids: &[Uid],
        to: MailboxId,
        now: Option<OffsetDateTime>,
        rights: Rights,
    ) -> Result<Copied> {
        let copies = self.copies(from, uids, now, rights)?;
        let appended = self.append(to, &copies)?;
        Ok(Copied { uidvalidity: appended.uidvalidity, uids: uids.iter().copied().zip(appended.uids).collect() })
    }

    /// The same, and removes the originals.
    pub(crate) fn transfer(
        &self,
        from: MailboxId,
        uids: &[Uid],
        to: MailboxId,
        now: OffsetDateTime,
        rights: Rights,
    ) -> Result<Copied> {
        self.plan(uids.len(), 2);
        let accounts = (sql::mailbox::account(self.connection, from)?, sql::mailbox::account(self.connection, to)?);
        let copies = self.copies(from, uids, Some(now), rights)?;
        // What stays in the account takes no more of its room.
        let appended = match accounts.0 == accounts.1 {
            true => self.append_in_any_case(to, &copies)?,
            false => self.append(to, &copies)?,
        };
        let copied = Copied { uidvalidity: appended.uidvalidity, uids: uids.iter().copied().zip(appended.uids).collect() };
        self.remove(from, uids)?;
        Ok(copied)
    }

    /// The messages to be appended for copies of these. Without the time, the copies keep the save dates.
    fn copies(&self, from: MailboxId, uids: &[Uid], now: Option<OffsetDateTime>, rights: Rights) -> Result<Vec<NewMessage>> {
        self.require(from)?;
        let originals = sql::message::named(self.connection, from, uids)?;
        let mut there = originals.iter().map(|message| message.uid);
        if let Some(missing) = uids.iter().find(|uid| there.next() != Some(**uid)) {
            return Err(Error::MessageGone(*missing));
        }
        let copies = originals.iter().map(|message| NewMessage {
            body: Body::Stored(message.blob),
            flags: rights.allowed(&message.flags),
            date: message.date,
            saved: now.or(message.saved),
        });
        Ok(copies.collect())
    }
}
