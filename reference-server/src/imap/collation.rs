//! The collation i;unicode-casemap (RFC 5051), by which texts are searched and sorted (RFC 5255 §4.3).

use unicode_normalization::char::decompose_compatible;

/// A text as it is compared: "titlecased canonicalized UTF-8" (RFC 5051 §2). Equality, order and substrings of two texts
/// are those of the octets of what this gives.
pub fn casemap(text: &str) -> String {
    // Most mail is ASCII, which needs no look at single characters.
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    let mut mapped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            'a'..='z' => mapped.push(character.to_ascii_uppercase()),
            '\0'..='\x7f' => mapped.push(character),
            _ => decompose(titlecase(character), &mut mapped),
        }
    }
    mapped
}

/// Decompositions "of any type in UnicodeData.txt", all the way down. The syllables of Hangul have none in that file.
fn decompose(character: char, mapped: &mut String) {
    match character {
        '\u{ac00}'..='\u{d7a3}' => mapped.push(character),
        _ => decompose_compatible(character, |part| mapped.push(part)),
    }
}

/// The simple titlecase mapping: one character for one. It is the upper case but for the digraphs of Croatian and
/// for Georgian, and some Greek letters whose upper case is more than one character have a titlecase all the same.
fn titlecase(character: char) -> char {
    let shifted = |by: u32| char::from_u32(u32::from(character) + by).unwrap_or(character);
    match character {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => character,
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => shifted(8),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => shifted(9),
        _ => {
            let mut upper = character.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(only), None) => only,
                _ => character,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    // The example of RFC 5051 §2.
    #[case("\u{1c4}", "D\u{7a}\u{30c}")]
    #[case("\u{1c6}", "D\u{7a}\u{30c}")]
    #[case("Grüße", "GRU\u{308}ßE")]
    #[case("Łódź", "ŁO\u{301}DZ\u{301}")]
    #[case("привет", "ПРИВЕТ")]
    #[case("ΣίσυφοΣ", "ΣΙ\u{301}ΣΥΦΟΣ")]
    #[case("ﬁ", "fi")]
    #[case("①", "1")]
    #[case("\u{1f80}", "\u{391}\u{313}\u{345}")]
    #[case("\u{1fb3}", "\u{391}\u{345}")]
    #[case("ი", "ი")]
    #[case("한", "한")]
    #[case("日本", "日本")]
    fn texts_are_mapped(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(casemap(text), expected);
    }

    #[test]
    fn the_order_is_that_of_octets() {
        // RFC 5255 §4.6: of the two that are valid, "Алексей" is before "СЕРГЕЙ".
        assert!(casemap("Алексей") < casemap("сЕРГЕЙ"));
        assert!(casemap("") < casemap("a") && casemap("B") > casemap("a"));
    }
}
