//! Surrogates of internationalized messages, for clients that know US-ASCII headers only (RFC 6858). They tell a person most of
//! what the message says; nobody can answer to their addresses.

use super::address::{Address, addresses};
use super::encoded_word::encoded_words;
use super::header::{end, fields, unfolded};
use super::{Message, Part};
use std::ops::Range;

/// The fields whose addresses are replaced (RFC 6858 §2.1).
const ADDRESSES: [&str; 12] = [
    "Bcc",
    "Cc",
    "From",
    "Reply-To",
    "Resent-Bcc",
    "Resent-Cc",
    "Resent-From",
    "Resent-Sender",
    "Resent-To",
    "Return-Path",
    "Sender",
    "To",
];

/// The fields that may have MIME parameters.
const PARAMETERS: [&str; 2] = ["Content-Type", "Content-Disposition"];

/// An address that will never belong to anybody.
const NOBODY: &str = "<invalid@internationalized-address.invalid>";

/// Whether a message is one that only clients with UTF-8 understand: its header, up to the empty line, has octets above 127.
pub fn is_internationalized(message: &[u8]) -> bool {
    !message.get(..end(message)).unwrap_or_default().is_ascii()
}

/// The message for a client without UTF-8; `None` if it can have the message itself.
pub fn surrogate(message: &[u8]) -> Option<Vec<u8>> {
    if !is_internationalized(message) {
        return None;
    }
    let mut written = Vec::with_capacity(message.len());
    let mut at = 0;
    for range in headers(&Message::parse(message).root) {
        let Some(header) = surrogate_header(message.get(range.clone()).unwrap_or_default()) else { continue };
        written.extend_from_slice(message.get(at..range.start).unwrap_or_default());
        written.extend(header);
        at = range.end;
    }
    written.extend_from_slice(message.get(at..).unwrap_or_default());
    Some(written)
}

/// Where the headers of a message, of its parts and of the messages inside are, in their order.
pub fn headers(root: &Part) -> Vec<Range<usize>> {
    let mut found = vec![root.header.clone()];
    root.children().iter().for_each(|part| found.extend(headers(part)));
    found
}

/// A header in US-ASCII; `None` if this one is.
pub fn surrogate_header(header: &[u8]) -> Option<Vec<u8>> {
    if header.is_ascii() {
        return None;
    }
    let mut written = Vec::with_capacity(header.len());
    let mut at = 0;
    for field in fields(header) {
        let raw = header.get(field.range.clone()).unwrap_or_default();
        let value = || unfolded(field.raw_value);
        let is = |known: &&str| field.name.eq_ignore_ascii_case(known.as_bytes());
        at = field.range.end;
        let new = match () {
            () if raw.is_ascii() => {
                written.extend_from_slice(raw);
                continue;
            }
            () if is(&"Return-Path") => Some(NOBODY.to_owned()),
            () if ADDRESSES.iter().any(&is) => address_list(&value()),
            () if PARAMETERS.iter().any(&is) => parameters(&value()),
            () if is(&"Subject") => Some(encoded_words(&value()).join("\r\n ")),
            // "Any header field that cannot be presented to the client […] is silently excised" (RFC 6858 §2.4).
            () => None,
        };
        if let Some(new) = new {
            written.extend_from_slice(field.name);
            written.extend_from_slice(format!(": {new}\r\n").as_bytes());
        }
    }
    // The empty line.
    written.extend(header.get(at..).unwrap_or_default().iter().filter(|octet| octet.is_ascii()));
    Some(written)
}

/// "Each internationalized email address […] is replaced with an invalid email address whose display-name tells the user what
/// happened" (RFC 6858 §2.1). `None` if there is no address at all.
fn address_list(value: &[u8]) -> Option<String> {
    let mut list = String::new();
    let mut separate = false;
    for address in addresses(value) {
        if separate && address != Address::GroupEnd {
            list.push_str(",\r\n ");
        }
        separate = !matches!(address, Address::GroupStart(_));
        match address {
            Address::GroupStart(name) => list.push_str(&format!("{}: ", phrase(&name))),
            Address::GroupEnd => list.push(';'),
            Address::Mailbox { name, local, host, .. } => list.push_str(&mailbox(name.as_deref(), &local, &host)),
        }
    }
    (!list.is_empty()).then_some(list)
}

fn mailbox(name: Option<&[u8]>, local: &[u8], host: &[u8]) -> String {
    let address = match host {
        [] => local.to_vec(),
        host => [local, b"@", host].concat(),
    };
    match std::str::from_utf8(&address) {
        Ok(ascii) if ascii.is_ascii() => {
            let address = if is_dot_atom(local) { ascii.to_owned() } else { format!("{}@{}", quoted(local), text(host)) };
            match name {
                Some(name) => format!("{} <{address}>", phrase(name)),
                None => address,
            }
        }
        _ => {
            let shown = match name {
                Some(name) => [name, b" <", address.as_slice(), b">"].concat(),
                None => address,
            };
            format!("{} {NOBODY}", encoded_words(&shown).join("\r\n "))
        }
    }
}

/// A display name. Encoded words in it stay what they are.
fn phrase(name: &[u8]) -> String {
    let plain = |octet: &u8| is_atext(*octet) || *octet == b' ';
    match name {
        name if !name.is_ascii() => encoded_words(name).join("\r\n "),
        name if !name.is_empty() && name.iter().all(plain) => text(name),
        name => quoted(name),
    }
}

fn quoted(value: &[u8]) -> String {
    format!("\"{}\"", text(value).replace('\\', "\\\\").replace('"', "\\\""))
}

fn text(ascii: &[u8]) -> String {
    String::from_utf8_lossy(ascii).into_owned()
}

fn is_dot_atom(local: &[u8]) -> bool {
    local.split(|octet| *octet == b'.').all(|atom| !atom.is_empty() && atom.iter().all(|octet| is_atext(*octet)))
}

/// `atext` (RFC 5322 §3.2.3).
fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet)
}

/// "Any MIME parameter […] that cannot be presented to the client exactly as it appears in the incoming message is silently
/// excised" (RFC 6858 §2.2). `None` if what stands before them cannot be presented.
fn parameters(value: &[u8]) -> Option<String> {
    let mut kept = Vec::new();
    let (mut start, mut in_quotes, mut escaped) = (0, false, false);
    for (at, octet) in value.iter().chain(b";").enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if in_quotes => escaped = true,
            b'"' => in_quotes = !in_quotes,
            b';' if !in_quotes || at == value.len() => {
                kept.push(value.get(start..at).unwrap_or_default().trim_ascii());
                start = at + 1;
            }
            _ => {}
        }
    }
    // A quote that is not closed, or a backslash at the very end: the rest is one parameter.
    if start < value.len() {
        kept.push(value.get(start..).unwrap_or_default().trim_ascii());
    }
    if kept.first().is_none_or(|first| !first.is_ascii()) {
        return None;
    }
    let kept: Vec<String> = kept.into_iter().filter(|one| one.is_ascii()).map(text).collect();
    Some(kept.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::value;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("Subject: plain", "Subject: plain\r\n")]
    #[case("Subject: Frühstück", "Subject: =?utf-8?B?RnLDvGhzdMO8Y2s=?=\r\n")]
    #[case("From: Jürgen <j@example.org>", "From: =?utf-8?B?SsO8cmdlbg==?= <j@example.org>\r\n")]
    #[case("To: fred@EXÄMPLE.com", "To: =?utf-8?B?ZnJlZEBFWMOETVBMRS5jb20=?= <invalid@internationalized-address.invalid>\r\n")]
    #[case(
        "To: \"Doe, J.\" <a@b.c>, ü@b.c",
        "To: \"Doe, J.\" <a@b.c>,\r\n =?utf-8?B?w7xAYi5j?= <invalid@internationalized-address.invalid>\r\n"
    )]
    #[case("Cc: Größe: \"a b\"@c.d;, x@y.z", "Cc: =?utf-8?B?R3LDtsOfZQ==?=: \"a b\"@c.d;,\r\n x@y.z\r\n")]
    #[case("Return-Path: <é@b.c>", "Return-Path: <invalid@internationalized-address.invalid>\r\n")]
    #[case("Content-Disposition: attachment; filename=É; size=5", "Content-Disposition: attachment; size=5\r\n")]
    #[case("Content-Type: text/plain; name=\"é;\\\"\"; charset=utf-8", "Content-Type: text/plain; charset=utf-8\r\n")]
    #[case("Content-Type: text/plain; charset=utf-8; name=\"é", "Content-Type: text/plain; charset=utf-8\r\n")]
    #[case("Content-Type: té/plain; charset=utf-8", "")]
    #[case("X-Whatever: é", "")]
    #[case("Message-ID: <é@b.c>", "")]
    fn fields_are_replaced(#[case] field: &str, #[case] expected: &str) {
        let header = format!("{field}\r\nX: é\r\n\r\n");
        let written = surrogate_header(header.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), format!("{expected}\r\n"));
    }

    #[test]
    fn only_headers_change() {
        let message = "Subject: é\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nprélude\r\n--b\r\n\
                       Content-Disposition: inline; filename=é\r\n\r\ncafé\r\n--b\r\nContent-Type: message/global\r\n\r\n\
                       To: é@b.c\r\n\r\ndéjà\r\n--b--\r\n";
        let written = String::from_utf8(surrogate(message.as_bytes()).unwrap()).unwrap();
        let expected = "Subject: =?utf-8?B?w6k=?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nprélude\r\n--b\r\n\
                        Content-Disposition: inline\r\n\r\ncafé\r\n--b\r\nContent-Type: message/global\r\n\r\n\
                        To: =?utf-8?B?w6lAYi5j?= <invalid@internationalized-address.invalid>\r\n\r\ndéjà\r\n--b--\r\n";
        assert_eq!(written, expected);
        assert_eq!(surrogate("Subject: e\r\n\r\né\r\n".as_bytes()), None);
    }

    proptest! {
        #[test]
        fn headers_become_ascii_and_stay_headers(header in "([A-Za-z-]{1,9}: [ -~é\"\\\\;,<>@:]{0,30}\r\n){0,4}", field in 0..ADDRESSES.len()) {
            let header = format!("{header}{}: é <x@y.z>\r\nLast: ok\r\n\r\n", ADDRESSES[field]);
            let written = surrogate_header(header.as_bytes()).unwrap();
            prop_assert!(written.is_ascii());
            prop_assert_eq!(end(&written), written.len());
            prop_assert_eq!(value(&written, "Last"), Some(b"ok".to_vec()));
        }
    }
}
