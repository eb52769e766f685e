//! The tree of MIME parts of a message (RFC 2045, RFC 2046).

use std::ops::Range;

use super::continuations;
use super::cursor::Cursor;
use super::envelope::{Envelope, envelope};
use super::header;
use super::parse::Parser;

/// A message and the tree of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The message itself as a part: its header is the header of the message.
    pub root: Part,
    /// Its envelope.
    pub envelope: Envelope,
}

/// A MIME part. All ranges are of the message given to [`Message::parse`] or [`Parser`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its header with the empty line that ends it.
    pub header: Range<usize>,
    /// Its body, still encoded.
    pub body: Range<usize>,
    /// The media type, as it is written: `text`.
    pub kind: Vec<u8>,
    /// The subtype: `plain`.
    pub subtype: Vec<u8>,
    /// The parameters of Content-Type.
    pub parameters: Vec<Parameter>,
    /// Content-ID.
    pub id: Option<Vec<u8>>,
    /// Content-Description.
    pub description: Option<Vec<u8>>,
    /// Content-Transfer-Encoding; `7BIT` where there is none.
    pub encoding: Vec<u8>,
    /// Content-MD5.
    pub md5: Option<Vec<u8>>,
    /// Content-Disposition (RFC 2183).
    pub disposition: Option<Disposition>,
    /// Content-Language (RFC 3282).
    pub language: Vec<Vec<u8>>,
    /// Content-Location (RFC 2557).
    pub location: Option<Vec<u8>>,
    /// How many lines the body has; one that is not ended counts.
    pub lines: usize,
    /// What is inside.
    pub content: Content,
}

/// What a part is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Octets.
    Leaf,
    /// Parts; there is at least one.
    Multipart(Vec<Part>),
    /// A message (`message/rfc822`, `message/global`).
    Message {
        /// Its envelope.
        envelope: Box<Envelope>,
        /// The message as a part.
        root: Box<Part>,
    },
}

/// A parameter: attribute and value, the value without quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The attribute as it is written.
    pub name: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

/// Content-Disposition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// `inline`, `attachment`, …
    pub kind: Vec<u8>,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
}

/// What a part without Content-Type is (RFC 2045 §5.2, RFC 2046 §5.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Default {
    Text,
    Message,
}

impl Message {
    /// Reads the form of a message. Never fails: all octets are some message.
    pub fn parse(bytes: &[u8]) -> Message {
        let mut parser = Parser::new();
        parser.push(bytes);
        parser.finish()
    }

    /// Reads no more than where the header ends and, if wanted, its envelope: the rest is all body, of no known type.
    pub fn of_header(bytes: &[u8], with_envelope: bool) -> Message {
        let end = header::end(bytes);
        let header = bytes.get(..end).unwrap_or_default();
        let root = Part { header: 0..end, body: end..bytes.len(), ..described(b"", Default::Text) };
        Message { root, envelope: if with_envelope { envelope(header) } else { Envelope::default() } }
    }
}

impl Part {
    /// Whether the media type is this one, whatever the case.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind.as_bytes()) && self.subtype.eq_ignore_ascii_case(subtype.as_bytes())
    }

    /// The value of a parameter of Content-Type.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        let named = self.parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(&named.value)
    }

    /// The size of the body in octets, as it is transferred.
    pub fn size(&self) -> usize {
        self.body.len()
    }

    /// The parts right below: of a multipart, or the message inside.
    pub fn children(&self) -> &[Part] {
        match &self.content {
            Content::Leaf => &[],
            Content::Multipart(parts) => parts,
            Content::Message { root, .. } => std::slice::from_ref(root),
        }
    }
}

/// Whether the part is a message.
pub(super) fn is_message(part: &Part) -> bool {
    part.is("message", "rfc822") || part.is("message", "global")
}

/// A part with what its header says, its ranges still empty.
pub(super) fn described(header: &[u8], default: Default) -> Part {
    let content_type = header::value(header, "Content-Type");
    let (kind, subtype, parameters) =
        content_type.as_deref().and_then(media_type).unwrap_or_else(|| match (default, &content_type) {
            (Default::Message, None) => (b"message".to_vec(), b"rfc822".to_vec(), Vec::new()),
            // RFC 2045 §5.2: no Content-Type, or one that cannot be read, is text/plain in US-ASCII.
            _ => {
                let charset = Parameter { name: b"charset".to_vec(), value: b"us-ascii".to_vec() };
                (b"text".to_vec(), b"plain".to_vec(), vec![charset])
            }
        });
    let encoding = header::value(header, "Content-Transfer-Encoding");
    let encoding = encoding.and_then(|value| Cursor::new(&value).word(b"();"));
    let languages = header::value(header, "Content-Language").unwrap_or_default();
    Part {
        header: 0..0,
        body: 0..0,
        kind,
        subtype,
        parameters,
        id: header::value(header, "Content-ID"),
        description: header::value(header, "Content-Description"),
        encoding: encoding.unwrap_or_else(|| b"7BIT".to_vec()),
        md5: header::value(header, "Content-MD5"),
        disposition: header::value(header, "Content-Disposition").and_then(|value| disposition(&value)),
        language: languages.split(|&octet| octet == b',').filter_map(|tag| Cursor::new(tag).word(b"();,")).collect(),
        location: header::value(header, "Content-Location"),
        lines: 0,
        content: Content::Leaf,
    }
}

/// `content := type "/" subtype *(";" parameter)` (RFC 2045 §5.1).
fn media_type(value: &[u8]) -> Option<(Vec<u8>, Vec<u8>, Vec<Parameter>)> {
    let mut cursor = Cursor::new(value);
    let kind = cursor.word(b"()/;")?;
    if !cursor.eat(b'/') {
        return None;
    }
    let subtype = cursor.word(b"()/;")?;
    Some((kind, subtype, parameters(&mut cursor)))
}

/// `disposition := type *(";" parameter)` (RFC 2183 §2).
fn disposition(value: &[u8]) -> Option<Disposition> {
    let mut cursor = Cursor::new(value);
    Some(Disposition { kind: cursor.word(b"();")?, parameters: parameters(&mut cursor) })
}

/// `*(";" attribute "=" value)`; what is no parameter is passed over.
fn parameters(cursor: &mut Cursor<'_>) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    while cursor.peek().is_some() {
        if !cursor.eat(b';') {
            cursor.advance();
            continue;
        }
        let Some(name) = cursor.word(b"();=") else { continue };
        if cursor.eat(b'=') {
            parameters.push(Parameter { name, value: cursor.word(b"();").unwrap_or_default() });
        }
    }
    continuations::joined(parameters)
}
