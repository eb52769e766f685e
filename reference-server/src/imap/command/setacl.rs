//! SETACL (RFC 4314 §3.1).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::{Parsed, SyntaxError};
use crate::imap::identifier::WrittenIdentifier;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::response::Status;
use crate::store::{AclChange, Right, Rights};

/// `setacl = "SETACL" SP mailbox SP identifier SP mod-rights`
pub const COMMAND: Command = Command { name: "SETACL", extension: Some(Extension::ImapAcl), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.space()?;
    let identifier = cursor.identifier()?;
    cursor.space()?;
    let change = change(context, cursor)?;
    cursor.end()?;
    Ok(Outcome::Done(set(context, &name, &identifier, change).unwrap_or_else(|status| status)))
}

/// ```abnf
/// mod-rights = astring
///            ; +rights to add, -rights to remove
///            ; rights to replace
/// ```
/// "an unrecognized right MUST cause the command to return the BAD response" (RFC 4314 §3.1).
fn change(context: &Context, cursor: &mut Cursor<'_>) -> Parsed<AclChange> {
    let offset = cursor.offset();
    let written = cursor.astring("rights, perhaps behind + or -")?;
    let mut written = String::from_utf8_lossy(&written).into_owned();
    if context.faults().on(Fault::ImapSetAclIgnoresUnknown) {
        written.retain(|letter| matches!(letter, '+' | '-') || Rights::read(&letter.to_string()).is_ok());
    }
    let (change, letters): (fn(Rights) -> AclChange, &str) = match (written.strip_prefix('+'), written.strip_prefix('-')) {
        (Some(letters), _) => (AclChange::Add, letters),
        (_, Some(letters)) if context.faults().on(Fault::ImapSetAclIgnoresMinus) => (AclChange::Add, letters),
        (_, Some(letters)) => (AclChange::Remove, letters),
        _ => (AclChange::Replace, &written),
    };
    match Rights::read(letters) {
        Ok(rights) => Ok(change(rights)),
        Err(_) => Err(SyntaxError { offset, expected: "rights among lrswipkxteacd" }),
    }
}

fn set(context: &Context, name: &WrittenName<'_>, identifier: &WrittenIdentifier, change: AclChange) -> Result<Status, Status> {
    let (_, mailbox) = context.with_right(&name.decoded(context)?, Right::Administer)?;
    let identifier = identifier.known(context)?;
    context.store.change_acl(mailbox.id, &identifier, change).map_err(refusal)?;
    Ok(Status::ok("SETACL completed"))
}
