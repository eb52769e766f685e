//! Which of the messages of UID FETCH are told of (RFC 9394 §3.3).

use super::cursor::{Cursor, Parsed};
use super::search::options::PartialRange;
use crate::extensions::Extension;

impl Cursor<'_> {
    /// With the space before it, if it is there.
    ///
    /// ```abnf
    /// fetch-modifiers = SP "(" fetch-modifier *(SP fetch-modifier) ")"       ; RFC 4466 §2.4
    /// fetch-modifier  =/ modifier-partial
    /// modifier-partial = "PARTIAL" SP partial-range
    /// ```
    pub fn fetch_range(&mut self) -> Parsed<Option<PartialRange>> {
        if self.lacks(Extension::ImapPartial) || self.rest().is_empty() {
            return Ok(None);
        }
        self.space()?;
        self.need(b'(', "the opening parenthesis of the modifiers")?;
        if !self.eat_word("PARTIAL") {
            return self.expected("the modifier PARTIAL");
        }
        self.space()?;
        let range = self.partial_range()?;
        self.need(b')', "the closing parenthesis of the modifiers")?;
        Ok(Some(range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", Ok(None))]
    #[case(" (PARTIAL 1:30)", Ok(Some("1:30")))]
    #[case(" (partial -1:-30)", Ok(Some("-1:-30")))]
    #[case(" PARTIAL 1:30", Err(1))]
    #[case(" (PARTIAL)", Err(9))]
    #[case(" (FOO 1)", Err(2))]
    #[case(" (PARTIAL 1:30", Err(14))]
    fn a_range_in_parentheses(#[case] text: &str, #[case] expected: Result<Option<&str>, usize>) {
        let range = Cursor::new(text.as_bytes()).fetch_range();
        let written = range.map(|range| range.map(|range| range.written)).map_err(|error| error.offset);
        assert_eq!(written, expected.map(|range| range.map(str::to_owned)));
    }
}
