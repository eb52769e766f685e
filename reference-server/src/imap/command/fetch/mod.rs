//! FETCH (RFC 3501 §6.4.5): what is asked for, and the messages it is asked of, one after the other.

pub mod answer;
mod binary;
pub mod loaded;
pub mod section;
mod teller;

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::{Parsed, SyntaxError};
use crate::imap::grammar::fetch::Item;
use crate::imap::grammar::sequence::SequenceSet;
use crate::imap::message_limit::{self, Cut};
use crate::imap::response::{Code, Status};
use crate::imap::selected::{Naming, Selected, Told};
use crate::store::{BlobId, Expunges, FlagChange, Flags, How, Right, Store, SystemFlag};
use answer::Answer;
use loaded::{Reader, Shown};
use std::collections::{HashMap, VecDeque};
use teller::Teller;

/// The grammar is at [`Cursor::fetch_items`].
pub const COMMAND: Command = Command {
    name: "FETCH",
    legal: Legal::Selected,
    by_number: true,
    expunges: Expunges::Withhold,
    run: |context, cursor, out| run(context, cursor, out, Naming::Numbers),
    ..USUAL
};

/// Octets of messages that are marked as seen together, and of answers that are written in one step.
const STEP: u64 = 1024 * 1024;

/// A FETCH that still has messages to tell of.
pub struct Running {
    pub naming: Naming,
    /// The command that is answered.
    pub command: &'static Command,
    items: Vec<Item>,
    left: VecDeque<u32>,
    /// There were more than one FETCH may be about.
    cut: Option<Cut>,
    /// The messages that are marked as seen already, if they are to be.
    batch: VecDeque<u32>,
    /// Those of them that were not, ascending.
    newly_seen: Vec<u32>,
    /// The threads of the messages of the batch, if they were asked for.
    threads: HashMap<BlobId, i64>,
    /// What is being sent.
    answer: Answer,
    /// The UIDs of those that a surrogate was shown of.
    downgraded: Vec<u32>,
    /// Some messages were expunged by another session.
    missed: bool,
    /// Why something could not be told.
    failure: Option<Status>,
}

/// What a step came to.
pub enum Step {
    /// There is more to write.
    More,
    /// This completes it.
    Done(Status),
    /// A literal that was announced cannot be filled, so nothing that follows would be understood.
    Broken,
}

/// FETCH, or UID FETCH.
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, naming: Naming) -> Parsed<Outcome> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.space()?;
    let offset = cursor.offset();
    let mut items = cursor.fetch_items()?;
    if items.iter().filter_map(Item::extension).any(|extension| context.lacks(extension)) {
        return Err(SyntaxError { offset, expected: "data items of FETCH that this server has" });
    }
    let condstore = !context.lacks(Extension::ImapCondStore);
    let modifiers = cursor.fetch_modifiers(condstore, context.enabled.resynchronizes(), naming)?;
    cursor.end()?;
    let Some(selected) = &context.selected else {
        return Ok(Outcome::Done(Status::bad("No mailbox is selected")));
    };
    let mut left = match selected.numbers(&set, naming) {
        Ok(numbers) => numbers,
        Err(status) => return Ok(Outcome::Done(status)),
    };
    // "server implementations MUST implicitly include the UID message data item as part of any FETCH response caused by a
    // UID command" (RFC 3501 §6.4.8). "The UID is always returned at the beginning of a UIDFETCH response, and it can also
    // appear in the UID response data item, if requested by the client" (RFC 9586 §3.3).
    let implied = naming == Naming::Uids && !context.enabled.uid_only();
    if implied && !items.contains(&Item::Uid) && !context.faults().on(Fault::ImapUidFetchWithoutUid) {
        items.insert(0, Item::Uid);
    }
    if let Some(modseq) = modifiers.changed_since {
        let least = if context.faults().on(Fault::ImapChangedSinceTakesEqual) { modseq } else { modseq.saturating_add(1) };
        left.retain(|number| selected.view.row(*number).is_some_and(|row| row.message.modseq >= least));
        // "it implicitly adds the MODSEQ FETCH message data item" (RFC 7162 §3.1.4.1).
        if !items.contains(&Item::ModSeq) {
            items.push(Item::ModSeq);
        }
    }
    let limit = context.message_limit();
    if let Some(range) = modifiers.partial {
        left = range.of(&left).to_vec();
        // "The total message count (as specified by the PARTIAL range) exceeds the server's published 1000-message limit, so the
        // server refuses to do any work in this case" (RFC 9738 §3.1).
        let refuses = limit.filter(|limit| limit.is_exceeded_by(left.len()));
        if let Some(limit) = refuses.filter(|_| !context.faults().on(Fault::ImapMessageLimitCutsPartial)) {
            return Ok(Outcome::Done(limit.refusal(None)));
        }
    }
    let uid = |number: &u32| selected.view.row(*number).map_or(0, |row| row.message.uid);
    let cut = limit.and_then(|limit| limit.cut(&mut left, uid));
    // "the server is REQUIRED to process messages from highest to lowest UID" (RFC 9738 §3.1).
    if cut.is_some() {
        left.reverse();
    }
    if let Some(modseq) = modifiers.changed_since.filter(|_| modifiers.vanished)
        && let Err(status) = tell_vanished(context, &set, modseq, out)
    {
        return Ok(Outcome::Done(status));
    }
    if items.contains(&Item::ModSeq) {
        context.enable_condstore(out);
    }
    let command = if naming == Naming::Uids { &super::uid::COMMAND } else { &COMMAND };
    let left = VecDeque::from(left);
    Ok(Outcome::Fetch(Box::new(Running { naming, items, left, cut, ..Running::of_answer(Answer::default(), command) })))
}

/// Tells which messages of the set vanished since: before any FETCH response (RFC 7162 §3.2.6). Those whose expunge the
/// client has not been told of are not among them, but in the VANISHED without EARLIER that follows (RFC 7162 §3.2.10).
fn tell_vanished(context: &Context, set: &SequenceSet, modseq: u64, out: &mut Vec<u8>) -> Result<(), Status> {
    let Some(selected) = &context.selected else { return Ok(()) };
    let vanished = selected.vanished_since(&context.store, modseq, |uid, largest| set.contains(uid, largest));
    selected.write_vanished_earlier(out, &vanished.map_err(refusal)?);
    Ok(())
}

impl Running {
    /// An answer that is ready to be sent, and nothing more to tell.
    pub fn of_answer(answer: Answer, command: &'static Command) -> Running {
        Running {
            naming: Naming::Numbers,
            command,
            items: Vec::new(),
            left: VecDeque::new(),
            cut: None,
            batch: VecDeque::new(),
            newly_seen: Vec::new(),
            threads: HashMap::new(),
            answer,
            downgraded: Vec::new(),
            missed: false,
            failure: None,
        }
    }

    /// These items of these messages, which no command asked for.
    pub fn unasked(items: Vec<Item>, numbers: Vec<u32>) -> Running {
        Running { items, left: VecDeque::from(numbers), naming: Naming::Uids, ..Running::of_answer(Answer::default(), &COMMAND) }
    }

    /// Writes some more of the answers.
    pub fn step(&mut self, context: &mut Context, out: &mut Vec<u8>) -> Step {
        loop {
            // Many messages are read in one transaction. It ends with the step, for the client may take its time.
            let store = context.store.clone();
            match store.standing_still(|still| self.tell_batch(context, still, out)) {
                Ok(None) => {}
                Ok(Some(step)) => return step,
                Err(error) => return Step::Done(refusal(error)),
            }
            if self.left.is_empty() {
                return Step::Done(self.completion(out));
            }
            if let Err(status) = self.begin_batch(context, out) {
                return Step::Done(status);
            }
        }
    }

    /// Writes what is being sent, and then of the messages of the batch; gives how the step ends if that is before they do.
    fn tell_batch(&mut self, context: &mut Context, still: &Store, out: &mut Vec<u8>) -> Option<Step> {
        loop {
            match self.answer.write(still, out, STEP as usize) {
                Ok(true) => {}
                Ok(false) => return Some(Step::More),
                Err(error) => {
                    tracing::error!(%error, "a message can not be read to its end");
                    return Some(Step::Broken);
                }
            }
            self.answer.clear();
            if out.len() as u64 >= STEP {
                return Some(Step::More);
            }
            let number = self.batch.pop_front()?;
            self.tell(context, number, still);
        }
    }

    fn completion(&mut self, out: &mut Vec<u8>) -> Status {
        let status = self.failure.take().unwrap_or_else(|| self.completed());
        message_limit::completed(status, self.cut, out)
    }

    fn completed(&self) -> Status {
        // Among UIDs a message that is gone is one that does not exist (RFC 3501 §6.4.8).
        if self.missed && self.naming == Naming::Numbers {
            return Status::no(Code::ExpungeIssued, "Some of the messages no longer exist");
        }
        let status = match self.command.name {
            "UID" => Status::ok("FETCH completed"),
            name => Status::ok(format!("{name} completed")),
        };
        match self.downgraded.as_slice() {
            [] => status,
            // "it reports which messages were synthesized using a response code and attendant UID (Unique Identifier) set"
            // (RFC 6858 §3).
            uids => status.with(Code::Downgraded(uids.to_vec())),
        }
    }

    /// Takes the next messages, and marks them as seen together if they are to be.
    fn begin_batch(&mut self, context: &mut Context, out: &mut Vec<u8>) -> Result<(), Status> {
        let faults = context.faults();
        let sets_seen = self.items.iter().any(Item::sets_seen)
            || faults.on(Fault::ImapPeekSetsSeen) && self.items.iter().any(|item| item.section().is_some());
        let Some(selected) = &mut context.selected else {
            self.left.clear();
            return Ok(());
        };
        let mut octets = 0;
        while octets < STEP
            && let Some(number) = self.left.pop_front()
        {
            // Also a message that is not shown itself costs a line.
            octets += selected.view.row(number).map_or(0, |row| row.message.size) + 256;
            self.batch.push_back(number);
        }
        // "A FETCH request that implies setting \Seen flag MUST NOT set it, if the current user doesn't have "s" right"
        // (RFC 4314 §4).
        let may_see = selected.mailbox.rights.has(Right::Seen);
        self.newly_seen = match sets_seen && may_see && !selected.read_only {
            true => mark_seen(selected, &context.store, self.batch.make_contiguous())?,
            false => Vec::new(),
        };
        selected.write_new_keywords(out);
        self.threads = match self.items.contains(&Item::ThreadId) && !faults.on(Fault::ImapEveryMessageAThread) {
            true => {
                let blobs = selected.present(self.batch.make_contiguous()).iter().map(|(_, row)| row.message.blob).collect();
                context.store.threads(selected.mailbox.id, blobs).map_err(refusal)?
            }
            false => HashMap::new(),
        };
        Ok(())
    }

    /// Makes the answer about one message.
    fn tell(&mut self, context: &mut Context, number: u32, store: &Store) {
        let (told, reader) = (Told { enabled: &context.enabled, faults: context.faults() }, reader(context));
        let Some(selected) = &mut context.selected else { return };
        let Some(row) = selected.view.row(number).filter(|row| !row.gone) else {
            self.missed = true;
            return;
        };
        let thread = self.threads.get(&row.message.blob).copied();
        let teller = Teller { row, store, mailbox: selected.mailbox.id, thread, reader, told };
        // "The \Seen flag is implicitly set; if this causes the flags to change, they SHOULD be included as part of the
        // FETCH responses" (RFC 3501 §6.4.5).
        let mut items: Vec<&Item> = self.items.iter().collect();
        if self.newly_seen.binary_search(&number).is_ok() {
            // With CONDSTORE these responses have UID and MODSEQ too (RFC 7162 §3.2.4); a UIDFETCH response begins with the UID.
            let with = match (told.enabled.condstore(), told.enabled.uid_only()) {
                (true, false) => [Item::Uid, Item::ModSeq, Item::Flags].as_slice(),
                (true, true) => &[Item::ModSeq, Item::Flags],
                (false, _) => &[Item::Flags],
            };
            items.extend(with.iter().filter(|item| !self.items.contains(item)));
        }
        let tells_flags = items.contains(&&Item::Flags);
        let tells_modseq = items.contains(&&Item::ModSeq);
        match teller.answer(number, &items, &mut self.answer) {
            Ok(Some(shown)) => {
                if shown == Shown::Surrogate && !told.faults.on(Fault::ImapDowngradesSilently) {
                    self.downgraded.push(row.message.uid);
                }
                selected.view.told_as_it_is(number, tells_flags, tells_modseq);
            }
            Ok(None) => {
                self.missed = true;
                self.answer.clear();
            }
            Err(status) => {
                self.failure.get_or_insert(status);
                self.answer.clear();
            }
        }
    }
}

/// "it is the responsibility of the server to comply with the IMAP base specification [RFC3501] and the Internet Message Format
/// [RFC5322] with respect to all header information transmitted over the wire" where UTF-8 was not enabled (RFC 6855 §8).
fn reader(context: &Context) -> Reader {
    let raw = context.enabled.utf8() || context.faults().on(Fault::ImapShowsUtf8Headers);
    if raw || context.lacks(Extension::ImapUtf8Accept) { Reader::Any } else { Reader::Legacy }
}

/// Sets `\Seen` where it is not set yet; gives the numbers of those messages.
fn mark_seen(selected: &mut Selected, store: &Store, batch: &[u32]) -> Result<Vec<u32>, Status> {
    let unseen = selected.present(batch).into_iter().filter(|(_, row)| !row.message.flags.has(SystemFlag::Seen));
    let (mut numbers, uids): (Vec<u32>, Vec<u32>) = unseen.map(|(number, row)| (number, row.message.uid)).unzip();
    numbers.sort_unstable();
    if !uids.is_empty() {
        let mut flags = Flags::none();
        flags.set(SystemFlag::Seen);
        let change = FlagChange { how: How::Add, flags, unchanged_since: None };
        store.change_flags(selected.mailbox.id, uids, change).map_err(refusal)?;
        selected.learn(store).map_err(refusal)?;
    }
    Ok(numbers)
}
