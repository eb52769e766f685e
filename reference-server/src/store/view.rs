//! A selected mailbox as one client knows it: message numbers, the flags it was told, and the updates it is owed.
//!
//! Other sessions change the mailbox at any time, but message numbers may only move when the client is told
//! (RFC 3501 §7.4.1). The view keeps both sides: what is so ([`Row::message`]) and what the client was told. It is a
//! plain value: [`View::learn`] takes what the store says, [`View::sync`] gives what to send.

use std::collections::BTreeSet;

use super::{Changes, Flags, Message, Snapshot, Uid};

/// A selected mailbox as a session sees it.
#[derive(Clone, Debug)]
pub struct View {
    /// By message number, counted from 1. UIDs ascend.
    rows: Vec<Row>,
    /// New messages the client has not been told of, by UID.
    arrived: Vec<Row>,
    /// Changes up to here have been learnt.
    modseq: u64,
}

/// A message of the view.
#[derive(Clone, Debug)]
pub struct Row {
    /// The message as it is now, or as it was last if [`Row::gone`].
    pub message: Message,
    /// Whether it is `\Recent` for this session.
    pub recent: bool,
    /// Whether it is expunged already but the client has not been told.
    pub gone: bool,
    told: Flags,
}

/// Whether EXPUNGE may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expunges {
    /// It may.
    Tell,
    /// It may not: no command is in progress, or FETCH, STORE or SEARCH is (RFC 3501 §7.4.1).
    Withhold,
}

/// Something the client is to be told, in the order they are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// The message of this number is gone; the numbers of all after it shrink by one.
    Expunge {
        /// Its number at this moment.
        number: u32,
        /// Its UID.
        uid: Uid,
    },
    /// So many messages there are now.
    Exists(u32),
    /// So many messages are `\Recent`.
    Recent(u32),
    /// A message has other flags.
    Flags {
        /// Its number.
        number: u32,
        /// Its UID.
        uid: Uid,
        /// All its flags but `\Recent`.
        flags: Flags,
        /// Whether it is `\Recent`.
        recent: bool,
        /// Its modification sequence.
        modseq: u64,
    },
}

impl View {
    /// The view of a session that has just selected the mailbox and is told of all its messages.
    pub fn new(snapshot: Snapshot) -> View {
        let recent_from = snapshot.status.recent_from;
        let rows = snapshot.messages.into_iter().map(|message| Row::new(message, recent_from)).collect();
        View { rows, arrived: Vec::new(), modseq: snapshot.status.highest_modseq }
    }

    /// How many messages the client knows of.
    pub fn exists(&self) -> u32 {
        self.rows.len() as u32
    }

    /// How many of them are `\Recent` for this session.
    pub fn recent(&self) -> u32 {
        self.rows.iter().filter(|row| row.recent).count() as u32
    }

    /// The number of the first message without `\Seen`.
    pub fn first_unseen(&self) -> Option<u32> {
        let unseen = |row: &Row| !row.message.flags.has(super::SystemFlag::Seen);
        self.rows.iter().position(unseen).map(|index| index as u32 + 1)
    }

    /// The modification sequence up to which changes are known: what to ask the store for.
    pub fn modseq(&self) -> u64 {
        self.modseq
    }

    /// The message of this number.
    pub fn row(&self, number: u32) -> Option<&Row> {
        self.rows.get((number as usize).checked_sub(1)?)
    }

    /// The number of the message with this UID.
    pub fn number(&self, uid: Uid) -> Option<u32> {
        self.rows.binary_search_by_key(&uid, |row| row.message.uid).ok().map(|index| index as u32 + 1)
    }

    /// All messages the client knows of, with their numbers.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = (u32, &Row)> {
        self.rows.iter().enumerate().map(|(index, row)| (index as u32 + 1, row))
    }

    /// The greatest UID the client knows of: what `*` means in a set of UIDs.
    pub fn last_uid(&self) -> Option<Uid> {
        self.rows.last().map(|row| row.message.uid)
    }

    /// Takes in what the store says happened since [`View::modseq`].
    pub fn learn(&mut self, changes: Changes) {
        let vanished: BTreeSet<Uid> = changes.vanished.into_iter().collect();
        self.arrived.retain(|row| !vanished.contains(&row.message.uid));
        for row in self.rows.iter_mut().filter(|row| vanished.contains(&row.message.uid)) {
            row.gone = true;
        }
        let known = self.rows.last().into_iter().chain(self.arrived.last()).map(|row| row.message.uid).max();
        for message in changes.changed {
            let row = match self.rows.binary_search_by_key(&message.uid, |row| row.message.uid) {
                Ok(index) => self.rows.get_mut(index),
                Err(_) => self.arrived.iter_mut().find(|row| row.message.uid == message.uid),
            };
            match row {
                Some(row) => row.message = message,
                None if known.is_none_or(|known| message.uid > known) => {
                    self.arrived.push(Row::new(message, changes.recent_from));
                }
                // A UID below one that is known and yet unknown itself was told as expunged already.
                None => {}
            }
        }
        self.modseq = self.modseq.max(changes.highest_modseq);
    }

    /// The client is told these flags by the command that runs: no update is owed for them.
    ///
    /// For a silent STORE give the flags the client now believes in: if another session changed the message meanwhile
    /// they differ from the true ones and the next [`View::sync`] tells (RFC 3501 §6.4.6).
    pub fn told_flags(&mut self, uid: Uid, flags: Flags) {
        if let Ok(index) = self.rows.binary_search_by_key(&uid, |row| row.message.uid)
            && let Some(row) = self.rows.get_mut(index)
        {
            row.told = flags;
        }
    }

    /// What the client is owed now, in the order to send it. Calling again gives nothing, until more is learnt.
    pub fn sync(&mut self, expunges: Expunges) -> Vec<Update> {
        let mut updates = Vec::new();
        if expunges == Expunges::Tell {
            let mut number = 0;
            self.rows.retain(|row| {
                number += 1;
                if row.gone {
                    updates.push(Update::Expunge { number, uid: row.message.uid });
                    number -= 1;
                }
                !row.gone
            });
        }
        if !self.arrived.is_empty() {
            self.rows.append(&mut self.arrived);
            updates.push(Update::Exists(self.exists()));
            updates.push(Update::Recent(self.recent()));
        }
        for (number, row) in (1..).zip(&mut self.rows) {
            if row.told != row.message.flags && !row.gone {
                row.told = row.message.flags.clone();
                updates.push(Update::Flags {
                    number,
                    uid: row.message.uid,
                    flags: row.told.clone(),
                    recent: row.recent,
                    modseq: row.message.modseq,
                });
            }
        }
        updates
    }
}

impl Row {
    fn new(message: Message, recent_from: Uid) -> Row {
        Row { told: message.flags.clone(), recent: message.uid >= recent_from, gone: false, message }
    }

    /// The flags the client was told last.
    pub fn told(&self) -> &Flags {
        &self.told
    }
}
