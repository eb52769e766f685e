//! A message for a server that takes 7 bits only (RFC 6152 §3): the same parts, encoded otherwise.
//!
//! What holds octets is encoded, leaf by leaf; what holds parts is put together again around them. Where that would change
//! what the message says (a signature is over the octets it was made for) there is no conversion, and the message goes back.

mod encode;
mod fields;

use crate::mime::{Content, Message, Part, fields as header_fields, text};

/// RFC 5321 §4.5.3.1.6, without the line end.
const LINE: usize = 998;

/// Why a message cannot be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fixed {
    #[error("a signed part would be broken by the conversion")]
    Signed,
    #[error("a header field has octets above 127 where no encoded word may stand")]
    Field,
    #[error("a part cannot be encoded in any way")]
    Part,
}

impl Fixed {
    /// RFC 3463 §3.7: X.6.2, conversion required and prohibited; X.6.3, required but not supported.
    pub fn status(self) -> &'static str {
        match self {
            Fixed::Signed => "5.6.2",
            Fixed::Field | Fixed::Part => "5.6.3",
        }
    }
}

/// How a leaf is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    QuotedPrintable,
    Base64,
}

impl Encoding {
    fn name(self) -> &'static str {
        match self {
            Encoding::QuotedPrintable => "quoted-printable",
            Encoding::Base64 => "base64",
        }
    }
}

/// The message with lines of US-ASCII that are not too long; what fits already is not touched.
pub fn downgraded(message: &[u8]) -> Result<Vec<u8>, Fixed> {
    let root = Message::parse(message).root;
    let mut writer = Writer { message, out: Vec::with_capacity(message.len() + message.len() / 8) };
    writer.part(&root, Place::Top)?;
    Ok(writer.out)
}

/// Where a part stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is a message: its header says that it is MIME.
    Top,
    Inside,
}

struct Writer<'a> {
    message: &'a [u8],
    out: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn bytes(&self, range: std::ops::Range<usize>) -> &'a [u8] {
        self.message.get(range).unwrap_or_default()
    }

    fn part(&mut self, part: &Part, place: Place) -> Result<(), Fixed> {
        let (header, body) = (self.bytes(part.header.clone()), self.bytes(part.body.clone()));
        let binary = part.encoding.eq_ignore_ascii_case(b"binary");
        if is_sendable(header) && is_sendable(body) && !binary && !is_labelled_binary(part) {
            self.out.extend_from_slice(header);
            self.out.extend_from_slice(body);
            return Ok(());
        }
        if part.header.is_empty() && place == Place::Inside {
            // A multipart without its delimiter: there is no header to say what was done.
            return Err(Fixed::Part);
        }
        match &part.content {
            Content::Multipart(_) if part.is("multipart", "signed") => Err(Fixed::Signed),
            Content::Multipart(parts) if is_identity(&part.encoding) => {
                self.header(header, place, None, None)?;
                self.multipart(part, parts)
            }
            Content::Message { root, .. } if is_identity(&part.encoding) && part.is("message", "rfc822") => {
                self.header(header, place, None, None)?;
                self.part(root, Place::Top)
            }
            // RFC 6532 §3.7: message/global may be encoded like any leaf. Other messages may not (RFC 2046 §5.2).
            Content::Message { .. } if !part.is("message", "global") => Err(Fixed::Part),
            Content::Leaf if part.kind.eq_ignore_ascii_case(b"message") && !is_sendable(body) => Err(Fixed::Part),
            Content::Multipart(_) => Err(Fixed::Part),
            Content::Message { .. } | Content::Leaf => self.leaf(part, header, body, place),
        }
    }

    /// A part that holds octets. One that is encoded already, but not well, is encoded again.
    fn leaf(&mut self, part: &Part, header: &[u8], body: &[u8], place: Place) -> Result<(), Fixed> {
        if is_sendable(body) && !part.encoding.eq_ignore_ascii_case(b"binary") {
            self.unchanged_header(header)?;
            self.out.extend_from_slice(body);
            return Ok(());
        }
        let decoded;
        let octets = if is_identity(&part.encoding) {
            body
        } else if part.encoding.eq_ignore_ascii_case(b"quoted-printable") || part.encoding.eq_ignore_ascii_case(b"base64") {
            decoded = text::decode_transfer(body, &part.encoding);
            decoded.as_slice()
        } else {
            return Err(Fixed::Part);
        };
        let encoding = best(part, octets);
        let charset =
            header_fields(header).all(|field| !field.name.eq_ignore_ascii_case(b"Content-Type")).then(|| charset(octets));
        self.header(header, place, Some(encoding), charset)?;
        match encoding {
            Encoding::QuotedPrintable => encode::quoted_printable(octets, &mut self.out),
            Encoding::Base64 => encode::base64(octets, &mut self.out),
        }
        if place == Place::Top && !self.out.ends_with(b"\r\n") {
            // The lines of base64 end where the message does. In quoted-printable a line that is not ended says so.
            self.out.extend_from_slice(if encoding == Encoding::Base64 { b"\r\n" } else { b"=\r\n" });
        }
        Ok(())
    }

    /// The parts with what stands between them. Text before the first and after the last is for nobody (RFC 2046 §5.1.1):
    /// there an octet may be lost.
    fn multipart(&mut self, part: &Part, parts: &[Part]) -> Result<(), Fixed> {
        let mut at = part.body.start;
        for inner in parts {
            self.between(at..inner.header.start)?;
            self.part(inner, Place::Inside)?;
            at = inner.body.end;
        }
        self.between(at..part.body.end)
    }

    fn between(&mut self, range: std::ops::Range<usize>) -> Result<(), Fixed> {
        let text = self.bytes(range);
        for line in text.split_inclusive(|&octet| octet == b'\n') {
            if line.starts_with(b"--") && !line.is_ascii() || line.len() > LINE + 2 {
                return Err(Fixed::Part);
            }
            self.out.extend(line.iter().map(|&octet| if octet.is_ascii() && octet != 0 { octet } else { b'?' }));
        }
        Ok(())
    }

    /// The header of a leaf whose body stays as it is.
    fn unchanged_header(&mut self, header: &[u8]) -> Result<(), Fixed> {
        for field in header_fields(header) {
            fields::write(&field, header, &mut self.out)?;
        }
        self.end_header(header);
        Ok(())
    }

    /// The header with another encoding; `None` for what holds parts: it is 7bit now, which need not be said
    /// (RFC 2045 §6.1).
    fn header(&mut self, header: &[u8], place: Place, encoding: Option<Encoding>, charset: Option<&str>) -> Result<(), Fixed> {
        let mut is_mime = false;
        for field in header_fields(header) {
            is_mime |= field.name.eq_ignore_ascii_case(b"MIME-Version");
            if !field.name.eq_ignore_ascii_case(b"Content-Transfer-Encoding") {
                fields::write(&field, header, &mut self.out)?;
            }
        }
        if place == Place::Top && !is_mime {
            self.out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        }
        if let Some(charset) = charset {
            self.out.extend_from_slice(format!("Content-Type: text/plain; charset={charset}\r\n").as_bytes());
        }
        if let Some(encoding) = encoding {
            self.out.extend_from_slice(format!("Content-Transfer-Encoding: {}\r\n", encoding.name()).as_bytes());
        }
        self.end_header(header);
        Ok(())
    }

    /// The empty line, if there was one.
    fn end_header(&mut self, header: &[u8]) {
        let end = header_fields(header).last().map_or(0, |field| field.range.end);
        if header.len() > end {
            self.out.extend_from_slice(b"\r\n");
        }
    }
}

/// Whether these octets may stand in a message of 7 bits as they are.
fn is_sendable(octets: &[u8]) -> bool {
    octets.is_ascii()
        && octets.split_inclusive(|&octet| octet == b'\n').all(|line| {
            let text = line.strip_suffix(b"\r\n").unwrap_or(line);
            text.len() <= LINE && !text.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n'))
        })
}

/// Whether something inside says that it is binary: that word may not stand in a message that was not sent as such
/// (RFC 3030 §3).
fn is_labelled_binary(part: &Part) -> bool {
    part.encoding.eq_ignore_ascii_case(b"binary")
        || match &part.content {
            Content::Multipart(parts) => parts.iter().any(is_labelled_binary),
            Content::Message { root, .. } => is_labelled_binary(root),
            Content::Leaf => false,
        }
}

/// The encodings that encode nothing (RFC 2045 §6.2).
fn is_identity(encoding: &[u8]) -> bool {
    [&b"7bit"[..], b"8bit", b"binary"].iter().any(|name| encoding.eq_ignore_ascii_case(name))
}

/// Text that is mostly ASCII stays readable; lines of text only, as quoted-printable has no other (RFC 2045 §6.7).
fn best(part: &Part, octets: &[u8]) -> Encoding {
    let lines = octets.split_inclusive(|&octet| octet == b'\n').all(|line| {
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        !text.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n'))
    });
    let escaped = octets.iter().filter(|&&octet| !octet.is_ascii() || octet == b'=').count();
    let is_text = part.kind.eq_ignore_ascii_case(b"text");
    if is_text && lines && escaped <= octets.len() / 4 { Encoding::QuotedPrintable } else { Encoding::Base64 }
}

/// What a text without Content-Type is in: nobody has said it (RFC 1428 §3).
fn charset(octets: &[u8]) -> &'static str {
    if octets.is_ascii() {
        "us-ascii"
    } else if std::str::from_utf8(octets).is_ok() {
        "utf-8"
    } else {
        "unknown-8bit"
    }
}

#[cfg(test)]
mod tests;
