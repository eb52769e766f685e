//! Values of a case by their names.

use std::ops::Range;

/// Shorter values are not looked for: a capture that holds `3` is not meant wherever a 3 stands.
const SHORTEST: usize = 4;

/// The word the runner made up for the case; nothing else looks like it, so it is found inside longer words, too.
const MADE_UP: &str = "unique";

/// Names and values, the first to be looked for first.
#[derive(Default)]
pub(super) struct Values<'a>(Vec<(&'a str, &'a [u8])>);

impl<'a> Values<'a> {
    pub(super) fn new(values: impl Iterator<Item = (&'a str, &'a [u8])>) -> Values<'a> {
        let mut values: Vec<(&str, &[u8])> = values.filter(|(_, value)| value.len() >= SHORTEST).collect();
        // An address contains its domain: the longer value goes first. The sort is stable.
        values.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        Values(values)
    }

    /// `text` with every value replaced by its name.
    pub(super) fn in_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&named(text.as_bytes(), 0..text.len(), self, &[])).into_owned()
    }
}

/// This part of `bytes` with every value replaced by its name, and `sizes` by `${octets}`. A value counts only as a whole
/// word: not inside a longer word or number.
pub(super) fn named(bytes: &[u8], range: Range<usize>, values: &Values<'_>, sizes: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(range.len());
    let mut at = range.start;
    while let Some(rest) = bytes.get(at..range.end).filter(|rest| !rest.is_empty()) {
        if let Some(size) = sizes.iter().find(|size| size.start == at) {
            out.extend_from_slice(b"${octets}");
            at = size.end;
            continue;
        }
        let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied();
        let whole = |name: &str, value: &[u8]| {
            rest.starts_with(value)
                && (name == MADE_UP
                    || apart(before, value.first().copied())
                        && (name.ends_with('.') || apart(rest.get(value.len()).copied(), value.last().copied())))
        };
        if let Some((name, value)) = values.0.iter().find(|(name, value)| whole(name, value)) {
            let behind = rest.get(value.len()..).unwrap_or_default();
            let word = |octet: &&u8| name.ends_with('.') && (octet.is_ascii_alphanumeric() || b"_-".contains(octet));
            let suffix: Vec<u8> = behind.iter().take_while(word).copied().collect();
            at += value.len() + suffix.len();
            out.extend_from_slice(format!("${{{name}").as_bytes());
            out.extend_from_slice(&suffix);
            out.push(b'}');
        } else if let Some(mask) = masked(rest) {
            out.extend_from_slice(mask);
            at += mask.len();
        } else if rest.starts_with(b"${") {
            out.extend_from_slice(b"$${");
            at += 2;
        } else {
            out.extend(rest.first());
            at += 1;
        }
    }
    out
}

/// The name the engine wrote in place of a secret: `${alice.password}`, `${alice.token}`, `${sasl-plain:alice}`.
fn masked(text: &[u8]) -> Option<&[u8]> {
    // The engine undoes base64 to hide what is in it.
    let wrapped = text.starts_with(b"${base64:").then(|| text.get(..200).unwrap_or(text));
    if wrapped.is_some_and(|text| memchr::memmem::find(text, b".token}").is_some()) {
        return text.get(..9);
    }
    let end = text.iter().take(40).position(|octet| *octet == b'}')?;
    let name = text.get(..=end)?;
    let of_account = name.ends_with(b".password}") || name.ends_with(b".token}");
    let is_secret = name.starts_with(b"${") && (of_account || name.starts_with(b"${sasl-plain:"));
    is_secret.then_some(name)
}

/// Whether a word may end between these two octets: not inside a run of letters or of digits.
fn apart(outside: Option<u8>, inside: Option<u8>) -> bool {
    let letter = |octet: Option<u8>| octet.is_some_and(|b| b.is_ascii_alphabetic());
    let digit = |octet: Option<u8>| octet.is_some_and(|b| b.is_ascii_digit());
    !(letter(outside) && letter(inside) || digit(outside) && digit(inside))
}
