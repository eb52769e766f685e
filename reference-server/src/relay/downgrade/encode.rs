//! Quoted-printable and base64 (RFC 2045 §6.7, §6.8).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// RFC 2045 §6.7 (5), §6.8.
const LINE: usize = 76;
/// Octets that make one line of base64.
const OCTETS: usize = LINE / 4 * 3;

/// Adds lines of text, each of which keeps its end; an end that is missing stays missing.
pub(super) fn quoted_printable(text: &[u8], out: &mut Vec<u8>) {
    for line in text.split_inclusive(|&octet| octet == b'\n') {
        let (content, end) = match line.strip_suffix(b"\r\n") {
            Some(content) => (content, &b"\r\n"[..]),
            None => (line, &b""[..]),
        };
        quoted_line(content, out);
        out.extend_from_slice(end);
    }
}

/// One line, with soft breaks where it gets too long.
fn quoted_line(content: &[u8], out: &mut Vec<u8>) {
    let mut width = 0;
    for (at, &octet) in content.iter().enumerate() {
        let last = at + 1 == content.len();
        let plain = match octet {
            b'=' => false,
            // RFC 2045 §6.7 (3): white space at the end of a line would be lost.
            b' ' | b'\t' => !last,
            // A dot alone is the end of a message to servers that forget how it was stuffed.
            b'.' => !(last && at == 0),
            33..=126 => true,
            _ => false,
        };
        let needed = if plain { 1 } else { 3 };
        // Room for the `=` of a soft break, unless the line ends here.
        if width + needed > if last { LINE } else { LINE - 1 } {
            out.extend_from_slice(b"=\r\n");
            width = 0;
        }
        if plain {
            out.push(octet);
        } else {
            out.extend_from_slice(format!("={octet:02X}").as_bytes());
        }
        width += needed;
    }
}

/// Adds lines of base64; the last has no end.
pub(super) fn base64(octets: &[u8], out: &mut Vec<u8>) {
    for (number, piece) in octets.chunks(OCTETS).enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(STANDARD.encode(piece).as_bytes());
    }
}
