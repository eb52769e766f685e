//! Modification sequences, and the parameters of CONDSTORE and QRESYNC.

use super::cursor::{Cursor, Parsed, SyntaxError};
use super::search::options::PartialRange;
use super::sequence::SequenceSet;
use crate::extensions::Extension;
use crate::imap::selected::Naming;

/// The arguments of QRESYNC (RFC 7162 §3.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resync {
    /// The UIDVALIDITY that the client knows.
    pub uid_validity: u32,
    /// Up to here it knows what happened.
    pub modseq: u64,
    /// The UIDs it knows; without them, all.
    pub known: Option<SequenceSet>,
    /// Messages whose numbers it knows: number and UID, both ascending.
    pub matches: Vec<(u32, u32)>,
}

/// The modifiers of FETCH (RFC 7162 §3.1.4.1, §3.2.6; RFC 9394 §3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FetchModifiers {
    /// Only messages with a greater modification sequence.
    pub changed_since: Option<u64>,
    /// Also those that vanished since.
    pub vanished: bool,
    /// Only these of the messages.
    pub partial: Option<PartialRange>,
}

/// How many pairs of numbers and UIDs are looked at; a client sends a small sample (RFC 7162 §3.2.5.2).
const MOST_MATCHES: usize = 10_000;

impl Cursor<'_> {
    /// ```abnf
    /// mod-sequence-value  = 1*DIGIT
    ///                       ;; Positive unsigned 63-bit integer
    /// ```
    pub fn mod_sequence(&mut self) -> Parsed<u64> {
        let start = self.offset();
        match self.mod_sequence_or_zero() {
            Ok(value) if value > 0 => Ok(value),
            _ => Err(SyntaxError { offset: start, expected: "a modification sequence: a positive number of 63 bits" }),
        }
    }

    /// `mod-sequence-valzer = "0" / mod-sequence-value`
    pub fn mod_sequence_or_zero(&mut self) -> Parsed<u64> {
        let expected = "a modification sequence: a number of 63 bits";
        self.number64().map_err(|error| SyntaxError { expected, ..error })
    }

    /// The modifiers behind the data items of FETCH, if there are any.
    ///
    /// ```abnf
    /// fetch-modifiers     = SP "(" fetch-modifier *(SP fetch-modifier) ")"
    /// chgsince-fetch-mod  = "CHANGEDSINCE" SP mod-sequence-value
    /// rexpunges-fetch-mod = "VANISHED"
    /// modifier-partial    = "PARTIAL" SP partial-range         ; RFC 9394 §4
    /// ```
    /// VANISHED and PARTIAL are modifiers of UID FETCH. Without `qresync` VANISHED is none; nor is it without CHANGEDSINCE
    /// (RFC 7162 §3.2.6).
    pub fn fetch_modifiers(&mut self, condstore: bool, qresync: bool, naming: Naming) -> Parsed<FetchModifiers> {
        let by_uid = naming == Naming::Uids;
        let pages = by_uid && !self.lacks(Extension::ImapPartial);
        let mut modifiers = FetchModifiers::default();
        if !self.eat(b' ') {
            return Ok(modifiers);
        }
        self.need(b'(', "the opening parenthesis of the modifiers")?;
        let start = self.offset();
        loop {
            if condstore && modifiers.changed_since.is_none() && self.eat_word("CHANGEDSINCE") {
                self.space()?;
                modifiers.changed_since = Some(self.mod_sequence()?);
            } else if qresync && by_uid && !modifiers.vanished && self.eat_word("VANISHED") {
                modifiers.vanished = true;
            } else if pages && modifiers.partial.is_none() && self.eat_word("PARTIAL") {
                self.space()?;
                modifiers.partial = Some(self.partial_range()?);
            } else {
                return self.expected("a modifier of FETCH that is allowed here");
            }
            if self.eat(b')') {
                break;
            }
            self.need(b' ', "one space or the closing parenthesis after a modifier")?;
        }
        match modifiers.vanished && modifiers.changed_since.is_none() {
            true => Err(SyntaxError { offset: start, expected: "CHANGEDSINCE beside VANISHED" }),
            false => Ok(modifiers),
        }
    }

    /// The condition of STORE, if there is one.
    ///
    /// ```abnf
    /// store-modifiers = SP "(" store-modifier *(SP store-modifier) ")"
    /// store-modifier  =/ "UNCHANGEDSINCE" SP mod-sequence-valzer
    ///                    ;; Only a single "UNCHANGEDSINCE" may be specified
    /// ```
    pub fn store_modifiers(&mut self, condstore: bool) -> Parsed<Option<u64>> {
        if !self.eat(b'(') {
            return Ok(None);
        }
        if !condstore || !self.eat_word("UNCHANGEDSINCE") {
            return self.expected("a modifier of STORE");
        }
        self.space()?;
        let modseq = self.mod_sequence_or_zero()?;
        self.need(b')', "the closing parenthesis after UNCHANGEDSINCE")?;
        self.space()?;
        Ok(Some(modseq))
    }

    /// ```abnf
    /// select-param   =/ "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"
    /// uidvalidity    =  nz-number
    /// seq-match-data =  "(" known-sequence-set SP known-uid-set ")"
    /// ```
    /// Starts behind `QRESYNC`.
    pub fn resync(&mut self) -> Parsed<Resync> {
        self.space()?;
        self.need(b'(', "the opening parenthesis of the arguments of QRESYNC")?;
        let uid_validity = self.nz_number()?;
        self.space()?;
        let modseq = self.mod_sequence()?;
        let mut known = None;
        let mut matches = Vec::new();
        if self.eat(b' ') {
            if self.peek() != Some(b'(') {
                known = Some(self.known_set()?);
            }
            if known.is_none() || self.eat(b' ') {
                matches = self.sequence_matches()?;
            }
        }
        self.need(b')', "the closing parenthesis of the arguments of QRESYNC")?;
        Ok(Resync { uid_validity, modseq, known, matches })
    }

    /// A set in which "*" is not allowed (RFC 7162 §7).
    fn known_set(&mut self) -> Parsed<SequenceSet> {
        let start = self.offset();
        let set = self.sequence_set()?;
        match set.has_largest() || set.has_saved() {
            false => Ok(set),
            true => Err(SyntaxError { offset: start, expected: "a set without \"*\"" }),
        }
    }

    fn sequence_matches(&mut self) -> Parsed<Vec<(u32, u32)>> {
        self.need(b'(', "the opening parenthesis of the sequence match data")?;
        let numbers = self.ascending_numbers()?;
        self.space()?;
        let start = self.offset();
        let uids = self.ascending_numbers()?;
        self.need(b')', "the closing parenthesis of the sequence match data")?;
        match numbers.len() == uids.len() {
            true => Ok(numbers.into_iter().zip(uids).collect()),
            false => Err(SyntaxError { offset: start, expected: "as many UIDs as message numbers" }),
        }
    }

    /// "Both MUST be provided in ascending order" (RFC 7162 §3.2.5.2).
    fn ascending_numbers(&mut self) -> Parsed<Vec<u32>> {
        let mut numbers: Vec<u32> = Vec::new();
        loop {
            let start = self.offset();
            let first = self.nz_number()?;
            let last = if self.eat(b':') { self.nz_number()? } else { first };
            if last < first || numbers.last().is_some_and(|before| *before >= first) {
                return Err(SyntaxError { offset: start, expected: "numbers in ascending order" });
            }
            if (last - first) as usize >= MOST_MATCHES - numbers.len().min(MOST_MATCHES) {
                return Err(SyntaxError { offset: start, expected: "no more than 10000 pairs of numbers and UIDs" });
            }
            numbers.extend(first..=last);
            if !self.eat(b',') {
                return Ok(numbers);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("(67890007 20050715194045000 41,43:211,214:541)", Some("41,43:211,214:541"), &[])]
    #[case("(67890007 20050715194045000)", None, &[])]
    #[case("(67890007 20050715194045000 1:9 (5,7:8 15,22:23))", Some("1:9"), &[(5, 15), (7, 22), (8, 23)])]
    #[case("(67890007 20050715194045000 (5 15))", None, &[(5, 15)])]
    fn arguments_of_qresync(#[case] text: &str, #[case] known: Option<&str>, #[case] matches: &[(u32, u32)]) {
        let text = format!(" {text}");
        let mut cursor = Cursor::new(text.as_bytes());
        let resync = cursor.resync().unwrap();
        cursor.end().unwrap();
        assert_eq!((resync.uid_validity, resync.modseq, resync.matches.as_slice()), (67890007, 20050715194045000, matches));
        assert_eq!(resync.known, known.map(|set| Cursor::new(set.as_bytes()).sequence_set().unwrap()));
    }

    #[rstest]
    #[case(" (0 1)", 2)]
    #[case(" (1 0)", 4)]
    #[case(" (1)", 3)]
    #[case(" (1 9223372036854775808)", 4)]
    #[case(" (1 1 1:*)", 6)]
    #[case(" (1 1 1:9 (2,1 5,6))", 13)]
    #[case(" (1 1 1:9 (1,2 5))", 15)]
    #[case(" (1 1 1:9 (1:* 5))", 13)]
    #[case(" (1 1 1:9 (1:4294967295 5))", 11)]
    #[case(" (1 1 1:9 1:9)", 10)]
    #[case(" (1 1 1:9", 9)]
    fn refused_arguments_of_qresync(#[case] text: &str, #[case] offset: usize) {
        assert_eq!(Cursor::new(text.as_bytes()).resync().unwrap_err().offset, offset);
    }

    #[rstest]
    #[case("", Ok((None, false)))]
    #[case(" (CHANGEDSINCE 12345)", Ok((Some(12345), false)))]
    #[case(" (changedsince 9223372036854775807 VANISHED)", Ok((Some(9223372036854775807), true)))]
    #[case(" (VANISHED CHANGEDSINCE 1)", Ok((Some(1), true)))]
    #[case(" (VANISHED)", Err(2))]
    #[case(" (CHANGEDSINCE 0)", Err(15))]
    #[case(" (CHANGEDSINCE 1 CHANGEDSINCE 2)", Err(17))]
    #[case(" (CHANGEDSINCE)", Err(14))]
    #[case(" ()", Err(2))]
    #[case(" CHANGEDSINCE 1", Err(1))]
    fn modifiers_of_fetch(#[case] text: &str, #[case] expected: Result<(Option<u64>, bool), usize>) {
        let read = Cursor::new(text.as_bytes()).fetch_modifiers(true, true, Naming::Uids);
        assert_eq!(read.map(|is| (is.changed_since, is.vanished)).map_err(|error| error.offset), expected);
    }

    #[rstest]
    #[case(" (PARTIAL 1:30)", Ok(Some("1:30")))]
    #[case(" (partial -1:-30 CHANGEDSINCE 5)", Ok(Some("-1:-30")))]
    #[case(" (PARTIAL)", Err(9))]
    #[case(" (PARTIAL 1:30 PARTIAL 1:30)", Err(15))]
    fn ranges_of_fetch(#[case] text: &str, #[case] expected: Result<Option<&str>, usize>) {
        let read = Cursor::new(text.as_bytes()).fetch_modifiers(true, true, Naming::Uids);
        let written = read.map(|is| is.partial.map(|range| range.written)).map_err(|error| error.offset);
        assert_eq!(written, expected.map(|range| range.map(str::to_owned)));
        assert!(Cursor::new(text.as_bytes()).fetch_modifiers(true, true, Naming::Numbers).is_err());
    }

    #[test]
    fn what_is_switched_off_is_no_modifier() {
        let offset = |text: &str, condstore| {
            Cursor::new(text.as_bytes()).fetch_modifiers(condstore, false, Naming::Uids).map_err(|e| e.offset)
        };
        assert_eq!(offset(" (CHANGEDSINCE 1 VANISHED)", true), Err(17));
        assert_eq!(offset(" (CHANGEDSINCE 1)", false), Err(2));
        assert!(Cursor::new(b"(UNCHANGEDSINCE 0) ").store_modifiers(false).is_err());
        assert_eq!(Cursor::new(b"(UNCHANGEDSINCE 0) ").store_modifiers(true), Ok(Some(0)));
    }
}
