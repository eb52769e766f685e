//! What a session that has a mailbox selected asks for: the whole state once, then what changed since.

use rusqlite::Connection;

use super::{MailboxId, Message, Result, Status, Store, Uid, mailboxes, sql};

/// A mailbox at one instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Counts and sequences, as they were before `\Recent` was claimed.
    pub status: Status,
    /// The messages, by UID.
    pub messages: Vec<Message>,
}

/// What happened in a mailbox after a modification sequence.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Messages that are new or have other flags, by UID.
    pub changed: Vec<Message>,
    /// Messages that are gone, by UID.
    pub vanished: Vec<Vanished>,
    /// The modification sequence of the mailbox now.
    pub highest_modseq: u64,
    /// Messages from this UID on are `\Recent` for the asking session.
    pub recent_from: Uid,
}

/// A message that was expunged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vanished {
    /// Its UID.
    pub uid: Uid,
    /// The modification sequence of its expunge.
    pub modseq: u64,
}

impl Store {
    /// The state of a mailbox for a session that selects it.
    ///
    /// With `claim_recent` (SELECT, not EXAMINE) the recent messages are recent for this session and no other
    /// (RFC 3501 §2.3.2).
    pub fn snapshot(&self, mailbox: MailboxId, claim_recent: bool) -> Result<Snapshot> {
        let query = move |connection: &Connection| {
            let status = sql::mailbox::status(connection, mailbox)?.ok_or_else(mailboxes::gone)?;
            Ok(Snapshot { status, messages: sql::message::all(connection, mailbox)? })
        };
        let seen = self.read_much(query)?;
        if !claim_recent || seen.status.recent_from >= seen.status.uidnext {
            return Ok(seen);
        }
        self.write(move |tx| {
            let seen = query(tx.connection)?;
            sql::mailbox::clear_recent(tx.connection, mailbox)?;
            Ok(seen)
        })
    }

    /// What happened in a mailbox after `modseq`, for a session that has it selected. `claim_recent` as above.
    pub fn changes(&self, mailbox: MailboxId, modseq: u64, claim_recent: bool) -> Result<Changes> {
        let query = move |connection: &Connection| {
            // The counts of STATUS would read the whole mailbox.
            let status = sql::mailbox::sequences(connection, mailbox)?.ok_or_else(mailboxes::gone)?;
            let nothing = status.highest_modseq <= modseq;
            let changed = if nothing { Vec::new() } else { sql::message::since(connection, mailbox, modseq)? };
            let vanished = if nothing { Vec::new() } else { sql::message::vanished_since(connection, mailbox, modseq)? };
            let (highest_modseq, recent_from) = (status.highest_modseq, status.recent_from);
            Ok((Changes { changed, vanished, highest_modseq, recent_from }, recent_from < status.uidnext))
        };
        let (seen, unclaimed) = self.read(query)?;
        if !claim_recent || !unclaimed {
            return Ok(seen);
        }
        self.write(move |tx| {
            let (seen, _) = query(tx.connection)?;
            sql::mailbox::clear_recent(tx.connection, mailbox)?;
            Ok(seen)
        })
    }

    /// The messages that were expunged after a modification sequence, by UID. They are remembered as long as the mailbox
    /// exists, whatever happens to the server.
    pub fn vanished(&self, mailbox: MailboxId, modseq: u64) -> Result<Vec<Vanished>> {
        self.read_much(|connection| sql::message::vanished_since(connection, mailbox, modseq))
    }
}
