//! A message that is told of: its octets, which stay in the store if they are many, and its form.

use super::answer::{Answer, CHUNK, Filter};
use crate::imap::stored_header::stored_header;
use crate::mime;
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

/// To whom a message is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// One who takes it as it is.
    Any,
    /// A client that knows US-ASCII headers only: instead of an internationalized message it sees a surrogate (RFC 6858).
    Legacy,
}

/// What a client sees of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Message,
    Surrogate,
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
    /// What it consists of, if it is the surrogate of a large message.
    pieces: Vec<Piece>,
    /// Its form; of a large message of which only the header is needed, that of its beginning.
    pub form: Option<mime::Message>,
    pub shown: Shown,
}

/// A run of octets of a surrogate.
enum Piece {
    /// As they are in the store.
    Stored(Range<u64>),
    /// A header that was written anew.
    Written(Vec<u8>),
}

impl Piece {
    fn size(&self) -> u64 {
        match self {
            Piece::Stored(range) => range.end - range.start,
            Piece::Written(octets) => octets.len() as u64,
        }
    }
}

/// Octets of a message, in one place.
enum Slice<'a> {
    Stored(Range<u64>),
    Here(&'a [u8]),
}

impl<'s> Loaded<'s> {
    /// Reads what is needed.
    pub fn read(store: &'s Store, message: &Message, needs: Needs, reader: Reader) -> store::Result<Loaded<'s>> {
        let (blob, size) = (message.blob, message.size);
        let (octets, header, pieces, form) = (None, None, Vec::new(), None);
        let mut loaded = Loaded { store, blob, size, octets, header, pieces, form, shown: Shown::Message };
        if needs == Needs::Nothing {
            return Ok(loaded);
        }
        let shown = |header: &[u8]| match reader == Reader::Legacy && !header.is_ascii() {
            true => Shown::Surrogate,
            false => Shown::Message,
        };
        if needs == Needs::HeaderAlone && size <= SMALL {
            let header = stored_header(store, blob)?;
            loaded.shown = shown(&header);
            let surrogate = if loaded.shown == Shown::Surrogate { mime::surrogate_header(&header) } else { None };
            loaded.header = Some(surrogate.map_or(header, Arc::from));
            return Ok(loaded);
        }
        if size <= SMALL {
            let octets = store.whole(blob)?;
            // The header is among them, and need not be read once more.
            loaded.shown = shown(octets.get(..mime::header_end(&octets)).unwrap_or_default());
            let surrogate = if loaded.shown == Shown::Surrogate { mime::surrogate(&octets) } else { None };
            let octets = surrogate.unwrap_or(octets);
            loaded.form = match needs {
                Needs::Nothing | Needs::Octets => None,
                Needs::HeaderAlone | Needs::Header => Some(mime::Message::of_header(&octets, false)),
                Needs::Envelope => Some(mime::Message::of_header(&octets, true)),
                Needs::Form => Some(mime::Message::parse(&octets)),
            };
            loaded.size = octets.len() as u64;
            loaded.octets = Some(octets);
            return Ok(loaded);
        }
        if reader == Reader::Legacy {
            loaded.shown = shown(&stored_header(store, blob)?);
        }
        if loaded.shown == Shown::Surrogate {
            loaded.write_headers_anew()?;
            loaded.form = Some(loaded.whole_form()?);
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

    /// Puts headers in US-ASCII in the places of those that are not.
    fn write_headers_anew(&mut self) -> store::Result<()> {
        let mut pieces = Vec::new();
        let mut at = 0;
        for range in mime::headers(&self.whole_form()?.root) {
            let (start, end) = (range.start as u64, range.end as u64);
            let Some(header) = mime::surrogate_header(&self.store.bytes(self.blob, start..end)?) else { continue };
            pieces.extend([Piece::Stored(at..start), Piece::Written(header)]);
            at = end;
        }
        pieces.push(Piece::Stored(at..self.size));
        self.size = pieces.iter().map(Piece::size).sum();
        self.pieces = pieces;
        Ok(())
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
    pub fn at_hand(&self, range: &Range<u64>) -> Option<&[u8]> {
        let octets = self.octets.as_deref().or(self.header.as_deref())?;
        Some(octets.get(range.start as usize..range.end as usize).unwrap_or_default())
    }

    /// Where the octets of a range are.
    fn slices(&self, range: Range<u64>) -> impl Iterator<Item = Slice<'_>> {
        let here = self.at_hand(&range).map(Slice::Here);
        let stored = (here.is_none() && self.pieces.is_empty()).then(|| Slice::Stored(range.clone()));
        let mut begin = 0;
        let pieces = self.pieces.iter().filter_map(move |piece| {
            let (from, to) = (range.start.max(begin), range.end.min(begin + piece.size()));
            let (first, last) = (from.saturating_sub(begin), to.saturating_sub(begin));
            begin += piece.size();
            (first < last).then(|| match piece {
                Piece::Stored(stored) => Slice::Stored(stored.start + first..stored.start + last),
                Piece::Written(octets) => Slice::Here(octets.get(first as usize..last as usize).unwrap_or_default()),
            })
        });
        here.into_iter().chain(stored).chain(pieces)
    }

    /// Octets of the message.
    pub fn bytes(&self, range: Range<u64>) -> store::Result<Cow<'_, [u8]>> {
        if let Some(octets) = self.at_hand(&range) {
            return Ok(Cow::Borrowed(octets));
        }
        let mut bytes = Vec::new();
        for slice in self.slices(range) {
            match slice {
                Slice::Here(octets) => bytes.extend_from_slice(octets),
                Slice::Stored(range) => bytes.append(&mut self.store.bytes(self.blob, range)?),
            }
        }
        Ok(Cow::Owned(bytes))
    }

    /// Looks at octets of the message, a chunk at a time.
    pub fn each_chunk(&self, range: Range<u64>, mut look: impl FnMut(&[u8])) -> store::Result<()> {
        for slice in self.slices(range) {
            match slice {
                Slice::Here(octets) => look(octets),
                Slice::Stored(range) => {
                    let mut start = range.start;
                    while start < range.end {
                        let end = range.end.min(start + CHUNK);
                        look(&self.store.bytes(self.blob, start..end)?);
                        start = end;
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks at what a filter makes of octets of the message, a chunk at a time.
    pub fn each_made(&self, range: Range<u64>, mut filter: Filter, mut look: impl FnMut(&[u8])) -> store::Result<()> {
        let mut made = Vec::new();
        self.each_chunk(range, |octets| {
            made.clear();
            filter.push(octets, &mut made);
            look(&made);
        })?;
        made.clear();
        filter.finish(&mut made);
        look(&made);
        Ok(())
    }

    /// Adds octets of the message to an answer, as those of a literal.
    pub fn show(&self, answer: &mut Answer, range: Range<u64>, keep_nul: bool) {
        for slice in self.slices(range) {
            match slice {
                Slice::Here(octets) if keep_nul => answer.text(octets),
                Slice::Here(octets) => answer.literal(octets),
                Slice::Stored(range) => answer.stored(self.blob, range, keep_nul),
            }
        }
    }

    /// Adds what a filter makes of a leaf or of a header to an answer: of that the octets in `shown`. No header begins or ends
    /// inside, so they are all in one place.
    pub fn show_made(&self, answer: &mut Answer, range: Range<u64>, mut filter: Filter, shown: Range<u64>) {
        match self.slices(range).next() {
            Some(Slice::Here(octets)) => {
                let mut made = Vec::new();
                filter.push(octets, &mut made);
                filter.clone().finish(&mut made);
                filter.write(made.get(shown.start as usize..shown.end as usize).unwrap_or_default(), answer.tail());
            }
            Some(Slice::Stored(range)) => answer.made(self.blob, range, filter, shown),
            None => {}
        }
    }
}
