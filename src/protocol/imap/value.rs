//! The values IMAP responses are made of (RFC 9051 §4), and how they are read.

use super::cursor::Cursor;
use crate::protocol::Fault;

/// One value. Numbers, sets and flags are atoms.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Atom(Vec<u8>),
    Quoted(Vec<u8>),
    /// A literal or, with `binary`, a literal8 (RFC 9051 §4.3.1).
    Literal {
        bytes: Vec<u8>,
        binary: bool,
    },
    Nil,
    List(Vec<Value>),
}

/// How deep lists may be nested: far beyond what any message structure needs, and safe for the stack.
const DEPTH: usize = 100;

impl Value {
    /// The octets of an atom or a string.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Value::Atom(bytes) | Value::Quoted(bytes) | Value::Literal { bytes, .. } => Some(bytes),
            Value::Nil | Value::List(_) => None,
        }
    }

    /// The value of an atom that is a number (at most 64 bits).
    pub fn number(&self) -> Option<u64> {
        match self {
            Value::Atom(digits) if digits.iter().all(u8::is_ascii_digit) => std::str::from_utf8(digits).ok()?.parse().ok(),
            _ => None,
        }
    }
}

/// Values with a space between them, up to the end or a closing parenthesis. Between two lists the space may be absent: bodies
/// of a multipart, addresses and threads stand side by side (RFC 9051 §9 `body-type-mpart`, `env-from`; RFC 5256 §5).
pub(super) fn values(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Value>, Fault> {
    let mut values = vec![value(cursor, depth)?];
    loop {
        let side_by_side = matches!(values.last(), Some(Value::List(_))) && cursor.peek() == Some(b'(');
        if !side_by_side {
            if cursor.peek() != Some(b' ') {
                return Ok(values);
            }
            cursor.advance(1);
        }
        values.push(value(cursor, depth)?);
    }
}

pub(super) fn value(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value, Fault> {
    match cursor.peek() {
        Some(b'(') if depth >= DEPTH => Err(cursor.expected(format!("at most {DEPTH} lists inside each other"))),
        Some(b'(') => {
            cursor.advance(1);
            if cursor.eat(b')') {
                return Ok(Value::List(Vec::new()));
            }
            let items = values(cursor, depth + 1)?;
            cursor.require(b')', "a space or `)`")?;
            Ok(Value::List(items))
        }
        Some(b'"') => quoted(cursor).map(Value::Quoted),
        Some(b'{') => literal(cursor).map(|bytes| Value::Literal { bytes, binary: false }),
        Some(b'~') if cursor.peek_at(1) == Some(b'{') => {
            cursor.advance(1);
            literal(cursor).map(|bytes| Value::Literal { bytes, binary: true })
        }
        _ => {
            let atom = atom(cursor)?;
            Ok(if atom.eq_ignore_ascii_case(b"NIL") { Value::Nil } else { Value::Atom(atom.to_vec()) })
        }
    }
}

/// An atom in the wide sense: flags (`\Seen`, `\*`), numbers, sets and `astring` characters among it.
pub(super) fn atom<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Fault> {
    let rest = cursor.rest();
    let system = usize::from(rest.first() == Some(&b'\\'));
    let star = system == 1 && rest.get(1) == Some(&b'*');
    let name = rest.get(system..).unwrap_or_default().iter().take_while(|b| is_atom_octet(**b)).count();
    let length = system + if star { 1 } else { name };
    if length == system {
        return Err(cursor.expected("a value"));
    }
    Ok(cursor.advance(length))
}

/// `ASTRING-CHAR` and what sequence sets and threads need: `*` only stands alone or behind a colon there, so it is kept out.
pub(super) fn is_atom_octet(octet: u8) -> bool {
    octet.is_ascii_graphic() && !matches!(octet, b'(' | b')' | b'{' | b'"' | b'\\' | b'%' | b'*')
}

/// A quoted string (RFC 9051 §4.3): no CR, LF or NUL, a backslash only before `"` or `\`, UTF-8 at most.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, Fault> {
    cursor.require(b'"', "a quoted string")?;
    let start = cursor.at();
    let mut text = Vec::new();
    loop {
        match cursor.peek() {
            Some(b'"') => break,
            Some(b'\\') => match cursor.peek_at(1) {
                Some(escaped @ (b'"' | b'\\')) => {
                    text.push(escaped);
                    cursor.advance(2);
                }
                _ => return Err(cursor.expected("`\"` or `\\` behind the backslash of a quoted string")),
            },
            None | Some(b'\r' | b'\n') => return Err(cursor.expected("the `\"` that ends a quoted string")),
            Some(0) => return Err(cursor.expected("no NUL in a quoted string")),
            Some(octet) => {
                text.push(octet);
                cursor.advance(1);
            }
        }
    }
    cursor.advance(1);
    match std::str::from_utf8(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(Fault::new(start, "expected ASCII or UTF-8 in a quoted string; other octets need a literal")),
    }
}

/// `"{" number "}" CRLF *OCTET`; the framer has seen to it that the octets are there.
fn literal(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, Fault> {
    cursor.require(b'{', "a literal")?;
    let octets = cursor.number("the number of octets of the literal")?;
    // RFC 9051 §9: non-synchronizing literals are the client's alone.
    cursor.require(b'}', "`}` behind the size of a literal")?;
    cursor.require(b'\r', "CRLF behind the size of a literal")?;
    cursor.require(b'\n', "CRLF behind the size of a literal")?;
    let size = usize::try_from(octets).ok().filter(|size| *size <= cursor.rest().len());
    let size = size.ok_or_else(|| cursor.expected("all octets of the literal"))?;
    Ok(cursor.advance(size).to_vec())
}
