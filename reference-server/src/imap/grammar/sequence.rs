//! Sequence sets: message numbers or UIDs, with `*` for the largest one and `$` for the saved result of a search.

use super::cursor::{Cursor, Parsed};
use crate::extensions::Extension;
use std::ops::RangeInclusive;

/// A set of numbers, kept so that asking for one is cheap however the client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceSet {
    /// The ranges between two numbers, ascending and apart.
    fixed: Vec<RangeInclusive<u32>>,
    /// The ranges that end with `*` all hold the largest number, so they are one: from the least to the greatest of their
    /// other ends, and the largest number.
    open: Option<(u32, u32)>,
    /// Whether the messages of the saved search result are meant too (RFC 5182).
    saved: bool,
}

/// One end of a range.
#[derive(Clone, Copy)]
enum SeqNumber {
    Number(u32),
    /// The largest number in use, `*`.
    Largest,
}

impl SequenceSet {
    /// The message numbers of the set in a mailbox of so many messages, ascending and each once; or the number that is
    /// beyond them, `0` for `*` in an empty mailbox: such a command deserves a BAD (RFC 3501 §9, seq-number).
    /// A saved search result adds none here, and alone it is never wrong (RFC 5182 §2.1).
    pub fn message_numbers(&self, exists: u32) -> Result<Vec<RangeInclusive<u32>>, u32> {
        if self.fixed.is_empty() && self.open.is_none() {
            return Ok(Vec::new());
        }
        let open = self.open_range(exists);
        let last = self.fixed.last().into_iter().chain(&open).map(|range| *range.end()).max();
        match last {
            _ if exists == 0 => Err(0),
            Some(number) if number > exists => Err(number),
            _ => Ok(merged(self.fixed.iter().cloned().chain(open).collect())),
        }
    }

    /// Whether the set holds the number, `*` being `largest`.
    pub fn contains(&self, number: u32, largest: u32) -> bool {
        let after = self.fixed.partition_point(|range| *range.start() <= number);
        let before = after.checked_sub(1).and_then(|at| self.fixed.get(at));
        before.is_some_and(|range| range.contains(&number))
            || self.open_range(largest).is_some_and(|range| range.contains(&number))
    }

    /// Whether `$` is in the set.
    pub fn has_saved(&self) -> bool {
        self.saved
    }

    /// Whether nothing but `$` is in the set.
    pub fn is_only_saved(&self) -> bool {
        self.saved && self.fixed.is_empty() && self.open.is_none()
    }

    /// The ranges of the set in a mailbox whose largest number is this one, ascending; numbers beyond it are left as they are.
    pub fn ranges(&self, largest: u32) -> Vec<RangeInclusive<u32>> {
        merged(self.fixed.iter().cloned().chain(self.open_range(largest)).collect())
    }

    /// Whether `*` is in the set.
    pub fn has_largest(&self) -> bool {
        self.open.is_some()
    }

    fn new(ends: Vec<(SeqNumber, SeqNumber)>, saved: bool) -> Self {
        let (mut fixed, mut open) = (Vec::new(), None);
        for range in ends {
            match range {
                (SeqNumber::Number(one), SeqNumber::Number(other)) => fixed.push(one.min(other)..=one.max(other)),
                (SeqNumber::Number(end), SeqNumber::Largest) | (SeqNumber::Largest, SeqNumber::Number(end)) => {
                    let (least, greatest) = open.unwrap_or((end, end));
                    open = Some((end.min(least), end.max(greatest)));
                }
                // Nothing but the largest number: the neutral ends.
                (SeqNumber::Largest, SeqNumber::Largest) => open = open.or(Some((u32::MAX, 0))),
            }
        }
        SequenceSet { fixed: merged(fixed), open, saved }
    }

    fn open_range(&self, largest: u32) -> Option<RangeInclusive<u32>> {
        self.open.map(|(least, greatest)| least.min(largest)..=greatest.max(largest))
    }
}

/// "Servers MAY coalesce overlaps and/or execute the sequence in any order" (RFC 3501 §9).
fn merged(mut ranges: Vec<RangeInclusive<u32>>) -> Vec<RangeInclusive<u32>> {
    ranges.sort_unstable_by_key(|range| *range.start());
    let mut merged: Vec<RangeInclusive<u32>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if *range.start() <= last.end().saturating_add(1) => {
                *last = *last.start()..=*range.end().max(last.end());
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// Writes numbers as a set in their order, ascending runs as ranges (RFC 4315 §4, RFC 5267 §3.2).
pub fn write_uid_set(uids: &[u32]) -> String {
    let runs = uids.chunk_by(|one, next| one.checked_add(1) == Some(*next));
    let ranges = runs.filter_map(|run| match run {
        [] => None,
        [only] => Some(only.to_string()),
        [first, .., last] => Some(format!("{first}:{last}")),
    });
    ranges.collect::<Vec<_>>().join(",")
}

impl Cursor<'_> {
    /// ```abnf
    /// sequence-set = (seq-number / seq-range) *("," sequence-set)
    /// seq-range    = seq-number ":" seq-number
    /// sequence-set =/ seq-last-command      ; RFC 5182 §3
    /// seq-last-command = "$"
    /// ```
    pub fn sequence_set(&mut self) -> Parsed<SequenceSet> {
        let mut ranges = Vec::new();
        loop {
            if !self.lacks(Extension::ImapSearchRes) && self.eat(b'$') {
                return Ok(SequenceSet::new(ranges, true));
            }
            let first = self.seq_number()?;
            let last = if self.eat(b':') { self.seq_number()? } else { first };
            ranges.push((first, last));
            if !self.eat(b',') {
                return Ok(SequenceSet::new(ranges, false));
            }
        }
    }

    /// A set of one `seq-number`: what REPLACE takes (RFC 8508 §5).
    pub fn one_number(&mut self) -> Parsed<SequenceSet> {
        let number = self.seq_number()?;
        Ok(SequenceSet::new(vec![(number, number)], false))
    }

    /// `seq-number = nz-number / "*"`
    fn seq_number(&mut self) -> Parsed<SeqNumber> {
        if self.eat(b'*') {
            return Ok(SeqNumber::Largest);
        }
        match self.peek() {
            Some(b'1'..=b'9') => self.nz_number().map(SeqNumber::Number),
            _ => self.expected("a number that is not zero, or \"*\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extensions::Without;
    use rstest::rstest;

    fn parse(text: &str) -> SequenceSet {
        let mut cursor = Cursor::new(text.as_bytes());
        let set = cursor.sequence_set().unwrap();
        cursor.end().unwrap();
        set
    }

    #[rstest]
    #[case("2,4:7,9,12:*", 15, Ok(vec![2..=2, 4..=7, 9..=9, 12..=15]))]
    #[case("*:4,5:7", 10, Ok(vec![4..=10]))]
    #[case("4:2", 4, Ok(vec![2..=4]))]
    #[case("1,1,2", 2, Ok(vec![1..=2]))]
    #[case("*", 3, Ok(vec![3..=3]))]
    #[case("*:*", 3, Ok(vec![3..=3]))]
    #[case("4", 3, Err(4))]
    #[case("2:4", 3, Err(4))]
    #[case("*", 0, Err(0))]
    #[case("1:*", 0, Err(0))]
    fn message_numbers(#[case] text: &str, #[case] exists: u32, #[case] expected: Result<Vec<RangeInclusive<u32>>, u32>) {
        assert_eq!(parse(text).message_numbers(exists), expected);
    }

    #[rstest]
    #[case("559:*", 20, &[20, 300, 559], &[19, 560])]
    #[case("*", 20, &[20], &[1, 19, 21, 4294967295])]
    #[case("5:*,*:9,*", 7, &[5, 7, 9], &[4, 10])]
    #[case("4294967295", 20, &[4294967295], &[20])]
    #[case("1:4294967295,4294967295", 20, &[1, 4294967295], &[])]
    #[case("2,4:7,7:5,3000", 9, &[2, 4, 7, 3000], &[1, 3, 8, 9])]
    fn membership(#[case] text: &str, #[case] largest: u32, #[case] inside: &[u32], #[case] outside: &[u32]) {
        let set = parse(text);
        assert!(inside.iter().all(|number| set.contains(*number, largest)));
        assert!(!outside.iter().any(|number| set.contains(*number, largest)));
    }

    #[rstest]
    #[case("", 0)]
    #[case("0", 0)]
    #[case("01", 0)]
    #[case("1,", 2)]
    #[case("1:", 2)]
    #[case(":1", 0)]
    #[case("1:0", 2)]
    #[case("4294967296", 0)]
    #[case("$$", 1)]
    #[case("$,1", 1)]
    fn refused(#[case] text: &str, #[case] offset: usize) {
        let mut cursor = Cursor::new(text.as_bytes());
        let refused = cursor.sequence_set().and_then(|_| cursor.end()).unwrap_err();
        assert_eq!(refused.offset, offset);
    }

    #[test]
    fn the_saved_result_is_a_set_or_the_end_of_one() {
        assert!(parse("$").has_saved() && parse("1,3:4,$").has_saved() && !parse("1:*").has_saved());
        assert_eq!(parse("$").message_numbers(0), Ok(vec![]));
        assert_eq!(parse("2,$").message_numbers(1), Err(2));
        assert!(!parse("$").contains(1, 1));
        let without: Without = [Extension::ImapSearchRes].into_iter().collect();
        assert_eq!(Cursor::of_server(b"$", without).sequence_set().unwrap_err().offset, 0);
    }

    #[rstest]
    #[case(&[], "")]
    #[case(&[3], "3")]
    #[case(&[3, 4, 5, 9], "3:5,9")]
    #[case(&[304, 319, 320], "304,319:320")]
    #[case(&[4294967294, 4294967295], "4294967294:4294967295")]
    fn uid_sets_are_written_with_runs_as_ranges(#[case] uids: &[u32], #[case] expected: &str) {
        assert_eq!(write_uid_set(uids), expected);
    }
}
