//! The octets that a URL of a message or a part names, for CATENATE (RFC 4469) and URLFETCH (RFC 4467).

use super::command::fetch::answer::{Answer, CHUNK};
use super::command::fetch::loaded::{Loaded, Reader};
use super::command::fetch::section::{self, Twist};
use super::grammar::section::SectionText;
use super::url::Url;
use crate::mime;
use crate::store::{self, BlobId, Hold, Mailbox, Stage, Store};
use std::ops::Range;

/// The octets of a message, or of a part of it.
pub enum Content {
    /// Chosen header fields: octets that stand nowhere in this order.
    Octets(Vec<u8>),
    Stored {
        blob: BlobId,
        range: Range<u64>,
        hold: Hold,
    },
}

impl Content {
    /// Finds what a URL names in a mailbox; `None` if there is no such message or part.
    pub fn find(store: &Store, mailbox: &Mailbox, url: &Url) -> store::Result<Option<Content>> {
        if url.uidvalidity.is_some_and(|validity| validity != mailbox.uidvalidity) {
            return Ok(None);
        }
        let Some(uid) = url.uid else { return Ok(None) };
        let Some(message) = store.message(mailbox.id, uid)? else { return Ok(None) };
        let loaded = Loaded::read(store, &message, section::needs(&url.section), Reader::Any)?;
        let Some(range) = section::place(&url.section, &loaded) else { return Ok(None) };
        let chosen = match &url.section.text {
            Some(SectionText::HeaderFields(names)) => Some((names, false)),
            Some(SectionText::HeaderFieldsNot(names)) => Some((names, true)),
            _ => None,
        };
        if let Some((names, except)) = chosen {
            let mut octets = mime::subset(&loaded.bytes(range)?, names, except);
            let shown = section::substring(0..octets.len() as u64, url.partial, Twist::default());
            octets.truncate(shown.end as usize);
            octets.drain(..shown.start as usize);
            return Ok(Some(Content::Octets(octets)));
        }
        let range = section::substring(range, url.partial, Twist::default());
        let hold = store.hold(vec![message.blob])?;
        Ok(Some(Content::Stored { blob: message.blob, range, hold }))
    }

    /// How many there are.
    pub fn size(&self) -> u64 {
        match self {
            Content::Octets(octets) => octets.len() as u64,
            Content::Stored { range, .. } => range.end - range.start,
        }
    }

    /// Adds them to a message that is put together.
    pub fn copy(&self, store: &Store, stage: &mut Stage) -> store::Result<()> {
        match self {
            Content::Octets(octets) => stage.push(octets),
            Content::Stored { blob, range, .. } => copy(store, *blob, range.clone(), stage),
        }
    }

    /// Adds them to an answer, as a literal.
    pub fn show(self, answer: &mut Answer) {
        answer.text(format!("{{{}}}\r\n", self.size()).as_bytes());
        match self {
            Content::Octets(octets) => answer.text(&octets),
            Content::Stored { blob, range, hold } => {
                answer.stored(blob, range, false);
                answer.keep(hold);
            }
        }
    }
}

/// Copies octets of the store to a message that is put together, a chunk at a time.
pub fn copy(store: &Store, blob: BlobId, range: Range<u64>, stage: &mut Stage) -> store::Result<()> {
    let mut start = range.start;
    while start < range.end {
        let end = range.end.min(start + CHUNK);
        stage.push(&store.bytes(blob, start..end)?)?;
        start = end;
    }
    Ok(())
}
