//! What FETCH tells of one message.

use super::answer::Answer;
use super::loaded::{Loaded, Needs, Reader, Shown};
use super::section::Twist;
use super::{binary, section};
use crate::faults::{Fault, Faults};
use crate::imap::grammar::date::write_date_time;
use crate::imap::grammar::fetch::Item;
use crate::imap::message_data::{write_body, write_envelope};
use crate::imap::object_id::{email_id, thread_id};
use crate::imap::response::{Status, write_string};
use crate::imap::selected::{Told, flag_list};
use crate::mime;
use crate::store::{self, BlobId, Digest, MailboxId, Row, Store};
use std::sync::Arc;

/// Tells of one message.
pub struct Teller<'a> {
    pub row: &'a Row,
    pub store: &'a Store,
    pub mailbox: MailboxId,
    /// Known if it was asked for.
    pub thread: Option<i64>,
    pub reader: Reader,
    /// How the client is told.
    pub told: Told<'a>,
}

impl Teller<'_> {
    /// Adds `* n FETCH (…)`, or `* uid UIDFETCH (…)`, to the answer, and gives what it is of; nothing if the message's octets are
    /// gone, and then as with a failure the answer is no good.
    pub fn answer(&self, number: u32, items: &[&Item], answer: &mut Answer) -> Result<Option<Shown>, Status> {
        let kept = Kept::of(items, self.store, self.row.message.blob, self.reader);
        let unknown = items.iter().filter(|item| kept.form(item).is_none());
        let needs = unknown.fold(Needs::Nothing, |all, item| all.and(needs(item)));
        let Ok(loaded) = Loaded::read(self.store, &self.row.message, needs, self.reader) else { return Ok(None) };
        // "it MUST fail the request and issue a "NO" response" (RFC 3516 §4.3).
        for item in items {
            binary::check(item, &loaded, self.told.faults)?;
        }
        write!(answer, "* {} (", self.told.heading(number, self.row.message.uid));
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                answer.text(b" ");
            }
            match kept.form(item) {
                Some(form) => write_form(item, form, answer),
                None if self.item(item, &loaded, answer).is_err() => return Ok(None),
                None => {}
            }
        }
        answer.text(b")\r\n");
        if answer.reads() {
            let Ok(hold) = self.store.hold(vec![self.row.message.blob]) else { return Ok(None) };
            answer.keep(hold);
        }
        Ok(Some(loaded.shown))
    }

    fn item(&self, item: &Item, loaded: &Loaded<'_>, answer: &mut Answer) -> store::Result<()> {
        let message = &self.row.message;
        let twist = Twist {
            wrong_size: self.told.faults.on(Fault::ImapLiteralSizeOffByOne),
            narrow: self.told.faults.on(Fault::ImapNarrowNumbers),
            shifted: self.told.faults.on(Fault::ImapPartialOffByOne),
            line_end: self.told.faults.on(Fault::ImapPartKeepsLineEnd),
        };
        match item {
            Item::Flags => write!(answer, "FLAGS {}", flag_list(&message.flags, self.row.recent)),
            Item::Uid => write!(answer, "UID {}", message.uid),
            Item::Rfc822Size => write!(answer, "RFC822.SIZE {}", message.size),
            Item::InternalDate => write!(answer, "INTERNALDATE {}", write_date_time(message.date)),
            Item::ModSeq => write!(answer, "MODSEQ ({})", message.modseq),
            Item::EmailId => write!(answer, "EMAILID ({})", email_id(message, self.mailbox, self.told.faults)),
            Item::ThreadId => {
                let id = thread_id(self.thread.unwrap_or(message.blob.0));
                write!(answer, "THREADID ({id})");
            }
            Item::SaveDate => self.save_date(answer),
            Item::Preview => {
                answer.text(b"PREVIEW ");
                let preview = preview(loaded, self.told.faults)?;
                write_string(answer.tail(), preview.as_bytes());
            }
            Item::Binary { .. } | Item::BinarySize { .. } => binary::write(item, loaded, self.told.faults, twist, answer)?,
            Item::Envelope | Item::Body | Item::BodyStructure => {
                let form = loaded.form.as_ref().ok_or(store::Error::BlobGone)?;
                let mut told = Vec::new();
                match item {
                    Item::Envelope => write_envelope(&mut told, &form.envelope),
                    _ => write_body(&mut told, &form.root, *item == Item::BodyStructure),
                }
                let told = Arc::from(told);
                write_form(item, &told, answer);
                if let Some(digest) = digest(item).filter(|_| loaded.shown == Shown::Message) {
                    self.store.keep_digest(message.blob, digest, &told);
                }
            }
            Item::Rfc822 | Item::Rfc822Header | Item::Rfc822Text | Item::Section { .. } => {
                if let Some(section) = item.section() {
                    section::write(item, &section, loaded, twist, answer)?;
                }
            }
        }
        Ok(())
    }

    /// `"SAVEDATE" SP (date-time / nil)` (RFC 8514 §5). A message that came before save dates were written down has none.
    fn save_date(&self, answer: &mut Answer) {
        let message = &self.row.message;
        let date = match self.told.faults.on(Fault::ImapSaveDateIsInternalDate) {
            true => Some(message.date),
            false => message.saved,
        };
        let date = date.map_or_else(|| "NIL".to_owned(), write_date_time);
        write!(answer, "SAVEDATE {date}");
    }
}

/// What the message's form came to when it was told before.
#[derive(Default)]
struct Kept {
    envelope: Option<Arc<[u8]>>,
    body: Option<Arc<[u8]>>,
    structure: Option<Arc<[u8]>>,
}

impl Kept {
    /// What is kept of what is asked for. What has nothing but ASCII in it is the same in a surrogate.
    fn of(items: &[&Item], store: &Store, blob: BlobId, reader: Reader) -> Kept {
        let mut kept = Kept::default();
        for item in items {
            let Some(digest) = digest(item) else { continue };
            let form = store.digest(blob, digest).filter(|form| reader == Reader::Any || form.is_ascii());
            match item {
                Item::Envelope => kept.envelope = form,
                Item::Body => kept.body = form,
                _ => kept.structure = form,
            }
        }
        kept
    }

    fn form(&self, item: &Item) -> Option<&[u8]> {
        match item {
            Item::Envelope => self.envelope.as_deref(),
            Item::Body => self.body.as_deref(),
            Item::BodyStructure => self.structure.as_deref(),
            _ => None,
        }
    }
}

/// Which item it is that is kept once it was told.
fn digest(item: &Item) -> Option<Digest> {
    match item {
        Item::Envelope => Some(Digest::Envelope),
        Item::Body => Some(Digest::Body),
        Item::BodyStructure => Some(Digest::BodyStructure),
        _ => None,
    }
}

/// `"ENVELOPE" SP envelope / "BODY" ["STRUCTURE"] SP body`
fn write_form(item: &Item, form: &[u8], answer: &mut Answer) {
    answer.text(match item {
        Item::Envelope => b"ENVELOPE ".as_slice(),
        Item::Body => b"BODY ",
        _ => b"BODYSTRUCTURE ",
    });
    answer.text(form);
}

/// The preview of a message (RFC 8970 §3.3).
fn preview(loaded: &Loaded<'_>, faults: Faults) -> store::Result<String> {
    let Some(part) = loaded.form.as_ref().and_then(|form| mime::preview_part(&form.root)) else { return Ok(String::new()) };
    let start = part.body.start as u64;
    let end = part.body.end.min(part.body.start + mime::PREVIEW_ENOUGH) as u64;
    let body = loaded.bytes(start..end)?;
    Ok(match faults.on(Fault::ImapPreviewStaysEncoded) {
        true => String::from_utf8_lossy(&body).chars().take(200).collect(),
        false => mime::preview(part, &body),
    })
}

fn needs(item: &Item) -> Needs {
    match item {
        Item::Flags | Item::Uid | Item::Rfc822Size | Item::InternalDate | Item::SaveDate => Needs::Nothing,
        Item::EmailId | Item::ThreadId | Item::ModSeq => Needs::Nothing,
        Item::Envelope => Needs::Envelope,
        Item::Body | Item::BodyStructure | Item::Preview => Needs::Form,
        Item::Binary { part, .. } | Item::BinarySize { part } => binary::needs(part),
        Item::Rfc822 | Item::Rfc822Header | Item::Rfc822Text | Item::Section { .. } => {
            item.section().map_or(Needs::Nothing, |section| section::needs(&section))
        }
    }
}
