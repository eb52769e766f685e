//! FETCH (RFC 3501 §6.4.5).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::{Fault, Faults};
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::{Parsed, SyntaxError};
use crate::imap::grammar::date::write_date_time;
use crate::imap::grammar::fetch::{Item, Partial};
use crate::imap::grammar::section::{Section, SectionText};
use crate::imap::grammar::sequence::SequenceSet;
use crate::imap::message_data::{write_body, write_envelope};
use crate::imap::object_id::{email_id, thread_id};
use crate::imap::response::{Code, Status, write_announced_literal};
use crate::imap::selected::{Naming, Selected, flag_list};
use crate::mime;
use crate::store::{Expunges, FlagChange, Flags, How, MailboxId, Right, Row, Store, SystemFlag};
use std::collections::{HashMap, VecDeque};

/// The grammar is at [`Cursor::fetch_items`].
pub const COMMAND: Command = Command {
    name: "FETCH",
    legal: Legal::Selected,
    expunges: Expunges::Withhold,
    run: |context, cursor, out| run(context, cursor, out, Naming::Numbers),
    ..USUAL
};

/// Octets of messages to answer with in one step.
const STEP: u64 = 1024 * 1024;

/// A FETCH that still has messages to tell of.
pub struct Running {
    pub naming: Naming,
    items: Vec<Item>,
    left: VecDeque<u32>,
    /// Some messages were expunged by another session.
    missed: bool,
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
    let modifiers = cursor.fetch_modifiers(condstore, naming == Naming::Uids && context.enabled.vanished())?;
    cursor.end()?;
    let Some(selected) = &context.selected else {
        return Ok(Outcome::Done(Status::bad("No mailbox is selected")));
    };
    let mut left = match selected.numbers(&set, naming) {
        Ok(numbers) => VecDeque::from(numbers),
        Err(status) => return Ok(Outcome::Done(status)),
    };
    if let Some(modseq) = modifiers.changed_since {
        let least = if context.faults().on(Fault::ImapChangedSinceTakesEqual) { modseq } else { modseq.saturating_add(1) };
        left.retain(|number| selected.view.row(*number).is_some_and(|row| row.message.modseq >= least));
        // "it implicitly adds the MODSEQ FETCH message data item" (RFC 7162 §3.1.4.1).
        if !items.contains(&Item::ModSeq) {
            items.push(Item::ModSeq);
        }
        if modifiers.vanished
            && let Err(status) = tell_vanished(context, &set, modseq, out)
        {
            return Ok(Outcome::Done(status));
        }
    }
    if items.contains(&Item::ModSeq) {
        context.enable_condstore(out);
    }
    // "server implementations MUST implicitly include the UID message data item as part of any FETCH response caused by a
    // UID command" (RFC 3501 §6.4.8).
    if naming == Naming::Uids && !items.contains(&Item::Uid) && !context.faults().on(Fault::ImapUidFetchWithoutUid) {
        items.insert(0, Item::Uid);
    }
    Ok(Outcome::Fetch(Running { naming, items, left, missed: false }))
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
    /// Writes the answers for some more messages; gives the completion after the last.
    pub fn step(&mut self, context: &mut Context, out: &mut Vec<u8>) -> Option<Status> {
        let batch = self.batch(context.selected.as_ref());
        if let Err(status) = self.tell(context, &batch, out) {
            return Some(status);
        }
        if !self.left.is_empty() {
            return None;
        }
        // Among UIDs a message that is gone is one that does not exist (RFC 3501 §6.4.8).
        Some(match self.missed && self.naming == Naming::Numbers {
            true => Status::no(Code::ExpungeIssued, "Some of the messages no longer exist"),
            false => Status::ok("FETCH completed"),
        })
    }

    /// The next messages, as many as make one step.
    fn batch(&mut self, selected: Option<&Selected>) -> Vec<u32> {
        let (mut batch, mut octets) = (Vec::new(), 0);
        while octets < STEP
            && let Some(number) = self.left.pop_front()
        {
            // Also a message that is not shown itself costs a line.
            octets += selected.and_then(|selected| selected.view.row(number)).map_or(0, |row| row.message.size) + 256;
            batch.push(number);
        }
        batch
    }

    fn tell(&mut self, context: &mut Context, batch: &[u32], out: &mut Vec<u8>) -> Result<(), Status> {
        let faults = context.faults();
        let condstore = context.enabled.condstore();
        let sets_seen = self.items.iter().any(Item::sets_seen)
            || faults.on(Fault::ImapPeekSetsSeen) && self.items.iter().any(|item| item.section().is_some());
        let Some(selected) = &mut context.selected else { return Ok(()) };
        // "A FETCH request that implies setting \Seen flag MUST NOT set it, if the current user doesn't have "s" right" (RFC 4314 §4).
        let may_see = selected.mailbox.rights.has(Right::Seen);
        let newly_seen = match sets_seen && may_see && !selected.read_only {
            true => mark_seen(selected, &context.store, batch)?,
            false => Vec::new(),
        };
        selected.write_new_keywords(out);
        let threads = match self.items.contains(&Item::ThreadId) && !faults.on(Fault::ImapEveryMessageAThread) {
            true => {
                let blobs = selected.present(batch).iter().map(|(_, row)| row.message.blob).collect();
                context.store.threads(selected.mailbox.id, blobs).map_err(refusal)?
            }
            false => HashMap::new(),
        };
        for number in batch {
            let Some(row) = selected.view.row(*number).filter(|row| !row.gone) else {
                self.missed = true;
                continue;
            };
            let teller = Teller {
                row,
                store: &context.store,
                mailbox: selected.mailbox.id,
                thread: threads.get(&row.message.blob).copied(),
                faults,
                wrong_size: faults.on(Fault::ImapLiteralSizeOffByOne),
                shifted: faults.on(Fault::ImapPartialOffByOne),
            };
            // "The \Seen flag is implicitly set; if this causes the flags to change, they SHOULD be included as part of the
            // FETCH responses" (RFC 3501 §6.4.5).
            let mut items: Vec<&Item> = self.items.iter().collect();
            if newly_seen.contains(number) {
                // With CONDSTORE these responses have UID and MODSEQ too (RFC 7162 §3.2.4).
                let with = if condstore { [Item::Uid, Item::ModSeq, Item::Flags].as_slice() } else { &[Item::Flags] };
                items.extend(with.iter().filter(|item| !self.items.contains(item)));
            }
            let tells_flags = items.contains(&&Item::Flags);
            let tells_modseq = items.contains(&&Item::ModSeq);
            let Some(response) = teller.response(*number, items.into_iter()) else {
                self.missed = true;
                continue;
            };
            out.extend_from_slice(&response);
            let (uid, modseq, flags) = (row.message.uid, row.message.modseq, row.message.flags.clone());
            if tells_flags {
                selected.view.told_flags(uid, flags);
            }
            if tells_modseq {
                selected.view.told_modseq_of(uid, modseq);
            }
        }
        Ok(())
    }
}

/// Sets `\Seen` where it is not set yet; gives the numbers of those messages.
fn mark_seen(selected: &mut Selected, store: &Store, batch: &[u32]) -> Result<Vec<u32>, Status> {
    let unseen = selected.present(batch).into_iter().filter(|(_, row)| !row.message.flags.has(SystemFlag::Seen));
    let (numbers, uids): (Vec<u32>, Vec<u32>) = unseen.map(|(number, row)| (number, row.message.uid)).unzip();
    if !uids.is_empty() {
        let mut flags = Flags::none();
        flags.set(SystemFlag::Seen);
        let change = FlagChange { how: How::Add, flags, unchanged_since: None };
        store.change_flags(selected.mailbox.id, uids, change).map_err(refusal)?;
        selected.learn(store).map_err(refusal)?;
    }
    Ok(numbers)
}

/// Tells of one message.
struct Teller<'a> {
    row: &'a Row,
    store: &'a Store,
    mailbox: MailboxId,
    /// Known if it was asked for.
    thread: Option<i64>,
    faults: Faults,
    wrong_size: bool,
    shifted: bool,
}

/// The octets of a message and their form.
struct Loaded {
    octets: Vec<u8>,
    form: mime::Message,
}

impl Teller<'_> {
    /// `* n FETCH (…)`, or `None` if the message's octets are gone.
    fn response<'i>(&self, number: u32, items: impl Iterator<Item = &'i Item>) -> Option<Vec<u8>> {
        let items: Vec<&Item> = items.collect();
        let mut out = format!("* {number} FETCH (").into_bytes();
        let needs = items.iter().map(|item| needs(item)).max().unwrap_or(Needs::Nothing);
        let loaded = match needs {
            Needs::Nothing => None,
            Needs::Header => Some(self.beginning()?),
            Needs::Everything => Some(self.everything()?),
        };
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                out.push(b' ');
            }
            self.item(item, loaded.as_ref(), &mut out);
        }
        out.extend_from_slice(b")\r\n");
        Some(out)
    }

    fn everything(&self) -> Option<Loaded> {
        let octets = self.store.whole(self.row.message.blob).ok()?;
        Some(Loaded { form: mime::Message::parse(&octets), octets })
    }

    /// As much of the message as holds its header: what is asked of large messages most often.
    fn beginning(&self) -> Option<Loaded> {
        const ENOUGH: u64 = 64 * 1024;
        if self.row.message.size <= ENOUGH {
            return self.everything();
        }
        let octets = self.store.bytes(self.row.message.blob, 0..ENOUGH).ok()?;
        let form = mime::Message::parse(&octets);
        if form.root.body.is_empty() { self.everything() } else { Some(Loaded { form, octets }) }
    }

    fn item(&self, item: &Item, loaded: Option<&Loaded>, out: &mut Vec<u8>) {
        let message = &self.row.message;
        let root = loaded.map(|loaded| &loaded.form.root);
        let header = loaded.and_then(|loaded| loaded.octets.get(loaded.form.root.header.clone()));
        match (item, root, header) {
            (Item::Flags, ..) => {
                out.extend_from_slice(format!("FLAGS {}", flag_list(&message.flags, self.row.recent)).as_bytes());
            }
            (Item::EmailId, ..) => {
                let id = email_id(message, self.mailbox, self.faults);
                out.extend_from_slice(format!("EMAILID ({id})").as_bytes());
            }
            (Item::ThreadId, ..) => {
                let id = thread_id(self.thread.unwrap_or(message.blob.0));
                out.extend_from_slice(format!("THREADID ({id})").as_bytes());
            }
            (Item::Uid, ..) => out.extend_from_slice(format!("UID {}", message.uid).as_bytes()),
            (Item::ModSeq, ..) => out.extend_from_slice(format!("MODSEQ ({})", message.modseq).as_bytes()),
            (Item::Rfc822Size, ..) => out.extend_from_slice(format!("RFC822.SIZE {}", message.size).as_bytes()),
            (Item::InternalDate, ..) => {
                out.extend_from_slice(format!("INTERNALDATE {}", write_date_time(message.date)).as_bytes());
            }
            (Item::Envelope, _, Some(header)) => {
                out.extend_from_slice(b"ENVELOPE ");
                write_envelope(out, &mime::envelope(header));
            }
            (Item::Body, Some(root), _) => {
                out.extend_from_slice(b"BODY ");
                write_body(out, root, false);
            }
            (Item::BodyStructure, Some(root), _) => {
                out.extend_from_slice(b"BODYSTRUCTURE ");
                write_body(out, root, true);
            }
            _ => self.section(item, loaded, out),
        }
    }

    /// `"RFC822" [".HEADER" / ".TEXT"] SP nstring / "BODY" section ["<" number ">"] SP nstring`
    fn section(&self, item: &Item, loaded: Option<&Loaded>, out: &mut Vec<u8>) {
        let mut range = None;
        match item {
            Item::Rfc822 => out.extend_from_slice(b"RFC822"),
            Item::Rfc822Header => out.extend_from_slice(b"RFC822.HEADER"),
            Item::Rfc822Text => out.extend_from_slice(b"RFC822.TEXT"),
            Item::Section { section, partial, .. } => {
                out.extend_from_slice(b"BODY[");
                section.write(out);
                out.push(b']');
                if let Some(partial) = partial {
                    out.extend_from_slice(format!("<{}>", partial.origin).as_bytes());
                }
                range = *partial;
            }
            _ => {}
        }
        out.push(b' ');
        let text = item.section().zip(loaded).and_then(|(section, loaded)| text_of(&section, loaded));
        match text {
            // There is no such part: the data item has no value.
            None => out.extend_from_slice(b"NIL"),
            Some(text) => {
                let text = range.map_or(text.as_slice(), |partial| self.substring(&text, partial));
                write_announced_literal(out, text.len() + usize::from(self.wrong_size), text);
            }
        }
    }

    /// "If the starting octet is beyond the end of the text, an empty string is returned", and "any partial fetch that
    /// attempts to read beyond the end of the text is truncated as appropriate" (RFC 3501 §6.4.5).
    fn substring<'t>(&self, text: &'t [u8], partial: Partial) -> &'t [u8] {
        let start = (partial.origin as usize).saturating_add(usize::from(self.shifted)).min(text.len());
        let end = start.saturating_add(partial.length as usize).min(text.len());
        text.get(start..end).unwrap_or_default()
    }
}

/// What of a message must be read to tell of an item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    Nothing,
    Header,
    Everything,
}

fn needs(item: &Item) -> Needs {
    match (item, item.section()) {
        (Item::Envelope, _) => Needs::Header,
        (Item::Body | Item::BodyStructure, _) => Needs::Everything,
        (_, None) => Needs::Nothing,
        (_, Some(Section { part, text })) => match text {
            Some(SectionText::Header | SectionText::HeaderFields(_) | SectionText::HeaderFieldsNot(_)) if part.is_empty() => {
                Needs::Header
            }
            _ => Needs::Everything,
        },
    }
}

/// The octets of a section. Of a part that is no message there is no header but MIME (RFC 3501 §6.4.5).
fn text_of(section: &Section, loaded: &Loaded) -> Option<Vec<u8>> {
    let what = match &section.text {
        None => mime::Section::Whole,
        Some(SectionText::Mime) => mime::Section::Mime,
        Some(SectionText::Text) => mime::Section::Text,
        Some(SectionText::Header | SectionText::HeaderFields(_) | SectionText::HeaderFieldsNot(_)) => mime::Section::Header,
    };
    let octets = loaded.octets.get(loaded.form.section(&section.part, what)?)?;
    Some(match &section.text {
        Some(SectionText::HeaderFields(names)) => mime::subset(octets, names, false),
        Some(SectionText::HeaderFieldsNot(names)) => mime::subset(octets, names, true),
        _ => octets.to_vec(),
    })
}
