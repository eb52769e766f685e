//! The mailbox a client has open: its messages as the client knows them, and the updates it is owed.

use super::enabled::Enabled;
use super::grammar::sequence::{SequenceSet, write_uid_set};
use super::namespace::denied;
use super::response::{Code, Status, write_untagged};
use super::search::updating::Updating;
use crate::faults::{Fault, Faults};
use crate::store::{self, Changes, Flags, Mailbox, Right, Rights, Row, Store, SystemFlag, Telling, Uid, Update, Vanished, View};
use std::fmt;

/// An open mailbox.
pub struct Selected {
    pub mailbox: Mailbox,
    pub view: View,
    /// Opened with EXAMINE.
    pub read_only: bool,
    /// What the last search with SAVE found, ascending (RFC 5182): `$` in a set. A message that is expunged leaves it by
    /// having no number any more.
    pub saved: Vec<Uid>,
    /// The searches the client is told of as their results change (RFC 5267 §4.3).
    pub updating: Vec<Updating>,
    /// What the session itself put into the mailbox, and was not told yet.
    pub own_arrivals: Vec<Uid>,
    /// What the session itself expunged with the command that runs.
    pub own_expunges: Vec<Uid>,
    /// The keywords the client was told of with FLAGS.
    keywords: Flags,
    /// The revision of the mailbox that was learnt last: while the store has no newer one nothing is asked for.
    learnt: Option<u64>,
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
        let keywords = view.keywords().clone();
        Selected {
            mailbox,
            view,
            read_only,
            saved: Vec::new(),
            updating: Vec::new(),
            own_arrivals: Vec::new(),
            own_expunges: Vec::new(),
            keywords,
            learnt: None,
        }
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
        // Read before the mailbox is, so that a change in between is learnt, or learnt twice, and never missed.
        let revision = store.revision(self.mailbox.id);
        if self.learnt == Some(revision) {
            return Ok(());
        }
        let changes = match store.changes(self.mailbox.id, self.view.modseq(), !self.read_only) {
            Ok(changes) => changes,
            Err(store::Error::NoSuchMailbox(_)) => Changes {
                changed: Vec::new(),
                vanished: self
                    .view
                    .rows()
                    .map(|(_, row)| Vanished { uid: row.message.uid, modseq: row.message.modseq })
                    .collect(),
                highest_modseq: self.view.modseq(),
                recent_from: u32::MAX,
            },
            Err(error) => return Err(error),
        };
        self.view.learn(changes);
        self.learnt = Some(revision);
        Ok(())
    }

    /// Writes the updates the client is owed (RFC 3501 §5.2, §7.3, §7.4).
    pub fn write_updates(&mut self, out: &mut Vec<u8>, telling: Telling<'_>, naming: Naming, told: Told<'_>) -> Written {
        if telling.arrivals || telling.flags {
            self.write_new_keywords(out);
        }
        let known = self.view.exists() as usize;
        let updates = self.view.sync(telling);
        let gone = updates.iter().filter_map(|update| match update {
            Update::Expunge { uid, .. } => Some(*uid),
            _ => None,
        });
        let gone: Vec<Uid> = gone.collect();
        let vanished = told.by_vanished();
        if vanished && !gone.is_empty() {
            write_untagged(out, format_args!("VANISHED {}", write_uid_set(&gone)));
        }
        for update in updates {
            match update {
                Update::Expunge { .. } if vanished => {}
                Update::Expunge { number, .. } => write_untagged(out, format_args!("{number} EXPUNGE")),
                Update::Exists(count) => write_untagged(out, format_args!("{count} EXISTS")),
                Update::Recent(count) => write_untagged(out, format_args!("{count} RECENT")),
                Update::Flags { number, uid, flags, recent, modseq } => {
                    told.write(out, Message { number, uid, flags: Some(&flags), recent, modseq: Some(modseq) }, naming);
                }
            }
        }
        let owed = told.enabled.resynchronizes() && (!gone.is_empty() || self.view.withholds());
        let arrived = self.view.rows().skip(known - gone.len()).map(|(number, row)| (number, row.message.uid));
        let arrived = arrived.filter(|(_, uid)| !self.own_arrivals.contains(uid) || told.faults.on(Fault::ImapNotifyFetchesOwn));
        let arrived = arrived.collect();
        if telling.arrivals {
            self.own_arrivals.clear();
        }
        Written { highest: owed.then(|| self.view.told_modseq()), arrived }
    }

    /// The UIDs that vanished after this modification sequence, but for messages the client still counts: ascending, and
    /// those alone that it asks for. It is called with a UID and the largest one.
    pub fn vanished_since(&self, store: &Store, modseq: u64, asked: impl Fn(Uid, Uid) -> bool) -> Result<Vec<Uid>, store::Error> {
        let largest = self.view.last_uid().unwrap_or(0);
        let vanished = store.vanished(self.mailbox.id, modseq)?.into_iter().map(|vanished| vanished.uid);
        Ok(vanished.filter(|uid| asked(*uid, largest) && self.view.number(*uid).is_none()).collect())
    }

    /// Writes `* VANISHED (EARLIER) uid-set`, unless the set is empty (RFC 7162 §3.2.10.1).
    pub fn write_vanished_earlier(&self, out: &mut Vec<u8>, uids: &[Uid]) {
        if !uids.is_empty() {
            write_untagged(out, format_args!("VANISHED (EARLIER) {}", write_uid_set(uids)));
        }
    }

    /// Tells of keywords that messages got since FLAGS was sent last.
    pub fn write_new_keywords(&mut self, out: &mut Vec<u8>) {
        if self.view.keywords().keywords().count() > self.keywords.keywords().count() {
            self.keywords = self.view.keywords().clone();
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
        let mut numbers: Vec<u32> = match naming {
            Naming::Numbers => match set.message_numbers(self.view.exists()) {
                Ok(ranges) => ranges.into_iter().flatten().collect(),
                Err(0) => return Err(Status::bad("There is no message in the mailbox, so no message number is valid")),
                Err(number) => {
                    let exists = self.view.exists();
                    return Err(Status::bad(format!("There is no message {number}; the mailbox has {exists}")));
                }
            },
            Naming::Uids => {
                let largest = self.view.last_uid().unwrap_or(0);
                set.ranges(largest).iter().flat_map(|uids| self.view.numbers(uids)).collect()
            }
        };
        if set.has_saved() {
            numbers.extend(self.saved_numbers());
            numbers.sort_unstable();
            numbers.dedup();
        }
        Ok(numbers)
    }

    /// The numbers of the messages of the saved search result, ascending. "When a message listed in the search result
    /// variable is EXPUNGEd, it is automatically removed from the list" (RFC 5182 §2.1).
    pub fn saved_numbers(&self) -> impl Iterator<Item = u32> + '_ {
        let numbers = self.saved.iter().filter_map(|uid| self.view.number(*uid));
        numbers.filter(|number| self.view.row(*number).is_some_and(|row| !row.gone))
    }

    /// The rows of these numbers that are not expunged yet.
    pub fn present(&self, numbers: &[u32]) -> Vec<(u32, &Row)> {
        let rows = numbers.iter().filter_map(|number| Some((*number, self.view.row(*number)?)));
        rows.filter(|(_, row)| !row.gone).collect()
    }

    /// The numbers of a set of messages that are to be taken away: what is moved or replaced is marked and expunged
    /// (RFC 6851 §4.2, RFC 8508 §3.4).
    pub fn removable(&self, set: &SequenceSet, naming: Naming) -> Result<Vec<u32>, Status> {
        let numbers = self.numbers(set, naming)?;
        if self.read_only {
            return Err(Status::no(Code::ReadOnly, "The mailbox is read-only"));
        }
        match self.mailbox.rights.contains(Rights::OF_REMOVAL) {
            true => Ok(numbers),
            false => Err(denied(self.mailbox.rights)),
        }
    }

    /// How many rows are not expunged yet.
    pub fn present_count(&self) -> u32 {
        self.view.rows().filter(|(_, row)| !row.gone).count() as u32
    }
}

/// What has been written of the updates.
pub struct Written {
    /// The modification sequence that a client which resynchronises must be told: it was told of expunges now, or something
    /// is withheld from it.
    pub highest: Option<u64>,
    /// The messages that the client was told of as new, but for those it put there itself: numbers and UIDs.
    pub arrived: Vec<(u32, Uid)>,
}

/// What a client is told of a message that changed.
pub struct Message<'a> {
    pub number: u32,
    pub uid: Uid,
    pub flags: Option<&'a Flags>,
    pub recent: bool,
    /// Only told to those who follow modification sequences.
    pub modseq: Option<u64>,
}

/// How a client is told of changes: by what it has enabled.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    pub enabled: &'a Enabled,
    pub faults: Faults,
}

impl Told<'_> {
    /// Whether the client is told of expunged messages by VANISHED: "the server MUST use the VANISHED response without the
    /// EARLIER tag instead of the EXPUNGE response" (RFC 7162 §3.2.10), and the same without QRESYNC (RFC 9586 §3.4, §3.6).
    fn by_vanished(self) -> bool {
        let for_resync = self.enabled.resynchronizes() && !self.faults.on(Fault::ImapExpungeInsteadOfVanished);
        let for_uids = self.enabled.uid_only() && !self.faults.on(Fault::ImapUidOnlySendsExpunge);
        for_resync || for_uids
    }

    /// What stands in front of the data items of a message: "all FETCH responses that would be returned by UID FETCH / UID
    /// STORE are replaced by UIDFETCH responses", and so are those that nobody asked for (RFC 9586 §3.3, §3.6).
    pub fn heading(self, number: u32, uid: Uid) -> impl fmt::Display {
        let by_uid = self.enabled.uid_only() && !self.faults.on(Fault::ImapUidOnlySendsFetch);
        let named = if self.faults.on(Fault::ImapUidFetchByNumber) { number } else { uid };
        fmt::from_fn(move |formatter| match by_uid {
            true => write!(formatter, "{named} UIDFETCH"),
            false => write!(formatter, "{number} FETCH"),
        })
    }

    /// Writes a FETCH response that no FETCH asked for.
    ///
    /// One that a UID command causes carries the UID (RFC 3501 §6.4.8). With CONDSTORE all "MUST automatically include both
    /// UID and mod-sequence data" (RFC 7162 §3.2.4). A UIDFETCH response begins with the UID, and need not repeat it.
    pub fn write(self, out: &mut Vec<u8>, message: Message<'_>, naming: Naming) {
        let condstore = self.enabled.condstore() && !self.faults.on(Fault::ImapNoModseqUnasked);
        let mut items = Vec::new();
        // "If the server chooses to send unsolicited FETCH responses, they MUST include UID FETCH item" (RFC 9051 §7.5.2).
        let rev2 = self.enabled.rev2() && !self.faults.on(Fault::ImapUnaskedWithoutUid);
        if (naming == Naming::Uids || condstore || rev2) && !self.enabled.uid_only() {
            items.push(format!("UID {}", message.uid));
        }
        items.extend(message.flags.map(|flags| format!("FLAGS {}", flag_list(flags, message.recent))));
        items.extend(message.modseq.filter(|_| condstore).map(|modseq| format!("MODSEQ ({modseq})")));
        write_untagged(out, format_args!("{} ({})", self.heading(message.number, message.uid), items.join(" ")));
    }
}

/// The flags in parentheses, with `\Recent` if the message is.
pub fn flag_list(flags: &Flags, recent: bool) -> impl fmt::Display {
    fmt::from_fn(move |formatter| {
        formatter.write_str("(")?;
        for (at, flag) in flags.iter().chain(recent.then_some("\\Recent")).enumerate() {
            formatter.write_str(if at > 0 { " " } else { "" })?;
            formatter.write_str(flag)?;
        }
        formatter.write_str(")")
    })
}
