//! DELETE (RFC 3501 §6.3.4).

use super::list::write_normalized;
use super::{Command, Outcome, USUAL};
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::folder::Folder;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::response::Status;
use crate::store::Right;

/// `delete = "DELETE" SP mailbox`
pub const COMMAND: Command = Command { name: "DELETE", run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    let name = cursor.last_mailbox()?;
    Ok(Outcome::Done(delete(context, &name, out).unwrap_or_else(|status| status)))
}

fn delete(context: &Context, written: &WrittenName<'_>, out: &mut Vec<u8>) -> Result<Status, Status> {
    let name = written.decoded(context)?;
    let (place, _) = context.with_right(&name, Right::Delete)?;
    context.store.delete(&place.owner, &place.name).map_err(refusal)?;
    // "The server MUST NOT unilaterally remove an existing mailbox name from the subscription list" (RFC 3501 §6.3.9).
    if context.faults().on(Fault::ImapDeleteUnsubscribes) {
        context.store.unsubscribe(context.account_name(), &name).map_err(refusal)?;
    }
    write_normalized(context, written, Folder::missing(name), out)?;
    Ok(Status::ok("DELETE completed"))
}
