//! From `C:` lines to bytes: values put in, fixtures dot-stuffed for SMTP and POP3, IMAP literals cut where the client waits.

use super::scope::Scope;
use crate::matching::Values;
use crate::suite::template::{Hole, Piece};
use crate::suite::{Literals, Protocol, RawPiece, RawTemplate, Send};

/// What is written, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chunk {
    Bytes(Vec<u8>),
    /// Wait for the server's continuation request (RFC 3501 §7.5) before what follows.
    AwaitContinuation,
}

/// A name without a value; which one, and where in the line (bytes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    pub name: String,
    pub offset: usize,
}

/// One `C:` line as chunks, its CRLF included.
pub fn line(protocol: Protocol, literals: Literals, send: &Send, scope: &Scope) -> Result<Vec<Chunk>, Unknown> {
    let mut chunks = Vec::new();
    let mut bytes = Vec::new();
    for piece in &send.template.pieces {
        match piece {
            Piece::Text(text) => bytes.extend_from_slice(text.as_bytes()),
            Piece::Hole(hole) => {
                let value = value(hole, scope)?;
                match (protocol, hole.name.as_str()) {
                    (Protocol::Imap, "literal") => {
                        let plus = if literals == Literals::Plus { "+" } else { "" };
                        bytes.extend_from_slice(format!("{{{}{plus}}}\r\n", value.len()).as_bytes());
                        if literals == Literals::Sync {
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
    scope.value(&hole.name, hole.argument.as_deref()).ok_or_else(|| Unknown { name: hole.name.clone(), offset: hole.offset })
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
