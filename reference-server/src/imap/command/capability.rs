//! CAPABILITY (RFC 3501 §6.1.1).

use super::{Command, Legal, Outcome, USUAL};
use crate::imap::context::{Context, State};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::{Status, write_untagged};

/// `"CAPABILITY"`
pub const COMMAND: Command = Command { name: "CAPABILITY", legal: Legal::Always, run, ..USUAL };

/// What holds in every state.
const ALWAYS: [&str; 9] = ["IMAP4rev1", "CHILDREN", "ID", "IDLE", "LITERAL+", "NAMESPACE", "SASL-IR", "UIDPLUS", "UNSELECT"];

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    write_untagged(out, format_args!("CAPABILITY {}", names(context)));
    Ok(Outcome::Done(Status::ok("CAPABILITY completed")))
}

/// The capabilities at this moment. How to log in is told to those who have not: "Servers MUST implement the STARTTLS,
/// AUTH=PLAIN, and LOGINDISABLED capabilities" (RFC 3501 §9).
pub fn names(context: &Context) -> String {
    let mut names: Vec<String> = ALWAYS.iter().map(|name| (*name).to_owned()).collect();
    if context.state() == State::NotAuthenticated {
        if !context.peer.tls {
            names.push("STARTTLS".to_owned());
        }
        if !context.plaintext_allowed() {
            names.push("LOGINDISABLED".to_owned());
        }
        names.extend(context.mechanisms().iter().map(|mechanism| format!("AUTH={}", mechanism.name())));
    }
    names.join(" ")
}
