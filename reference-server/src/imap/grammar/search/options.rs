//! What a search is to return: RETURN and its options (RFC 4466 §2.6.1).

use crate::extensions::Extension;
use crate::imap::grammar::cursor::{Cursor, Parsed, SyntaxError};

/// The result options of one search. An option that is given twice counts once, but for PARTIAL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReturnOptions {
    pub min: bool,
    pub max: bool,
    pub all: bool,
    pub count: bool,
    /// Keep what is found for `$` (RFC 5182).
    pub save: bool,
}

impl ReturnOptions {
    /// What `RETURN ()` stands for (RFC 4731 §3.1).
    pub fn everything() -> Self {
        ReturnOptions { all: true, ..ReturnOptions::default() }
    }

    /// Whether there is anything to tell: SAVE alone suppresses the response (RFC 5182 §1).
    pub fn asks_for_data(&self) -> bool {
        self.min || self.max || self.all || self.count
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
            Extended::Search => &[Extension::ImapEsearch],
            Extended::Sort => &[Extension::ImapEsort],
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
        loop {
            self.return_option(&mut options)?;
            if self.eat(b')') {
                break;
            }
            self.need(b' ', "one space or the closing parenthesis after a result option")?;
        }
        self.space()?;
        Ok(Some(options))
    }

    /// `search-return-opt = "MIN" / "MAX" / "ALL" / "COUNT" / "SAVE"` (RFC 4731 §4, RFC 5182 §3). "Any options not defined
    /// by extensions that the server supports MUST be rejected with a BAD response" (RFC 9051 §6.4.4).
    fn return_option(&mut self, options: &mut ReturnOptions) -> Parsed<()> {
        let start = self.offset();
        let name = self.atom("a result option")?.to_ascii_uppercase();
        let unknown = Err(SyntaxError { offset: start, expected: "a result option" });
        match name.as_slice() {
            b"MIN" => options.min = true,
            b"MAX" => options.max = true,
            b"ALL" => options.all = true,
            b"COUNT" => options.count = true,
            b"SAVE" if !self.lacks(Extension::ImapSearchRes) => options.save = true,
            _ => return unknown,
        }
        Ok(())
    }
}
