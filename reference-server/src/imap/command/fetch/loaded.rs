//! A message that is told of: its octets, which stay in the store if they are many, and its form.

use super::answer::{Answer, CHUNK};
use crate::mime::{self, Decoder};
use crate::store::{self, BlobId, Message, Store};
use std::ops::Range;

/// A message of at most so many octets is read whole.
const SMALL: u64 = 256 * 1024;

/// Enough octets to hold nearly every header.
const BEGINNING: u64 = 64 * 1024;

/// What of a message must be known to tell of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    Nothing,
    /// Its octets, wherever the parts are.
    Octets,
    /// Where its header ends.
    Header,
    /// That, and its envelope.
    Envelope,
    /// The whole tree of its parts.
    Form,
}

/// A message of the store.
pub struct Loaded<'s> {
    store: &'s Store,
    blob: BlobId,
    pub size: u64,
    /// All its octets, if they are few.
    octets: Option<Vec<u8>>,
    /// Its form; of a large message of which only the header is needed, that of its beginning.
    pub form: Option<mime::Message>,
}

impl<'s> Loaded<'s> {
    /// Reads what is needed.
    pub fn read(store: &'s Store, message: &Message, needs: Needs) -> store::Result<Loaded<'s>> {
        let (blob, size) = (message.blob, message.size);
        let mut loaded = Loaded { store, blob, size, octets: None, form: None };
        if needs == Needs::Nothing {
            return Ok(loaded);
        }
        if size <= SMALL {
            let octets = store.whole(blob)?;
            loaded.form = match needs {
                Needs::Nothing | Needs::Octets => None,
                Needs::Header => Some(mime::Message::of_header(&octets, false)),
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
            Needs::Header | Needs::Envelope => {
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

    /// Octets of the message.
    pub fn bytes(&self, range: Range<u64>) -> store::Result<Vec<u8>> {
        match &self.octets {
            Some(octets) => Ok(octets.get(range.start as usize..range.end as usize).unwrap_or_default().to_vec()),
            None => self.store.bytes(self.blob, range),
        }
    }

    /// Looks at octets of the message, a chunk at a time.
    pub fn each_chunk(&self, range: Range<u64>, mut look: impl FnMut(&[u8])) -> store::Result<()> {
        if let Some(octets) = &self.octets {
            look(octets.get(range.start as usize..range.end as usize).unwrap_or_default());
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
        match &self.octets {
            Some(octets) => {
                let octets = octets.get(range.start as usize..range.end as usize).unwrap_or_default();
                match keep_nul {
                    true => answer.text(octets),
                    false => answer.tail().extend(octets.iter().map(|octet| if *octet == 0 { 0x80 } else { *octet })),
                }
            }
            None => answer.stored(self.blob, range, keep_nul),
        }
    }

    /// Adds decoded octets of the message to an answer.
    pub fn show_decoded(&self, answer: &mut Answer, range: Range<u64>, decoder: Decoder, shown: Range<u64>) {
        match &self.octets {
            Some(octets) => {
                let octets = octets.get(range.start as usize..range.end as usize).unwrap_or_default();
                let decoded = decoder.decode(octets);
                answer.text(decoded.get(shown.start as usize..shown.end as usize).unwrap_or_default());
            }
            None => answer.decoded(self.blob, range, decoder, shown.start, shown.end - shown.start),
        }
    }
}
