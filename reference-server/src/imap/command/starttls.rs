//! STARTTLS (RFC 3501 §6.2.1).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::Status;

/// `"STARTTLS"`
pub const COMMAND: Command =
    Command { name: "STARTTLS", extension: Some(Extension::ImapStartTls), legal: Legal::NotAuthenticated, run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    Ok(match context.peer.tls {
        true => Outcome::Done(Status::bad("TLS is active already")),
        false => Outcome::StartTls(Status::ok("Begin TLS negotiation now")),
    })
}
