//! MOVE and UID MOVE (RFC 6851).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::sequence::SequenceSet;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::namespace::denied;
use crate::imap::response::{Code, Status, write_untagged};
use crate::imap::selected::Naming;
use crate::store::{FlagChange, Flags, How, Mailbox, MailboxId, Rights, SystemFlag, Uid};

/// `move = "MOVE" SP sequence-set SP mailbox`
pub const COMMAND: Command = Command {
    name: "MOVE",
    extension: Some(Extension::ImapMove),
    legal: Legal::Selected,
    by_number: true,
    run: |context, cursor, out| Ok(Outcome::Done(run(context, cursor, out, Naming::Numbers)?)),
    ..USUAL
};

/// MOVE, or UID MOVE. The untagged EXPUNGE responses are the updates the client is owed once the messages are gone.
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, naming: Naming) -> Parsed<Status> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.end()?;
    Ok(transfer(context, &set, naming, &name, out).unwrap_or_else(|status| status))
}

/// "Unlike COPY or UID COPY, MOVE or UID MOVE don't need to be atomic" (RFC 9738 §3.1).
fn transfer(
    context: &mut Context,
    set: &SequenceSet,
    naming: Naming,
    name: &WrittenName<'_>,
    out: &mut Vec<u8>,
) -> Result<Status, Status> {
    let Some(selected) = &context.selected else { return Err(Status::bad("No mailbox is selected")) };
    let numbers = selected.numbers(set, naming)?;
    if selected.read_only {
        return Err(Status::no(Code::ReadOnly, "The mailbox is read-only"));
    }
    // What is moved away is marked and expunged (RFC 6851 §4.2).
    if !selected.mailbox.rights.contains(Rights::OF_REMOVAL) {
        return Err(denied(selected.mailbox.rights));
    }
    let destination = context.destination(&name.decoded(context)?)?;
    let mut present: Vec<u32> = selected.present(&numbers).iter().map(|(_, row)| row.message.uid).collect();
    // As in COPY, "extensions that affect COPY affect MOVE in the same way" (RFC 6851 §3.3): all or nothing, but for UIDs
    // that name nothing.
    if naming == Naming::Numbers && present.len() < numbers.len() {
        return Err(Status::no(Code::ExpungeIssued, "Some of the messages no longer exist; none was moved"));
    }
    if present.is_empty() {
        return Ok(Status::ok("No message was moved, for there is none with such a UID"));
    }
    let cut = context.message_limit().and_then(|limit| limit.cut(&mut present, |uid| *uid));
    let source = selected.mailbox.id;
    let status = moved(context, source, &destination, present, out)?;
    Ok(match cut {
        Some(cut) => cut.complete(status, out),
        None => status,
    })
}

/// Moves messages, all of them or none.
fn moved(
    context: &mut Context,
    source: MailboxId,
    destination: &Mailbox,
    present: Vec<Uid>,
    out: &mut Vec<u8>,
) -> Result<Status, Status> {
    let faults = context.faults();
    if faults.on(Fault::ImapMoveSetsDeleted) {
        let mut flags = Flags::none();
        flags.set(SystemFlag::Deleted);
        let change = FlagChange { how: How::Add, flags, unchanged_since: None };
        context.store.change_flags(source, present.clone(), change).map_err(refusal)?;
    }
    let now = context.site.clock.now();
    let moved = match faults.on(Fault::ImapMoveKeepsOriginal) {
        true => context.store.copy_as(source, present, destination.id, now, destination.rights),
        false => context.store.transfer_as(source, present, destination.id, now, destination.rights),
    };
    let moved = moved.map_err(refusal)?;
    let (from, to): (Vec<u32>, Vec<u32>) = moved.uids.into_iter().unzip();
    context.put(destination.id, &to);
    context.took(&from);
    let status = Status::ok("MOVE completed");
    if !context.tells_uids() {
        return Ok(status);
    }
    let code = Code::CopyUid { uid_validity: moved.uidvalidity, from, to };
    if faults.on(Fault::ImapMoveTellsCopyUidLate) {
        return Ok(status.with(code));
    }
    // "advised to send the COPYUID response code in an untagged OK before sending EXPUNGE" (RFC 6851 §4.3).
    write_untagged(out, Status::ok("These messages are moved").with(code));
    Ok(status)
}
