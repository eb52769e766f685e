//! SUBSCRIBE and UNSUBSCRIBE (RFC 3501 §6.3.6, §6.3.7).

use super::{Command, Outcome, USUAL};
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::response::Status;

/// `subscribe = "SUBSCRIBE" SP mailbox`
pub const SUBSCRIBE: Command = Command {
    name: "SUBSCRIBE",
    run: |context, cursor, _| {
        let name = argument(cursor)?;
        Ok(Outcome::Done(subscribe(context, &name).unwrap_or_else(|status| status)))
    },
    ..USUAL
};

/// `unsubscribe = "UNSUBSCRIBE" SP mailbox`
pub const UNSUBSCRIBE: Command = Command {
    name: "UNSUBSCRIBE",
    run: |context, cursor, _| {
        let name = argument(cursor)?;
        Ok(Outcome::Done(unsubscribe(context, &name).unwrap_or_else(|status| status)))
    },
    ..USUAL
};

fn argument<'a>(cursor: &mut Cursor<'a>) -> Parsed<WrittenName<'a>> {
    let name = cursor.last_mailbox()?;
    Ok(name)
}

/// Whether a mailbox of the name exists does not matter (RFC 3501 §6.3.6: a server MAY verify it; a client may subscribe
/// to a mailbox that comes and goes).
fn subscribe(context: &Context, name: &WrittenName<'_>) -> Result<Status, Status> {
    let name = name.decoded_for_a_new_mailbox(context)?;
    context.store.subscribe(context.account_name(), &name).map_err(refusal)?;
    Ok(Status::ok("SUBSCRIBE completed"))
}

/// Also of a name that is not subscribed to: afterwards it is not.
fn unsubscribe(context: &Context, name: &WrittenName<'_>) -> Result<Status, Status> {
    let name = name.decoded(context)?;
    context.store.unsubscribe(context.account_name(), &name).map_err(refusal)?;
    Ok(Status::ok("UNSUBSCRIBE completed"))
}
