//! The charsets in which a client may write what it searches for.

use crate::imap::grammar::cursor::{Cursor, Parsed, SyntaxError};
use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, X_USER_DEFINED};

/// The names that BADCHARSET lists, as IANA registers them. Their aliases are known too.
pub const NAMES: &[&str] = &[
    "US-ASCII",
    "UTF-8",
    "ISO-8859-1",
    "ISO-8859-2",
    "ISO-8859-3",
    "ISO-8859-4",
    "ISO-8859-5",
    "ISO-8859-6",
    "ISO-8859-7",
    "ISO-8859-8",
    "ISO-8859-9",
    "ISO-8859-10",
    "ISO-8859-13",
    "ISO-8859-14",
    "ISO-8859-15",
    "ISO-8859-16",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "KOI8-R",
    "KOI8-U",
    "IBM866",
    "TIS-620",
    "macintosh",
    "Shift_JIS",
    "EUC-JP",
    "ISO-2022-JP",
    "EUC-KR",
    "GB2312",
    "GBK",
    "GB18030",
    "Big5",
];

/// The charset of the strings of one search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    UsAscii,
    Utf8,
    Other(&'static Encoding),
    /// One the server does not know; the strings are not read, only passed over.
    Unknown,
}

impl Charset {
    /// The charset of this name, of whatever case.
    pub fn named(name: &[u8]) -> Charset {
        const ASCII: [&str; 3] = ["US-ASCII", "ASCII", "ANSI_X3.4-1968"];
        if ASCII.iter().any(|ascii| name.eq_ignore_ascii_case(ascii.as_bytes())) {
            return Charset::UsAscii;
        }
        match Encoding::for_label(name) {
            Some(encoding) if encoding == UTF_8 => Charset::Utf8,
            // UTF-16 needs NUL, which no string can have (RFC 3501 §9, CHAR8); the others are no charsets of text.
            Some(encoding) if [UTF_16BE, UTF_16LE, REPLACEMENT, X_USER_DEFINED].contains(&encoding) => Charset::Unknown,
            Some(encoding) => Charset::Other(encoding),
            None => Charset::Unknown,
        }
    }

    /// The octets as text; None if they are none in this charset.
    fn decoded(self, octets: &[u8]) -> Option<String> {
        match self {
            Charset::UsAscii if !octets.is_ascii() => None,
            Charset::UsAscii | Charset::Utf8 => String::from_utf8(octets.to_vec()).ok(),
            Charset::Other(encoding) => {
                encoding.decode_without_bom_handling_and_without_replacement(octets).map(std::borrow::Cow::into_owned)
            }
            Charset::Unknown => Some(String::new()),
        }
    }
}

impl Cursor<'_> {
    /// `charset = atom / quoted` (RFC 9051 §9; RFC 3501 §9 has an astring)
    pub fn charset(&mut self) -> Parsed<Charset> {
        self.astring("the name of a charset").map(|name| Charset::named(&name))
    }

    /// A string in this charset.
    pub fn text(&mut self, charset: Charset) -> Parsed<String> {
        let start = self.offset();
        let octets = self.astring("the text to search for")?;
        charset.decoded(&octets).ok_or(SyntaxError {
            offset: start,
            expected: match charset {
                Charset::UsAscii => "text in US-ASCII, or CHARSET UTF-8 before it",
                Charset::Utf8 => "text that is valid UTF-8",
                _ => "text that is valid in its charset",
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn every_name_that_is_listed_is_known() {
        let unknown: Vec<_> = NAMES.iter().filter(|name| Charset::named(name.as_bytes()) == Charset::Unknown).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[rstest]
    #[case("us-ascii", b"cafe", Some("cafe"))]
    #[case("us-ascii", b"caf\xe9", None)]
    #[case("utf8", b"caf\xc3\xa9", Some("café"))]
    #[case("UTF-8", b"caf\xe9", None)]
    #[case("iso-8859-1", b"caf\xe9", Some("café"))]
    #[case("ISO_8859-2", b"\xb3\xf3d\xbc", Some("łódź"))]
    #[case("KOI8-R", b"\xf0\xd2\xc9\xd7\xc5\xd4", Some("Привет"))]
    #[case("Windows-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", Some("Привет"))]
    #[case("Shift_JIS", b"\x93\xfa\x96{", Some("日本"))]
    #[case("Shift_JIS", b"\x93", None)]
    #[case("EUC-JP", b"\xc6\xfc\xcb\xdc", Some("日本"))]
    #[case("ISO-2022-JP", b"\x1b$BF|K\\\x1b(B", Some("日本"))]
    #[case("EUC-KR", b"\xc7\xd1", Some("한"))]
    #[case("GB18030", b"\xd6\xd0\xb9\xfa", Some("中国"))]
    #[case("GB2312", b"\xd6\xd0", Some("中"))]
    #[case("Big5", b"\xa4\xa4", Some("中"))]
    fn text_is_read_in_its_charset(#[case] name: &str, #[case] octets: &[u8], #[case] expected: Option<&str>) {
        assert_eq!(Charset::named(name.as_bytes()).decoded(octets).as_deref(), expected);
    }

    #[rstest]
    #[case("X-UNKNOWN")]
    #[case("UTF-16")]
    #[case("hz-gb-2312")]
    #[case("")]
    fn unknown_charsets(#[case] name: &str) {
        assert_eq!(Charset::named(name.as_bytes()), Charset::Unknown);
    }
}
