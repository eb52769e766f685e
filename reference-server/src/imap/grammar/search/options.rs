//! What a search is to return: RETURN and its options (RFC 4466 §2.6.1).

use crate::extensions::Extension;
use crate::imap::grammar::cursor::{Cursor, Parsed, SyntaxError};
use crate::imap::grammar::fetch::Item;

/// The result options of one search. An option that is given twice counts once, but for PARTIAL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReturnOptions {
    pub min: bool,
    pub max: bool,
    pub all: bool,
    pub count: bool,
    /// Keep what is found for `$` (RFC 5182).
    pub save: bool,
    /// The client will ask again (RFC 5267 §4.2): a hint, and nothing to be done.
    pub context: bool,
    /// Tell of changes (RFC 5267 §4.3).
    pub update: bool,
    /// What is fetched of new messages that match (RFC 5465 §7).
    pub update_fetch: Vec<Item>,
    /// Tell how well each message fits (RFC 6203 §4).
    pub relevancy: bool,
    pub partial: Option<PartialRange>,
}

/// Which of the results are returned (RFC 5267 §4.4, RFC 9394 §3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialRange {
    /// As the client wrote it, for the response repeats it.
    pub written: String,
    /// Counted from 1; not above `last`.
    pub first: u32,
    pub last: u32,
    /// Counted from the last result backwards.
    pub from_end: bool,
}

impl ReturnOptions {
    /// What `RETURN ()` stands for (RFC 4731 §3.1).
    pub fn everything() -> Self {
        ReturnOptions { all: true, ..ReturnOptions::default() }
    }

    /// Whether there is anything to tell: SAVE alone suppresses the response (RFC 5182 §1), and CONTEXT and UPDATE ask for
    /// nothing now.
    pub fn asks_for_data(&self) -> bool {
        self.min || self.max || self.all || self.count || self.relevancy || self.partial.is_some()
    }
}

impl PartialRange {
    /// The results in the range. "Where a PARTIAL search return option references results that do not exist [...] the
    /// server returns the results that are in the set" (RFC 5267 §4.4).
    pub fn of<'r, T>(&self, results: &'r [T]) -> &'r [T] {
        let (first, last) = (self.first as usize, (self.last as usize).min(results.len()));
        let range = match self.from_end {
            false => first.saturating_sub(1)..last,
            true => results.len() - last..results.len().saturating_sub(first - 1),
        };
        results.get(range).unwrap_or_default()
    }
}

/// Which command has the options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extended {
    Search,
    Sort,
}

impl Extended {
    /// The extensions that give the command any options.
    fn options_come_with(self) -> &'static [Extension] {
        match self {
            Extended::Search => &[Extension::ImapEsearch, Extension::ImapContextSearch],
            Extended::Sort => &[Extension::ImapEsort, Extension::ImapContextSort],
        }
    }

    /// That of MIN, MAX, ALL and COUNT.
    fn values(self) -> Extension {
        match self {
            Extended::Search => Extension::ImapEsearch,
            Extended::Sort => Extension::ImapEsort,
        }
    }

    /// That of CONTEXT and UPDATE, and of PARTIAL too.
    fn contexts(self) -> Extension {
        match self {
            Extended::Search => Extension::ImapContextSearch,
            Extended::Sort => Extension::ImapContextSort,
        }
    }
}

impl Cursor<'_> {
    /// With the space behind them, if they are there. Without the extensions that define options there is no such syntax.
    ///
    /// ```abnf
    /// search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"    ; RFC 4466
    /// ```
    pub fn return_options(&mut self, command: Extended) -> Parsed<Option<ReturnOptions>> {
        if command.options_come_with().iter().all(|extension| self.lacks(*extension)) || !self.eat_word("RETURN") {
            return Ok(None);
        }
        self.space()?;
        self.need(b'(', "the opening parenthesis of the result options")?;
        let mut options = ReturnOptions::default();
        if self.eat(b')') {
            self.space()?;
            return Ok(Some(ReturnOptions::everything()));
        }
        let start = self.offset();
        loop {
            self.return_option(command, &mut options)?;
            if self.eat(b')') {
                break;
            }
            self.need(b' ', "one space or the closing parenthesis after a result option")?;
        }
        // "A single command MUST NOT contain more than one PARTIAL or ALL search return option" (RFC 5267 §4.4).
        if options.all && options.partial.is_some() {
            return Err(SyntaxError { offset: start, expected: "ALL or PARTIAL, not both" });
        }
        self.space()?;
        Ok(Some(options))
    }

    /// ```abnf
    /// search-return-opt =  "MIN" / "MAX" / "ALL" / "COUNT"                                           ; RFC 4731 §4
    /// search-return-opt =/ "SAVE"                                                                   ; RFC 5182 §3
    /// search-return-opt =/ modifier-context / modifier-partial / modifier-update                    ; RFC 5267 §5
    /// modifier-update = "UPDATE" [ "(" fetch-att *(SP fetch-att) ")" ]                              ; RFC 5465 §8
    /// search-return-opt =/ "RELEVANCY"                                                              ; RFC 6203 §7
    /// ```
    /// The example of RFC 5465 §7 has a space in front of the data items.
    ///
    /// "Any options not defined by extensions that the server supports MUST be rejected with a BAD response" (RFC 9051 §6.4.4).
    fn return_option(&mut self, command: Extended, options: &mut ReturnOptions) -> Parsed<()> {
        let start = self.offset();
        let name = self.atom("a result option")?.to_ascii_uppercase();
        let (values, contexts) = (!self.lacks(command.values()), !self.lacks(command.contexts()));
        // PARTIAL by itself is about searches that are not sorted (RFC 9394 §3.1).
        let pages = command == Extended::Search && !self.lacks(Extension::ImapPartial);
        match name.as_slice() {
            b"MIN" if values => options.min = true,
            b"MAX" if values => options.max = true,
            b"ALL" if values => options.all = true,
            b"COUNT" if values => options.count = true,
            b"SAVE" if !self.lacks(Extension::ImapSearchRes) => options.save = true,
            b"CONTEXT" if contexts => options.context = true,
            b"UPDATE" if contexts => {
                options.update = true;
                if !self.lacks(Extension::ImapNotify) && (self.eat(b'(') || self.eat_text(" (")) {
                    options.update_fetch = self.fetch_atts()?;
                }
            }
            b"RELEVANCY" if !self.lacks(Extension::ImapSearchFuzzy) => options.relevancy = true,
            b"PARTIAL" if options.partial.is_none() && (contexts || pages) => {
                self.space()?;
                options.partial = Some(self.partial_range()?);
            }
            _ => return Err(SyntaxError { offset: start, expected: "a result option" }),
        }
        Ok(())
    }

    /// ```abnf
    /// partial-range-first = nz-number ":" nz-number              ; RFC 9394 §4
    /// partial-range-last  = MINUS nz-number ":" MINUS nz-number
    /// partial-range       = partial-range-first / partial-range-last
    /// ```
    /// "A range 500:400 is the same as 400:500." Without the extension PARTIAL there is only the first form (RFC 5267 §5).
    pub fn partial_range(&mut self) -> Parsed<PartialRange> {
        let from_end = !self.lacks(Extension::ImapPartial) && self.eat(b'-');
        let sign = if from_end { "-" } else { "" };
        let one = self.nz_number()?;
        self.need(b':', "\":\" between the ends of the range")?;
        if from_end {
            self.need(b'-', "\"-\" before the other end of the range")?;
        }
        let other = self.nz_number()?;
        let written = format!("{sign}{one}:{sign}{other}");
        Ok(PartialRange { written, first: one.min(other), last: one.max(other), from_end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("1:2", &[10, 20])]
    #[case("2:1", &[10, 20])]
    #[case("2:9", &[20, 30, 40])]
    #[case("5:9", &[])]
    #[case("4:4", &[40])]
    #[case("-1:-1", &[40])]
    #[case("-2:-3", &[20, 30])]
    #[case("-3:-99", &[10, 20])]
    #[case("-5:-6", &[])]
    #[case("1:4294967295", &[10, 20, 30, 40])]
    #[case("-1:-4294967295", &[10, 20, 30, 40])]
    fn a_range_is_part_of_the_results(#[case] range: &str, #[case] expected: &[u32]) {
        let range = Cursor::new(range.as_bytes()).partial_range().unwrap();
        assert_eq!(range.of(&[10, 20, 30, 40]), expected);
        assert_eq!(range.of::<u32>(&[]), &[0u32; 0]);
    }
}
