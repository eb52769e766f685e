//! NAMESPACE (RFC 2342): one personal namespace without a prefix, and one for the mailboxes of other users where they can be
//! shared.

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::namespace::OTHERS;
use crate::imap::response::{Status, write_untagged};
use crate::store::DELIMITER;

/// `"NAMESPACE"`
pub const COMMAND: Command = Command { name: "NAMESPACE", extension: Some(Extension::ImapNamespace), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    let others = match context.shares() {
        true => format!("((\"{OTHERS}{DELIMITER}\" \"{DELIMITER}\"))"),
        false => "NIL".to_owned(),
    };
    write_untagged(out, format_args!("NAMESPACE ((\"\" \"{DELIMITER}\")) {others} NIL"));
    Ok(Outcome::Done(Status::ok("NAMESPACE completed")))
}
