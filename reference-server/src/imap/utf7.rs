//! Modified UTF-7, in which mailbox names travel (RFC 3501 §5.1.3).
//!
//! Only the one canonical form of a name is read: a name has one spelling, so two spellings can not be two mailboxes.

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt::Write;

/// Why a name is not in modified UTF-7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotCanonical {
    /// Octets from the start of the name.
    pub offset: usize,
    /// The rule it breaks.
    pub why: &'static str,
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// The name as it is written on the wire.
pub fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    let mut shifted: Vec<u8> = Vec::new();
    for character in name.chars() {
        if matches!(character, ' '..='~') {
            shift_back(&mut shifted, &mut encoded);
            encoded.push(character);
            if character == '&' {
                encoded.push('-');
            }
        } else {
            let mut units = [0; 2];
            shifted.extend(character.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    shift_back(&mut shifted, &mut encoded);
    encoded
}

fn shift_back(shifted: &mut Vec<u8>, encoded: &mut String) {
    if !shifted.is_empty() {
        // Writing to a String can not fail.
        let _ = write!(encoded, "&{}-", BASE64.encode(&*shifted));
        shifted.clear();
    }
}

/// The name that was written, if it was written in the only form there is for it.
pub fn decode(written: &[u8]) -> Result<String, NotCanonical> {
    let mut name = String::with_capacity(written.len());
    let mut at = 0;
    // Where the last shifted run ended; another one right there is a superfluous shift.
    let mut run_ended = None;
    while let Some(octet) = written.get(at) {
        match octet {
            b'&' => {
                let inside = written.get(at + 1..).unwrap_or_default();
                let Some(length) = inside.iter().position(|octet| *octet == b'-') else {
                    return Err(NotCanonical { offset: at, why: "no \"-\" shifts back to US-ASCII" });
                };
                let run = inside.get(..length).unwrap_or_default();
                if run.is_empty() {
                    name.push('&');
                } else if run_ended == Some(at) {
                    return Err(NotCanonical { offset: at, why: "the shift is superfluous" });
                } else {
                    name.push_str(&decode_run(run).map_err(|why| NotCanonical { offset: at, why })?);
                }
                at += length + 2;
                run_ended = (length > 0).then_some(at);
            }
            b' '..=b'~' => {
                name.push(char::from(*octet));
                at += 1;
            }
            _ => return Err(NotCanonical { offset: at, why: "only printable US-ASCII represents itself" }),
        }
    }
    Ok(name)
}

fn decode_run(run: &[u8]) -> Result<String, &'static str> {
    let octets = BASE64.decode(run).map_err(|_| "the run is not canonical modified base64")?;
    let (pairs, half) = octets.as_chunks::<2>();
    if !half.is_empty() {
        return Err("the run holds half a UTF-16 unit");
    }
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    let text = String::from_utf16(&units).map_err(|_| "the run holds a lone surrogate")?;
    match text.chars().any(|character| matches!(character, ' '..='~')) {
        true => Err("a printable US-ASCII character is encoded"),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("INBOX", "INBOX")]
    #[case("Tom & Jerry", "Tom &- Jerry")]
    #[case("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-")]
    #[case("台北日本語", "&U,BTF2XlZyyKng-")]
    #[case("Entwürfe", "Entw&APw-rfe")]
    #[case("😀", "&2D3eAA-")]
    #[case("é&é", "&AOk-&-&AOk-")]
    fn known_names(#[case] name: &str, #[case] written: &str) {
        assert_eq!(encode(name), written);
        assert_eq!(decode(written.as_bytes()).as_deref(), Ok(name));
    }

    #[rstest]
    #[case("&", 0)]
    #[case("a&Jjo!", 1)]
    #[case("&U,BTFw-&ZeVnLIqe-", 8)]
    #[case("&AGE-", 0)]
    #[case("&AP0", 0)]
    #[case("&AP1-", 0)]
    #[case("&A-", 0)]
    #[case("&AAA-x\u{7f}", 6)]
    #[case("&2D0-", 0)]
    #[case("&U/BTFw-", 0)]
    #[case("&APw=-", 0)]
    #[case("é", 0)]
    fn refused(#[case] written: &str, #[case] offset: usize) {
        assert_eq!(decode(written.as_bytes()).map_err(|error| error.offset), Err(offset));
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in "\\PC*|[ -~é台😀&-]{0,30}") {
            prop_assert_eq!(decode(encode(&name).as_bytes()), Ok(name));
        }

        #[test]
        fn what_is_read_is_written_the_same_way(written in "[a&A-Z,+-]{0,12}") {
            if let Ok(name) = decode(written.as_bytes()) {
                prop_assert_eq!(encode(&name), written);
            }
        }
    }
}
