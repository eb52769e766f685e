//! A message that is told of: its octets, which stay in the store if they are many, and its form.

use super::answer::{Answer, CHUNK};
use crate::imap::stored_header::stored_header;
use crate::mime::{self, Decoder};
use crate::store::{self, BlobId, Message, Store};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// A message of at most so many octets is read whole.
const SMALL: u64 = 256 * 1024;

/// Enough octets to hold nearly every header.
const BEGINNING: u64 = 64 * 1024;

/// What of a message must be known to tell of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    Nothing,
    /// The octets of its header.
    HeaderAlone,
    /// Its octets, wherever the parts are.
    Octets,
    /// Where its header ends.
    Header,
    /// That, and its envelope.
    Envelope,
    /// The whole tree of its parts.
    Form,
}

impl Needs {
    /// What must be known for both.
    pub fn and(self, other: Needs) -> Needs {
        match (self, other) {
            (Needs::HeaderAlone, Needs::Octets) | (Needs::Octets, Needs::HeaderAlone) => Needs::Header,
            _ => self.max(other),
        }
    }
}

/// A message of the store.
pub struct Loaded<'s> {
    store: &'s Store,
    blob: BlobId,
    pub size: u64,
    /// All its octets, if they are few.
    octets: Option<Vec<u8>>,
    /// Its header, if nothing else is needed.
    header: Option<Arc<[u8]>>,
    /// Its form; of a large message of which only the header is needed, that of its beginning.
    pub form: Option<mime::Message>,
}

impl<'s> Loaded<'s> {
    /// Reads what is needed.
    pub fn read(store: &'s Store, message: &Message, needs: Needs) -> store::Result<Loaded<'s>> {
        let (blob, size) = (message.blob, message.size);
        let mut loaded = Loaded { store, blob, size, octets: None, header: None, form: None };
        if needs == Needs::HeaderAlone && size <= SMALL {
            loaded.header = Some(stored_header(store, message)?);
            return Ok(loaded);
        }
        if needs == Needs::Nothing {
            return Ok(loaded);
        }
        if size <= SMALL {
            let octets = store.whole(blob)?;
            loaded.form = match needs {
                Needs::Nothing | Needs::Octets => None,
                Needs::HeaderAlone | Needs::Header => Some(mime::Message::of_header(&octets, false)),
                Needs::Envelope => Some(mime::Message::of_header(&octets, true)),
                Needs::Form => Some(mime::Message::parse(&octets)),
            };
            loaded.octets = Some(octets);
            return Ok(loaded);
        }
        loaded.form = match needs {
            Needs::Nothing | Needs::Octets => {
                // It must be there: what is told of it is announced before it is read.
                store.size(blob)?;
                None
            }
            Needs::HeaderAlone | Needs::Header | Needs::Envelope => {
                let form = mime::Message::parse(&store.bytes(blob, 0..BEGINNING)?);
                Some(if form.root.body.is_empty() { loaded.whole_form()? } else { form })
            }
            Needs::Form => Some(loaded.whole_form()?),
        };
        Ok(loaded)
    }

    fn whole_form(&self) -> store::Result<mime::Message> {
        let mut parser = mime::Parser::new();
        self.each_chunk(0..self.size, |octets| parser.push(octets))?;
        Ok(parser.finish())
    }

    /// Where its header is, if that is known.
    pub fn header(&self) -> Option<Range<u64>> {
        match (&self.header, &self.form) {
            (Some(header), _) => Some(0..header.len() as u64),
            (None, Some(form)) => Some(form.root.header.start as u64..form.root.header.end as u64),
            (None, None) => None,
        }
    }

    /// The octets of this range, if they are in memory.
    fn at_hand(&self, range: &Range<u64>) -> Option<&[u8]> {
        let octets = self.octets.as_deref().or(self.header.as_deref())?;
        Some(octets.get(range.start as usize..range.end as usize).unwrap_or_default())
    }

    /// Octets of the message.
    pub fn bytes(&self, range: Range<u64>) -> store::Result<Cow<'_, [u8]>> {
        match self.at_hand(&range) {
            Some(octets) => Ok(Cow::Borrowed(octets)),
            None => self.store.bytes(self.blob, range).map(Cow::Owned),
        }
    }

    /// Looks at octets of the message, a chunk at a time.
    pub fn each_chunk(&self, range: Range<u64>, mut look: impl FnMut(&[u8])) -> store::Result<()> {
        if let Some(octets) = self.at_hand(&range) {
            look(octets);
            return Ok(());
        }
        let mut start = range.start;
        while start < range.end {
            let end = range.end.min(start + CHUNK);
            look(&self.store.bytes(self.blob, start..end)?);
            start = end;
        }
        Ok(())
    }

    /// Adds octets of the message to an answer, as those of a literal.
    pub fn show(&self, answer: &mut Answer, range: Range<u64>, keep_nul: bool) {
        match self.at_hand(&range) {
            Some(octets) if keep_nul => answer.text(octets),
            Some(octets) => answer.literal(octets),
            None => answer.stored(self.blob, range, keep_nul),
        }
    }

    /// Adds decoded octets of the message to an answer.
    pub fn show_decoded(&self, answer: &mut Answer, range: Range<u64>, decoder: Decoder, shown: Range<u64>) {
        match self.at_hand(&range) {
            Some(octets) => {
                let decoded = decoder.decode(octets);
                answer.text(decoded.get(shown.start as usize..shown.end as usize).unwrap_or_default());
            }
            None => answer.decoded(self.blob, range, decoder, shown.start, shown.end - shown.start),
        }
    }
}
