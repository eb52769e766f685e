//! RENAME (RFC 3501 §6.3.5).

use super::list::write_selected;
use super::{Command, Outcome, USUAL};
use crate::imap::context::{Context, refusal};
use crate::imap::folder::Folder;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::response::{Code, Status};
use crate::store::{INBOX, Right};

/// `rename = "RENAME" SP mailbox SP mailbox`
pub const COMMAND: Command = Command { name: "RENAME", run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let from = cursor.mailbox()?;
    let to = cursor.last_mailbox()?;
    Ok(Outcome::Done(rename(context, &from, &to, out).unwrap_or_else(|status| status)))
}

fn rename(context: &Context, old: &WrittenName<'_>, new: &WrittenName<'_>, out: &mut Vec<u8>) -> Result<Status, Status> {
    let from = old.decoded(context)?;
    let to = new.decoded_for_a_new_mailbox(context)?;
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
    tell_normalized(context, (old, &from), (new, &to), out)?;
    Ok(Status::ok("RENAME completed"))
}

/// "If the normalized version of any of these 2 parameters differs from the corresponding supplied version, the server SHOULD
/// return an untagged LIST response with an OLDNAME extended data item, with the OLDNAME value being the supplied existing mailbox
/// name and the name parameter being the normalized new mailbox name" (RFC 9051 §6.3.6). INBOX keeps its name.
fn tell_normalized(
    context: &Context,
    old: (&WrittenName<'_>, &str),
    new: (&WrittenName<'_>, &str),
    out: &mut Vec<u8>,
) -> Result<(), Status> {
    let differs = |(written, name): (&WrittenName<'_>, &str)| written.old_name(context, name).is_some();
    match old.0.as_written(context) {
        Some(written) if (differs(old) || differs(new)) && !written.eq_ignore_ascii_case(INBOX) => {
            write_selected(context, Folder::missing(new.1.to_owned()), Some(written), out)
        }
        _ => Ok(()),
    }
}
