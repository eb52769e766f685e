//! IDLE (RFC 2177).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::Status;
use crate::store::Watch;
use std::sync::Arc;

/// `idle = "IDLE" CRLF "DONE"`. It is legal without a mailbox too, where nothing ever happens (RFC 2177 §3 names no state;
/// RFC 9051 §6.3.13 says authenticated or selected).
pub const COMMAND: Command = Command { name: "IDLE", extension: Some(Extension::ImapIdle), run, ..USUAL };

/// Waiting for DONE; dropping it ends the announcements.
pub struct Running(#[expect(dead_code, reason = "held, so that the announcements go on")] Option<Watch>);

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    // The watch begins before the session looks at the mailbox again, so that no change falls between.
    let watch = context.selected.as_ref().map(|selected| {
        let bell = context.peer.bell.clone();
        context.store.watch(selected.mailbox.id, Arc::new(move |_| bell.ring()))
    });
    out.extend_from_slice(b"+ idling\r\n");
    Ok(Outcome::Idle(Running(watch)))
}

impl Running {
    /// Takes the line that ends it: "DONE" in any case, and nothing else.
    pub fn line(self, line: &[u8]) -> Outcome {
        Outcome::Done(match line.eq_ignore_ascii_case(b"DONE") {
            true => Status::ok("IDLE terminated"),
            false => Status::bad("Expected DONE"),
        })
    }
}
