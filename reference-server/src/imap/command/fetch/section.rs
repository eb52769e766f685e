//! `BODY[…]` and its older relatives: octets of a message as they are.

use super::answer::{Answer, Filter};
use super::loaded::{Loaded, Needs};
use crate::imap::grammar::fetch::{Item, Partial};
use crate::imap::grammar::section::{Section, SectionText};
use crate::mime;
use crate::store;
use std::ops::Range;

/// How a misbehaving server shows octets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Twist {
    /// Literals are announced one octet too long.
    pub wrong_size: bool,
    /// Of the position of the first octet only the low 32 bits count.
    pub narrow: bool,
    /// Partial ones start one octet too late.
    pub shifted: bool,
    /// The line end before a delimiter counts to the part.
    pub line_end: bool,
}

/// What must be known of a message to show a section.
pub fn needs(section: &Section) -> Needs {
    match &section.text {
        None if section.part.is_empty() => Needs::Octets,
        Some(SectionText::Mime) => Needs::Form,
        Some(SectionText::Text) if section.part.is_empty() => Needs::Header,
        Some(_) if section.part.is_empty() => Needs::HeaderAlone,
        _ => Needs::Form,
    }
}

/// `"RFC822" [".HEADER" / ".TEXT"] SP nstring / "BODY" section ["<" number ">"] SP nstring`
pub fn write(item: &Item, section: &Section, loaded: &Loaded<'_>, twist: Twist, answer: &mut Answer) -> store::Result<()> {
    let mut partial = None;
    match item {
        Item::Rfc822 => answer.text(b"RFC822"),
        Item::Rfc822Header => answer.text(b"RFC822.HEADER"),
        Item::Rfc822Text => answer.text(b"RFC822.TEXT"),
        _ => {
            answer.text(b"BODY[");
            section.write(answer.tail());
            answer.text(b"]");
        }
    }
    if let Item::Section { partial: Some(asked), .. } = item {
        answer.text(format!("<{}>", asked.origin).as_bytes());
        partial = Some(*asked);
    }
    answer.text(b" ");
    let Some(mut range) = place(section, loaded) else {
        // There is no such part: the data item has no value.
        answer.text(b"NIL");
        return Ok(());
    };
    if twist.line_end && section.text.is_none() && !section.part.is_empty() {
        range.end = loaded.size.min(range.end + 2);
    }
    let fields = match &section.text {
        Some(SectionText::HeaderFields(names)) => Some((names, false)),
        Some(SectionText::HeaderFieldsNot(names)) => Some((names, true)),
        _ => None,
    };
    let announce = |answer: &mut Answer, size: u64| {
        answer.text(format!("{{{}}}\r\n", size + u64::from(twist.wrong_size)).as_bytes());
    };
    match fields {
        Some((names, except)) => {
            if let Some(header) = loaded.at_hand(&range) {
                let chosen = mime::subset(header, names, except);
                let shown = substring(0..chosen.len() as u64, partial, twist);
                announce(answer, shown.end - shown.start);
                answer.literal(chosen.get(shown.start as usize..shown.end as usize).unwrap_or_default());
                return Ok(());
            }
            // Of a long header the size is found out first.
            let filter = Filter::Fields(mime::FieldFilter::new(names, except));
            let mut size = 0;
            loaded.each_made(range.clone(), filter.clone(), |chosen| size += chosen.len() as u64)?;
            let shown = substring(0..size, partial, twist);
            announce(answer, shown.end - shown.start);
            loaded.show_made(answer, range, filter, shown);
        }
        None => {
            let shown = substring(range, partial, twist);
            announce(answer, shown.end - shown.start);
            loaded.show(answer, shown, false);
        }
    }
    Ok(())
}

/// Where the octets of a section are. Of a part that is no message there is no header but MIME (RFC 3501 §6.4.5).
pub fn place(section: &Section, loaded: &Loaded<'_>) -> Option<Range<u64>> {
    let what = match &section.text {
        None if section.part.is_empty() => return Some(0..loaded.size),
        None => mime::Section::Whole,
        Some(SectionText::Mime) => mime::Section::Mime,
        Some(SectionText::Text) => mime::Section::Text,
        Some(SectionText::Header | SectionText::HeaderFields(_) | SectionText::HeaderFieldsNot(_)) => mime::Section::Header,
    };
    if section.part.is_empty() && what == mime::Section::Header {
        return loaded.header();
    }
    let range = loaded.form.as_ref()?.section(&section.part, what)?;
    // Of a large message only the beginning may have been read.
    let end = if section.part.is_empty() && what == mime::Section::Text { loaded.size } else { range.end as u64 };
    Some(range.start as u64..end)
}

/// "If the starting octet is beyond the end of the text, an empty string is returned", and "any partial fetch that
/// attempts to read beyond the end of the text is truncated as appropriate" (RFC 3501 §6.4.5).
pub fn substring(text: Range<u64>, partial: Option<Partial>, twist: Twist) -> Range<u64> {
    let Some(partial) = partial else { return text };
    let origin = if twist.narrow { partial.origin & u64::from(u32::MAX) } else { partial.origin };
    let start = text.start.saturating_add(origin).saturating_add(u64::from(twist.shifted)).min(text.end);
    start..start.saturating_add(partial.length).min(text.end)
}
