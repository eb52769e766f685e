//! NAMESPACE (RFC 2342): one personal namespace without a prefix, one for the mailboxes of other users where they can be
//! shared, and one for those of nobody where there are any.

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::namespace::{OTHERS, SHARED};
use crate::imap::response::{Status, write_untagged};
use crate::store::DELIMITER;

/// `"NAMESPACE"`
pub const COMMAND: Command = Command { name: "NAMESPACE", extension: Some(Extension::ImapNamespace), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    let namespace = |level: &str, is_there: bool| match is_there {
        true => format!("((\"{level}{DELIMITER}\" \"{DELIMITER}\"))"),
        false => "NIL".to_owned(),
    };
    let others = namespace(OTHERS, context.shares());
    let untold = context.faults().on(Fault::ImapNamespaceWithoutShared);
    let shared = namespace(SHARED, context.has_shared_namespace() && !untold);
    write_untagged(out, format_args!("NAMESPACE ((\"\" \"{DELIMITER}\")) {others} {shared}"));
    Ok(Outcome::Done(Status::ok("NAMESPACE completed")))
}
