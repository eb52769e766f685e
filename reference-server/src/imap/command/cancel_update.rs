//! CANCELUPDATE (RFC 5267 §4.3.5).

use super::{Command, Legal, Outcome, USUAL};
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::Status;

/// `command-select =/ "CANCELUPDATE" 1*(SP quoted)`. It is there if SEARCH or SORT can be kept up to date; [`run`] looks.
pub const COMMAND: Command = Command { name: "CANCELUPDATE", legal: Legal::Selected, run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    use crate::extensions::Extension::{ImapContextSearch, ImapContextSort};
    if context.lacks(ImapContextSearch) && context.lacks(ImapContextSort) {
        return Ok(Outcome::Done(Status::bad("There is no command CANCELUPDATE")));
    }
    let mut tags = Vec::new();
    loop {
        cursor.space()?;
        tags.push(cursor.quoted()?);
        if cursor.rest().is_empty() {
            break;
        }
    }
    if let Some(selected) = &mut context.selected {
        selected.updating.retain(|updating| !tags.iter().any(|tag| tag == updating.tag.as_bytes()));
    }
    Ok(Outcome::Done(Status::ok("No further updates")))
}
