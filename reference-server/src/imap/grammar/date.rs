//! Dates of SEARCH and the date-time of APPEND and INTERNALDATE.

use super::cursor::{Cursor, Parsed, SyntaxError};
use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

const MONTHS: [(&str, Month); 12] = [
    ("Jan", Month::January),
    ("Feb", Month::February),
    ("Mar", Month::March),
    ("Apr", Month::April),
    ("May", Month::May),
    ("Jun", Month::June),
    ("Jul", Month::July),
    ("Aug", Month::August),
    ("Sep", Month::September),
    ("Oct", Month::October),
    ("Nov", Month::November),
    ("Dec", Month::December),
];

impl Cursor<'_> {
    /// `date = date-text / DQUOTE date-text DQUOTE`
    pub fn date(&mut self) -> Parsed<Date> {
        let quoted = self.eat(b'"');
        let date = self.date_text()?;
        if quoted {
            self.need(b'"', "the closing quote of the date")?;
        }
        Ok(date)
    }

    /// ```abnf
    /// date-text = date-day "-" date-month "-" date-year
    /// date-day  = 1*2DIGIT
    /// ```
    fn date_text(&mut self) -> Parsed<Date> {
        let start = self.offset();
        let digits = self.take_while(|octet| octet.is_ascii_digit());
        let day = match digits {
            [ones] => ones - b'0',
            [tens, ones] => (tens - b'0') * 10 + (ones - b'0'),
            _ => return Err(SyntaxError { offset: start, expected: "a day of one or two digits" }),
        };
        self.rest_of_date(start, day)
    }

    /// `"-" date-month "-" date-year`, after a day.
    fn rest_of_date(&mut self, start: usize, day: u8) -> Parsed<Date> {
        self.need(b'-', "\"-\" after the day")?;
        let month = MONTHS.iter().find(|(name, _)| self.eat_text(name));
        let Some((_, month)) = month else {
            return self.expected("a month: Jan, Feb, Mar, Apr, May, Jun, Jul, Aug, Sep, Oct, Nov or Dec");
        };
        self.need(b'-', "\"-\" after the month")?;
        let year = self.digits(4, "a year of four digits")?;
        Date::from_calendar_date(year as i32, *month, day)
            .map_err(|_| SyntaxError { offset: start, expected: "a day that exists" })
    }

    /// ```abnf
    /// date-time      = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
    /// date-day-fixed = (SP DIGIT) / 2DIGIT
    /// time           = 2DIGIT ":" 2DIGIT ":" 2DIGIT
    /// zone           = ("+" / "-") 4DIGIT
    /// ```
    pub fn date_time(&mut self) -> Parsed<OffsetDateTime> {
        self.need(b'"', "the opening quote of a date and time")?;
        let start = self.offset();
        let day = match self.eat(b' ') {
            true => self.digits(1, "one digit of the day after the space")?,
            false => self.digits(2, "a day of two digits, or of a space and a digit")?,
        };
        let date = self.rest_of_date(start, day as u8)?;
        self.space()?;
        let clock = self.offset();
        let hour = self.digits(2, "hours of two digits")?;
        self.need(b':', "\":\" after the hours")?;
        let minute = self.digits(2, "minutes of two digits")?;
        self.need(b':', "\":\" after the minutes")?;
        // A leap second is a time of day that exists (RFC 3501 §2.3.3 sends us to RFC 2822); we keep the second before it.
        let second = self.digits(2, "seconds of two digits")?;
        let second = if second == 60 { 59 } else { second };
        let time = Time::from_hms(hour as u8, minute as u8, second as u8)
            .map_err(|_| SyntaxError { offset: clock, expected: "a time of day" })?;
        self.space()?;
        let zone = self.zone()?;
        self.need(b'"', "the closing quote of the date and time")?;
        Ok(date.with_time(time).assume_offset(zone))
    }

    fn zone(&mut self) -> Parsed<UtcOffset> {
        let start = self.offset();
        let sign = match self.peek() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return self.expected("a zone like +0100"),
        };
        self.take(1);
        let value = self.digits(4, "a zone of four digits")?;
        let (hours, minutes) = ((value / 100) as i8, (value % 100) as i8);
        let offset = match minutes < 60 {
            true => UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok(),
            false => None,
        };
        offset.ok_or(SyntaxError { offset: start, expected: "a zone that exists" })
    }

    fn digits(&mut self, count: usize, expected: &'static str) -> Parsed<u32> {
        match self.rest().get(..count) {
            Some(digits) if digits.iter().all(u8::is_ascii_digit) => {
                self.take(count);
                Ok(digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
            }
            _ => self.expected(expected),
        }
    }
}

/// Writes a date and time as `date-time`, with its quotes.
pub fn write_date_time(when: OffsetDateTime) -> String {
    let month = MONTHS.iter().find(|(_, month)| *month == when.month()).map_or("Jan", |(name, _)| name);
    let (hours, minutes, _) = when.offset().as_hms();
    let sign = if when.offset().is_negative() { '-' } else { '+' };
    format!(
        "\"{:2}-{month}-{:04} {:02}:{:02}:{:02} {sign}{:02}{:02}\"",
        when.day(),
        when.year(),
        when.hour(),
        when.minute(),
        when.second(),
        hours.unsigned_abs(),
        minutes.unsigned_abs(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("1-Feb-1994", Ok("1994-02-01"))]
    #[case("01-feb-1994", Ok("1994-02-01"))]
    #[case("\"29-Feb-2024\"", Ok("2024-02-29"))]
    #[case("29-Feb-2023", Err(0))]
    #[case("001-Feb-1994", Err(0))]
    #[case("1-Foo-1994", Err(2))]
    #[case("1-Feb-94", Err(6))]
    #[case("\"1-Feb-1994", Err(11))]
    #[case(" 1-Feb-1994", Err(0))]
    fn dates(#[case] text: &str, #[case] expected: Result<&str, usize>) {
        let parsed = Cursor::new(text.as_bytes()).date().map(|date| date.to_string());
        assert_eq!(parsed.map_err(|error| error.offset), expected.map(str::to_owned));
    }

    #[rstest]
    #[case("\"17-Jul-1996 02:44:25 -0700\"")]
    #[case("\" 7-Feb-1994 21:52:25 +0530\"")]
    #[case("\"31-Dec-1999 23:59:59 +0000\"")]
    #[case("\" 1-Jan-2000 00:00:00 -0030\"")]
    fn date_times_come_back_as_they_were(#[case] text: &str) {
        let when = Cursor::new(text.as_bytes()).date_time().unwrap();
        assert_eq!(write_date_time(when), text);
    }

    #[rstest]
    #[case("\"7-Feb-1994 21:52:25 -0800\"", 1)]
    #[case("\"07-Feb-1994 24:00:00 -0800\"", 13)]
    #[case("\"07-Feb-1994 21:52:25\"", 21)]
    #[case("\"07-Feb-1994 21:52:25 PST\"", 22)]
    #[case("\"07-Feb-1994 21:52:25 +9999\"", 22)]
    #[case("\"30-Feb-1994 21:52:25 +0000\"", 1)]
    #[case("07-Feb-1994 21:52:25 +0000", 0)]
    fn date_times_refused(#[case] text: &str, #[case] offset: usize) {
        assert_eq!(Cursor::new(text.as_bytes()).date_time().unwrap_err().offset, offset);
    }
}
