//! BINARY (RFC 3516): the octets of a part with their Content-Transfer-Encoding undone.

use super::answer::{Answer, Filter};
use super::loaded::{Loaded, Needs};
use super::section::{Twist, substring};
use crate::faults::{Fault, Faults};
use crate::imap::grammar::fetch::{Item, Partial};
use crate::imap::grammar::section::Section;
use crate::imap::response::{Code, Status};
use crate::mime::{self, Content, Decoder};
use crate::store;
use std::ops::Range;

/// What must be known of a message to show this part of it.
pub fn needs(part: &[u32]) -> Needs {
    if part.is_empty() { Needs::Octets } else { Needs::Form }
}

/// Where a part is, and what undoes its encoding. The whole message, and a part that holds others, has none: what RFC 2045
/// §6.4 lets them have encodes nothing.
enum Source {
    /// There is no such part.
    Nowhere,
    Octets(Range<u64>, Decoder),
    /// "the server does not know how to decode the section's CTE" (RFC 3516 §4.3).
    UnknownEncoding,
}

fn source(part: &[u32], loaded: &Loaded<'_>, faults: Faults) -> Source {
    if part.is_empty() {
        return Source::Octets(0..loaded.size, Decoder::Identity);
    }
    let Some(form) = &loaded.form else { return Source::Nowhere };
    let (Some(range), Some(found)) = (form.section(part, mime::Section::Whole), form.part(part)) else {
        return Source::Nowhere;
    };
    let range = range.start as u64..range.end as u64;
    let decoder = match found.content {
        Content::Leaf if faults.on(Fault::ImapBinaryStaysEncoded) => Some(Decoder::Identity),
        Content::Leaf => Decoder::of(&found.encoding),
        Content::Multipart(_) | Content::Message { .. } => Some(Decoder::Identity),
    };
    match decoder {
        Some(decoder) => Source::Octets(range, decoder),
        None if faults.on(Fault::ImapBinaryGuessesEncoding) => Source::Octets(range, Decoder::Identity),
        None => Source::UnknownEncoding,
    }
}

/// Whether the part can be told of at all.
pub fn check(item: &Item, loaded: &Loaded<'_>, faults: Faults) -> Result<(), Status> {
    let (Item::Binary { part, .. } | Item::BinarySize { part }) = item else { return Ok(()) };
    match source(part, loaded, faults) {
        Source::UnknownEncoding => Err(Status::no(Code::UnknownCte, "The content transfer encoding of a part is not known here")),
        _ => Ok(()),
    }
}

/// ```abnf
/// msg-att-static =/ "BINARY" section-binary SP (nstring / literal8) / "BINARY.SIZE" section-binary SP number
/// ```
pub fn write(item: &Item, loaded: &Loaded<'_>, faults: Faults, twist: Twist, answer: &mut Answer) -> store::Result<()> {
    let (part, partial, name) = match item {
        Item::Binary { part, partial, .. } => (part, *partial, "BINARY["),
        Item::BinarySize { part } => (part, None, "BINARY.SIZE["),
        _ => return Ok(()),
    };
    answer.text(name.as_bytes());
    Section { part: part.clone(), text: None }.write(answer.tail());
    answer.text(b"]");
    if let Some(Partial { origin, .. }) = partial {
        answer.text(format!("<{origin}>").as_bytes());
    }
    answer.text(b" ");
    let sized = matches!(item, Item::BinarySize { .. });
    let Source::Octets(range, decoder) = source(part, loaded, faults) else {
        // A part that does not exist has no octets.
        answer.text(if sized { b"0" } else { b"NIL" });
        return Ok(());
    };
    let asked = |size: u64| substring(0..size, partial, twist);
    let measured = measure(loaded, range.clone(), decoder.clone(), asked)?;
    if sized {
        let size = if faults.on(Fault::ImapBinarySizeIsEncoded) { range.end - range.start } else { measured.size };
        answer.text(size.to_string().as_bytes());
        return Ok(());
    }
    let shown = asked(measured.size);
    // "the server SHOULD return the data in a <string> instead of a <literal8>" if no NUL is in it (RFC 3516 §4.3).
    let tilde = if measured.nul { "~" } else { "" };
    let size = shown.end - shown.start + u64::from(twist.wrong_size);
    answer.text(format!("{tilde}{{{size}}}\r\n").as_bytes());
    match decoder {
        Decoder::Identity => loaded.show(answer, range.start + shown.start..range.start + shown.end, true),
        decoder => loaded.show_made(answer, range, Filter::Decoder(decoder), shown),
    }
    Ok(())
}

struct Measured {
    /// Decoded octets.
    size: u64,
    /// Whether NUL is among those that are shown.
    nul: bool,
}

/// Decodes once to know what is announced.
fn measure(
    loaded: &Loaded<'_>,
    range: Range<u64>,
    decoder: Decoder,
    asked: impl Fn(u64) -> Range<u64>,
) -> store::Result<Measured> {
    // What is shown of an endless text begins and ends no later than what is shown of this one.
    let shown = asked(u64::MAX);
    let mut size = 0;
    let mut nul = false;
    let look = |decoded: &[u8]| {
        let from = shown.start.saturating_sub(size).min(decoded.len() as u64) as usize;
        let to = shown.end.saturating_sub(size).min(decoded.len() as u64) as usize;
        nul = nul || memchr::memchr(0, decoded.get(from..to).unwrap_or_default()).is_some();
        size += decoded.len() as u64;
    };
    match decoder {
        Decoder::Identity => loaded.each_chunk(range, look)?,
        decoder => loaded.each_made(range, Filter::Decoder(decoder), look)?,
    }
    Ok(Measured { size, nul })
}
