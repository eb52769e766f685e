//! DELETEACL (RFC 4314 §3.2).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::identifier::WrittenIdentifier;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::response::Status;
use crate::store::{AclChange, Right};

/// `deleteacl = "DELETEACL" SP mailbox SP identifier`
pub const COMMAND: Command = Command { name: "DELETEACL", extension: Some(Extension::ImapAcl), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.space()?;
    let identifier = cursor.identifier()?;
    cursor.end()?;
    Ok(Outcome::Done(delete(context, &name, &identifier).unwrap_or_else(|status| status)))
}

/// Of an identifier that is not on the list nothing is left either.
fn delete(context: &Context, name: &WrittenName<'_>, identifier: &WrittenIdentifier) -> Result<Status, Status> {
    let (_, mailbox) = context.with_right(&name.decoded(context)?, Right::Administer)?;
    let identifier = identifier.canonical(context);
    context.store.change_acl(mailbox.id, &identifier, AclChange::Delete).map_err(refusal)?;
    Ok(Status::ok("DELETEACL completed"))
}
