//! The section of a message that `BODY[…]` names.

use super::cursor::{Cursor, Parsed};
use crate::imap::response::write_astring;

/// `BODY[1.2.HEADER]` is part 1.2 and the text HEADER.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Part numbers from the outside in; empty for the message itself.
    pub part: Vec<u32>,
    /// What of it; `None` is all: the whole message, or the content of the part.
    pub text: Option<SectionText>,
}

/// What of a message or part is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SectionText {
    Header,
    /// The header fields with one of these names.
    HeaderFields(Vec<Vec<u8>>),
    /// The header fields with any other name.
    HeaderFieldsNot(Vec<Vec<u8>>),
    Text,
    Mime,
}

impl Section {
    /// Writes it as in the response, without the brackets.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut numbers = self.part.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        if !numbers.is_empty() && self.text.is_some() {
            numbers.push('.');
        }
        out.extend_from_slice(numbers.as_bytes());
        let (name, fields) = match &self.text {
            None => ("", None),
            Some(SectionText::Header) => ("HEADER", None),
            Some(SectionText::HeaderFields(fields)) => ("HEADER.FIELDS", Some(fields)),
            Some(SectionText::HeaderFieldsNot(fields)) => ("HEADER.FIELDS.NOT", Some(fields)),
            Some(SectionText::Text) => ("TEXT", None),
            Some(SectionText::Mime) => ("MIME", None),
        };
        out.extend_from_slice(name.as_bytes());
        for (at, field) in fields.into_iter().flatten().enumerate() {
            out.extend_from_slice(if at == 0 { b" (" } else { b" " });
            write_astring(out, field);
        }
        if fields.is_some() {
            out.push(b')');
        }
    }
}

impl Cursor<'_> {
    /// After the opening bracket, up to and with the closing one.
    ///
    /// ```abnf
    /// section      = "[" [section-spec] "]"
    /// section-spec = section-msgtext / (section-part ["." section-text])
    /// section-part = nz-number *("." nz-number)
    /// section-text = section-msgtext / "MIME"
    /// ```
    pub fn section(&mut self) -> Parsed<Section> {
        let mut section = Section::default();
        if self.eat(b']') {
            return Ok(section);
        }
        loop {
            match self.peek() {
                Some(b'0'..=b'9') => section.part.push(self.nz_number()?),
                _ => {
                    section.text = Some(self.section_text(section.part.is_empty())?);
                    break;
                }
            }
            if !self.eat(b'.') {
                break;
            }
        }
        self.need(b']', "the closing bracket of the section")?;
        Ok(section)
    }

    /// `section-binary = "[" [section-part] "]"`, after the opening bracket (RFC 3516 §7).
    pub fn section_binary(&mut self) -> Parsed<Vec<u32>> {
        let mut part = Vec::new();
        if self.eat(b']') {
            return Ok(part);
        }
        loop {
            part.push(self.nz_number()?);
            if self.eat(b']') {
                return Ok(part);
            }
            self.need(b'.', "\".\" or the closing bracket after a part number")?;
        }
    }

    /// ```abnf
    /// section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
    /// header-list     = "(" header-fld-name *(SP header-fld-name) ")"
    /// header-fld-name = astring
    /// ```
    fn section_text(&mut self, of_the_message: bool) -> Parsed<SectionText> {
        if self.eat_word("HEADER.FIELDS.NOT") {
            return self.header_list().map(SectionText::HeaderFieldsNot);
        }
        if self.eat_word("HEADER.FIELDS") {
            return self.header_list().map(SectionText::HeaderFields);
        }
        if self.eat_word("HEADER") {
            return Ok(SectionText::Header);
        }
        if self.eat_word("TEXT") {
            return Ok(SectionText::Text);
        }
        // "The MIME part specifier MUST be prefixed by one or more numeric part specifiers" (RFC 3501 §6.4.5).
        if !of_the_message && self.eat_word("MIME") {
            return Ok(SectionText::Mime);
        }
        match of_the_message {
            true => self.expected("a part number, HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT or \"]\""),
            false => self.expected("a part number, HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT or MIME"),
        }
    }

    fn header_list(&mut self) -> Parsed<Vec<Vec<u8>>> {
        self.space()?;
        self.need(b'(', "the opening parenthesis of the header field names")?;
        let mut names = Vec::new();
        loop {
            names.push(self.astring("the name of a header field")?.into_owned());
            if self.eat(b')') {
                return Ok(names);
            }
            self.need(b' ', "one space or the closing parenthesis after a header field name")?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("]", "")]
    #[case("TEXT]", "TEXT")]
    #[case("header]", "HEADER")]
    #[case("1]", "1")]
    #[case("1.2.3]", "1.2.3")]
    #[case("1.MIME]", "1.MIME")]
    #[case("4.2.HEADER]", "4.2.HEADER")]
    #[case("HEADER.FIELDS (DATE \"From\")]", "HEADER.FIELDS (DATE From)")]
    #[case("2.HEADER.FIELDS.NOT (x {1}\r\ny)]", "2.HEADER.FIELDS.NOT (x y)")]
    #[case("HEADER.FIELDS (\"a b\")]", "HEADER.FIELDS (\"a b\")")]
    fn accepted(#[case] text: &str, #[case] expected: &str) {
        let mut cursor = Cursor::new(text.as_bytes());
        let mut written = Vec::new();
        cursor.section().unwrap().write(&mut written);
        cursor.end().unwrap();
        assert_eq!(String::from_utf8_lossy(&written), expected);
    }

    #[rstest]
    #[case("MIME]", 0)]
    #[case("0]", 0)]
    #[case("1.0]", 2)]
    #[case("1.]", 2)]
    #[case("01]", 0)]
    #[case("HEADER.FIELDS]", 13)]
    #[case("HEADER.FIELDS ()]", 15)]
    #[case("HEADER.FIELDS (a  b)]", 17)]
    #[case("TEXT.1]", 0)]
    #[case("TEXT", 4)]
    #[case("1.FOO]", 2)]
    fn refused(#[case] text: &str, #[case] offset: usize) {
        assert_eq!(Cursor::new(text.as_bytes()).section().unwrap_err().offset, offset);
    }
}
