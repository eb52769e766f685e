//! The client's messages (RFC 5802 §7), read strictly.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// `gs2-cbind-flag = ("p=" cb-name) / "n" / "y"`
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Binding<'a> {
    /// `n`: the client does not support channel binding.
    Unsupported,
    /// `y`: it does, and thinks the server does not.
    BelievedAbsent,
    /// `p=`: it binds to the channel in this way.
    Used(&'a str),
}

/// ```abnf
/// client-first-message      = gs2-header client-first-message-bare
/// gs2-header                = gs2-cbind-flag "," [ "a=" saslname ] ","
/// client-first-message-bare = [reserved-mext ","] "n=" saslname "," "r=" c-nonce ["," extensions]
/// ```
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFirst<'a> {
    pub binding: Binding<'a>,
    /// The GS2 header as it came, its two commas included.
    pub header: &'a str,
    pub authzid: Option<String>,
    pub bare: &'a str,
    pub username: String,
    pub nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    /// Reads a message; `None` if it is none. A mandatory extension (`m=`) "MUST cause authentication failure"
    /// (RFC 5802 §5.1) unless it is to be ignored.
    pub fn parse(message: &'a [u8], ignore_mandatory: bool) -> Option<Self> {
        let text = std::str::from_utf8(message).ok().filter(|text| !text.contains('\0'))?;
        let mut parts = text.splitn(3, ',');
        let (flag, authzid, bare) = (parts.next()?, parts.next()?, parts.next()?);
        let header = text.get(..text.len() - bare.len())?;
        let binding = match flag {
            "n" => Binding::Unsupported,
            "y" => Binding::BelievedAbsent,
            flag => Binding::Used(flag.strip_prefix("p=").filter(|name| is_binding_name(name))?),
        };
        let authzid = match authzid {
            "" => None,
            given => Some(saslname(given.strip_prefix("a=")?)?),
        };
        let mut attributes = bare.split(',').peekable();
        if ignore_mandatory {
            attributes.next_if(|attribute| attribute.starts_with("m="));
        }
        let username = saslname(attributes.next()?.strip_prefix("n=")?)?;
        let nonce = attributes.next()?.strip_prefix("r=").filter(|nonce| is_printable(nonce))?;
        attributes.all(|attribute| is_extension(attribute, ignore_mandatory)).then_some(())?;
        Some(Self { binding, header, authzid, bare, username, nonce })
    }
}

/// ```abnf
/// client-final-message = "c=" base64 "," "r=" c-nonce s-nonce ["," extensions] "," "p=" base64
/// ```
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFinal<'a> {
    pub binding: Vec<u8>,
    pub nonce: &'a str,
    pub without_proof: &'a str,
    pub proof: Vec<u8>,
}

impl<'a> ClientFinal<'a> {
    /// Reads a message; `None` if it is none.
    pub fn parse(message: &'a [u8], ignore_mandatory: bool) -> Option<Self> {
        let text = std::str::from_utf8(message).ok().filter(|text| !text.contains('\0'))?;
        let (without_proof, proof) = text.rsplit_once(",p=")?;
        let proof = STANDARD.decode(proof).ok()?;
        let mut attributes = without_proof.split(',');
        let binding = STANDARD.decode(attributes.next()?.strip_prefix("c=")?).ok()?;
        let nonce = attributes.next()?.strip_prefix("r=").filter(|nonce| is_printable(nonce))?;
        attributes.all(|attribute| is_extension(attribute, ignore_mandatory)).then_some(())?;
        Some(Self { binding, nonce, without_proof, proof })
    }
}

/// `saslname = 1*(value-safe-char / "=2C" / "=3D")`: the name that is meant, or `None`.
pub(in crate::sasl) fn saslname(written: &str) -> Option<String> {
    let mut pieces = written.split('=');
    let mut name = pieces.next()?.to_owned();
    for piece in pieces {
        // "If the server receives a username that contains '=' not followed by either '2C' or '3D', then the server MUST
        // fail the authentication" (RFC 5802 §5.1).
        let (letter, rest) = match (piece.strip_prefix("2C"), piece.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return None,
        };
        name.push(letter);
        name.push_str(rest);
    }
    (!name.is_empty() && !written.contains([',', '\0'])).then_some(name)
}

/// `cb-name = 1*(ALPHA / DIGIT / "." / "-")`
fn is_binding_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|o| o.is_ascii_alphanumeric() || o == b'.' || o == b'-')
}

/// `printable = %x21-2B / %x2D-7E`, at least one.
fn is_printable(nonce: &str) -> bool {
    !nonce.is_empty() && nonce.bytes().all(|o| o.is_ascii_graphic() && o != b',')
}

/// `attr-val = ALPHA "=" 1*value-char`, and not a mandatory extension. What is unknown is ignored (RFC 5802 §5.1).
fn is_extension(attribute: &str, ignore_mandatory: bool) -> bool {
    let mut letters = attribute.chars();
    let name = letters.next().filter(char::is_ascii_alphabetic);
    let sound = name.is_some() && letters.next() == Some('=') && letters.next().is_some();
    sound && (ignore_mandatory || name != Some('m'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn first_messages_are_read() {
        let first = ClientFirst::parse(b"p=tls-exporter,a=bo=2Cb,n=a=3Db,r=x!,z=1", false).unwrap();
        assert_eq!(first.binding, Binding::Used("tls-exporter"));
        assert_eq!((first.header, first.bare), ("p=tls-exporter,a=bo=2Cb,", "n=a=3Db,r=x!,z=1"));
        assert_eq!((first.authzid.as_deref(), first.username.as_str(), first.nonce), (Some("bo,b"), "a=b", "x!"));
        for wrong in [
            "",
            "n",
            "n,,",
            "n,n=user,r=x",
            "x,,n=user,r=x",
            "N,,n=user,r=x",
            "p=,,n=user,r=x",
            "p=a_b,,n=user,r=x",
            "n,user,n=user,r=x",
            "n,a=,n=user,r=x",
            "n,,n=,r=x",
            "n,,n=us=er,r=x",
            "n,,n=us=2cer,r=x",
            "n,,r=x,n=user",
            "n,,n=user,r=",
            "n,,n=user,r=a b",
            "n,,n=user,r=x,",
            "n,,n=user,r=x,1=a",
            "n,,n=user,r=x,z=",
            "n,,m=y,n=user,r=x",
            "n,,n=user,r=x,m=y",
            "n,,n=us\0er,r=x",
        ] {
            assert_eq!(ClientFirst::parse(wrong.as_bytes(), false), None, "{wrong}");
        }
        assert!(ClientFirst::parse(b"n,,m=y,n=user,r=x", true).is_some());
        assert_eq!(ClientFirst::parse(b"n,,n=\xff,r=x", false), None);
    }

    #[test]
    fn last_messages_are_read() {
        let last = ClientFinal::parse(b"c=biws,r=xy,z=p=1,p=AAAA", false).unwrap();
        assert_eq!((last.binding.as_slice(), last.nonce), (&b"n,,"[..], "xy"));
        assert_eq!((last.without_proof, last.proof.as_slice()), ("c=biws,r=xy,z=p=1", &[0, 0, 0][..]));
        let wrongs = [
            "c=biws,r=xy",
            "c=biws,p=AAAA",
            "r=xy,c=biws,p=AAAA",
            "c=bi,r=xy,p=AAAA",
            "c=biws,r=xy,p=AAA",
            "c=biws,r=xy,p=AAAA,z=1",
        ];
        for wrong in wrongs {
            assert_eq!(ClientFinal::parse(wrong.as_bytes(), false), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn names_survive(name in "[^\0]{1,12}") {
            let written = name.replace('=', "=3D").replace(',', "=2C");
            prop_assert_eq!(saslname(&written), Some(name));
        }

        #[test]
        fn nothing_breaks_the_parsers(message in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = ClientFirst::parse(&message, false);
            let _ = ClientFinal::parse(&message, false);
        }

        #[test]
        fn what_is_read_is_what_was_written(text in "[npy=,acr2CDa-z.]{0,40}") {
            if let Some(first) = ClientFirst::parse(text.as_bytes(), false) {
                prop_assert_eq!(format!("{}{}", first.header, first.bare), text);
            }
        }
    }
}
