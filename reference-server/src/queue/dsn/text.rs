//! The lines and parts of a notification, safe whatever is put into them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::mail::OriginalRecipient;

/// The most octets of a line (RFC 5322 §2.1.1: 998), with room for what a relay may add.
const LONGEST: usize = 900;

/// A line of a field or of text. What came from outside (an envelope id, another server's reply) cannot end it early.
pub(super) fn line(text: &str) -> String {
    let mut clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| clean.is_char_boundary(*at)).unwrap_or_default();
        clean.truncate(end);
    }
    clean.truncate(clean.trim_end().len());
    clean.push_str("\r\n");
    clean
}

/// The address of ORCPT. One of type utf-8 that came as `\x{E9}` is written as what it means (RFC 6533 §3), if it does.
pub(super) fn original_address(original: &OriginalRecipient) -> String {
    if !original.kind.eq_ignore_ascii_case("utf-8") {
        return original.address.clone();
    }
    let mut plain = String::new();
    let mut rest = original.address.as_str();
    while let Some((before, behind)) = rest.split_once("\\x{") {
        let point = behind.split_once('}').and_then(|(hex, after)| {
            Some((u32::from_str_radix(hex, 16).ok().and_then(char::from_u32).filter(|c| !c.is_control())?, after))
        });
        // "if an address is labeled with the UTF-8 address type but does not conform […] it MUST be copied".
        let Some((point, after)) = point else { return original.address.clone() };
        plain.push_str(before);
        plain.push(point);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// The content of a part and its encoding: what has octets above 127 is encoded where only 7 bits may travel.
pub(super) fn encoded(content: &[u8], eight_bit: bool) -> (&'static str, Vec<u8>) {
    if content.is_ascii() {
        return ("7bit", content.to_vec());
    }
    if eight_bit {
        return ("8bit", content.to_vec());
    }
    // RFC 2045 §6.8: lines of at most 76 characters.
    let mut lines = Vec::with_capacity(content.len() * 4 / 3 + content.len() / 28);
    for octets in content.chunks(57) {
        lines.extend_from_slice(STANDARD.encode(octets).as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
    ("base64", lines)
}

/// Writes a part of the multipart.
pub(super) fn part(message: &mut Vec<u8>, boundary: &str, content_type: &str, (encoding, content): &(&str, Vec<u8>)) {
    let head = format!("--{boundary}\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
    message.extend_from_slice(head.as_bytes());
    message.extend_from_slice(content);
    // The line end before the next delimiter belongs to the delimiter (RFC 2046 §5.1.1).
    message.extend_from_slice(b"\r\n");
}
