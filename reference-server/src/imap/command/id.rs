//! ID (RFC 2971).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::{Parsed, SyntaxError};
use crate::imap::response::{Status, write_untagged};

/// ```abnf
/// id             = "ID" SP id-params-list
/// id-params-list = "(" [string SP nstring *(SP string SP nstring)] ")" / nil
/// ```
pub const COMMAND: Command = Command { name: "ID", extension: Some(Extension::ImapId), legal: Legal::Always, run, ..USUAL };

/// The client's pairs are read and not used: "Implementations MUST NOT make operational changes based on the data sent"
/// (RFC 2971 §2).
fn run(_: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    if !cursor.eat_word("NIL") {
        parameters(cursor)?;
    }
    cursor.end()?;
    let version = env!("CARGO_PKG_VERSION");
    write_untagged(out, format_args!("ID (\"name\" \"mailspec reference server\" \"version\" \"{version}\")"));
    Ok(Outcome::Done(Status::ok("ID completed")))
}

/// At most 30 pairs, names of at most 30 octets, values of at most 1024 (RFC 2971 §3.3).
fn parameters(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.need(b'(', "NIL or the opening parenthesis of the parameters")?;
    if cursor.eat(b')') {
        return Ok(());
    }
    let mut seen: Vec<Vec<u8>> = Vec::new();
    loop {
        let offset = cursor.offset();
        let name = cursor.string("the name of a parameter, as a string")?.to_ascii_lowercase();
        if name.len() > 30 || seen.len() >= 30 || seen.contains(&name) {
            return Err(SyntaxError { offset, expected: "at most 30 different names of at most 30 octets" });
        }
        seen.push(name);
        cursor.space()?;
        let offset = cursor.offset();
        let value = cursor.nstring("the value of a parameter, as a string or NIL")?;
        if value.is_some_and(|value| value.len() > 1024) {
            return Err(SyntaxError { offset, expected: "a value of at most 1024 octets" });
        }
        if cursor.eat(b')') {
            return Ok(());
        }
        cursor.need(b' ', "one space or the closing parenthesis after a parameter")?;
    }
}
