//! ENABLE (RFC 5161).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::{Context, State};
use crate::imap::enabled::ENABLEABLE;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::{Status, write_untagged};

/// `"ENABLE" 1*(SP capability)`. It is legal in the authenticated state only, before any mailbox is selected
/// (RFC 5161 §3.1); the table of commands has no such state, so that [`run`] looks.
pub const COMMAND: Command =
    Command { name: "ENABLE", extension: Some(Extension::ImapEnable), legal: Legal::Authenticated, run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    let mut asked = Vec::new();
    loop {
        cursor.space()?;
        asked.push(cursor.atom("the name of a capability")?);
        if cursor.rest().is_empty() {
            break;
        }
    }
    if context.state() == State::Selected {
        return Ok(Outcome::Done(Status::bad("ENABLE is only valid before a mailbox is selected")));
    }
    let mut answer = "ENABLED".to_owned();
    for name in asked {
        // "If the argument is not an extension known to the server, the server MUST ignore the argument" (RFC 5161 §3.1).
        let known = ENABLEABLE.iter().find(|known| known.name.as_bytes().eq_ignore_ascii_case(name));
        let Some(known) = known.filter(|known| !context.site.without.lacks(known.extension)) else { continue };
        if context.enabled.add(known.name) {
            answer.push(' ');
            answer.push_str(known.name);
        }
    }
    write_untagged(out, answer);
    Ok(Outcome::Done(Status::ok("ENABLE completed")))
}
