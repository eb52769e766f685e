//! The mailbox a client has open: its messages as the client knows them, and the updates it is owed.

use super::grammar::sequence::SequenceSet;
use super::response::{Code, Status, write_untagged};
use crate::store::{self, Changes, Expunges, Flags, Mailbox, Right, Row, Store, SystemFlag, Uid, Update, View};

/// An open mailbox.
pub struct Selected {
    pub mailbox: Mailbox,
    pub view: View,
    /// Opened with EXAMINE.
    pub read_only: bool,
    /// The keywords the client was told of with FLAGS.
    keywords: Flags,
}

/// How a command names messages, and how it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// By message numbers.
    Numbers,
    /// By UIDs: the command was sent with the UID prefix.
    Uids,
}

impl Selected {
    /// Opens a mailbox with the state a session was given for it.
    pub fn new(mailbox: Mailbox, view: View, read_only: bool) -> Self {
        let mut keywords = Flags::none();
        for (_, row) in view.rows() {
            keywords = keywords.with(&only_keywords(&row.message.flags));
        }
        Selected { mailbox, view, read_only, keywords }
    }

    /// All flags of the mailbox, as FLAGS lists them (RFC 3501 §7.2.6).
    pub fn flag_names(&self) -> String {
        let mut names: Vec<&str> = SystemFlag::ALL.into_iter().map(SystemFlag::name).collect();
        names.extend(self.keywords.iter());
        names.join(" ")
    }

    /// The flags a client may change for good, as PERMANENTFLAGS lists them (RFC 3501 §7.1).
    pub fn permanent_flag_names(&self) -> String {
        let rights = self.mailbox.rights;
        if self.read_only {
            return String::new();
        }
        // "Any server implementing an ACL extension MUST accurately reflect the current user's rights in FLAGS and
        // PERMANENTFLAGS responses" (RFC 4314 §5.1.1).
        let mut known = self.keywords.clone();
        SystemFlag::ALL.into_iter().for_each(|flag| known.set(flag));
        let allowed = rights.allowed(&known);
        let new = rights.has(Right::Write).then_some("\\*");
        allowed.iter().chain(new).collect::<Vec<_>>().join(" ")
    }

    /// Asks the store what other sessions did. A mailbox that was deleted meanwhile has lost all its messages and stays
    /// open (RFC 2180 §3).
    pub fn learn(&mut self, store: &Store) -> Result<(), store::Error> {
        let changes = match store.changes(self.mailbox.id, self.view.modseq(), !self.read_only) {
            Ok(changes) => changes,
            Err(store::Error::NoSuchMailbox(_)) => Changes {
                changed: Vec::new(),
                vanished: self.view.rows().map(|(_, row)| row.message.uid).collect(),
                highest_modseq: self.view.modseq(),
                recent_from: u32::MAX,
            },
            Err(error) => return Err(error),
        };
        self.view.learn(changes);
        Ok(())
    }

    /// Writes the updates the client is owed (RFC 3501 §5.2, §7.3, §7.4).
    ///
    /// A FETCH response that a UID command causes carries the UID (RFC 3501 §6.4.8).
    pub fn write_updates(&mut self, out: &mut Vec<u8>, expunges: Expunges, naming: Naming) {
        self.write_new_keywords(out);
        for update in self.view.sync(expunges) {
            match update {
                Update::Expunge { number, .. } => write_untagged(out, format_args!("{number} EXPUNGE")),
                Update::Exists(count) => write_untagged(out, format_args!("{count} EXISTS")),
                Update::Recent(count) => write_untagged(out, format_args!("{count} RECENT")),
                Update::Flags { number, uid, flags, recent, .. } => {
                    write_flags(out, number, uid, &flags, recent, naming);
                }
            }
        }
    }

    /// Tells of keywords that messages got since FLAGS was sent last.
    pub fn write_new_keywords(&mut self, out: &mut Vec<u8>) {
        let known = self.keywords.keywords().count();
        for (_, row) in self.view.rows() {
            if row.message.flags.keywords().any(|keyword| !self.keywords.contains(keyword)) {
                self.keywords = self.keywords.with(&only_keywords(&row.message.flags));
            }
        }
        if self.keywords.keywords().count() > known {
            self.write_flags_and_permanent_flags(out);
        }
    }

    /// Writes FLAGS, and PERMANENTFLAGS as an untagged OK.
    pub fn write_flags_and_permanent_flags(&self, out: &mut Vec<u8>) {
        write_untagged(out, format_args!("FLAGS ({})", self.flag_names()));
        let permanent = Code::PermanentFlags(self.permanent_flag_names());
        let text = if self.read_only { "No flag can be changed here" } else { "These flags and new keywords are kept" };
        write_untagged(out, Status::ok(text).with(permanent));
    }

    /// The message numbers a command is about, ascending; those without a message are BAD among numbers (RFC 3501 §9,
    /// seq-number) and nothing among UIDs (RFC 3501 §6.4.8).
    pub fn numbers(&self, set: &SequenceSet, naming: Naming) -> Result<Vec<u32>, Status> {
        match naming {
            Naming::Numbers => match set.message_numbers(self.view.exists()) {
                Ok(ranges) => Ok(ranges.into_iter().flatten().collect()),
                Err(0) => Err(Status::bad("There is no message in the mailbox, so no message number is valid")),
                Err(number) => {
                    let exists = self.view.exists();
                    Err(Status::bad(format!("There is no message {number}; the mailbox has {exists}")))
                }
            },
            Naming::Uids => {
                let largest = self.view.last_uid().unwrap_or(0);
                let named = self.view.rows().filter(|(_, row)| set.contains(row.message.uid, largest));
                Ok(named.map(|(number, _)| number).collect())
            }
        }
    }

    /// The rows of these numbers that are not expunged yet.
    pub fn present(&self, numbers: &[u32]) -> Vec<(u32, &Row)> {
        let rows = numbers.iter().filter_map(|number| Some((*number, self.view.row(*number)?)));
        rows.filter(|(_, row)| !row.gone).collect()
    }
}

/// Writes `* n FETCH (FLAGS (…))`, with the UID in answer to a UID command.
pub fn write_flags(out: &mut Vec<u8>, number: u32, uid: Uid, flags: &Flags, recent: bool, naming: Naming) {
    let flags = flag_list(flags, recent);
    match naming {
        Naming::Numbers => write_untagged(out, format_args!("{number} FETCH (FLAGS {flags})")),
        Naming::Uids => write_untagged(out, format_args!("{number} FETCH (UID {uid} FLAGS {flags})")),
    }
}

/// The flags in parentheses, with `\Recent` if the message is.
pub fn flag_list(flags: &Flags, recent: bool) -> String {
    let recent = recent.then_some("\\Recent");
    format!("({})", flags.iter().chain(recent).collect::<Vec<_>>().join(" "))
}

fn only_keywords(flags: &Flags) -> Flags {
    flags.keywords().collect()
}
