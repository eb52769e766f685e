//! GETQUOTAROOT (RFC 9208 §4.1.2).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::namespace::denied;
use crate::imap::quota_root::write_quota_root;
use crate::imap::response::Status;
use crate::store::Right;

/// `getquotaroot = "GETQUOTAROOT" SP mailbox`
pub const COMMAND: Command = Command { name: "GETQUOTAROOT", extension: Some(Extension::ImapQuota), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    let name = cursor.last_mailbox()?;
    Ok(Outcome::Done(tell(context, &name, out).unwrap_or_else(|status| status)))
}

/// "the mailbox name parameter doesn't have to reference an existing mailbox" (RFC 9208 §4.1.2). Of another user's mailbox the
/// usage "would reveal information about the number (or total size) of messages in the mailbox", so it takes the right to read
/// it (§6).
fn tell(context: &Context, name: &WrittenName<'_>, out: &mut Vec<u8>) -> Result<Status, Status> {
    let name = name.decoded(context)?;
    let place = context.place(&name)?;
    let found = context.find(&place);
    match &found {
        Ok(mailbox) if !mailbox.rights.has(Right::Read) => return Err(denied(mailbox.rights)),
        Err(status) if !context.is_own(&place) => return Err(status.clone()),
        _ => {}
    }
    let shown = found.map_or(name, |mailbox| mailbox.name);
    write_quota_root(context, out, &shown, &place.owner);
    context.write_quota(out, &place.owner)?;
    Ok(Status::ok("GETQUOTAROOT completed"))
}
