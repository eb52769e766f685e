//! Encoded words (RFC 2047): text that is not US-ASCII, written for a header that is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The octets of one encoded word: with the charset and its frame it has 75 characters at most (RFC 2047 §2).
const WORD: usize = 42;

/// A text as encoded words, which are read as one when white space stands between them (RFC 2047 §6.2). What is no UTF-8 is of an
/// unknown charset.
pub fn encoded_words(text: &[u8]) -> Vec<String> {
    let (charset, pieces) = match std::str::from_utf8(text) {
        Ok(text) => ("utf-8", characters(text)),
        Err(_) => ("unknown-8bit", text.chunks(WORD).collect()),
    };
    pieces.into_iter().map(|piece| format!("=?{charset}?B?{}?=", STANDARD.encode(piece))).collect()
}

/// The text in pieces that cut no character (RFC 2047 §5).
fn characters(text: &str) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest.floor_char_boundary(WORD);
        let (piece, after) = rest.split_at(at);
        pieces.push(piece.as_bytes());
        rest = after;
    }
    pieces
}
