//! The date and time of the Date: header field (RFC 5322 §3.3), as well as it can be read.

use time::{Date, Month};

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

/// The obsolete zones that say something, in hours from UTC (RFC 5322 §4.3). The military letters mean no more than UTC.
const ZONES: [(&str, i64); 10] = [
    ("UT", 0),
    ("GMT", 0),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];

/// The day that is written, whatever the time and the zone.
pub fn day(field: &str) -> Option<Date> {
    let field = without_comments(field);
    date(&words(&field)).map(|(date, _)| date)
}

/// The instant in seconds since 1970, in UTC: "If the time zone is invalid, the date and time SHOULD be treated as UTC. If
/// the time is also invalid, the time SHOULD be treated as 00:00:00" (RFC 5256 §2.2). None if there is no valid date.
pub fn instant(field: &str) -> Option<i64> {
    let field = without_comments(field);
    let words = words(&field);
    let (date, after) = date(&words)?;
    let midnight = date.midnight().assume_utc().unix_timestamp();
    let Some(time) = words.get(after).and_then(|word| time_of_day(word)) else { return Some(midnight) };
    Some(midnight + time - words.get(after + 1).and_then(|word| zone(word)).unwrap_or(0))
}

/// The date, also an obsolete one: what precedes the month is the day, what follows it the year. Gives where it ends too.
///
/// ```abnf
/// date = day month year          ; RFC 5322 §3.3
/// obs-year = [CFWS] 2*DIGIT [CFWS]
/// ```
fn date(words: &[&str]) -> Option<(Date, usize)> {
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
    Some((Date::from_calendar_date(year, month_of(words.get(at)?)?, day).ok()?, at + 2))
}

/// `time-of-day = hour ":" minute [ ":" second ]`, in seconds; second 60 is a leap second.
fn time_of_day(word: &str) -> Option<i64> {
    let mut parts = word.split(':');
    let mut next = |most: i64| -> Option<Option<i64>> {
        let Some(part) = parts.next() else { return Some(None) };
        let digits = !part.is_empty() && part.len() <= 2 && part.bytes().all(|octet| octet.is_ascii_digit());
        let value: i64 = part.parse().ok().filter(|value| digits && *value <= most)?;
        Some(Some(value))
    };
    let (hour, minute, second) = (next(23)??, next(59)??, next(60)?.unwrap_or(0));
    parts.next().is_none().then_some(hour * 3600 + minute * 60 + second)
}

/// `zone = (FWS ( "+" / "-" ) 4DIGIT) / obs-zone`, in seconds from UTC.
fn zone(word: &str) -> Option<i64> {
    let sign = match word.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return ZONES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, hours)| hours * 3600),
    };
    let digits = word.get(1..).filter(|digits| digits.len() == 4 && digits.bytes().all(|octet| octet.is_ascii_digit()))?;
    let number: i64 = digits.parse().ok()?;
    (number % 100 < 60).then_some(sign * (number / 100 * 3600 + number % 100 * 60))
}

/// What stands between spaces and commas; a date with hyphens is three words.
fn words(field: &str) -> Vec<&str> {
    let spaced = field.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let hyphened = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    spaced
        .flat_map(|word| if hyphened(&word) { word.split('-').collect() } else { vec![word] })
        .filter(|w| !w.is_empty())
        .collect()
}

/// Comments, which nest, become spaces (RFC 5322 §3.2.2).
fn without_comments(field: &str) -> String {
    let mut depth = 0u32;
    let mut quoted = false;
    let mut left = String::with_capacity(field.len());
    for letter in field.chars() {
        match letter {
            _ if quoted => quoted = false,
            '\\' if depth > 0 => quoted = true,
            '(' => {
                depth += 1;
                left.push(' ');
            }
            ')' if depth > 0 => depth -= 1,
            _ if depth == 0 => left.push(letter),
            _ => {}
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use time::OffsetDateTime;

    #[rstest]
    #[case("Mon, 7 Feb 1994 21:52:25 -0800 (PST)", Some("1994-02-07"))]
    #[case("7 feb 1994 21:52:25 -0800", Some("1994-02-07"))]
    #[case("Mon, 07 Feb 94 21:52 PST", Some("1994-02-07"))]
    #[case("7 Feb 03 21:52:25 UT", Some("2003-02-07"))]
    #[case("7 Feb 103 21:52:25 UT", Some("2003-02-07"))]
    #[case("7-Feb-1994 21:52:25", Some("1994-02-07"))]
    #[case("31 Feb 2003 00:00:00 UT", None)]
    #[case("yesterday", None)]
    #[case("", None)]
    fn days_of_date_fields(#[case] field: &str, #[case] expected: Option<&str>) {
        assert_eq!(day(field).map(|date| date.to_string()).as_deref(), expected);
    }

    #[rstest]
    // The example of RFC 5256 §2.2.
    #[case("31 Dec 2000 16:01:33 -0800", Some("2001-01-01 0:01:33.0 +00:00:00"))]
    #[case("Mon (or so), 1 Jan 2001 (New Year) 01:01:33 +0100", Some("2001-01-01 0:01:33.0 +00:00:00"))]
    #[case("1 Jan 2001 00:01 EST", Some("2001-01-01 5:01:00.0 +00:00:00"))]
    #[case("1 Jan 2001 00:01 A", Some("2001-01-01 0:01:00.0 +00:00:00"))]
    #[case("1 Jan 2001 00:01:00 +99", Some("2001-01-01 0:01:00.0 +00:00:00"))]
    #[case("1 Jan 2001 25:01:00 +0100", Some("2001-01-01 0:00:00.0 +00:00:00"))]
    #[case("1 Jan 2001", Some("2001-01-01 0:00:00.0 +00:00:00"))]
    #[case("1 Foo 2001 00:00:00 +0000", None)]
    fn instants_of_date_fields(#[case] field: &str, #[case] expected: Option<&str>) {
        let instant = instant(field).and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        assert_eq!(instant.map(|instant| instant.to_string()).as_deref(), expected);
    }
}
