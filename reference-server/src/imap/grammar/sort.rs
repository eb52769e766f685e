//! The criteria of SORT.

use super::cursor::{Cursor, Parsed, SyntaxError};
use crate::extensions::Extension;

/// One criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Criterion {
    pub key: SortKey,
    /// In descending order.
    pub reverse: bool,
}

/// What is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    Arrival,
    Cc,
    Date,
    From,
    Size,
    Subject,
    To,
    DisplayFrom,
    DisplayTo,
    /// How well the message fits (RFC 6203 §6).
    Relevancy,
}

impl Cursor<'_> {
    /// ```abnf
    /// sort-criteria  = "(" sort-criterion *(SP sort-criterion) ")"
    /// sort-criterion = ["REVERSE" SP] sort-key
    /// ```
    pub fn sort_criteria(&mut self) -> Parsed<Vec<Criterion>> {
        self.need(b'(', "the opening parenthesis of the sort criteria")?;
        let mut criteria = Vec::new();
        loop {
            let reverse = self.eat_word("REVERSE");
            if reverse {
                self.space()?;
            }
            criteria.push(Criterion { key: self.sort_key()?, reverse });
            if self.eat(b')') {
                return Ok(criteria);
            }
            self.need(b' ', "one space or the closing parenthesis after a sort criterion")?;
        }
    }

    /// ```abnf
    /// sort-key =  "ARRIVAL" / "CC" / "DATE" / "FROM" / "SIZE" / "SUBJECT" / "TO"
    /// sort-key =/ "DISPLAYFROM" / "DISPLAYTO"        ; RFC 5957 §5
    /// sort-key =/ "RELEVANCY"                        ; RFC 6203 §7
    /// ```
    fn sort_key(&mut self) -> Parsed<SortKey> {
        let start = self.offset();
        let name = self.atom("a sort criterion")?.to_ascii_uppercase();
        let display = !self.lacks(Extension::ImapSortDisplay);
        Ok(match name.as_slice() {
            b"ARRIVAL" => SortKey::Arrival,
            b"CC" => SortKey::Cc,
            b"DATE" => SortKey::Date,
            b"FROM" => SortKey::From,
            b"SIZE" => SortKey::Size,
            b"SUBJECT" => SortKey::Subject,
            b"TO" => SortKey::To,
            b"DISPLAYFROM" if display => SortKey::DisplayFrom,
            b"DISPLAYTO" if display => SortKey::DisplayTo,
            b"RELEVANCY" if !self.lacks(Extension::ImapSearchFuzzy) => SortKey::Relevancy,
            _ => return Err(SyntaxError { offset: start, expected: "a sort criterion" }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("(SUBJECT)", &[(SortKey::Subject, false)])]
    #[case("(reverse date Size)", &[(SortKey::Date, true), (SortKey::Size, false)])]
    #[case("(ARRIVAL CC FROM TO)", &[(SortKey::Arrival, false), (SortKey::Cc, false), (SortKey::From, false), (SortKey::To, false)])]
    #[case("(DISPLAYFROM REVERSE DISPLAYTO)", &[(SortKey::DisplayFrom, false), (SortKey::DisplayTo, true)])]
    fn accepted(#[case] text: &str, #[case] expected: &[(SortKey, bool)]) {
        let criteria = Cursor::new(text.as_bytes()).sort_criteria().unwrap();
        assert_eq!(criteria.iter().map(|one| (one.key, one.reverse)).collect::<Vec<_>>(), expected);
    }

    #[rstest]
    #[case("SUBJECT", 0)]
    #[case("()", 1)]
    #[case("(SUBJECT", 8)]
    #[case("(SUBJECT  DATE)", 9)]
    #[case("(REVERSE)", 8)]
    #[case("(REVERSE REVERSE DATE)", 9)]
    #[case("(BCC)", 1)]
    fn refused(#[case] text: &str, #[case] offset: usize) {
        assert_eq!(Cursor::new(text.as_bytes()).sort_criteria().unwrap_err().offset, offset);
    }

    #[test]
    fn display_goes_with_its_extension() {
        let without = [Extension::ImapSortDisplay].into_iter().collect();
        assert_eq!(Cursor::of_server(b"(TO DISPLAYTO)", without).sort_criteria().unwrap_err().offset, 4);
    }
}
