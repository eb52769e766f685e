//! COMPRESS (RFC 4978). The connection does the work; the session only says when.

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::Status;

/// `compress = "COMPRESS" SP algorithm`, `algorithm = "DEFLATE"`; it is among the commands of any state (RFC 4978 §5).
pub const COMMAND: Command =
    Command { name: "COMPRESS", extension: Some(Extension::ImapCompress), legal: Legal::Always, run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    if !cursor.eat_word("DEFLATE") {
        return cursor.expected("DEFLATE");
    }
    cursor.end()?;
    // "BAD Command unknown, invalid or unknown argument, or COMPRESS already active" (RFC 4978 §3).
    if context.compressed {
        return Ok(Outcome::Done(Status::bad("DEFLATE is active already")));
    }
    let status = Status::ok("DEFLATE active");
    if context.faults().on(Fault::ImapCompressStaysClear) {
        return Ok(Outcome::Done(status));
    }
    context.compressed = true;
    Ok(Outcome::Compress(status))
}
