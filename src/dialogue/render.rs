//! From `C:` lines to bytes: values put in, fixtures dot-stuffed for SMTP and POP3, IMAP literals cut where the client waits.

use super::connection::Connection;
use super::scope::Scope;
use crate::matching::Values;
use crate::suite::relative::{self, Found};
use crate::suite::template::{Hole, Piece};
use crate::suite::{Literals, Protocol, RawPiece, RawTemplate, Send};

/// What is written, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    Bytes(Vec<u8>),
    /// Wait for the server's continuation request (RFC 3501 §7.5) before what follows.
    AwaitContinuation,
}

/// A name without a value, or a relative number without a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    pub message: String,
    /// Where it stands in the line, in bytes.
    pub offset: usize,
    /// How long it is written, in characters.
    pub length: usize,
}

/// One `C:` line as chunks, its CRLF included. In IMAP `$2` becomes the number its message has now, but not in the octets of a
/// literal.
pub fn line(
    protocol: Protocol,
    literals: Literals,
    send: &Send,
    scope: &Scope,
    connection: &Connection,
) -> Result<Vec<Chunk>, Unknown> {
    let mut chunks = Vec::new();
    let mut bytes = Vec::new();
    let mut cut = 0;
    let relative = match protocol {
        Protocol::Imap => relative::find(&send.template),
        Protocol::Smtp | Protocol::Pop3 => Vec::new(),
    };
    for (index, piece) in send.template.pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => {
                let mut copied = 0;
                for found in relative.iter().filter(|found| found.piece == index) {
                    bytes.extend_from_slice(text.get(copied..found.range.start).unwrap_or_default().as_bytes());
                    copied = found.range.start;
                    if cut + bytes.len() < connection.literal_left {
                        continue;
                    }
                    match found.relative.number {
                        // The first `$` only escapes the second.
                        None => copied += 1,
                        Some(number) => {
                            copied = found.range.end;
                            bytes.extend_from_slice(message_number(number, found, connection)?.as_bytes());
                        }
                    }
                }
                bytes.extend_from_slice(text.get(copied..).unwrap_or_default().as_bytes());
            }
            Piece::Hole(hole) => {
                let value = value(hole, scope)?;
                match (protocol, hole.name.as_str()) {
                    (Protocol::Imap, "literal") => {
                        let plus = if literals == Literals::Plus { "+" } else { "" };
                        bytes.extend_from_slice(format!("{{{}{plus}}}\r\n", value.len()).as_bytes());
                        if literals == Literals::Sync {
                            cut += bytes.len();
                            chunks.push(Chunk::Bytes(std::mem::take(&mut bytes)));
                            chunks.push(Chunk::AwaitContinuation);
                        }
                        bytes.extend_from_slice(&value);
                    }
                    (Protocol::Smtp | Protocol::Pop3, "message") => bytes.extend_from_slice(&dot_stuffed(&value)),
                    _ => bytes.extend_from_slice(&value),
                }
            }
        }
    }
    bytes.extend_from_slice(b"\r\n");
    chunks.push(Chunk::Bytes(bytes));
    Ok(chunks)
}

/// The bytes of `raw:`.
pub fn raw(template: &RawTemplate, scope: &Scope) -> Result<Vec<u8>, Unknown> {
    let mut bytes = Vec::new();
    for piece in &template.0 {
        match piece {
            RawPiece::Bytes(literal) => bytes.extend_from_slice(literal),
            RawPiece::Hole(hole) => bytes.extend_from_slice(&value(hole, scope)?),
        }
    }
    Ok(bytes)
}

fn value(hole: &Hole, scope: &Scope) -> Result<Vec<u8>, Unknown> {
    scope.value(&hole.name, hole.argument.as_deref()).ok_or_else(|| Unknown {
        message: format!("`${{{}}}` has no value here: nothing captured it", hole.name),
        offset: hole.offset,
        length: hole.name.chars().count() + 3,
    })
}

fn message_number(number: u32, found: &Found, connection: &Connection) -> Result<String, Unknown> {
    connection.numbering.now(number).filter(|now| *now > 0).map(|now| now.to_string()).ok_or_else(|| Unknown {
        message: format!("`${number}` has no number any more: the server said EXPUNGE of that message"),
        offset: found.offset,
        length: found.relative.length,
    })
}

/// A message as DATA carries it (RFC 5321 §4.5.2), without the last line's CRLF, which the `C:` line adds.
fn dot_stuffed(message: &[u8]) -> Vec<u8> {
    let body = message.strip_suffix(b"\r\n").unwrap_or(message);
    let mut out = Vec::with_capacity(body.len() + 16);
    let mut line_start = true;
    for &byte in body {
        if line_start && byte == b'.' {
            out.push(b'.');
        }
        line_start = byte == b'\n' && out.last() == Some(&b'\r');
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_at_line_starts_only() {
        assert_eq!(dot_stuffed(b".a\r\nb.c\r\n..\r\n\n.x\r\n"), b"..a\r\nb.c\r\n...\r\n\n.x");
    }
}
