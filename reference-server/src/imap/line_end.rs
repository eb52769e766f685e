//! What stands at the end of a line: CRLF, and before it the announcement of a literal, which counts in a line that is skipped, too.

use super::reader::Fault;

/// The announcement of a literal at the end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The literal's octets.
    pub size: u32,
    /// Whether the client waits for a continuation request before it sends them (RFC 7888 §3).
    pub synchronizing: bool,
}

/// How far a line is that is skipped, in octets.
pub enum Skip {
    More(usize),
    Ended(usize),
}

/// How many octets the end of a line keeps while it is skipped: the longest announcement, `{4294967295+}`, with room for
/// leading zeros, and the CR that may have come alone.
const TAIL: usize = 32;

/// Looks for CRLF, leaving the end of the line before it in `tail`.
pub fn skip_line(waiting: &[u8], tail: &mut Vec<u8>) -> Skip {
    if tail.last() == Some(&b'\r') && waiting.first() == Some(&b'\n') {
        tail.pop();
        return Skip::Ended(1);
    }
    let end = memchr::memmem::find(waiting, b"\r\n");
    let taken = end.unwrap_or(waiting.len());
    let kept = taken.saturating_sub(TAIL);
    tail.extend_from_slice(waiting.get(kept..taken).unwrap_or_default());
    let surplus = tail.len().saturating_sub(TAIL);
    tail.drain(..surplus);
    match end {
        Some(end) => Skip::Ended(end + 2),
        None => Skip::More(taken),
    }
}

/// The literal announced at the end of a line, if there is one.
///
/// ```abnf
/// literal = "{" number ["+"] "}" CRLF *CHAR8      ; RFC 7888 §8
/// ```
pub fn announcement(line: &[u8]) -> Option<Result<Announced, Fault>> {
    let inner = line.strip_suffix(b"}")?;
    let (inner, synchronizing) = match inner.strip_suffix(b"+") {
        Some(inner) => (inner, false),
        None => (inner, true),
    };
    let open = memchr::memrchr(b'{', inner)?;
    let digits = inner.get(open + 1..)?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u32>().ok());
    Some(match number {
        Some(size) => Ok(Announced { size, synchronizing }),
        None => Err(Fault::LiteralSize { synchronizing }),
    })
}
