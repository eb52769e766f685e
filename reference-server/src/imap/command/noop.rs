//! NOOP (RFC 3501 §6.1.2): does nothing, and so hears of everything.

use super::{Command, Legal, Outcome, USUAL};
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::Status;

/// `"NOOP"`
pub const COMMAND: Command = Command { name: "NOOP", legal: Legal::Always, run, ..USUAL };

fn run(_: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    Ok(Outcome::Done(Status::ok("NOOP completed")))
}
