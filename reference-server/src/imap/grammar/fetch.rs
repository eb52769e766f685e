//! What FETCH asks for.

use super::cursor::{Cursor, Parsed};
use super::section::{Section, SectionText};
use crate::extensions::Extension;

/// One data item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Body,
    BodyStructure,
    EmailId,
    Envelope,
    Flags,
    InternalDate,
    /// The modification sequence (RFC 7162 §3.1.4.2).
    ModSeq,
    Rfc822,
    Rfc822Header,
    Rfc822Size,
    Rfc822Text,
    ThreadId,
    Uid,
    Section {
        section: Section,
        peek: bool,
        partial: Option<Partial>,
    },
    /// A part, or the whole message, decoded (RFC 3516).
    Binary {
        part: Vec<u32>,
        peek: bool,
        partial: Option<Partial>,
    },
    BinarySize {
        part: Vec<u32>,
    },
    /// RFC 8514.
    SaveDate,
    /// RFC 8970. Nothing here takes so long that LAZY would matter.
    Preview,
}

/// A substring: `<origin.length>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    pub origin: u64,
    pub length: u64,
}

impl Item {
    /// Whether fetching it sets `\Seen` (RFC 3501 §6.4.5).
    pub fn sets_seen(&self) -> bool {
        match self {
            Item::Rfc822 | Item::Rfc822Text => true,
            Item::Section { peek, .. } | Item::Binary { peek, .. } => !peek,
            _ => false,
        }
    }

    /// The extension it belongs to; without it there is no such item.
    pub fn extension(&self) -> Option<Extension> {
        match self {
            Item::EmailId | Item::ThreadId => Some(Extension::ImapObjectId),
            Item::Binary { .. } | Item::BinarySize { .. } => Some(Extension::ImapBinary),
            Item::SaveDate => Some(Extension::ImapSaveDate),
            Item::Preview => Some(Extension::ImapPreview),
            Item::ModSeq => Some(Extension::ImapCondStore),
            _ => None,
        }
    }

    /// The section of the message whose octets it shows.
    pub fn section(&self) -> Option<Section> {
        let of_the_message = |text| Some(Section { part: Vec::new(), text });
        match self {
            Item::Rfc822 => of_the_message(None),
            Item::Rfc822Header => of_the_message(Some(SectionText::Header)),
            Item::Rfc822Text => of_the_message(Some(SectionText::Text)),
            Item::Section { section, .. } => Some(section.clone()),
            _ => None,
        }
    }
}

/// The items that are one word, longest first where one begins another.
const WORDS: [(&str, Item); 14] = [
    ("BODYSTRUCTURE", Item::BodyStructure),
    ("BODY", Item::Body),
    ("EMAILID", Item::EmailId),
    ("ENVELOPE", Item::Envelope),
    ("FLAGS", Item::Flags),
    ("INTERNALDATE", Item::InternalDate),
    ("MODSEQ", Item::ModSeq),
    ("RFC822.HEADER", Item::Rfc822Header),
    ("RFC822.SIZE", Item::Rfc822Size),
    ("RFC822.TEXT", Item::Rfc822Text),
    ("RFC822", Item::Rfc822),
    ("SAVEDATE", Item::SaveDate),
    ("THREADID", Item::ThreadId),
    ("UID", Item::Uid),
];

/// The macros (RFC 3501 §6.4.5).
const MACROS: [(&str, &[Item]); 3] = [
    ("ALL", &[Item::Flags, Item::InternalDate, Item::Rfc822Size, Item::Envelope]),
    ("FAST", &[Item::Flags, Item::InternalDate, Item::Rfc822Size]),
    ("FULL", &[Item::Flags, Item::InternalDate, Item::Rfc822Size, Item::Envelope, Item::Body]),
];

impl Cursor<'_> {
    /// ```abnf
    /// fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att /
    ///         "(" fetch-att *(SP fetch-att) ")")
    /// ```
    pub fn fetch_items(&mut self) -> Parsed<Vec<Item>> {
        if let Some((_, items)) = MACROS.iter().find(|(name, _)| self.eat_word(name)) {
            return Ok(items.to_vec());
        }
        if !self.eat(b'(') {
            return Ok(vec![self.fetch_att()?]);
        }
        self.rest_of_fetch_items()
    }

    /// `fetch-att *(SP fetch-att) ")"`; one that is given twice counts once.
    pub fn rest_of_fetch_items(&mut self) -> Parsed<Vec<Item>> {
        let mut items = Vec::new();
        loop {
            let item = self.fetch_att()?;
            if !items.contains(&item) {
                items.push(item);
            }
            if self.eat(b')') {
                return Ok(items);
            }
            self.need(b' ', "one space or the closing parenthesis after a data item")?;
        }
    }

    /// ```abnf
    /// fetch-att = "ENVELOPE" / "FLAGS" / "INTERNALDATE" / "RFC822" [".HEADER" / ".SIZE" / ".TEXT"] /
    ///             "BODY" ["STRUCTURE"] / "UID" /
    ///             "BODY" section ["<" number "." nz-number ">"] /
    ///             "BODY.PEEK" section ["<" number "." nz-number ">"]
    /// fetch-att =/ "BINARY" [".PEEK"] section-binary [partial] / "BINARY.SIZE" section-binary     ; RFC 3516 §7
    /// fetch-att =/ "SAVEDATE"                                                                     ; RFC 8514 §5
    /// fetch-att =/ "PREVIEW" [SP "(" preview-mod *(SP preview-mod) ")"]                           ; RFC 8970 §6
    /// preview-mod = "LAZY"
    /// ```
    fn fetch_att(&mut self) -> Parsed<Item> {
        if self.eat_text("BINARY.SIZE[") {
            return Ok(Item::BinarySize { part: self.section_binary()? });
        }
        let peek = self.eat_text("BINARY.PEEK[");
        if peek || self.eat_text("BINARY[") {
            let part = self.section_binary()?;
            let partial = if self.eat(b'<') { Some(self.partial()?) } else { None };
            return Ok(Item::Binary { part, peek, partial });
        }
        if self.eat_word("PREVIEW") {
            if self.eat_text(" (") {
                if !self.eat_word("LAZY") {
                    return self.expected("LAZY");
                }
                self.need(b')', "the closing parenthesis of the modifiers of PREVIEW")?;
            }
            return Ok(Item::Preview);
        }
        let peek = self.eat_text("BODY.PEEK[");
        if peek || self.eat_text("BODY[") {
            let section = self.section()?;
            let partial = if self.eat(b'<') { Some(self.partial()?) } else { None };
            return Ok(Item::Section { section, peek, partial });
        }
        match WORDS.iter().find(|(name, _)| self.eat_word(name)) {
            Some((_, item)) => Ok(item.clone()),
            None => self.expected("a data item of FETCH"),
        }
    }

    /// `partial = "<" number64 "." nz-number64 ">"` (RFC 9051 §9), behind the `<`.
    fn partial(&mut self) -> Parsed<Partial> {
        let origin = self.octets()?;
        self.need(b'.', "\".\" after the first octet's position")?;
        let length = match self.peek() {
            Some(b'1'..=b'9') => self.octets()?,
            _ => return self.expected("a number of octets that is not zero and has no leading zero"),
        };
        self.need(b'>', "\">\" after the number of octets")?;
        Ok(Partial { origin, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("ALL", 4)]
    #[case("full", 5)]
    #[case("FAST", 3)]
    #[case("FLAGS", 1)]
    #[case("(FLAGS FLAGS UID)", 2)]
    #[case("(BODY BODYSTRUCTURE BODY[] BODY.PEEK[])", 4)]
    #[case("(RFC822 RFC822.SIZE RFC822.HEADER RFC822.TEXT)", 4)]
    #[case("BODY[HEADER.FIELDS (DATE FROM)]<0.2048>", 1)]
    #[case("(BINARY[] BINARY.PEEK[1.2]<0.9> BINARY.SIZE[3] SAVEDATE PREVIEW)", 5)]
    #[case("BODY[]<9223372036854775807.9223372036854775807>", 1)]
    #[case("(PREVIEW (LAZY) UID)", 2)]
    #[case("PREVIEW (LAZY)", 1)]
    fn accepted(#[case] text: &str, #[case] count: usize) {
        let mut cursor = Cursor::new(text.as_bytes());
        assert_eq!(cursor.fetch_items().unwrap().len(), count);
        cursor.end().unwrap();
    }

    #[rstest]
    #[case("(ALL)", 1)]
    #[case("()", 1)]
    #[case("(FLAGS  UID)", 7)]
    #[case("(FLAGS", 6)]
    #[case("BODY.PEEK", 0)]
    #[case("BODYX", 0)]
    #[case("RFC822.FOO", 0)]
    #[case("BODY[]<1>", 8)]
    #[case("BINARY", 0)]
    #[case("BINARY[TEXT]", 7)]
    #[case("BINARY[1.]", 9)]
    #[case("PREVIEW (EAGER)", 9)]
    #[case("BODY[]<0.0>", 9)]
    #[case("BODY[]<-1.5>", 7)]
    #[case("BODY[]<9223372036854775808.1>", 7)]
    #[case("BODY[]<0.01>", 9)]
    fn refused(#[case] text: &str, #[case] offset: usize) {
        assert_eq!(Cursor::new(text.as_bytes()).fetch_items().unwrap_err().offset, offset);
    }

    #[test]
    fn octets_have_32_bits_in_the_first_revision() {
        let without = [Extension::ImapRev2].into_iter().collect();
        let refused = |text: &str| Cursor::of_server(text.as_bytes(), without).fetch_items().unwrap_err().offset;
        assert_eq!((refused("BODY[]<4294967296.1>"), refused("BODY[]<0.4294967296>")), (7, 9));
    }

    #[test]
    fn extensions_have_their_items() {
        for text in ["BINARY[1]", "BINARY.SIZE[1]", "SAVEDATE", "PREVIEW"] {
            let items = Cursor::new(text.as_bytes()).fetch_items().unwrap();
            assert!(items.iter().all(|item| item.extension().is_some()), "{text}");
        }
    }

    #[test]
    fn only_what_shows_the_body_sets_seen() {
        let sets_seen = |text: &str| Cursor::new(text.as_bytes()).fetch_items().unwrap().iter().any(Item::sets_seen);
        assert!(sets_seen("BODY[]") && sets_seen("BODY[HEADER]") && sets_seen("RFC822") && sets_seen("RFC822.TEXT"));
        assert!(sets_seen("BINARY[1]") && !sets_seen("BINARY.PEEK[1]") && !sets_seen("BINARY.SIZE[1]"));
        assert!(!sets_seen("BODY.PEEK[]") && !sets_seen("RFC822.HEADER") && !sets_seen("FULL"));
    }
}
