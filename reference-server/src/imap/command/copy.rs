//! COPY (RFC 3501 §6.4.7), with COPYUID (RFC 4315 §3).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::sequence::SequenceSet;
use crate::imap::long::Begun;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::response::{Code, Status};
use crate::imap::selected::Naming;
use crate::store::{Copied, FlagChange, Flags, How, MailboxId};

/// `copy = "COPY" SP sequence-set SP mailbox`
pub const COMMAND: Command = Command {
    name: "COPY",
    legal: Legal::Selected,
    by_number: true,
    run: |context, cursor, _| run(context, cursor, Naming::Numbers),
    ..USUAL
};

/// COPY, or UID COPY.
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, naming: Naming) -> Parsed<Outcome> {
    let (set, name) = cursor.set_and_mailbox()?;
    Ok(Outcome::of(naming, copy(context, &set, naming, &name)))
}

fn copy(context: &Context, set: &SequenceSet, naming: Naming, name: &WrittenName<'_>) -> Begun {
    let Some(selected) = &context.selected else { return Err(Status::bad("No mailbox is selected")) };
    let numbers = selected.numbers(set, naming)?;
    let destination = context.destination(&name.decoded(context)?)?;
    let mut present: Vec<u32> = selected.present(&numbers).iter().map(|(_, row)| row.message.uid).collect();
    // All or nothing (RFC 3501 §6.4.7): a message that another session expunged can not be copied any more. Among UIDs it
    // is one that does not exist (RFC 3501 §6.4.8).
    if naming == Naming::Numbers && present.len() < numbers.len() {
        return Err(Status::no(Code::ExpungeIssued, "Some of the messages no longer exist; none was copied"));
    }
    if present.is_empty() {
        return Err(Status::ok("No message was copied, for there is none with such a UID"));
    }
    // "it MUST fail the command by returning a tagged NO response with the MESSAGELIMIT response code […] No messages are copied
    // in this case" (RFC 9738 §3.1).
    if let Some(limit) = context.save_limit()
        && let Some(cut) = limit.cut(&mut present, |uid| *uid)
        && !context.faults().on(Fault::ImapMessageLimitCopiesPart)
    {
        return Err(cut.refusal());
    }
    let (source, now) = (selected.mailbox.id, context.site.clock.now());
    let (id, rights) = (destination.id, destination.rights);
    Ok(context.change(
        move |tx| tx.copy(source, &present, id, Some(now), rights),
        move |context, copied, _| completed(context, id, copied),
    ))
}

fn completed(context: &mut Context, destination: MailboxId, copied: Copied) -> Result<Status, Status> {
    let (from, to): (Vec<u32>, Vec<u32>) = copied.uids.into_iter().unzip();
    context.put(destination, &to);
    if context.faults().on(Fault::ImapCopyLosesFlags) {
        let change = FlagChange { how: How::Replace, flags: Flags::none(), unchanged_since: None };
        context.store.change_flags(destination, to.clone(), change).map_err(refusal)?;
    }
    if context.lacks(Extension::ImapUidPlus) {
        return Ok(Status::ok("COPY completed"));
    }
    Ok(Status::ok("COPY completed").with(Code::CopyUid { uid_validity: copied.uidvalidity, from, to }))
}
