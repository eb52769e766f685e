//! How well a text fits what is searched for with FUZZY (RFC 6203): all of it, or its words in any order and with a slip of
//! the keyboard.

/// The best there is (RFC 6203 §4).
pub const EXACT: u8 = 100;

/// The longest word that is compared letter by letter; longer ones match whole or not at all.
const LONGEST: usize = 40;

/// From 1 to [`EXACT`] how well the text, or 0 if it does not fit at all. Both are as the collation compares them.
pub fn fit(text: &str, wanted: &str) -> u8 {
    if wanted.is_empty() || text.contains(wanted) {
        return EXACT;
    }
    let (text, wanted) = (letters(text), letters(wanted));
    let have: Vec<&str> = words(&text).collect();
    let asked: Vec<&str> = words(&wanted).collect();
    if asked.is_empty() {
        return 0;
    }
    let mut sum = 0;
    for word in &asked {
        let best = have.iter().map(|candidate| likeness(candidate, word)).max().unwrap_or(0);
        if best == 0 {
            return 0;
        }
        sum += u32::from(best);
    }
    (sum / asked.len() as u32) as u8
}

/// How like two words are: the same, one within the other, or a few letters apart.
fn likeness(have: &str, wanted: &str) -> u8 {
    if have == wanted {
        return 90;
    }
    let (longer, shorter) = if have.len() >= wanted.len() { (have, wanted) } else { (wanted, have) };
    if shorter.len() >= 3 && longer.contains(shorter) {
        return 70;
    }
    let allowed = match wanted.chars().count() {
        0..=3 => return 0,
        4..=7 => 1,
        _ => 2,
    };
    match distance(have, wanted) {
        distance if distance <= allowed => 60 - 20 * distance as u8,
        _ => 0,
    }
}

/// How many letters must be put in, taken out or changed to make one word of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len() > LONGEST || other.len() > LONGEST {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.iter().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        let mut next = vec![left];
        for (above, wanted) in row.iter().skip(1).zip(&other) {
            left = (left + 1).min(above + 1).min(diagonal + usize::from(letter != wanted));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Without the accents that the collation has taken off their letters.
fn letters(text: &str) -> String {
    text.chars().filter(|letter| !matches!(letter, '\u{300}'..='\u{36f}')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::collation::casemap;
    use rstest::rstest;

    #[rstest]
    #[case("IMAP break", "imap break", 100)]
    #[case("IMAP is broken after a break", "IMAP break", 90)]
    #[case("breaking IMAP", "IMAP break", 80)]
    #[case("hello there", "Helo", 40)]
    #[case("Großes Café", "cafe", 100)]
    #[case("invoices", "invoicse", 20)]
    #[case("something else", "Helo", 0)]
    #[case("an ant", "and", 0)]
    #[case("", "x", 0)]
    #[case("anything", "", 100)]
    #[case("anything", "?!", 0)]
    fn texts_fit(#[case] text: &str, #[case] wanted: &str, #[case] expected: u8) {
        assert_eq!(fit(&casemap(text), &casemap(wanted)), expected);
    }

    #[rstest]
    #[case("KITTEN", "SITTING", 3)]
    #[case("HELLO", "HELO", 1)]
    #[case("", "ABC", 3)]
    #[case("ABC", "ABC", 0)]
    fn distances(#[case] one: &str, #[case] other: &str, #[case] expected: usize) {
        assert_eq!(distance(one, other), expected);
    }
}
