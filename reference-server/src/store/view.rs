//! A selected mailbox as one client knows it: message numbers, the flags it was told, and the updates it is owed.
//!
//! Other sessions change the mailbox at any time, but message numbers may only move when the client is told
//! (RFC 3501 §7.4.1). The view keeps both sides: what is so ([`Row::message`]) and what the client was told. It is a
//! plain value: [`View::learn`] takes what the store says, [`View::sync`] gives what to send.

use std::collections::{BTreeSet, HashMap};
use std::ops::RangeInclusive;

use super::{Changes, Flags, Message, Snapshot, Uid, Vanished};

/// A selected mailbox as a session sees it.
#[derive(Clone, Debug)]
pub struct View {
    /// By message number, counted from 1. UIDs ascend.
    rows: Vec<Row>,
    /// New messages the client has not been told of, by UID.
    arrived: Vec<Row>,
    /// Changes up to here have been learnt.
    modseq: u64,
    /// Rows that may be other than the client was told, by UID: what [`View::sync`] looks at.
    owed: BTreeSet<Uid>,
    /// How many rows are gone without the client's knowledge.
    gone: usize,
    /// The first change of others that was kept for later when the client was told of changes last.
    kept: Option<u64>,
    /// All keywords the messages have or had since the view began.
    keywords: Flags,
    /// Whether the client follows modification sequences, so that it is owed those of messages whose flags are as before.
    follows_modseqs: bool,
    /// The client has heard of `\Recent`.
    knows_recent: bool,
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
    /// The modification sequence of its expunge, if [`Row::gone`].
    gone_at: u64,
    told: Flags,
    told_modseq: u64,
}

/// Whether EXPUNGE may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expunges {
    /// It may.
    Tell,
    /// It may not: no command is in progress, or FETCH, STORE or SEARCH is (RFC 3501 §7.4.1).
    Withhold,
}

/// Which of the changes are told, and which are kept for later.
#[derive(Clone, Copy, Debug)]
pub struct Telling<'a> {
    /// Whether EXPUNGE may be sent.
    pub expunges: Expunges,
    /// Messages whose expunge is told in any case: the client itself expunged them.
    pub expunged: &'a [Uid],
    /// Whether new messages are told.
    pub arrivals: bool,
    /// Whether changes of flags are told.
    pub flags: bool,
}

impl Telling<'_> {
    /// All that is owed, but perhaps expunges.
    pub fn all(expunges: Expunges) -> Self {
        Telling { expunges, expunged: &[], arrivals: true, flags: true }
    }

    /// Whether it is told that this message is gone.
    fn tells_end(&self, uid: Uid) -> bool {
        self.expunges == Expunges::Tell || self.expunged.contains(&uid)
    }
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
        let rows: Vec<Row> = snapshot.messages.into_iter().map(|message| Row::new(message, recent_from)).collect();
        let mut view = View {
            rows: Vec::new(),
            arrived: Vec::new(),
            modseq: snapshot.status.highest_modseq,
            owed: BTreeSet::new(),
            gone: 0,
            kept: None,
            keywords: Flags::none(),
            follows_modseqs: false,
            knows_recent: true,
        };
        rows.iter().for_each(|row| view.meet_keywords(&row.message.flags));
        view.rows = rows;
        view
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

    /// Every change up to here has been told: one that is withheld holds it back (RFC 7162 §3.2). True between two calls of
    /// [`View::sync`], once all that was learnt before was told.
    pub fn told_modseq(&self) -> u64 {
        let gone = self.rows.iter().filter(|row| row.gone && self.gone > 0).map(|row| row.gone_at);
        let withheld = gone.chain(self.kept).min();
        withheld.map_or(self.modseq, |first| first.saturating_sub(1).min(self.modseq))
    }

    /// Whether something is kept from the client: not all expunges are told, or not all that it did not ask for.
    pub fn withholds(&self) -> bool {
        self.gone > 0 || self.kept.is_some()
    }

    /// From now on the client is owed each message's modification sequence too (RFC 7162 §3.1).
    pub fn follow_modseqs(&mut self) {
        self.follows_modseqs = true;
    }

    /// The same for a client that has never heard of `\Recent`: no message is, whoever asks.
    pub fn without_recent(mut self) -> View {
        self.knows_recent = false;
        self.rows.iter_mut().for_each(|row| row.recent = false);
        self
    }

    /// All keywords that messages have, or had since the view began.
    pub fn keywords(&self) -> &Flags {
        &self.keywords
    }

    /// The message of this number.
    pub fn row(&self, number: u32) -> Option<&Row> {
        self.rows.get((number as usize).checked_sub(1)?)
    }

    /// The number of the message with this UID.
    pub fn number(&self, uid: Uid) -> Option<u32> {
        self.rows.binary_search_by_key(&uid, |row| row.message.uid).ok().map(|index| index as u32 + 1)
    }

    /// The numbers of the messages with UIDs in this range.
    pub fn numbers(&self, uids: &RangeInclusive<Uid>) -> RangeInclusive<u32> {
        let before = self.rows.partition_point(|row| row.message.uid < *uids.start());
        let with = self.rows.partition_point(|row| row.message.uid <= *uids.end());
        before as u32 + 1..=with as u32
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
        for Vanished { uid, modseq } in changes.vanished {
            self.arrived.retain(|row| row.message.uid != uid);
            if let Some(row) = row_of(&mut self.rows, uid).filter(|row| !row.gone) {
                (row.gone, row.gone_at) = (true, modseq);
                self.gone += 1;
            }
        }
        let known = self.rows.last().into_iter().chain(self.arrived.last()).map(|row| row.message.uid).max();
        for message in changes.changed {
            let uid = message.uid;
            self.meet_keywords(&message.flags);
            let row = match row_of(&mut self.rows, uid) {
                Some(row) => Some(row),
                None => row_of(&mut self.arrived, uid),
            };
            match row {
                Some(row) => {
                    row.message = message;
                    self.owed.insert(uid);
                }
                None if known.is_none_or(|known| uid > known) => {
                    self.arrived.push(Row::new(message, changes.recent_from));
                }
                // A UID below one that is known and yet unknown itself was told as expunged already.
                None => {}
            }
        }
        self.modseq = self.modseq.max(changes.highest_modseq);
    }

    /// The flags the client knows of those messages that it was told of no later than this modification sequence. A change
    /// of other flags since then is no reason to refuse what it asks for (RFC 7162 §3.1.12).
    pub fn known_at(&self, uids: &[Uid], modseq: u64) -> HashMap<Uid, Flags> {
        let rows = uids.iter().filter_map(|uid| self.row(self.number(*uid)?));
        let known = rows.filter(|row| row.told_modseq <= modseq);
        known.map(|row| (row.message.uid, row.told.clone())).collect()
    }

    /// The client is told the flags of the message of this number, or its modification sequence, as they are now.
    pub fn told_as_it_is(&mut self, number: u32, flags: bool, modseq: bool) {
        let Some(row) = (number as usize).checked_sub(1).and_then(|index| self.rows.get_mut(index)) else { return };
        if flags && row.told != row.message.flags {
            row.told = row.message.flags.clone();
        }
        if modseq {
            row.told_modseq = row.message.modseq;
        }
    }

    /// The client is told these flags by the command that runs: no update is owed for them.
    ///
    /// For a silent STORE give the flags the client now believes in: if another session changed the message meanwhile
    /// they differ from the true ones and the next [`View::sync`] tells (RFC 3501 §6.4.6).
    pub fn told_flags(&mut self, uid: Uid, flags: Flags) {
        if let Some(row) = row_of(&mut self.rows, uid) {
            row.told = flags;
            if row.told != row.message.flags {
                self.owed.insert(uid);
            }
        }
    }

    /// The client is told this modification sequence of a message by the command that runs.
    pub fn told_modseq_of(&mut self, uid: Uid, modseq: u64) {
        if let Some(row) = row_of(&mut self.rows, uid) {
            row.told_modseq = modseq;
            if row.told_modseq != row.message.modseq {
                self.owed.insert(uid);
            }
        }
    }

    /// What the client is owed now, in the order to send it. Calling again gives nothing, until more is learnt.
    pub fn sync(&mut self, telling: Telling<'_>) -> Vec<Update> {
        let mut updates = Vec::new();
        let first_kept = |kept: Option<u64>, modseq: u64| Some(kept.map_or(modseq, |kept| kept.min(modseq)));
        self.kept = None;
        if self.gone > 0 {
            let mut number = 0;
            self.rows.retain(|row| {
                number += 1;
                let told = row.gone && telling.tells_end(row.message.uid);
                if told {
                    updates.push(Update::Expunge { number, uid: row.message.uid });
                    number -= 1;
                }
                !told
            });
            self.gone -= updates.len();
        }
        if !telling.arrivals {
            self.kept = self.arrived.iter().map(|row| row.message.modseq).fold(self.kept, first_kept);
        } else if !self.arrived.is_empty() {
            self.arrived.iter_mut().for_each(|row| row.recent &= self.knows_recent);
            self.rows.append(&mut self.arrived);
            updates.push(Update::Exists(self.exists()));
            if self.knows_recent {
                updates.push(Update::Recent(self.recent()));
            }
        }
        for uid in std::mem::take(&mut self.owed) {
            let Ok(index) = self.rows.binary_search_by_key(&uid, |row| row.message.uid) else {
                // A message that is not told of yet is so with its first flags.
                if row_of(&mut self.arrived, uid).is_some() {
                    self.owed.insert(uid);
                }
                continue;
            };
            let Some(row) = self.rows.get_mut(index).filter(|row| !row.gone) else { continue };
            let other_modseq = self.follows_modseqs && row.told_modseq != row.message.modseq;
            let owed = row.told != row.message.flags || other_modseq;
            if owed && !telling.flags {
                self.kept = first_kept(self.kept, row.message.modseq);
                self.owed.insert(uid);
                continue;
            }
            if owed {
                row.told = row.message.flags.clone();
                updates.push(Update::Flags {
                    number: index as u32 + 1,
                    uid,
                    flags: row.told.clone(),
                    recent: row.recent,
                    modseq: row.message.modseq,
                });
            }
            row.told_modseq = row.message.modseq;
        }
        updates
    }

    fn meet_keywords(&mut self, flags: &Flags) {
        if flags.keywords().any(|keyword| !self.keywords.contains(keyword)) {
            self.keywords = self.keywords.with(&flags.keywords().collect());
        }
    }
}

/// The row of this UID among rows whose UIDs ascend.
fn row_of(rows: &mut [Row], uid: Uid) -> Option<&mut Row> {
    let index = rows.binary_search_by_key(&uid, |row| row.message.uid).ok()?;
    rows.get_mut(index)
}

impl Row {
    fn new(message: Message, recent_from: Uid) -> Row {
        Row {
            told: message.flags.clone(),
            told_modseq: message.modseq,
            recent: message.uid >= recent_from,
            gone: false,
            gone_at: 0,
            message,
        }
    }

    /// The flags the client was told last.
    pub fn told(&self) -> &Flags {
        &self.told
    }

    /// When the client was told of the message last, in modification sequences.
    pub fn told_at(&self) -> u64 {
        self.told_modseq
    }
}
