//! "Did you mean": the known word nearest to one that is not known.

/// The nearest of `known`, unless all of them are too far to be meant.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.to_ascii_lowercase();
    let limit = (word.len() / 3).max(1);
    let ranked = known.into_iter().map(|candidate| (distance(&word, &candidate.to_ascii_lowercase()), candidate));
    ranked.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out or changed.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut next = vec![i + 1];
        for (b, pair) in to.iter().zip(row.windows(2)) {
            let (diagonal, above) = (pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0));
            let left = next.last().copied().unwrap_or(0);
            next.push((diagonal + usize::from(a != *b)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_near_words_are_meant() {
        let words = ["number", "atom", "date"];
        assert_eq!(nearest("numbr", words), Some("number"));
        assert_eq!(nearest("Atoms", words), Some("atom"));
        assert_eq!(nearest("sequence", words), None);
    }
}
