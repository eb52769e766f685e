//! Sequence sets and UID sets (RFC 9051 §9 `sequence-set`, `uid-set`): the same numbers can be written in many ways.

/// Numbers as ranges, in the order written. `*` is the largest number there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceSet {
    ranges: Vec<(u64, u64)>,
}

impl SequenceSet {
    /// Reads `1,3:5,7:*`.
    pub fn parse(text: &[u8]) -> Option<SequenceSet> {
        let text = std::str::from_utf8(text).ok()?;
        let number = |digits: &str| match digits {
            "*" => Some(u64::MAX),
            _ if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok(),
            _ => None,
        };
        let ranges = text.split(',').map(|range| match range.split_once(':') {
            // RFC 9051 §9: 2:4 and 4:2 are equivalent.
            Some((from, to)) => Some((number(from)?.min(number(to)?), number(from)?.max(number(to)?))),
            None => number(range).map(|n| (n, n)),
        });
        Some(SequenceSet { ranges: ranges.collect::<Option<_>>()? })
    }

    /// More than one number is written: `1:2` or `1,2`.
    pub fn is_written_as_set(text: &[u8]) -> bool {
        text.iter().any(|b| matches!(b, b':' | b',')) && SequenceSet::parse(text).is_some()
    }

    /// The same numbers, whatever their order and grouping.
    pub fn same_numbers(&self, other: &SequenceSet) -> bool {
        let sorted = |set: &SequenceSet| {
            let mut ranges = set.ranges.clone();
            ranges.sort_unstable();
            joined(ranges)
        };
        sorted(self) == sorted(other)
    }

    /// The same numbers in the same order, whatever their grouping: COPYUID pairs its two sets (RFC 4315 §3).
    pub fn same_order(&self, other: &SequenceSet) -> bool {
        joined(self.ranges.clone()) == joined(other.ranges.clone())
    }
}

/// Neighbouring ranges that continue or overlap each other become one.
fn joined(ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
    for (from, to) in ranges {
        match joined.last_mut() {
            Some(last) if from >= last.0 && from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> SequenceSet {
        SequenceSet::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn sets_are_compared_as_numbers() {
        assert!(set("1:3,5").same_numbers(&set("5,3:2,1")));
        assert!(set("1,2,3").same_order(&set("1:3")));
        assert!(!set("3,1:2").same_order(&set("1:3")));
        assert!(!set("1:3").same_numbers(&set("1:4")));
        assert!(set("5:*").same_numbers(&set("*:5")));
        assert_eq!(SequenceSet::parse(b"1:"), None);
        assert_eq!(SequenceSet::parse(b""), None);
        assert!(!SequenceSet::is_written_as_set(b"12"));
    }
}
