//! GETACL (RFC 4314 §3.3).

use super::myrights::write_rights;
use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::{WrittenName, write_mailbox_as};
use crate::imap::response::{Status, write_astring};
use crate::store::Right;

/// `getacl = "GETACL" SP mailbox`
pub const COMMAND: Command = Command { name: "GETACL", extension: Some(Extension::ImapAcl), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    let name = cursor.last_mailbox()?;
    Ok(Outcome::Done(tell(context, &name, out).unwrap_or_else(|status| status)))
}

/// `acl-data = "ACL" SP mailbox *(SP identifier SP rights)`
fn tell(context: &Context, name: &WrittenName<'_>, out: &mut Vec<u8>) -> Result<Status, Status> {
    let (place, mailbox) = context.with_right(&name.decoded(context)?, Right::Administer)?;
    let grants = context.store.acl(mailbox.id, &place.owner).map_err(refusal)?;
    out.extend_from_slice(b"* ACL ");
    write_mailbox_as(out, &mailbox.name, context.enabled.utf8());
    for grant in grants {
        out.push(b' ');
        write_astring(out, grant.identifier.as_bytes());
        out.push(b' ');
        write_rights(out, grant.rights, context.faults());
    }
    out.extend_from_slice(b"\r\n");
    Ok(Status::ok("GETACL completed"))
}
