//! RENAME (RFC 3501 §6.3.5).

use super::{Command, Outcome, USUAL};
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::response::{Code, Status};
use crate::store::{INBOX, Right};

/// `rename = "RENAME" SP mailbox SP mailbox`
pub const COMMAND: Command = Command { name: "RENAME", run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let from = cursor.mailbox()?;
    cursor.space()?;
    let to = cursor.mailbox()?;
    cursor.end()?;
    Ok(Outcome::Done(rename(context, &from, &to).unwrap_or_else(|status| status)))
}

fn rename(context: &Context, from: &WrittenName<'_>, to: &WrittenName<'_>) -> Result<Status, Status> {
    let from = from.decoded(context)?;
    let to = to.decoded_for_a_new_mailbox(context)?;
    let (source, _) = context.with_right(&from, Right::Delete)?;
    let target = context.place(&to)?;
    context.require_create(&target)?;
    if source.owner != target.owner {
        return Err(Status::no(Code::Cannot, "A mailbox stays with its owner"));
    }
    if source.name.eq_ignore_ascii_case(INBOX) && !context.is_own(&source) {
        return Err(Status::no(Code::Cannot, "Only its owner can rename an INBOX"));
    }
    context.store.rename(&source.owner, &source.name, &target.name).map_err(refusal)?;
    Ok(Status::ok("RENAME completed"))
}
