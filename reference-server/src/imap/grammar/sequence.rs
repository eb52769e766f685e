//! Sequence sets: message numbers or UIDs, with `*` for the largest one.

use super::cursor::{Cursor, Parsed};
use std::ops::RangeInclusive;

/// One end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeqNumber {
    Number(u32),
    /// The largest number in use.
    Largest,
}

/// The ranges of a set, in the order and direction the client wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceSet(Vec<(SeqNumber, SeqNumber)>);

impl SequenceSet {
    /// The message numbers of the set in a mailbox of so many messages, ascending and each once; or the number that is
    /// beyond them, `0` for `*` in an empty mailbox: such a command deserves a BAD (RFC 3501 §9, seq-number).
    pub fn message_numbers(&self, exists: u32) -> Result<Vec<RangeInclusive<u32>>, u32> {
        let ranges = self.ranges(exists);
        match ranges.iter().find(|range| *range.start() == 0 || *range.end() > exists) {
            Some(range) if *range.start() == 0 => Err(0),
            Some(range) => Err(*range.end()),
            None => Ok(ranges),
        }
    }

    /// The ranges of the set, ascending and without overlaps, `*` being `largest`, whether messages have the numbers or not.
    ///
    /// "Servers MAY coalesce overlaps and/or execute the sequence in any order" (RFC 3501 §9).
    pub fn ranges(&self, largest: u32) -> Vec<RangeInclusive<u32>> {
        let value = |number: SeqNumber| match number {
            SeqNumber::Number(value) => value,
            SeqNumber::Largest => largest,
        };
        let mut ends: Vec<(u32, u32)> = self.0.iter().map(|(a, b)| (value(*a), value(*b))).collect();
        ends.iter_mut().for_each(|(low, high)| (*low, *high) = ((*low).min(*high), (*low).max(*high)));
        ends.sort_unstable();
        let mut merged: Vec<RangeInclusive<u32>> = Vec::with_capacity(ends.len());
        for (low, high) in ends {
            match merged.last_mut() {
                Some(last) if low <= last.end().saturating_add(1) => {
                    *last = *last.start()..=high.max(*last.end());
                }
                _ => merged.push(low..=high),
            }
        }
        merged
    }
}

/// Whether a number lies in one of the ranges, which are ascending as [`SequenceSet`] gives them.
pub fn contains(ranges: &[RangeInclusive<u32>], number: u32) -> bool {
    let after = ranges.partition_point(|range| *range.start() <= number);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|range| range.contains(&number))
}

/// Writes numbers as a `uid-set` in their order, runs as ranges (RFC 4315 §4).
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
    /// ```
    pub fn sequence_set(&mut self) -> Parsed<SequenceSet> {
        let mut ranges = Vec::new();
        loop {
            let first = self.seq_number()?;
            let last = if self.eat(b':') { self.seq_number()? } else { first };
            ranges.push((first, last));
            if !self.eat(b',') {
                return Ok(SequenceSet(ranges));
            }
        }
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
    #[case("559:*", 20, vec![20..=559])]
    #[case("4294967295", 20, vec![4294967295..=4294967295])]
    #[case("1:4294967295,4294967295", 20, vec![1..=4294967295])]
    fn ranges(#[case] text: &str, #[case] largest: u32, #[case] expected: Vec<RangeInclusive<u32>>) {
        assert_eq!(parse(text).ranges(largest), expected);
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
    fn refused(#[case] text: &str, #[case] offset: usize) {
        assert_eq!(Cursor::new(text.as_bytes()).sequence_set().unwrap_err().offset, offset);
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

    #[rstest]
    #[case(1, false)]
    #[case(2, true)]
    #[case(5, true)]
    #[case(8, false)]
    fn membership(#[case] number: u32, #[case] expected: bool) {
        assert_eq!(contains(&[2..=2, 4..=7], number), expected);
    }
}
