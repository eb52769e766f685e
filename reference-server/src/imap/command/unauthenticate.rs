//! UNAUTHENTICATE (RFC 8437).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::Status;

/// `"UNAUTHENTICATE"`
pub const COMMAND: Command = Command { name: "UNAUTHENTICATE", extension: Some(Extension::ImapUnauthenticate), run, ..USUAL };

/// "directs the server to reset all connection state except for the state of the TLS layer" (RFC 8437 §3). What the client
/// was told of the mailbox needs no more updates: it is not selected any more, and nothing is expunged.
fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    if !context.faults().on(Fault::ImapUnauthenticateStaysSelected) {
        context.selected = None;
        context.account = None;
        context.enabled.clear();
        context.notify = None;
    }
    let status = Status::ok("UNAUTHENTICATE completed");
    // "the server terminates its outgoing compression layer after it sends the CRLF following the OK response"
    // (RFC 8437 §4.1).
    Ok(match std::mem::take(&mut context.compressed) {
        true => Outcome::EndCompression(status),
        false => Outcome::Done(status),
    })
}
