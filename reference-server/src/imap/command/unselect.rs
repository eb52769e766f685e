//! UNSELECT (RFC 3691): CLOSE that removes nothing.

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::Status;

/// `"UNSELECT"`
pub const COMMAND: Command =
    Command { name: "UNSELECT", extension: Some(Extension::ImapUnselect), legal: Legal::Selected, run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    context.selected = None;
    Ok(Outcome::Done(Status::ok("UNSELECT completed")))
}
