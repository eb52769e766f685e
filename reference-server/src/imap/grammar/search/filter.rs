//! FILTER, which stands for a criterion that is kept under a name (RFC 5466 §3.1).

use super::{Key, Program};
use crate::extensions::Extension;
use crate::imap::grammar::cursor::{Cursor, Parsed, SyntaxError};
use crate::imap::grammar::search::charset::Charset;
use crate::imap::grammar::string::is_atom_char;
use std::ops::Range;

/// One use of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterUse {
    /// The name as the client wrote it.
    pub name: String,
    /// Where the whole key stands in the text of its [`Program`].
    pub at: Range<usize>,
}

/// `filter-name = 1*<any ATOM-CHAR except "/">`
pub fn is_filter_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|octet| is_atom_char(*octet) && *octet != b'/')
}

impl Cursor<'_> {
    /// The name of a filter; the key began at `start`.
    pub(super) fn filter_argument(&mut self, start: usize) -> Parsed<FilterUse> {
        self.space()?;
        let offset = self.offset();
        let name = self.atom("the name of a filter")?;
        match is_filter_name(name) {
            true => Ok(FilterUse { name: String::from_utf8_lossy(name).into_owned(), at: start..self.offset() }),
            false => Err(SyntaxError { offset, expected: "the name of a filter, which has no slash" }),
        }
    }

    /// Search keys for which the client names no charset: the strings are in the usual one, but "use of the FILTER search key
    /// implies the CHARSET "UTF-8" parameter" (RFC 5466 §3.1).
    pub(super) fn search_keys_in_usual_charset(&mut self, usual: Charset) -> Parsed<Program> {
        let mut again = self.clone();
        let usually = self.search_keys(usual);
        if usually.is_err()
            && !self.lacks(Extension::ImapFilters)
            && let Ok(program) = again.search_keys(Charset::Utf8)
            && program.has_filters()
        {
            *self = again;
            return Ok(program);
        }
        usually.map(|program| match program.has_filters() {
            true => Program { charset: Charset::Utf8, ..program },
            false => program,
        })
    }
}

impl Program {
    /// Whether a filter is used.
    pub fn has_filters(&self) -> bool {
        !self.text.is_empty()
    }

    /// The uses of filters, in the order they are written in.
    pub fn filters(&self) -> Vec<&FilterUse> {
        let mut uses = Vec::new();
        self.keys.iter().for_each(|key| key.collect_filters(&mut uses));
        uses
    }
}

impl Key {
    fn collect_filters<'k>(&'k self, uses: &mut Vec<&'k FilterUse>) {
        match self {
            Key::Filter(used) => uses.push(used),
            Key::Not(key) | Key::Fuzzy(key) => key.collect_filters(uses),
            Key::Or(one, other) => {
                one.collect_filters(uses);
                other.collect_filters(uses);
            }
            Key::And(keys) => keys.iter().for_each(|key| key.collect_filters(uses)),
            _ => {}
        }
    }

    /// Lets the places of filters count from where the keys begin.
    pub(super) fn count_from(&mut self, start: usize) {
        match self {
            Key::Filter(FilterUse { at, .. }) => *at = at.start - start..at.end - start,
            Key::Not(key) | Key::Fuzzy(key) => key.count_from(start),
            Key::Or(one, other) => {
                one.count_from(start);
                other.count_from(start);
            }
            Key::And(keys) => keys.iter_mut().for_each(|key| key.count_from(start)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn parse(text: &[u8]) -> Parsed<Program> {
        let mut cursor = Cursor::new(text);
        cursor.take(2);
        let program = cursor.search_program(Charset::UsAscii)?;
        cursor.end()?;
        Ok(program)
    }

    #[rstest]
    #[case("a ALL", "", &[])]
    #[case("a UID 3:9 FILTER on-the-road SINCE 3-Dec-2002", "UID 3:9 FILTER on-the-road SINCE 3-Dec-2002", &["FILTER on-the-road"])]
    #[case("a NOT (filter x OR Filter y FUZZY FILTER z)", "NOT (filter x OR Filter y FUZZY FILTER z)",
           &["filter x", "Filter y", "FILTER z"])]
    #[case("a CHARSET UTF-8 FILTER x", "FILTER x", &["FILTER x"])]
    fn places(#[case] text: &str, #[case] kept: &str, #[case] expected: &[&str]) {
        let program = parse(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8_lossy(&program.text), kept);
        let found: Vec<&str> = program.filters().iter().map(|used| &kept[used.at.clone()]).collect();
        assert_eq!(found, expected);
    }

    #[rstest]
    #[case("a FILTER x", Charset::Utf8)]
    #[case("a ALL", Charset::UsAscii)]
    #[case("a SUBJECT {2}\r\n\u{e9} FILTER x", Charset::Utf8)]
    #[case("a CHARSET US-ASCII FILTER x", Charset::UsAscii)]
    fn charsets(#[case] text: &str, #[case] expected: Charset) {
        assert_eq!(parse(text.as_bytes()).unwrap().charset, expected);
    }

    #[test]
    fn without_a_filter_strings_stay_in_the_usual_charset() {
        assert_eq!(parse("a SUBJECT {2}\r\n\u{e9} ALL".as_bytes()).unwrap_err().offset, 10);
    }
}
