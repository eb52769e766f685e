//! The grammar of addresses, RFC 5321 §4.1.2 and §4.1.3 with the UTF-8 of RFC 6531 §3.3, over the bytes of a text with
//! offsets: every error says where and what. Who may not be sent UTF-8 checks that there is none.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Address, Domain};

/// RFC 5321 §4.5.3.1.1.
const LOCAL_PART: usize = 64;
/// RFC 5321 §4.5.3.1.2.
const DOMAIN: usize = 255;
/// RFC 1035 §2.3.4.
const LABEL: usize = 63;

/// An octet that does not fit the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at octet {at}")]
pub struct SyntaxError {
    /// Offset of the octet, from 0.
    pub at: usize,
    /// What should have been there.
    pub expected: &'static str,
}

type Parsed<T> = Result<(T, usize), SyntaxError>;

fn fail<T>(at: usize, expected: &'static str) -> Result<T, SyntaxError> {
    Err(SyntaxError { at, expected })
}

/// `Mailbox = Local-part "@" ( Domain / address-literal )`, from octet `at`; gives the offset after it.
pub(crate) fn mailbox(bytes: &[u8], at: usize) -> Parsed<Address> {
    let (local, end) = local_part(bytes, at)?;
    if bytes.get(end) != Some(&b'@') {
        return fail(end, "\"@\"");
    }
    let (domain, end) = domain_part(bytes, end + 1)?;
    Ok((Address { local, domain }, end))
}

/// `Domain / address-literal`, from octet `at`.
pub(crate) fn domain_part(bytes: &[u8], at: usize) -> Parsed<Domain> {
    if bytes.get(at) == Some(&b'[') { address_literal(bytes, at) } else { domain_name(bytes, at) }
}

/// Local part and domain as an address; quotes only where a Dot-string cannot say it (RFC 5321 §4.1.2).
pub(super) fn written(local: &str, domain: &str) -> String {
    if is_dot_string(local) {
        format!("{local}@{domain}")
    } else {
        let quoted = local.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{quoted}\"@{domain}")
    }
}

/// Whether the text is a `Dot-string = Atom *("." Atom)`.
fn is_dot_string(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

/// `Local-part = Dot-string / Quoted-string`, without the quotes.
pub(crate) fn local_part(bytes: &[u8], at: usize) -> Parsed<String> {
    let (local, end) = if bytes.get(at) == Some(&b'"') { quoted_string(bytes, at)? } else { dot_string(bytes, at)? };
    if end - at > LOCAL_PART {
        return fail(at, "a local part of at most 64 octets");
    }
    Ok((local, end))
}

/// `Dot-string = Atom *("." Atom)`
fn dot_string(bytes: &[u8], start: usize) -> Parsed<String> {
    let mut at = start;
    loop {
        let atom = at;
        while bytes.get(at).is_some_and(|&octet| is_atext(octet)) {
            at += 1;
        }
        if at == atom {
            return fail(at, "an atom of the local part");
        }
        if bytes.get(at) != Some(&b'.') {
            return Ok((text(bytes, start, at), at));
        }
        at += 1;
    }
}

/// `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`
fn quoted_string(bytes: &[u8], start: usize) -> Parsed<String> {
    let mut local = Vec::new();
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok((text(&local, 0, local.len()), at + 1)),
            // quoted-pairSMTP = %d92 %d32-126
            Some(b'\\') => match bytes.get(at + 1) {
                Some(&octet @ 32..=126) => {
                    local.push(octet);
                    at += 2;
                }
                _ => return fail(at + 1, "a printable character after the backslash"),
            },
            // qtextSMTP = %d32-33 / %d35-91 / %d93-126 / UTF8-non-ascii
            Some(&octet @ (32..=126 | 0x80..)) => {
                local.push(octet);
                at += 1;
            }
            _ => return fail(at, "a printable character or the closing quote"),
        }
    }
}

/// `Domain = sub-domain *("." sub-domain)`; `sub-domain = Let-dig [Ldh-str] / U-label`
fn domain_name(bytes: &[u8], start: usize) -> Parsed<Domain> {
    let mut at = start;
    let mut name = String::new();
    loop {
        let label = at;
        while bytes.get(at).is_some_and(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | 0x80..)) {
            at += 1;
        }
        match bytes.get(label..at) {
            None | Some([]) => return fail(at, "a domain name"),
            Some([b'-', ..]) => return fail(label, "a letter or digit at the start of a label"),
            Some([.., b'-']) => return fail(at, "a letter or digit at the end of a label"),
            Some(octets) if !octets.is_ascii() => match a_label(&text(bytes, label, at).to_ascii_lowercase()) {
                Some(a_label) => name.push_str(&a_label),
                None => return fail(label, "a U-label (RFC 5890 §2.3.2.1)"),
            },
            Some(octets) if octets.len() > LABEL => return fail(label, "a label of at most 63 octets"),
            Some(_) => name.push_str(&text(bytes, label, at).to_ascii_lowercase()),
        }
        if bytes.get(at) != Some(&b'.') {
            if name.len() > DOMAIN {
                return fail(start, "a domain of at most 255 octets");
            }
            return Ok((Domain::Name(name), at));
        }
        name.push('.');
        at += 1;
    }
}

/// The A-label of a U-label; `None` where the text is not in the one form the A-label stands for.
fn a_label(label: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(label).ok()?;
    let (unicode, valid) = idna::domain_to_unicode(&ascii);
    (valid.is_ok() && unicode == label).then_some(ascii)
}

/// `address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"`
fn address_literal(bytes: &[u8], open: usize) -> Parsed<Domain> {
    let start = open + 1;
    let length = bytes.get(start..).and_then(|rest| rest.iter().position(|&octet| octet == b']'));
    let Some(length) = length else { return fail(start, "an address literal that ends with \"]\"") };
    let (end, literal) = (start + length, text(bytes, start, start + length));
    let domain = match literal.split_once(':') {
        None => literal.parse::<Ipv4Addr>().map(Domain::V4).or(fail(start, "an IPv4 address"))?,
        Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6") => {
            address.parse::<Ipv6Addr>().map(Domain::V6).or(fail(start, "an IPv6 address"))?
        }
        Some((tag, content)) if is_tag(tag) && is_dcontent(content) => Domain::General(literal),
        Some(_) => return fail(start, "an address literal"),
    };
    Ok((domain, end + 1))
}

/// `Standardized-tag = Ldh-str`
fn is_tag(tag: &str) -> bool {
    tag.ends_with(|c: char| c.is_ascii_alphanumeric()) && tag.bytes().all(|o| o.is_ascii_alphanumeric() || o == b'-')
}

/// `1*dcontent`, `dcontent = %d33-90 / %d94-126`
fn is_dcontent(content: &str) -> bool {
    !content.is_empty() && content.bytes().all(|octet| matches!(octet, 33..=90 | 94..=126))
}

/// `atext` of RFC 5322 §3.2.3, and the octets of `UTF8-non-ascii`.
fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet >= 0x80 || b"!#$%&'*+-/=?^_`{|}~".contains(&octet)
}

/// The octets of a range; they are whole characters, because the ends are ASCII and the octets were a text.
fn text(bytes: &[u8], start: usize, end: usize) -> String {
    String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default()).into_owned()
}
