//! LANGUAGE (RFC 5255 §3.2).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::{Parsed, SyntaxError};
use crate::imap::response::{Status, write_untagged};

/// `language-cmd = "LANGUAGE" *(SP lang-range-quoted)`. "The LANGUAGE command is valid in all states" (RFC 5255 §3.1).
pub const COMMAND: Command =
    Command { name: "LANGUAGE", extension: Some(Extension::ImapLanguage), legal: Legal::Always, run, ..USUAL };

/// What the server speaks: English, and the English that everyone gets who has not asked (RFC 2277 §4.5). Both have the same
/// words, so there is nothing to switch.
const LANGUAGES: [&str; 2] = ["en", "i-default"];

/// What the administrator would have everyone speak.
const PREFERRED: &str = "en";

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    let mut ranges = Vec::new();
    while !cursor.rest().is_empty() {
        cursor.space()?;
        ranges.push(language_range(cursor)?);
    }
    // "If there aren't any arguments, the server SHOULD send an untagged LANGUAGE response listing the languages it supports"
    // (RFC 5255 §3.2).
    if ranges.is_empty() {
        write_untagged(out, format_args!("LANGUAGE ({})", LANGUAGES.join(" ")));
        return Ok(Outcome::Done(Status::ok("These are the languages")));
    }
    let any = context.faults().on(Fault::ImapSpeaksAnyLanguage).then_some(PREFERRED);
    Ok(Outcome::Done(match ranges.iter().find_map(|range| language(range)).or(any) {
        Some(language) => {
            write_untagged(out, format_args!("LANGUAGE ({language})"));
            Status::ok("Now speaking English")
        }
        None => Status::no(None, "None of these languages is spoken here"),
    }))
}

/// The language a range stands for, by the lookup of RFC 4647 §3.4: the range loses its last subtag, and a single letter
/// before it, until it is the tag of a language.
fn language(range: &str) -> Option<&'static str> {
    // "The special "default" language range argument indicates a request to use a language designated as preferred by the
    // server administrator" (RFC 5255 §3.2); "*" matches any.
    if range.eq_ignore_ascii_case("default") || range == "*" {
        return Some(PREFERRED);
    }
    let mut range = range;
    loop {
        if let Some(language) = LANGUAGES.into_iter().find(|language| language.eq_ignore_ascii_case(range)) {
            return Some(language);
        }
        range = range.rsplit_once('-')?.0;
        range = range.rsplit_once('-').filter(|(_, last)| last.len() == 1).map_or(range, |(before, _)| before);
    }
}

/// ```abnf
/// lang-range-quoted = astring
/// language-range    = (1*8ALPHA *("-" 1*8alphanum)) / "*"      ; RFC 4647 §2.1
/// ```
fn language_range(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let offset = cursor.offset();
    let range = cursor.astring("a language range")?;
    let subtag = |tag: &[u8], first: bool| {
        let fits = |octet: &u8| if first { octet.is_ascii_alphabetic() } else { octet.is_ascii_alphanumeric() };
        (1..=8).contains(&tag.len()) && tag.iter().all(fits)
    };
    let mut tags = range.split(|octet| *octet == b'-');
    let well_formed = tags.next().is_some_and(|tag| subtag(tag, true)) && tags.all(|tag| subtag(tag, false));
    if !well_formed && range.as_ref() != b"*" {
        return Err(SyntaxError { offset, expected: "a language range" });
    }
    Ok(String::from_utf8_lossy(&range).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("en", Some("en"))]
    #[case("EN-CA", Some("en"))]
    #[case("en-GB-x-mail", Some("en"))]
    #[case("I-DEFAULT", Some("i-default"))]
    #[case("default", Some("en"))]
    #[case("*", Some("en"))]
    #[case("fr", None)]
    #[case("i-klingon", None)]
    #[case("eng", None)]
    fn ranges_are_looked_up(#[case] range: &str, #[case] expected: Option<&str>) {
        assert_eq!(language(range), expected);
    }

    #[rstest]
    #[case("\"en\"", true)]
    #[case("en-US", true)]
    #[case("\"*\"", true)]
    #[case("1en", false)]
    #[case("en-", false)]
    #[case("abcdefghi", false)]
    #[case("\"\"", false)]
    fn ranges_are_well_formed(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(language_range(&mut Cursor::new(text.as_bytes())).is_ok(), expected);
    }
}
