//! CLOSE (RFC 3501 §6.4.2).

use super::{Command, Legal, Outcome, USUAL};
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::Status;
use crate::imap::selected::Naming;
use crate::store::{Error, Right};

/// `"CLOSE"`
pub const COMMAND: Command = Command { name: "CLOSE", legal: Legal::Selected, run, ..USUAL };

/// "No untagged EXPUNGE responses are sent", and "no messages are removed, and no error is given, if the mailbox is
/// selected by an EXAMINE command" (RFC 3501 §6.4.2).
fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    let Some(selected) = context.selected.take() else {
        return Ok(Outcome::Done(Status::bad("No mailbox is selected")));
    };
    // "If the server is unable to expunge the mailbox because the user doesn't have the "e" right, the server MUST ignore the
    // expunge request, close the mailbox, and return the tagged OK response" (RFC 4314 §4).
    let may_expunge = selected.mailbox.rights.has(Right::Expunge);
    let completed = Status::ok("CLOSE completed");
    if selected.read_only || !may_expunge || context.faults().on(Fault::ImapCloseKeepsDeleted) {
        return Ok(Outcome::Done(completed));
    }
    let mailbox = selected.mailbox.id;
    let expunging = context.change(
        move |tx| match tx.expunge(mailbox, None) {
            // Whoever deleted the mailbox meanwhile removed its messages too.
            Ok(_) | Err(Error::NoSuchMailbox(_)) => Ok(()),
            Err(error) => Err(error),
        },
        |_, (), _| Ok(completed),
    );
    Ok(Outcome::Long(Naming::Numbers, expunging))
}
