//! MOVE and UID MOVE (RFC 6851).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::sequence::SequenceSet;
use crate::imap::long::Begun;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::message_limit;
use crate::imap::response::{Code, Status, write_untagged};
use crate::imap::selected::Naming;
use crate::store::{Copied, FlagChange, Flags, How, MailboxId, SystemFlag};

/// `move = "MOVE" SP sequence-set SP mailbox`
pub const COMMAND: Command = Command {
    name: "MOVE",
    extension: Some(Extension::ImapMove),
    legal: Legal::Selected,
    by_number: true,
    run: |context, cursor, _| run(context, cursor, Naming::Numbers),
    ..USUAL
};

/// MOVE, or UID MOVE. The untagged EXPUNGE responses are the updates the client is owed once the messages are gone.
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, naming: Naming) -> Parsed<Outcome> {
    let (set, name) = cursor.set_and_mailbox()?;
    Ok(Outcome::of(naming, transfer(context, &set, naming, &name)))
}

/// "Unlike COPY or UID COPY, MOVE or UID MOVE don't need to be atomic" (RFC 9738 §3.1).
fn transfer(context: &Context, set: &SequenceSet, naming: Naming, name: &WrittenName<'_>) -> Begun {
    let Some(selected) = &context.selected else { return Err(Status::bad("No mailbox is selected")) };
    let numbers = selected.removable(set, naming)?;
    let destination = context.destination(&name.decoded(context)?)?;
    let mut present: Vec<u32> = selected.present(&numbers).iter().map(|(_, row)| row.message.uid).collect();
    // As in COPY, "extensions that affect COPY affect MOVE in the same way" (RFC 6851 §3.3): all or nothing, but for UIDs
    // that name nothing.
    if naming == Naming::Numbers && present.len() < numbers.len() {
        return Err(Status::no(Code::ExpungeIssued, "Some of the messages no longer exist; none was moved"));
    }
    if present.is_empty() {
        return Err(Status::ok("No message was moved, for there is none with such a UID"));
    }
    let cut = context.message_limit().and_then(|limit| limit.cut(&mut present, |uid| *uid));
    let source = selected.mailbox.id;
    let faults = context.faults();
    if faults.on(Fault::ImapMoveSetsDeleted) {
        let mut flags = Flags::none();
        flags.set(SystemFlag::Deleted);
        let change = FlagChange { how: How::Add, flags, unchanged_since: None };
        context.store.change_flags(source, present.clone(), change).map_err(refusal)?;
    }
    let now = context.site.clock.now();
    let (id, rights) = (destination.id, destination.rights);
    // All of them or none.
    Ok(context.change(
        move |tx| match faults.on(Fault::ImapMoveKeepsOriginal) {
            true => tx.copy(source, &present, id, Some(now), rights),
            false => tx.transfer(source, &present, id, now, rights),
        },
        move |context, moved, out| {
            let status = completed(context, id, moved, out);
            Ok(message_limit::completed(status, cut, out))
        },
    ))
}

fn completed(context: &mut Context, destination: MailboxId, moved: Copied, out: &mut Vec<u8>) -> Status {
    let (from, to): (Vec<u32>, Vec<u32>) = moved.uids.into_iter().unzip();
    context.put(destination, &to);
    context.took(&from);
    let status = Status::ok("MOVE completed");
    if !context.tells_uids() {
        return status;
    }
    let code = Code::CopyUid { uid_validity: moved.uidvalidity, from, to };
    if context.faults().on(Fault::ImapMoveTellsCopyUidLate) {
        return status.with(code);
    }
    // "advised to send the COPYUID response code in an untagged OK before sending EXPUNGE" (RFC 6851 §4.3).
    write_untagged(out, Status::ok("These messages are moved").with(code));
    status
}
