//! STATUS (RFC 3501 §6.3.10).

use super::{Command, Outcome, USUAL};
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::response::Status;
use crate::imap::status_item::{HIGHESTMODSEQ, StatusItem, status_items, tell_status};

/// `status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"`
pub const COMMAND: Command = Command { name: "STATUS", run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.space()?;
    let items = status_items(cursor, context.site.without)?;
    cursor.end()?;
    if items.iter().any(|item| item.name == HIGHESTMODSEQ) {
        context.enable_condstore(out);
    }
    Ok(Outcome::Done(tell(context, &name, &items, out).unwrap_or_else(|status| status)))
}

fn tell(context: &Context, name: &WrittenName<'_>, items: &[&StatusItem], out: &mut Vec<u8>) -> Result<Status, Status> {
    let mailbox = context.selectable(&name.decoded(context)?)?;
    tell_status(context, mailbox.id, &mailbox.name, items, out).map_err(refusal)?;
    Ok(Status::ok("STATUS completed"))
}
