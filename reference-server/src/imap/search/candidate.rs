//! Whether a message is one that a search looks for.

use super::fuzzy::{EXACT, fit};
use crate::imap::collation::casemap;
use crate::imap::grammar::search::{Key, When};
use crate::imap::stored_header::stored_header;
use crate::mime::{self, text};
use crate::store::{Message, Row, Store, Uid};
use std::cell::OnceCell;
use std::sync::Arc;
use time::{Date, Duration, OffsetDateTime};

/// What a whole search has in common.
pub struct Scope<'a> {
    pub store: &'a Store,
    /// When the search began (RFC 5032 §2).
    pub now: OffsetDateTime,
    /// What `*` is among UIDs.
    pub largest_uid: Uid,
    /// How a server misbehaves on purpose.
    pub ignores_not: bool,
    pub narrow_numbers: bool,
}

impl Scope<'_> {
    /// A number of octets, of which a misbehaving server takes the low 32 bits.
    fn octets(&self, octets: u64) -> u64 {
        if self.narrow_numbers { octets & u64::from(u32::MAX) } else { octets }
    }
}

/// A message that may match. Its octets are read when a key asks for them first, and those of its body only then.
pub struct Candidate<'a> {
    scope: &'a Scope<'a>,
    row: &'a Row,
    header: OnceCell<Arc<[u8]>>,
    texts: OnceCell<Texts>,
}

/// What a message says, as a person reads it and as texts are compared.
struct Texts {
    header: String,
    body: Vec<String>,
}

/// What of a message a key must read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    Nothing,
    Header,
    Body,
}

impl<'a> Candidate<'a> {
    pub fn new(scope: &'a Scope<'a>, row: &'a Row) -> Self {
        Candidate { scope, row, header: OnceCell::new(), texts: OnceCell::new() }
    }

    /// Whether all keys hold; the cheaper ones are asked first.
    pub fn matches_all(&self, keys: &[Key]) -> bool {
        [Cost::Nothing, Cost::Header, Cost::Body]
            .into_iter()
            .all(|turn| keys.iter().filter(|key| cost(key) == turn).all(|key| self.matches(key)))
    }

    fn matches(&self, key: &Key) -> bool {
        let message = self.message();
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
            Key::Body(wanted) => self.body_contains(wanted),
            Key::Text(wanted) => self.texts().header.contains(wanted) || self.body_contains(wanted),
            Key::Larger(size) => message.size > self.scope.octets(*size),
            Key::Smaller(size) => message.size < self.scope.octets(*size),
            Key::ModSeq(modseq) => message.modseq >= *modseq,
            Key::Older(seconds) => self.age() >= Duration::seconds(i64::from(*seconds)),
            Key::Younger(seconds) => self.age() <= Duration::seconds(i64::from(*seconds)),
            Key::Fuzzy(key) => self.fit(key) > 0,
            // They have become UIDs, or other keys, before the first message is looked at.
            Key::Numbers(_) | Key::UidAfter(_) | Key::UidBefore(_) | Key::EmailId(_) | Key::ThreadId(_) | Key::Filter(_) => false,
            Key::Uids(set) => set.contains(message.uid, self.scope.largest_uid),
            Key::Among(ranges) => {
                let after = ranges.partition_point(|range| *range.start() <= message.uid);
                after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|range| range.contains(&message.uid))
            }
            Key::Not(key) => self.matches(key) == self.scope.ignores_not,
            Key::Or(one, other) => self.matches(one) || self.matches(other),
            Key::And(keys) => self.matches_all(keys),
        }
    }

    /// How well the message fits what FUZZY asks for, from 1 to 100: the mean of all such keys. A message that matches keys
    /// without FUZZY only fits as well as can be.
    pub fn relevancy(&self, keys: &[Key]) -> u8 {
        let mut fits = Vec::new();
        keys.iter().for_each(|key| self.collect_fits(key, &mut fits));
        let sum: u32 = fits.iter().map(|fit| u32::from(*fit)).sum();
        if fits.is_empty() { EXACT } else { (sum / fits.len() as u32) as u8 }
    }

    /// What is under NOT does not count, for the message is found by not fitting it.
    fn collect_fits(&self, key: &Key, fits: &mut Vec<u8>) {
        match key {
            Key::Fuzzy(key) => fits.extend(Some(self.fit(key)).filter(|fit| *fit > 0)),
            Key::And(keys) => keys.iter().for_each(|key| self.collect_fits(key, fits)),
            Key::Or(one, other) => {
                self.collect_fits(one, fits);
                self.collect_fits(other, fits);
            }
            _ => {}
        }
    }

    /// How well one key fits, 0 if it does not. Texts fit more or less, everything else whole or not at all: "falling back
    /// to exact matching" (RFC 6203 §5). What is found in the body counts less than what is found in the header.
    fn fit(&self, key: &Key) -> u8 {
        let in_body = |wanted: &str| {
            let best = self.texts().body.iter().map(|text| fit(text, wanted)).max().unwrap_or(0);
            (u32::from(best) * 9 / 10) as u8
        };
        match key {
            Key::Header(name, wanted) => {
                let named = mime::fields(self.header()).filter(|field| field.name.eq_ignore_ascii_case(name.as_bytes()));
                named.map(|field| fit(&casemap(&text::field_text(field.raw_value)), wanted)).max().unwrap_or(0)
            }
            Key::Body(wanted) => in_body(wanted),
            Key::Text(wanted) => fit(&self.texts().header, wanted).max(in_body(wanted)),
            Key::And(keys) => keys.iter().map(|key| self.fit(key)).min().unwrap_or(EXACT),
            Key::Or(one, other) => self.fit(one).max(self.fit(other)),
            Key::Fuzzy(key) => self.fit(key),
            key if self.matches(key) => EXACT,
            _ => 0,
        }
    }

    fn message(&self) -> &'a Message {
        &self.row.message
    }

    /// How long ago the internal date is, "to the resolution of a second" (RFC 5032 §2).
    fn age(&self) -> Duration {
        Duration::seconds(self.scope.now.unix_timestamp() - self.message().date.unix_timestamp())
    }

    /// "If the string to search is zero-length, this matches all messages that have a header line with the specified
    /// field-name regardless of the contents" (RFC 3501 §6.4.4).
    fn header_contains(&self, name: &str, wanted: &str) -> bool {
        mime::fields(self.header()).any(|field| {
            field.name.eq_ignore_ascii_case(name.as_bytes()) && casemap(&text::field_text(field.raw_value)).contains(wanted)
        })
    }

    fn body_contains(&self, wanted: &str) -> bool {
        self.texts().body.iter().any(|text| text.contains(wanted))
    }

    /// The day in the Date: header field, "disregarding time and timezone" (RFC 3501 §6.4.4).
    fn sent(&self) -> Option<Date> {
        mime::date::day(&String::from_utf8_lossy(&mime::value(self.header(), "Date")?))
    }

    /// Empty if the octets are gone.
    fn header(&self) -> &[u8] {
        self.header.get_or_init(|| stored_header(self.scope.store, self.message().blob).unwrap_or_default())
    }

    /// A message whose octets are gone says nothing.
    fn texts(&self) -> &Texts {
        self.texts.get_or_init(|| {
            let octets = self.scope.store.whole(self.message().blob).unwrap_or_default();
            let form = mime::Message::parse(&octets);
            let header = octets.get(form.root.header.clone()).unwrap_or_default();
            Texts {
                header: casemap(&text::header_text(header)),
                body: text::body_texts(&octets, &form).iter().map(|text| casemap(text)).collect(),
            }
        })
    }
}

/// What must be read to decide a key.
pub fn cost(key: &Key) -> Cost {
    match key {
        Key::Body(_) | Key::Text(_) => Cost::Body,
        Key::Sent(..) | Key::Header(..) => Cost::Header,
        Key::Not(key) | Key::Fuzzy(key) => cost(key),
        Key::Or(one, other) => cost(one).max(cost(other)),
        Key::And(keys) => keys.iter().map(cost).max().unwrap_or(Cost::Nothing),
        _ => Cost::Nothing,
    }
}

fn compare(have: Date, when: When, wanted: Date) -> bool {
    match when {
        When::Before => have < wanted,
        When::On => have == wanted,
        When::Since => have >= wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::Cursor;
    use crate::imap::grammar::search::Program;
    use crate::imap::grammar::search::charset::Charset;
    use rstest::rstest;

    fn keys(text: &str) -> Vec<Key> {
        let Program { keys, .. } = Cursor::new(text.as_bytes()).search_keys(Charset::UsAscii).unwrap();
        keys
    }

    #[rstest]
    #[case("ALL SEEN KEYWORD x NEW 1:* UID 5 LARGER 5 ON 1-Jan-2000 OLDER 5", Cost::Nothing)]
    #[case("NOT (OR SEEN FLAGGED)", Cost::Nothing)]
    #[case("SUBJECT x", Cost::Header)]
    #[case("SENTSINCE 1-Jan-2000", Cost::Header)]
    #[case("NOT (SEEN FUZZY FROM x)", Cost::Header)]
    #[case("OR SUBJECT x BODY x", Cost::Body)]
    #[case("TEXT x", Cost::Body)]
    fn nothing_is_read_that_is_not_asked_for(#[case] criteria: &str, #[case] expected: Cost) {
        assert_eq!(keys(criteria).iter().map(cost).max(), Some(expected));
    }
}
