//! Text that is safe to show: what servers say must not steer a terminal, break XML, or run off the page.

use std::time::Duration;

/// `text` with everything that is not plainly visible written as an escape; line feeds stay. What [`crate::transcript::visible`]
/// made goes through unchanged, so the two can be used one after the other.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x80 && c.is_control() => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if c.is_control() || reorders(c) || noncharacter(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// [`printable`], on one line.
pub(crate) fn one_line(text: &str) -> String {
    printable(text).trim_end_matches('\n').replace('\n', "\\n")
}

/// Characters that change the order or the line of what is around them.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// XML has no way to write these (XML 1.0 §2.2).
fn noncharacter(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Octets of one write or reply that go into report files. Over-long lines and large messages are what some cases are about, and
/// nobody reads the second half of them.
const KEPT: usize = 4096;

/// What of the bytes of one write or reply goes into a report file, and how many octets do not.
pub(crate) fn clipped(bytes: &[u8]) -> (&[u8], usize) {
    if bytes.len() <= KEPT {
        return (bytes, 0);
    }
    // Not in the middle of a character: text should stay text.
    let continues = |at: usize| bytes.get(at).is_some_and(|octet| octet & 0xc0 == 0x80);
    let kept = (KEPT - 3..=KEPT).rev().find(|at| !continues(*at)).unwrap_or(KEPT);
    (bytes.get(..kept).unwrap_or(bytes), bytes.len() - kept)
}

/// At most `width` characters: the end gives way to a count of what is not shown.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let mut kept = width.saturating_sub(12).max(8);
    let mut tail = format!("… (+{})", length.saturating_sub(kept));
    // The count may need more room than was kept for it.
    if kept + tail.chars().count() > width {
        kept = width.saturating_sub(tail.chars().count()).max(8);
        tail = format!("… (+{})", length.saturating_sub(kept));
    }
    text.chars().take(kept).chain(tail.chars()).collect()
}

/// Breaks a text at blanks into lines of at most `width` characters; a longer word gets a line of its own.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `1 case`, `2 cases`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `[   0.021s]`: the time column of the terminal.
pub(crate) fn clock(duration: Duration) -> String {
    format!("[{:>8.3}s]", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_replies_are_clipped_between_characters() {
        assert_eq!(clipped(b"+OK\r\n"), (&b"+OK\r\n"[..], 0));
        let long = "\u{e9}".repeat(KEPT);
        for start in 0..2 {
            let bytes = long.as_bytes().get(start..).unwrap_or_default();
            let (kept, omitted) = clipped(bytes);
            assert_eq!(kept.len() + omitted, bytes.len());
            assert!(kept.len() <= KEPT && kept.len() > KEPT - 4);
            assert_eq!(std::str::from_utf8(bytes).is_ok(), std::str::from_utf8(kept).is_ok());
        }
    }

    #[test]
    fn what_could_steer_a_terminal_is_escaped() {
        assert_eq!(printable("a\x1b[31mb\u{9b}1m\u{202e}c\u{ffff}\n\t"), "a\\x1b[31mb\\u{9b}1m\\u{202e}c\\u{ffff}\n\\t");
        assert_eq!(printable("already \\x1b\\r\\n, grün"), "already \\x1b\\r\\n, grün");
    }

    #[test]
    fn long_texts_say_how_much_is_missing() {
        let long = "x".repeat(5000);
        let short = shorten(&long, 60);
        assert!(short.chars().count() <= 60, "{short}");
        let kept = short.chars().filter(|c| *c == 'x').count();
        assert!(short.ends_with(&format!("… (+{})", 5000 - kept)), "{short}");
        assert_eq!(shorten("short", 60), "short");
    }

    #[test]
    fn wrapping_keeps_every_word() {
        assert_eq!(wrap("one two  three\nfour", 9), ["one two", "three", "four"]);
        assert_eq!(wrap("incomprehensibilities a", 5), ["incomprehensibilities", "a"]);
    }
}
