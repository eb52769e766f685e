//! MYRIGHTS (RFC 4314 §3.5).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::{Fault, Faults};
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::{WrittenName, write_mailbox_as};
use crate::imap::namespace::denied;
use crate::imap::response::{Status, write_astring};
use crate::store::Rights;

/// `myrights = "MYRIGHTS" SP mailbox`
pub const COMMAND: Command = Command { name: "MYRIGHTS", extension: Some(Extension::ImapAcl), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    let name = cursor.last_mailbox()?;
    Ok(Outcome::Done(tell(context, &name, out).unwrap_or_else(|status| status)))
}

/// "any of the following rights is required to perform the operation: "l", "r", "i", "k", "x", "a"" (RFC 4314 §4).
fn tell(context: &Context, name: &WrittenName<'_>, out: &mut Vec<u8>) -> Result<Status, Status> {
    let mailbox = context.find(&context.place(&name.decoded(context)?)?)?;
    if !mailbox.rights.meets(Rights::OF_KNOWLEDGE) {
        return Err(denied(mailbox.rights));
    }
    write_my_rights(context, out, &mailbox.name, mailbox.rights);
    Ok(Status::ok("MYRIGHTS completed"))
}

/// `myrights-data = "MYRIGHTS" SP mailbox SP rights`
pub fn write_my_rights(context: &Context, out: &mut Vec<u8>, name: &str, rights: Rights) {
    let faults = context.faults();
    let rights = if faults.on(Fault::ImapMyRightsOfOwner) { Rights::ALL } else { rights };
    out.extend_from_slice(b"* MYRIGHTS ");
    write_mailbox_as(out, name, context.enabled.utf8());
    out.push(b' ');
    write_rights(out, rights, faults);
    out.extend_from_slice(b"\r\n");
}

/// `rights = astring`
pub fn write_rights(out: &mut Vec<u8>, rights: Rights, faults: Faults) {
    let mut letters = rights.letters();
    if faults.on(Fault::ImapRightsWithoutObsolete) {
        letters.retain(|letter| !matches!(letter, 'c' | 'd'));
    }
    write_astring(out, letters.as_bytes());
}
