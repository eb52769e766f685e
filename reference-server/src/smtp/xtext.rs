//! `xtext`, how values with any octets travel in parameters (RFC 3461 §4).

/// Undoes it: `xtext = *( xchar / "+" 2HEXDIG )`, with upper-case digits. `None` where the text is none, or the octets it
/// stands for are no UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    if !text.contains('+') {
        return text.bytes().all(is_xchar).then(|| text.to_owned());
    }
    let mut octets = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(octet) = octets.next() {
        match octet {
            b'+' => plain.push(digit(octets.next()?)? * 16 + digit(octets.next()?)?),
            octet if is_xchar(octet) => plain.push(octet),
            _ => return None,
        }
    }
    String::from_utf8(plain).ok()
}

/// "any ASCII CHAR between "!" (33) and "~" (126) inclusive, except for "+" and "=""
fn is_xchar(octet: u8) -> bool {
    octet.is_ascii_graphic() && !matches!(octet, b'+' | b'=')
}

fn digit(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn hexadecimal_octets_are_undone() {
        assert_eq!(decode("QQ314159").as_deref(), Some("QQ314159"));
        assert_eq!(decode("e+3Dmc2@example.com").as_deref(), Some("e=mc2@example.com"));
        assert_eq!(decode("+C3+BC").as_deref(), Some("\u{fc}"));
        for wrong in ["a+", "a+4", "a+4g", "a+3d", "a=b", "a b", "\u{fc}", "+FF"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
