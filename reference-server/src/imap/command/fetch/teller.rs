//! What FETCH tells of one message.

use super::answer::Answer;
use super::loaded::{Loaded, Needs};
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
use crate::store::{self, Digest, MailboxId, Row, Store};
use std::sync::Arc;

/// Tells of one message.
pub struct Teller<'a> {
    pub row: &'a Row,
    pub store: &'a Store,
    pub mailbox: MailboxId,
    /// Known if it was asked for.
    pub thread: Option<i64>,
    /// How the client is told.
    pub told: Told<'a>,
}

impl Teller<'_> {
    /// `* n FETCH (…)`, or `* uid UIDFETCH (…)`; `None` if the message's octets are gone.
    pub fn answer(&self, number: u32, items: &[&Item]) -> Result<Option<Answer>, Status> {
        let kept: Vec<Option<Arc<[u8]>>> = items.iter().map(|item| self.kept(item)).collect();
        let unknown = items.iter().zip(&kept).filter(|(_, kept)| kept.is_none());
        let needs = unknown.fold(Needs::Nothing, |all, (item, _)| all.and(needs(item)));
        let Ok(loaded) = Loaded::read(self.store, &self.row.message, needs) else { return Ok(None) };
        // "it MUST fail the request and issue a "NO" response" (RFC 3516 §4.3).
        for item in items {
            binary::check(item, &loaded, self.told.faults)?;
        }
        let mut answer = Answer::default();
        answer.text(format!("* {} (", self.told.heading(number, self.row.message.uid)).as_bytes());
        for (at, (item, kept)) in items.iter().zip(kept).enumerate() {
            if at > 0 {
                answer.text(b" ");
            }
            let written = match kept {
                Some(form) => Ok(write_form(item, &form, &mut answer)),
                None => self.item(item, &loaded, &mut answer),
            };
            if written.is_err() {
                return Ok(None);
            }
        }
        answer.text(b")\r\n");
        if answer.reads() {
            let Ok(hold) = self.store.hold(vec![self.row.message.blob]) else { return Ok(None) };
            answer.keep(hold);
        }
        Ok(Some(answer))
    }

    fn item(&self, item: &Item, loaded: &Loaded<'_>, answer: &mut Answer) -> store::Result<()> {
        let message = &self.row.message;
        let twist = Twist {
            wrong_size: self.told.faults.on(Fault::ImapLiteralSizeOffByOne),
            shifted: self.told.faults.on(Fault::ImapPartialOffByOne),
            line_end: self.told.faults.on(Fault::ImapPartKeepsLineEnd),
        };
        match item {
            Item::Flags => answer.text(format!("FLAGS {}", flag_list(&message.flags, self.row.recent)).as_bytes()),
            Item::Uid => answer.text(format!("UID {}", message.uid).as_bytes()),
            Item::Rfc822Size => answer.text(format!("RFC822.SIZE {}", message.size).as_bytes()),
            Item::InternalDate => {
                answer.text(format!("INTERNALDATE {}", write_date_time(message.date)).as_bytes());
            }
            Item::ModSeq => answer.text(format!("MODSEQ ({})", message.modseq).as_bytes()),
            Item::EmailId => {
                answer.text(format!("EMAILID ({})", email_id(message, self.mailbox, self.told.faults)).as_bytes());
            }
            Item::ThreadId => {
                let id = thread_id(self.thread.unwrap_or(message.blob.0));
                answer.text(format!("THREADID ({id})").as_bytes());
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
                if let Some(digest) = digest(item) {
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

    /// What the message's form came to when it was told before.
    fn kept(&self, item: &Item) -> Option<Arc<[u8]>> {
        self.store.digest(self.row.message.blob, digest(item)?)
    }

    /// `"SAVEDATE" SP (date-time / nil)` (RFC 8514 §5). A message that came before save dates were written down has none.
    fn save_date(&self, answer: &mut Answer) {
        let message = &self.row.message;
        let date = match self.told.faults.on(Fault::ImapSaveDateIsInternalDate) {
            true => Some(message.date),
            false => message.saved,
        };
        let date = date.map_or_else(|| "NIL".to_owned(), write_date_time);
        answer.text(format!("SAVEDATE {date}").as_bytes());
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
