//! CREATE (RFC 3501 §6.3.3).

use super::{Command, Outcome, USUAL};
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::Status;

/// `create = "CREATE" SP mailbox`
pub const COMMAND: Command = Command { name: "CREATE", run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.end()?;
    let created = name.decoded_for_a_new_mailbox(context);
    let created = created.and_then(|name| context.store.create(context.account_name(), &name).map_err(refusal));
    Ok(Outcome::Done(created.map_or_else(|status| status, |_| Status::ok("CREATE completed"))))
}
