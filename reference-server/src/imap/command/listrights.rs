//! LISTRIGHTS (RFC 4314 §3.4).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::identifier::WrittenIdentifier;
use crate::imap::mailbox_name::{WrittenName, write_mailbox_as};
use crate::imap::response::{Status, write_astring};
use crate::store::{Right, Rights};

/// `listrights = "LISTRIGHTS" SP mailbox SP identifier`
pub const COMMAND: Command = Command { name: "LISTRIGHTS", extension: Some(Extension::ImapAcl), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.space()?;
    let identifier = cursor.identifier()?;
    cursor.end()?;
    Ok(Outcome::Done(tell(context, &name, &identifier, out).unwrap_or_else(|status| status)))
}

/// ```abnf
/// listrights-data = "LISTRIGHTS" SP mailbox SP identifier SP rights *(SP rights)
/// ```
/// No rights are tied; the owner always has some. The identifier is told as it came (RFC 4314 §3.4).
fn tell(context: &Context, name: &WrittenName<'_>, identifier: &WrittenIdentifier, out: &mut Vec<u8>) -> Result<Status, Status> {
    let (place, mailbox) = context.with_right(&name.decoded(context)?, Right::Administer)?;
    let required = match identifier.known(context)? == place.owner {
        true => Rights::OF_THE_OWNER,
        false => Rights::NONE,
    };
    out.extend_from_slice(b"* LISTRIGHTS ");
    write_mailbox_as(out, &mailbox.name, context.enabled.utf8());
    out.push(b' ');
    write_astring(out, identifier.as_written().as_bytes());
    out.push(b' ');
    write_astring(out, required.letters().as_bytes());
    for letter in Rights::ALL.without(required).letters().chars() {
        out.extend_from_slice(format!(" {letter}").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    Ok(Status::ok("LISTRIGHTS completed"))
}
