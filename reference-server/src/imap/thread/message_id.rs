//! Message IDs in their one form, and where a message says whose descendant it is.

use crate::mime;

/// The ID of a message and those of its ancestors, the eldest first.
///
/// "If a message does not contain a References header line, or the References header line does not contain any valid
/// Message IDs, then use the first (if any) valid Message ID found in the In-Reply-To header line as the only reference"
/// (RFC 5256 §3).
pub fn of_header(header: &[u8]) -> (Option<String>, Vec<String>) {
    let ids = |name: &str| mime::value(header, name).map(|value| message_ids(&value)).unwrap_or_default();
    let mut references = ids("References");
    if references.is_empty() {
        references = ids("In-Reply-To").into_iter().take(1).collect();
    }
    (ids("Message-ID").into_iter().next(), references)
}

/// The valid message IDs of a field, normalised: `<"a"@b>` and `<a@b>` are one. What stands between them is passed over.
///
/// ```abnf
/// msg-id  = [CFWS] "<" id-left "@" id-right ">" [CFWS]        ; RFC 5322 §3.6.4, with the quoted-string of §4.5.4
/// id-left = dot-atom-text / quoted-string
/// ```
pub fn message_ids(value: &[u8]) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = value;
    while let Some(start) = memchr::memchr(b'<', rest) {
        rest = rest.get(start + 1..).unwrap_or_default();
        if let Some((id, length)) = message_id(rest) {
            ids.push(id);
            rest = rest.get(length..).unwrap_or_default();
        }
    }
    ids
}

/// Behind the `<`: the ID and the octets up to its `>`. White space inside is obsolete and means nothing.
fn message_id(text: &[u8]) -> Option<(String, usize)> {
    let (mut id, mut quoted, mut escaped, mut at_sign) = (Vec::new(), false, false, None);
    for (at, octet) in text.iter().copied().enumerate() {
        match octet {
            _ if escaped => {
                id.push(octet);
                escaped = false;
            }
            b'\\' if quoted => escaped = true,
            b'"' if at_sign.is_none() => quoted = !quoted,
            _ if quoted => id.push(octet),
            b'<' => return None,
            b'>' => {
                let valid = at_sign.is_some_and(|sign| sign > 0 && sign + 1 < id.len());
                return valid.then(|| (String::from_utf8_lossy(&id).into_owned(), at + 1));
            }
            b'@' if at_sign.is_none() => {
                at_sign = Some(id.len());
                id.push(octet);
            }
            b'@' => return None,
            octet if octet.is_ascii_whitespace() => {}
            _ => id.push(octet),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("<a@b>", &["a@b"])]
    #[case("<a@b> <c@d>\t<e@f>", &["a@b", "c@d", "e@f"])]
    #[case("<a@b><c@d>", &["a@b", "c@d"])]
    // The example of RFC 5256 §3.
    #[case("<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>", &["01KF8JCEOCBS0045PS@xxx.yyy.com"])]
    #[case("<\"a\\\"b\"@c>", &["a\"b@c"])]
    #[case("Your message of Friday <a@b> (x <y> z)", &["a@b"])]
    #[case("< a @ b >", &["a@b"])]
    #[case("<A@b> <a@b>", &["A@b", "a@b"])]
    #[case("<a@[127.0.0.1]>", &["a@[127.0.0.1]"])]
    #[case("<a@b", &[])]
    #[case("<@b> <a@> <> <ab> <a@b@c>", &[])]
    #[case("<a<b@c>", &["b@c"])]
    #[case("", &[])]
    fn ids_are_found(#[case] value: &str, #[case] expected: &[&str]) {
        assert_eq!(message_ids(value.as_bytes()), expected);
    }

    #[test]
    fn references_come_before_in_reply_to() {
        let header = b"Message-ID: <m@x>\r\nIn-Reply-To: <p@x> <q@x>\r\nReferences: <g@x>\r\n <p@x>\r\n\r\n";
        assert_eq!(of_header(header), (Some("m@x".into()), vec!["g@x".into(), "p@x".into()]));
        let header = b"In-Reply-To: <p@x> <q@x>\r\nReferences: none\r\n\r\n";
        assert_eq!(of_header(header), (None, vec!["p@x".into()]));
        assert_eq!(of_header(b"\r\n"), (None, vec![]));
    }
}
