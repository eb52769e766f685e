//! Whether a message is one that SEARCH looks for.

use super::grammar::search::{Key, When};
use crate::mime::{self, text};
use crate::store::{Row, Store, View};
use std::cell::OnceCell;
use time::{Date, Month};

/// A message that may match. Its octets are read when a key asks for them first.
pub struct Candidate<'a> {
    store: &'a Store,
    view: &'a View,
    number: u32,
    row: &'a Row,
    ignores_not: bool,
    content: OnceCell<Content>,
}

/// What a message says, as a person reads it, in small letters.
struct Content {
    header: Vec<u8>,
    header_text: String,
    body_texts: Vec<String>,
}

impl<'a> Candidate<'a> {
    /// `ignores_not` is how a server misbehaves on purpose.
    pub fn new(store: &'a Store, view: &'a View, number: u32, row: &'a Row, ignores_not: bool) -> Self {
        Candidate { store, view, number, row, ignores_not, content: OnceCell::new() }
    }

    /// Whether all keys hold; those that ask for no octets first.
    pub fn matches_all(&self, keys: &[Key]) -> bool {
        let (costly, cheap): (Vec<&Key>, Vec<&Key>) = keys.iter().partition(|key| needs_octets(key));
        cheap.into_iter().chain(costly).all(|key| self.matches(key))
    }

    fn matches(&self, key: &Key) -> bool {
        let message = &self.row.message;
        match key {
            Key::All => true,
            Key::Flag(flag) => message.flags.has(*flag),
            Key::Keyword(keyword) => message.flags.contains(keyword),
            Key::Recent => self.row.recent,
            Key::Internal(when, date) => compare(message.date.date(), *when, *date),
            // A message of before save dates were written down has its internal date for one.
            Key::Saved(when, date) => compare(message.saved.unwrap_or(message.date).date(), *when, *date),
            Key::SaveDateSupported => true,
            Key::Sent(when, date) => self.sent().is_some_and(|sent| compare(sent, *when, *date)),
            Key::Header(name, wanted) => self.header_contains(name, wanted),
            Key::Body(wanted) => self.body_contains(&fold(wanted)),
            Key::Text(wanted) => {
                let wanted = fold(wanted);
                self.content().header_text.contains(&wanted) || self.body_contains(&wanted)
            }
            Key::Larger(size) => message.size > u64::from(*size),
            Key::Smaller(size) => message.size < u64::from(*size),
            Key::ModSeq(modseq) => message.modseq >= *modseq,
            Key::Numbers(set) => set.contains(self.number, self.view.exists()),
            Key::Uids(set) => set.contains(message.uid, self.view.last_uid().unwrap_or(0)),
            Key::AmongUids(uids) => uids.contains(&message.uid),
            // They were looked up before; what is not known is of no message.
            Key::EmailId(_) | Key::ThreadId(_) => false,
            Key::Not(key) => self.matches(key) == self.ignores_not,
            Key::Or(one, other) => self.matches(one) || self.matches(other),
            Key::And(keys) => self.matches_all(keys),
        }
    }

    /// "If the string to search is zero-length, this matches all messages that have a header line with the specified
    /// field-name regardless of the contents" (RFC 3501 §6.4.4).
    fn header_contains(&self, name: &str, wanted: &str) -> bool {
        let wanted = fold(wanted);
        mime::fields(&self.content().header).any(|field| {
            field.name.eq_ignore_ascii_case(name.as_bytes()) && fold(&text::field_text(field.raw_value)).contains(&wanted)
        })
    }

    fn body_contains(&self, wanted: &str) -> bool {
        self.content().body_texts.iter().any(|text| text.contains(wanted))
    }

    /// The day in the Date: header field, "disregarding time and timezone" (RFC 3501 §6.4.4).
    fn sent(&self) -> Option<Date> {
        day_of(&String::from_utf8_lossy(&mime::value(&self.content().header, "Date")?))
    }

    /// A message whose octets are gone says nothing.
    fn content(&self) -> &Content {
        self.content.get_or_init(|| {
            let octets = self.store.whole(self.row.message.blob).unwrap_or_default();
            let form = mime::Message::parse(&octets);
            let header = octets.get(form.root.header.clone()).unwrap_or_default();
            Content {
                header: header.to_vec(),
                header_text: fold(&text::header_text(header)),
                body_texts: text::body_texts(&octets, &form).iter().map(|text| fold(text)).collect(),
            }
        })
    }
}

fn needs_octets(key: &Key) -> bool {
    match key {
        Key::Sent(..) | Key::Header(..) | Key::Body(_) | Key::Text(_) => true,
        Key::Not(key) => needs_octets(key),
        Key::Or(one, other) => needs_octets(one) || needs_octets(other),
        Key::And(keys) => keys.iter().any(needs_octets),
        _ => false,
    }
}

fn compare(have: Date, when: When, wanted: Date) -> bool {
    match when {
        When::Before => have < wanted,
        When::On => have == wanted,
        When::Since => have >= wanted,
    }
}

/// "The matching is case-insensitive" (RFC 3501 §6.4.4): by the small letters of Unicode, beyond US-ASCII too.
fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

const MONTHS: [(&str, Month); 12] = [
    ("jan", Month::January),
    ("feb", Month::February),
    ("mar", Month::March),
    ("apr", Month::April),
    ("may", Month::May),
    ("jun", Month::June),
    ("jul", Month::July),
    ("aug", Month::August),
    ("sep", Month::September),
    ("oct", Month::October),
    ("nov", Month::November),
    ("dec", Month::December),
];

/// The day of a Date: field, also an obsolete one: what precedes the month is the day, what follows it the year.
///
/// ```abnf
/// date = day month year          ; RFC 5322 §3.3
/// obs-year = [CFWS] 2*DIGIT [CFWS]
/// ```
fn day_of(field: &str) -> Option<Date> {
    let words: Vec<&str> = field.split(|c: char| c.is_whitespace() || c == ',' || c == '-').filter(|w| !w.is_empty()).collect();
    let month_of = |word: &str| MONTHS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, m)| *m);
    let at = words.iter().position(|word| month_of(word).is_some())?;
    let day: u8 = words.get(at.checked_sub(1)?)?.parse().ok()?;
    let written = words.get(at + 1)?;
    let year: i32 = written.parse().ok()?;
    // RFC 5322 §4.3: two digits are 2000 to 2049 and 1950 to 1999, three digits are after 1900.
    let year = match written.len() {
        2 if year < 50 => 2000 + year,
        2 | 3 => 1900 + year,
        _ => year,
    };
    Date::from_calendar_date(year, month_of(words.get(at)?)?, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Mon, 7 Feb 1994 21:52:25 -0800 (PST)", Some("1994-02-07"))]
    #[case("7 feb 1994 21:52:25 -0800", Some("1994-02-07"))]
    #[case("Mon, 07 Feb 94 21:52 PST", Some("1994-02-07"))]
    #[case("7 Feb 03 21:52:25 UT", Some("2003-02-07"))]
    #[case("7 Feb 103 21:52:25 UT", Some("2003-02-07"))]
    #[case("31 Feb 2003 00:00:00 UT", None)]
    #[case("yesterday", None)]
    #[case("", None)]
    fn days_of_date_fields(#[case] field: &str, #[case] expected: Option<&str>) {
        assert_eq!(day_of(field).map(|date| date.to_string()).as_deref(), expected);
    }

    #[test]
    fn folding_reaches_beyond_ascii() {
        assert_eq!(fold("GRÜSSE Łódź"), fold("grüsse łÓDŹ"));
    }
}
