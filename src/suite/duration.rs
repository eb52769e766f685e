//! Durations as suites and targets write them: `300ms`, `5s`, `30m`, `2h`, `5d`.

use std::time::Duration;

/// Reads a duration; a leading `+` (as in `clock: +30m`) is allowed. The error says what a duration looks like.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration; write a number and ms, s, m, h or d: `300ms`, `5s`");
    let body = text.trim().trim_start_matches('+');
    let unit_at = body.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = body.split_at(unit_at);
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "ms" => number / 1e3,
        "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        "d" => number * 86400.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(parse("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(parse("+30m"), Ok(Duration::from_secs(1800)));
        assert!(parse("5").is_err() && parse("-1s").is_err() && parse("s").is_err());
    }
}
