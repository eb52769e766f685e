//! EXPUNGE (RFC 3501 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1).

use super::{Command, Legal, Outcome, USUAL};
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::namespace::denied;
use crate::imap::response::{Code, Status};
use crate::imap::selected::Naming;
use crate::store::Right;

/// `"EXPUNGE"`
pub const COMMAND: Command = Command { name: "EXPUNGE", legal: Legal::Selected, run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.end()?;
    Ok(Outcome::Done(expunge(context, None)))
}

/// `uid-expunge = "UID" SP "EXPUNGE" SP sequence-set`
pub fn run_by_uid(context: &mut Context, cursor: &mut Cursor<'_>) -> Parsed<Outcome> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.end()?;
    let named = context.selected.as_ref().and_then(|selected| {
        let numbers = selected.numbers(&set, Naming::Uids).ok()?;
        Some(selected.present(&numbers).iter().map(|(_, row)| row.message.uid).collect::<Vec<_>>())
    });
    let among = match context.faults().on(Fault::ImapUidExpungeIgnoresSet) {
        true => None,
        false => Some(named.unwrap_or_default()),
    };
    Ok(Outcome::DoneByUid(expunge(context, among)))
}

/// The untagged EXPUNGE responses are the updates the client is owed once the messages are gone.
fn expunge(context: &mut Context, among: Option<Vec<u32>>) -> Status {
    let Some(selected) = &context.selected else { return Status::bad("No mailbox is selected") };
    if selected.read_only {
        return Status::no(Code::ReadOnly, "The mailbox is read-only");
    }
    if !selected.mailbox.rights.has(Right::Expunge) && !context.faults().on(Fault::ImapExpungeIgnoresRights) {
        return denied(selected.mailbox.rights);
    }
    match context.store.expunge(selected.mailbox.id, among) {
        Ok(_) => Status::ok("EXPUNGE completed"),
        Err(error) => refusal(error),
    }
}
