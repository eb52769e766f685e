//! Durations as suites and targets write them: `300ms`, `5s`, `30m`, `2h`, `5d`, `9m59s`.

use std::time::Duration;

/// The units, the largest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Reads a duration, one number and unit or several; a leading `+` (as in `clock: +30m`) is allowed. The error says what a duration
/// looks like.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration; write a number and ms, s, m, h or d: `300ms`, `5s`");
    let mut rest = text.trim().trim_start_matches('+');
    let mut whole = Duration::ZERO;
    loop {
        let unit_at = rest.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
        let (number, after) = rest.split_at(unit_at);
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let unit = if unit == "min" { "m" } else { unit };
        let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let part =
            Duration::try_from_secs_f64(number * Duration::from_millis(*milliseconds).as_secs_f64()).map_err(|_| wrong())?;
        whole = whole.checked_add(part).ok_or_else(wrong)?;
        rest = after.trim_start();
        if rest.is_empty() {
            return Ok(whole);
        }
    }
}

/// The shortest way to write a duration of whole milliseconds: `9m59s`.
pub fn written(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, milliseconds) in UNITS {
        if rest >= milliseconds {
            text.push_str(&format!("{}{unit}", rest / milliseconds));
            rest %= milliseconds;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(parse("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(parse("+30m"), Ok(Duration::from_secs(1800)));
        assert_eq!(parse("1.5h"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("+9m59s"), Ok(Duration::from_secs(599)));
        assert!(["5", "-1s", "s", "", "5 parsecs", "1m2", "1e30d"].iter().all(|text| parse(text).is_err()));
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["0s", "300ms", "30m", "9m59s", "5d", "1d2h3m4s5ms"] {
            assert_eq!(parse(text).map(written).as_deref(), Ok(text));
        }
    }
}
