//! EXPUNGE (RFC 3501 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1).

use super::{Command, Legal, Outcome, USUAL};
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::long::Begun;
use crate::imap::message_limit::{Cut, MessageLimit, completed};
use crate::imap::namespace::denied;
use crate::imap::response::{Code, Status};
use crate::imap::selected::{Naming, Selected};
use crate::store::{Right, SystemFlag, Uid};

/// `"EXPUNGE"`
pub const COMMAND: Command = Command { name: "EXPUNGE", legal: Legal::Selected, run, ..USUAL };

/// "the server MUST NOT impose any message limit when processing EXPUNGE" (RFC 9738 §3.1).
fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    let limit = context.message_limit().filter(|_| context.faults().on(Fault::ImapMessageLimitInExpunge));
    let begun = match limit {
        Some(limit) => {
            let deleted = context.selected.as_ref().map(|selected| deleted(selected, |_| true));
            expunge_some(context, deleted.unwrap_or_default(), Some(limit))
        }
        None => expunge(context, None, None),
    };
    Ok(Outcome::of(Naming::Numbers, begun))
}

/// `uid-expunge = "UID" SP "EXPUNGE" SP sequence-set`
pub fn run_by_uid(context: &Context, cursor: &mut Cursor<'_>) -> Parsed<Outcome> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.end()?;
    if context.faults().on(Fault::ImapUidExpungeIgnoresSet) {
        return Ok(Outcome::of(Naming::Uids, expunge(context, None, None)));
    }
    let named = context.selected.as_ref().and_then(|selected| {
        let numbers = selected.numbers(&set, Naming::Uids).ok()?;
        Some(deleted(selected, |number| numbers.binary_search(&number).is_ok()))
    });
    let limit = context.message_limit();
    Ok(Outcome::of(Naming::Uids, expunge_some(context, named.unwrap_or_default(), limit)))
}

/// The UIDs of the messages that are marked as deleted, of those whose numbers are meant.
fn deleted(selected: &Selected, is_meant: impl Fn(u32) -> bool) -> Vec<Uid> {
    let rows = selected.view.rows().filter(|(number, row)| !row.gone && is_meant(*number));
    rows.filter(|(_, row)| row.message.flags.has(SystemFlag::Deleted)).map(|(_, row)| row.message.uid).collect()
}

/// Expunges these, but for those that are too many.
fn expunge_some(context: &Context, mut uids: Vec<Uid>, limit: Option<MessageLimit>) -> Begun {
    let cut = limit.and_then(|limit| limit.cut(&mut uids, |uid| *uid));
    expunge(context, Some(uids), cut)
}

/// The untagged EXPUNGE responses are the updates the client is owed once the messages are gone.
fn expunge(context: &Context, among: Option<Vec<Uid>>, cut: Option<Cut>) -> Begun {
    let Some(selected) = &context.selected else { return Err(Status::bad("No mailbox is selected")) };
    if selected.read_only {
        return Err(Status::no(Code::ReadOnly, "The mailbox is read-only"));
    }
    if !selected.mailbox.rights.has(Right::Expunge) && !context.faults().on(Fault::ImapExpungeIgnoresRights) {
        return Err(denied(selected.mailbox.rights));
    }
    let mailbox = selected.mailbox.id;
    Ok(context.change(
        move |tx| tx.expunge(mailbox, among),
        move |context, expunged, out| {
            context.took(&expunged);
            Ok(completed(Status::ok("EXPUNGE completed"), cut, out))
        },
    ))
}
