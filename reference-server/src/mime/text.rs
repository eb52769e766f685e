//! Text as a person reads it, for SEARCH: transfer encodings, charsets and encoded words undone.

use mail_parser::decoders::charsets::map::charset_decoder;

use super::decoding::{Decoder, undo_escapes};
use super::header;
use super::part::{Content, Message, Part};

/// A header field as text: unfolded, encoded words decoded (RFC 2047).
pub fn field_text(raw_value: &[u8]) -> String {
    decode_words(&header::unfolded(raw_value))
}

/// The same, or the octets it is made of, transfer encodings undone, if some of them are no text in their charset: what
/// sorting keeps apart (RFC 5255 §4.6).
pub fn field_readable(raw_value: &[u8]) -> Result<String, Vec<u8>> {
    let pieces = pieces(&header::unfolded(raw_value));
    let texts: Option<String> = pieces.iter().map(|piece| readable(&piece.octets, &piece.charset)).collect();
    texts.ok_or_else(|| pieces.into_iter().flat_map(|piece| piece.octets).collect())
}

/// All fields of a header as text, one line each.
pub fn header_text(header: &[u8]) -> String {
    let mut text = String::new();
    for field in header::fields(header) {
        text.push_str(&String::from_utf8_lossy(field.name));
        text.push_str(": ");
        text.push_str(&field_text(field.raw_value));
        text.push_str("\r\n");
    }
    text
}

/// The texts of the body of a message: of each text part, and of each message inside its header too.
///
/// This is what SEARCH BODY looks through (RFC 3501 §6.4.4); TEXT looks through [`header_text`] as well. Octets that are
/// no text (images and the like) are left out.
pub fn body_texts(bytes: &[u8], message: &Message) -> Vec<String> {
    let mut texts = Vec::new();
    collect(bytes, &message.root, &mut texts);
    texts
}

fn collect(bytes: &[u8], part: &Part, texts: &mut Vec<String>) {
    match &part.content {
        Content::Multipart(parts) => parts.iter().for_each(|part| collect(bytes, part, texts)),
        Content::Message { root, .. } => {
            texts.push(header_text(bytes.get(root.header.clone()).unwrap_or_default()));
            collect(bytes, root, texts);
        }
        Content::Leaf => texts.extend(part_text(bytes, part)),
    }
}

/// The text of a part; None if it is no text.
pub fn part_text(bytes: &[u8], part: &Part) -> Option<String> {
    if !part.kind.eq_ignore_ascii_case(b"text") && !part.kind.eq_ignore_ascii_case(b"message") {
        return None;
    }
    let decoded = decode_transfer(bytes.get(part.body.clone())?, &part.encoding);
    Some(to_utf8(&decoded, part.parameter("charset").unwrap_or(b"us-ascii")))
}

/// Undoes a Content-Transfer-Encoding (RFC 2045 §6). What is malformed is read as far as it makes sense.
pub fn decode_transfer(body: &[u8], encoding: &[u8]) -> Vec<u8> {
    Decoder::of(encoding).unwrap_or(Decoder::Identity).decode(body)
}

/// Octets of a charset as UTF-8. An unknown charset, and US-ASCII with eighth bits, is read as UTF-8 if it is that, or
/// as ISO 8859-1.
pub(super) fn to_utf8(octets: &[u8], charset: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(octets)
        && (charset.eq_ignore_ascii_case(b"utf-8") || charset.eq_ignore_ascii_case(b"us-ascii"))
    {
        return text.to_owned();
    }
    match charset_decoder(charset) {
        Some(decode) if !charset.is_empty() => decode(octets),
        _ => match std::str::from_utf8(octets) {
            Ok(text) => text.to_owned(),
            Err(_) => octets.iter().copied().map(char::from).collect(),
        },
    }
}

/// Octets of a charset as UTF-8; None if they are none in it, or nobody knows it.
fn readable(octets: &[u8], charset: &[u8]) -> Option<String> {
    if charset.eq_ignore_ascii_case(b"utf-8") || charset.eq_ignore_ascii_case(b"us-ascii") {
        return String::from_utf8(octets.to_vec()).ok();
    }
    let decode = charset_decoder(charset).filter(|_| !charset.is_empty())?;
    Some(decode(octets)).filter(|text| !text.contains(char::REPLACEMENT_CHARACTER))
}

/// Octets of one charset.
struct Piece {
    octets: Vec<u8>,
    charset: Vec<u8>,
}

fn decode_words(value: &[u8]) -> String {
    pieces(value).iter().map(|piece| to_utf8(&piece.octets, &piece.charset)).collect()
}

/// Takes an unfolded value apart at its encoded words; white space between two of them disappears (RFC 2047 §6.2). What is
/// no encoded word counts as US-ASCII, in which UTF-8 is read too.
fn pieces(value: &[u8]) -> Vec<Piece> {
    let plain_piece = |octets: &mut Vec<u8>| Piece { octets: std::mem::take(octets), charset: b"us-ascii".to_vec() };
    let mut pieces = Vec::new();
    let mut rest = value;
    // Plain octets since the last encoded word, and whether one came before them.
    let (mut plain, mut after_word) = (Vec::new(), false);
    while let Some(&octet) = rest.first() {
        if let Some((word, length)) = encoded_word(rest) {
            if !(after_word && plain.iter().all(u8::is_ascii_whitespace)) {
                pieces.push(plain_piece(&mut plain));
            }
            plain.clear();
            pieces.push(word);
            after_word = true;
            rest = rest.get(length..).unwrap_or_default();
        } else {
            plain.push(octet);
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    pieces.push(plain_piece(&mut plain));
    pieces
}

/// `encoded-word = "=?" charset "?" encoding "?" encoded-text "?="` at the start; what it holds and its length.
fn encoded_word(text: &[u8]) -> Option<(Piece, usize)> {
    let inner = text.strip_prefix(b"=?")?;
    let charset = inner.get(..token(inner)?)?;
    let inner = inner.get(charset.len() + 1..)?;
    let encoding = inner.get(..token(inner)?)?;
    let inner = inner.get(encoding.len() + 1..)?;
    let encoded = inner.get(..token(inner)?)?;
    if inner.get(encoded.len() + 1) != Some(&b'=') {
        return None;
    }
    let octets = match encoding {
        b"B" | b"b" => decode_transfer(encoded, b"base64"),
        b"Q" | b"q" => {
            let spaced: Vec<u8> = encoded.iter().map(|&octet| if octet == b'_' { b' ' } else { octet }).collect();
            let mut octets = Vec::new();
            undo_escapes(&spaced, &mut octets);
            octets
        }
        _ => return None,
    };
    // A language may follow the charset (RFC 2231 §5).
    let charset = charset.split(|&octet| octet == b'*').next().unwrap_or_default();
    Some((Piece { octets, charset: charset.to_vec() }, text.len() - inner.len() + encoded.len() + 2))
}

/// The length of what comes before the next `?`, without spaces in between; bounded, as an encoded word is short.
fn token(text: &[u8]) -> Option<usize> {
    const LONGEST: usize = 1000;
    let end = text.iter().take(LONGEST).position(|&octet| octet == b'?' || octet.is_ascii_whitespace())?;
    (text.get(end) == Some(&b'?')).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_decoded() {
        let cases = [
            ("=?ISO-8859-1?Q?a?=", "a"),
            ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
            ("=?ISO-8859-1?Q?a?= \r\n =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a_b?=", "a b"),
            ("=?utf-8?B?5L2g5aW9?= x", "你好 x"),
            ("=?utf-8*de?q?=C3=BC?=", "ü"),
            ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
            ("=?utf-8?X?a?= =?", "=?utf-8?X?a?= =?"),
            ("caf\u{e9}", "café"),
        ];
        for (raw, text) in cases {
            assert_eq!(field_text(raw.as_bytes()), text, "{raw}");
        }
        assert_eq!(field_text(b"caf\xe9"), "café");
    }

    #[test]
    fn what_is_no_text_in_its_charset_is_told_apart() {
        assert_eq!(field_readable(b"a =?koi8-r?B?8NLJ18XU?="), Ok("a Привет".into()));
        assert_eq!(field_readable("caf\u{e9}".as_bytes()), Ok("café".into()));
        assert_eq!(field_readable(b"caf\xe9"), Err(b"caf\xe9".to_vec()));
        assert_eq!(field_readable(b"=?utf-8?Q?caf=E9?= x"), Err(b"caf\xe9 x".to_vec()));
        assert_eq!(field_readable(b"=?x-unknown?Q?a?="), Err(b"a".to_vec()));
    }

    #[test]
    fn transfer_encodings_are_undone_and_damage_is_met() {
        assert_eq!(decode_transfer(b"a=3D=\r\nb \r\n=zz=4", b"Quoted-Printable"), b"a=b\r\n=zz=4");
        assert_eq!(decode_transfer(b"aGFs\r\nbG8=", b"BASE64"), b"hallo");
        assert_eq!(decode_transfer(b"aGFs\xff bG8!x=y", b"base64"), b"hallo1");
        assert_eq!(decode_transfer(b"aGFsb", b"base64"), b"hal");
        assert_eq!(decode_transfer(b"a=3D", b"8bit"), b"a=3D");
    }

    #[test]
    fn body_texts_are_those_of_all_text_parts_and_inner_headers() {
        let raw = b"Subject: out\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\
            Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nf=FCr\r\n--x\r\n\
            Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--x\r\n\
            Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?Q?=C3=A4?=\r\n\r\ninner\r\n--x--\r\n";
        let texts = body_texts(raw, &Message::parse(raw));
        assert_eq!(texts, ["für", "Subject: ä\r\n", "inner"]);
    }
}
