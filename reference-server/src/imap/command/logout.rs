//! LOGOUT (RFC 3501 §6.1.3).

use super::{Command, Legal, Outcome, USUAL};
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::{Status, write_untagged};

/// `"LOGOUT"`
pub const COMMAND: Command = Command { name: "LOGOUT", legal: Legal::Always, run, ..USUAL };

/// "The server MUST send a BYE untagged response before the (tagged) OK response" (RFC 3501 §6.1.3).
fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    if !context.faults().on(Fault::ImapLogoutWithoutBye) {
        write_untagged(out, Status::bye("Good-bye"));
    }
    context.selected = None;
    Ok(Outcome::Logout(Status::ok("LOGOUT completed")))
}
