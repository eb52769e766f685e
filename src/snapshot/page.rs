//! What was said in one entry of a transcript, as lines: values and what the filters know by name, and what hangs on them.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::naming::{Values, named};
use crate::transcript::lines;

/// The lines of `bytes`: with `values` named, and filtered, line by line.
///
/// Where the content of an IMAP literal is not the same in each run, its size is not either: it is shown as `${octets}` (what was received
/// was cut by it, so a wrong size is a failure anyway). The same in a body in base64 is shown as what it stands for, behind `(base64)`.
pub(super) fn page(bytes: &[u8], values: &Values<'_>, filtered: &dyn Fn(&str) -> String) -> Vec<String> {
    let sizes: Vec<Range<usize>> = literals(bytes)
        .into_iter()
        .filter(|literal| {
            let content = bytes.get(literal.content.clone()).unwrap_or_default();
            let bare = Values::default();
            laid_out(content, &bare, &[], &|line| line.to_owned()) != laid_out(content, values, &[], filtered)
        })
        .map(|literal| literal.digits)
        .collect();
    laid_out(bytes, values, &sizes, filtered)
}

fn laid_out(bytes: &[u8], values: &Values<'_>, sizes: &[Range<usize>], filtered: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut out = Vec::new();
    let plain = |range: Range<usize>, out: &mut Vec<String>| {
        out.extend(lines(&named(bytes, range, values, sizes)).iter().map(|line| filtered(line)));
    };
    let mut at = 0;
    for block in encoded(bytes) {
        let text = named(&block.decoded, 0..block.decoded.len(), values, &[]);
        let text: Vec<String> = lines(&text).iter().map(|line| filtered(line)).collect();
        if text == lines(&block.decoded) {
            continue;
        }
        plain(at..block.place.start, &mut out);
        out.extend(text.iter().map(|line| format!("(base64) {line}")));
        at = block.place.end;
    }
    plain(at..bytes.len(), &mut out);
    out
}

/// An IMAP literal whose octets are there.
struct Literal {
    digits: Range<usize>,
    content: Range<usize>,
}

/// `{12}`, `{12+}` and what follows behind the end of that line. A literal inside another one is text.
fn literals(bytes: &[u8]) -> Vec<Literal> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(end) = memchr::memmem::find(bytes.get(at..).unwrap_or_default(), b"}\r\n").map(|end| at + end) {
        at = end + 3;
        let line = bytes.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"+").unwrap_or(line);
        let count = line.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
        let digits = line.len() - count..line.len();
        let opened = digits.start.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'{');
        let size = bytes.get(digits.clone()).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
        let Some(size) = size.filter(|size| opened && *size <= bytes.len() - at) else { continue };
        found.push(Literal { digits, content: at..at + size });
        at += size;
    }
    found
}

/// Lines of base64 and the text they stand for.
struct Block {
    place: Range<usize>,
    decoded: Vec<u8>,
}

/// Octets of a line of base64 in a body that are usual, and the most there may be (RFC 2045 §6.8).
const LINE: usize = 76;

/// The bodies of parts whose header says `Content-Transfer-Encoding: base64`. Only text in lines as they usually are: anything else is
/// shown as it came, so that a change of the form is not hidden.
fn encoded(bytes: &[u8]) -> Vec<Block> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut said = false;
    let mut body: Option<(usize, Vec<u8>)> = None;
    for line in bytes.split_inclusive(|octet| *octet == b'\n') {
        let content = line.strip_suffix(b"\r\n");
        let base64 = content.filter(|content| (1..=LINE).contains(&content.len()) && content.iter().all(is_base64));
        match (&mut body, base64) {
            (Some((_, letters)), Some(more)) if letters.len() % LINE == 0 => letters.extend_from_slice(more),
            // Only the last line is shorter.
            (Some(_), Some(_)) => body = None,
            _ => {
                found.extend(body.take().and_then(|(start, letters)| block(start..at, &letters)));
                if said && content.is_some_and(<[u8]>::is_empty) {
                    (said, body) = (false, Some((at + line.len(), Vec::new())));
                } else if content.is_some_and(|line| line.eq_ignore_ascii_case(b"Content-Transfer-Encoding: base64")) {
                    said = true;
                }
            }
        }
        at += line.len();
    }
    found.extend(body.and_then(|(start, letters)| block(start..at, &letters)));
    found
}

fn is_base64(octet: &u8) -> bool {
    octet.is_ascii_alphanumeric() || b"+/=".contains(octet)
}

fn block(place: Range<usize>, letters: &[u8]) -> Option<Block> {
    let decoded = STANDARD.decode(letters).ok().filter(|decoded| !decoded.is_empty() && std::str::from_utf8(decoded).is_ok())?;
    Some(Block { place, decoded })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &str) -> Vec<String> {
        let values = [("alice.address", b"alice-7@example.org".as_slice())];
        page(bytes.as_bytes(), &Values::new(values.into_iter()), &|line| line.replace("7 Feb", "${date}"))
    }

    #[test]
    fn the_size_of_what_changes_is_not_shown_and_that_of_what_stays_is() {
        for (bytes, expected) in [
            ("* 1 FETCH (BODY[] {7}\r\n7 Feb\r\n)\r\n", vec!["* 1 FETCH (BODY[] {${octets}}", "${date}", ")"]),
            ("* 1 FETCH (BODY[] {7}\r\n8 Feb\r\n)\r\n", vec!["* 1 FETCH (BODY[] {7}", "8 Feb", ")"]),
            ("a APPEND x ~{19+}\r\nalice-7@example.org {5}\r\n", vec!["a APPEND x ~{${octets}+}", "${alice.address} {5}"]),
            // Of two literals each is looked at by itself; what a literal holds is none.
            (
                "x {5}\r\n7 Feb {8}\r\n{5}\r\nMar {9}\r\n7 Feb\r\n",
                vec!["x {${octets}}", "${date} {8}", "{5}", "Mar {9}", "${date}"],
            ),
            // What is no literal, or is not all there, stays what it is.
            ("{99999999999999999999}\r\n}\r\n{}\r\n5}\r\n7 Feb\r\n", vec!["{99999999999999999999}", "}", "{}", "5}", "${date}"]),
        ] {
            assert_eq!(shown(bytes), expected, "{bytes}");
        }
    }

    /// `text` in lines of base64, as a body.
    fn part(text: &str) -> String {
        let encoded = STANDARD.encode(text);
        let lines: Vec<&str> = encoded.as_bytes().chunks(LINE).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("Content-Transfer-Encoding: base64\r\n\r\n{}\r\n", lines.join("\r\n"))
    }

    #[test]
    fn base64_of_what_changes_is_shown_as_what_it_stands_for() {
        let text = "From: alice-7@example.org\r\nDate: 7 Feb\r\nA line that makes it longer than one of base64 may be: Gr\u{fc}\u{df}e\r\n";
        let lines = shown(&format!("{}--x--\r\n", part(text)));
        assert_eq!(
            lines,
            [
                "Content-Transfer-Encoding: base64",
                "",
                "(base64) From: ${alice.address}",
                "(base64) Date: ${date}",
                "(base64) A line that makes it longer than one of base64 may be: Gr\u{fc}\u{df}e",
                "--x--",
            ]
        );
        // Its size is told by what is in it.
        let literal = part("Date: 7 Feb\r\n");
        assert_eq!(
            shown(&format!("* {{{}}}\r\n{literal})\r\n", literal.len())).first().map(String::as_str),
            Some("* {${octets}}")
        );
    }

    #[test]
    fn what_is_no_usual_base64_of_text_is_shown_as_it_came() {
        // "7 Feb, …" in each way but the usual one, octets that are no text, and a text that stays the same.
        for body in ["NyBGZWI", "NyBG\r\nZWIh", "NyBGZWIh\n", "7 Feb", "NyBGZWL/", "SGVsbG8h"] {
            let lines = shown(&format!("Content-Transfer-Encoding: base64\r\n\r\n{body}\r\n"));
            assert!(lines.iter().all(|line| !line.starts_with("(base64)")), "{lines:?}");
        }
        assert_eq!(
            shown("Content-Transfer-Encoding: base64\r\n\r\nNyBGZWIh\r\n").last().map(String::as_str),
            Some("(base64) ${date}!\\")
        );
        assert_eq!(shown("Content-Transfer-Encoding: 7bit\r\n\r\nNyBGZWIh\r\n").last().map(String::as_str), Some("NyBGZWIh"));
    }
}
