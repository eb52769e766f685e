//! A maildrop in the TRANSACTION state: message-numbers, sizes, marks of deletion (RFC 1939 §5).

use super::international::needs_utf8;
use crate::faults::{Fault, Faults};
use crate::store::{Error, Maildrop, Message, Result, Uid};

/// The maildrop of the session.
pub(super) struct Opened {
    maildrop: Maildrop,
    /// By message-number, which stays the same for the whole session.
    entries: Vec<Entry>,
    faults: Faults,
    /// Distinguishes sessions where unique-ids are to change.
    salt: u64,
    /// Whether the client said UTF8 (RFC 6856 §2.1).
    utf8: bool,
}

/// A message of the maildrop.
pub(super) struct Entry {
    message: Message,
    /// The octets RETR sends, dot-stuffing not counted (RFC 1939 §11).
    pub(super) size: u64,
    deleted: bool,
    /// Whether RETR has sent it.
    retrieved: bool,
}

/// Why a message is not sent.
#[derive(Debug)]
pub(super) enum Unsent {
    /// It is an internationalized one, and the client did not say UTF8.
    NeedsUtf8,
    /// It cannot be read.
    Unreadable(Error),
}

/// Why an argument names no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoMessage {
    /// It is no number.
    Syntax,
    /// There is no such number, or the message is marked as deleted.
    Absent,
}

impl Opened {
    pub(super) fn new(maildrop: Maildrop, faults: Faults, salt: u64, utf8: bool) -> Opened {
        let stuffed = |message: &Message| match faults.on(Fault::Pop3CountsStuffing) {
            true => maildrop.bytes(message).map_or(0, |bytes| lines(&bytes).filter(|line| line.starts_with(b".")).count() as u64),
            false => 0,
        };
        let entry = |(message, size): &(Message, u64)| Entry {
            message: message.clone(),
            size: size + stuffed(message),
            deleted: false,
            retrieved: false,
        };
        let entries = maildrop.messages.iter().map(entry).collect();
        Opened { maildrop, entries, faults, salt, utf8 }
    }

    /// The UIDs of all messages.
    pub(super) fn uids(&self) -> impl Iterator<Item = Uid> {
        self.entries.iter().map(|entry| entry.message.uid)
    }

    /// The messages that are not marked as deleted, with their numbers.
    pub(super) fn listed(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let numbers = if self.faults.on(Fault::Pop3RenumbersAfterDele) { self.renumbered() } else { self.numbers() };
        let all = self.faults.on(Fault::Pop3ListsDeleted);
        numbers.into_iter().zip(&self.entries).filter(move |(_, entry)| all || !entry.deleted)
    }

    /// How many messages are not marked as deleted, and their octets.
    pub(super) fn totals(&self) -> (usize, u64) {
        let kept = self.entries.iter().filter(|entry| !entry.deleted);
        kept.fold((0, 0), |(count, octets), entry| (count + 1, octets + entry.size))
    }

    /// What STAT tells: the totals.
    pub(super) fn drop_listing(&self) -> (usize, u64) {
        let (count, octets) = self.totals();
        let wrong = if self.faults.on(Fault::Pop3WrongStatSize) { count as u64 } else { 0 };
        (count, octets + wrong)
    }

    /// How many lines of the body TOP sends when so many are asked for.
    pub(super) fn lines_of_top(&self, wanted: u64) -> u64 {
        if self.faults.on(Fault::Pop3TopSendsAll) { u64::MAX } else { wanted }
    }

    /// The message that an argument names.
    pub(super) fn named(&self, argument: &[u8]) -> std::result::Result<(usize, &Entry), NoMessage> {
        let wanted = number(argument).ok_or(NoMessage::Syntax)?;
        self.listed().find(|(number, _)| *number as u64 == wanted).ok_or(NoMessage::Absent)
    }

    /// Marks the message that an argument names as deleted; gives its number.
    pub(super) fn mark(&mut self, argument: &[u8]) -> std::result::Result<usize, NoMessage> {
        let (number, entry) = self.named(argument)?;
        let uid = entry.message.uid;
        if entry.deleted {
            return Err(NoMessage::Absent);
        }
        for entry in self.entries.iter_mut().filter(|entry| entry.message.uid == uid) {
            entry.deleted = true;
        }
        if self.faults.on(Fault::Pop3DeletesAtOnce) {
            let _ = self.maildrop.remove(vec![uid]);
        }
        Ok(number)
    }

    /// The message with this number was sent whole.
    pub(super) fn note_retrieved(&mut self, number: usize) {
        if let Some(entry) = self.entries.get_mut(number.saturating_sub(1)) {
            entry.retrieved = true;
        }
    }

    /// The UIDs of what RETR has sent.
    pub(super) fn retrieved(&self) -> impl Iterator<Item = Uid> {
        self.entries.iter().filter(|entry| entry.retrieved).map(|entry| entry.message.uid)
    }

    /// Takes all marks away.
    pub(super) fn unmark(&mut self) {
        if self.faults.on(Fault::Pop3IgnoresRset) {
            return;
        }
        self.entries.iter_mut().for_each(|entry| entry.deleted = false);
    }

    /// The unique-id of a message: UIDVALIDITY and UID of the INBOX, which no other message ever has (RFC 1939 §7).
    pub(super) fn unique_id(&self, entry: &Entry) -> String {
        let id = format!("{}.{}", self.maildrop.uidvalidity, entry.message.uid);
        if self.faults.on(Fault::Pop3UidlChanges) { format!("{id}.{}", self.salt) } else { id }
    }

    /// The bytes of a message that is to be sent, as they are stored; [`lines`] makes lines of them.
    pub(super) fn bytes(&self, entry: &Entry) -> std::result::Result<Vec<u8>, Unsent> {
        let bytes = self.maildrop.bytes(&entry.message).map_err(Unsent::Unreadable)?;
        // RFC 6856 §2.1: without UTF8 such a message is replaced by another, or refused.
        if !self.utf8 && !self.faults.on(Fault::Pop3RawUtf8) && needs_utf8(&bytes) {
            return Err(Unsent::NeedsUtf8);
        }
        Ok(bytes)
    }

    /// The UPDATE state: removes what is marked, and these, all or nothing. Gives how many are left.
    pub(super) fn remove_marked(&self, besides: &[Uid]) -> Result<usize> {
        let goes = |entry: &&Entry| entry.deleted || besides.contains(&entry.message.uid);
        let going: Vec<Uid> = self.entries.iter().filter(goes).map(|entry| entry.message.uid).collect();
        let left = self.entries.len() - going.len();
        self.maildrop.remove(going).map(|()| left)
    }

    /// For each message its number: its place in the maildrop when it was opened.
    fn numbers(&self) -> Vec<usize> {
        (1..=self.entries.len()).collect()
    }

    /// Wrong numbers: the place among those not marked.
    fn renumbered(&self) -> Vec<usize> {
        let mut kept = 0;
        let count = |entry: &Entry| {
            kept += usize::from(!entry.deleted);
            if entry.deleted { 0 } else { kept }
        };
        self.entries.iter().map(count).collect()
    }
}

/// A number in decimal digits without leading zeros (RFC 1939 §4: base-10).
pub(super) fn number(argument: &[u8]) -> Option<u64> {
    let zeros = argument.len() > 1 && argument.first() == Some(&b'0');
    if zeros || argument.is_empty() || !argument.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // More than fits is still a number, only not of any message.
    Some(std::str::from_utf8(argument).ok()?.parse().unwrap_or(u64::MAX))
}

/// The lines of a message without their endings. A bare LF ends a line too; a last line without an ending is one.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|&octet| octet == b'\n').map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    })
}
