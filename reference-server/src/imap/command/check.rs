//! CHECK (RFC 3501 §6.4.1): everything acknowledged is durable already, so there is no housekeeping to ask for.

use super::{Command, Legal, Outcome, USUAL};
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::Status;

/// `"CHECK"`
pub const COMMAND: Command = Command { name: "CHECK", legal: Legal::Selected, run, ..USUAL };

fn run(_: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    Ok(Outcome::Done(Status::ok("CHECK completed")))
}
