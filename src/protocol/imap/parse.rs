//! From the octets of a complete response, literals and last CRLF included, to data. Strict: what the grammar does not
//! allow is a fault at an octet.

use super::cursor::Cursor;
use super::{Code, FetchName, Response, Status, Text, section, shape, value};
use crate::protocol::Fault;

/// Reads one complete response.
pub(crate) fn parse_response(bytes: &[u8]) -> Result<Response, Fault> {
    let mut cursor = Cursor::new(bytes);
    let response = response(&mut cursor)?;
    cursor.require(b'\r', "the end of the line")?;
    cursor.require(b'\n', "a line feed")?;
    if cursor.is_at_end() { Ok(response) } else { Err(cursor.expected("the end of the response")) }
}

/// Reads one complete response; an error says at which octet it ceases to be one, and what should stand there.
pub fn parse(bytes: &[u8]) -> Result<Response, (usize, String)> {
    parse_response(bytes).map_err(|fault| (fault.at, fault.expected))
}

fn response(cursor: &mut Cursor<'_>) -> Result<Response, Fault> {
    if cursor.eat(b'+') {
        // RFC 9051 §9: continue-req = "+" SP (resp-text / base64) CRLF
        cursor.require(b' ', "a space behind `+`")?;
        return Ok(Response::Continuation { text: remark(cursor) });
    }
    if cursor.eat(b'*') {
        cursor.require(b' ', "a space behind `*`")?;
        return untagged(cursor);
    }
    // tag = 1*<any ASTRING-CHAR except "+">
    let tag = cursor.run(|octet| value::is_atom_octet(octet) && octet != b'+');
    if tag.is_empty() {
        return Err(cursor.expected("`*`, `+` or a tag"));
    }
    cursor.require(b' ', "a space behind the tag")?;
    let start = cursor.at();
    let word = cursor.run(|octet| octet.is_ascii_alphabetic());
    match Status::named(word) {
        Some(status @ (Status::Ok | Status::No | Status::Bad)) => {
            let text = status_text(cursor, status)?;
            Ok(Response::Tagged { tag: String::from_utf8_lossy(tag).into_owned(), status, text })
        }
        _ => Err(Fault::new(start, "expected OK, NO or BAD behind the tag")),
    }
}

fn untagged(cursor: &mut Cursor<'_>) -> Result<Response, Fault> {
    if cursor.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        return numbered(cursor);
    }
    let word = value::atom(cursor).map_err(|fault| Fault::new(fault.at, "expected the name of a response behind `* `"))?;
    if let Some(status) = Status::named(word) {
        let text = status_text(cursor, status)?;
        return Ok(Response::Untagged { status, text });
    }
    let name = String::from_utf8_lossy(word).to_ascii_uppercase();
    let spaced = cursor.eat(b' ');
    let start = cursor.at();
    let values = if spaced { value::values(cursor, 0)? } else { Vec::new() };
    shape::check(&name, &values).map_err(|expected| Fault::new(start, expected))?;
    Ok(Response::Data { name, values })
}

fn numbered(cursor: &mut Cursor<'_>) -> Result<Response, Fault> {
    let number = cursor.number("a number of at most 63 bits")?;
    cursor.space()?;
    let start = cursor.at();
    let name = String::from_utf8_lossy(value::atom(cursor)?).to_ascii_uppercase();
    if let Some(name) = FetchName::named(&name) {
        cursor.space()?;
        return Ok(Response::Fetch { number, name, items: items(cursor)? });
    }
    let values = if cursor.eat(b' ') { value::values(cursor, 0)? } else { Vec::new() };
    if matches!(name.as_str(), "EXISTS" | "RECENT" | "EXPUNGE") && !values.is_empty() {
        return Err(Fault::new(start + name.len(), format!("expected the end of the line behind {name}")));
    }
    Ok(Response::Numbered { number, name, values })
}

/// `msg-att`: pairs of a name and a value.
fn items(cursor: &mut Cursor<'_>) -> Result<Vec<(super::Key, super::Value)>, Fault> {
    cursor.require(b'(', "the list of FETCH items")?;
    let mut items = Vec::new();
    if cursor.eat(b')') {
        return Ok(items);
    }
    loop {
        let key = section::key(cursor)?;
        cursor.require(b' ', &format!("a space behind {key}"))?;
        let value = value::value(cursor, 1)?;
        let behind = match &value {
            // Most often the size was wrong, not what stands behind it.
            super::Value::Literal { bytes, .. } => {
                format!("a space or `)` behind {key} and its literal of {} octets", bytes.len())
            }
            _ => format!("a space or `)` behind {key}"),
        };
        items.push((key, value));
        if cursor.eat(b')') {
            return Ok(items);
        }
        cursor.require(b' ', &behind)?;
    }
}

/// `SP resp-text`. The human-readable part may be absent (RFC 9051 §9), the space may not.
fn status_text(cursor: &mut Cursor<'_>, status: Status) -> Result<Text, Fault> {
    cursor.require(b' ', &format!("a space behind {}", status.word()))?;
    let rest = line_rest(cursor);
    let code_end = rest.strip_prefix(b"[").and_then(|inside| memchr::memchr(b']', inside)).filter(|end| {
        // A bracket that no space and no line end follows belongs to the text.
        matches!(rest.get(end + 2), None | Some(b' '))
    });
    let code = match code_end {
        Some(end) => {
            let inside = rest.get(1..=end).unwrap_or_default();
            let code = code(inside).map_err(|fault| Fault::new(cursor.at() + 1 + fault.at, fault.expected))?;
            cursor.advance(end + 2);
            cursor.eat(b' ');
            Some(code)
        }
        None => None,
    };
    let at = cursor.at();
    let remark = remark(cursor);
    match memchr::memchr(0, &remark) {
        Some(nul) => Err(Fault::new(at + nul, "expected text, found a NUL")),
        None => Ok(Text { code, remark }),
    }
}

/// `atom [SP 1*<any TEXT-CHAR except "]">]`: values where they read as such, words otherwise (a URL with a quote in it).
fn code(inside: &[u8]) -> Result<Code, Fault> {
    let mut cursor = Cursor::new(inside);
    let name = cursor.run(|octet| value::is_atom_octet(octet) && octet != b']');
    if name.is_empty() {
        return Err(cursor.expected("the name of a response code"));
    }
    let name = String::from_utf8_lossy(name).to_ascii_uppercase();
    if cursor.is_at_end() {
        return Ok(Code { name, values: Vec::new() });
    }
    cursor.require(b' ', "a space behind the name of the response code")?;
    let arguments = cursor.rest();
    let values = match value::values(&mut cursor, 0) {
        Ok(values) if cursor.is_at_end() => values,
        _ => arguments.split(|b| *b == b' ').map(|word| super::Value::Atom(word.to_vec())).collect(),
    };
    Ok(Code { name, values })
}

/// The rest of the line, without CRLF.
fn line_rest<'a>(cursor: &Cursor<'a>) -> &'a [u8] {
    let rest = cursor.rest();
    rest.strip_suffix(b"\r\n").unwrap_or(rest)
}

fn remark(cursor: &mut Cursor<'_>) -> Vec<u8> {
    let length = line_rest(cursor).len();
    cursor.advance(length).to_vec()
}
