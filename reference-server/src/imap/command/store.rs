//! STORE (RFC 3501 §6.4.6).

use super::{Command, Legal, Outcome, USUAL};
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::sequence::SequenceSet;
use crate::imap::namespace::denied;
use crate::imap::response::{Code, Status};
use crate::imap::selected::{Naming, write_flags};
use crate::store::{Expunges, FlagChange, Flags, How, Rights};

/// `store = "STORE" SP sequence-set SP store-att-flags`
pub const COMMAND: Command = Command {
    name: "STORE",
    legal: Legal::Selected,
    expunges: Expunges::Withhold,
    run: |context, cursor, out| Ok(Outcome::Done(run(context, cursor, out, Naming::Numbers)?)),
    ..USUAL
};

/// What STORE asks for.
struct Request {
    set: SequenceSet,
    naming: Naming,
    silent: bool,
    change: FlagChange,
}

/// STORE, or UID STORE.
///
/// ```abnf
/// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
/// ```
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, naming: Naming) -> Parsed<Status> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.space()?;
    let how = match cursor.peek() {
        Some(b'+') => How::Add,
        Some(b'-') => How::Remove,
        _ => How::Replace,
    };
    if how != How::Replace {
        cursor.take(1);
    }
    let silent = cursor.eat_word("FLAGS.SILENT");
    if !silent && !cursor.eat_word("FLAGS") {
        return cursor.expected("FLAGS or FLAGS.SILENT");
    }
    cursor.space()?;
    let flags = cursor.flags_with_or_without_parentheses()?;
    cursor.end()?;
    let silent = silent && !context.faults().on(Fault::ImapStoreIsNeverSilent);
    let request = Request { set, naming, silent, change: FlagChange { how, flags, unchanged_since: None } };
    Ok(change(context, request, out).unwrap_or_else(|status| status))
}

fn change(context: &mut Context, request: Request, out: &mut Vec<u8>) -> Result<Status, Status> {
    let examine_stores = context.faults().on(Fault::ImapExamineAllowsStore);
    let Some(selected) = &mut context.selected else { return Err(Status::bad("No mailbox is selected")) };
    let Request { set, naming, silent, change } = request;
    let numbers = selected.numbers(&set, naming)?;
    if selected.read_only && !examine_stores {
        return Err(Status::no(Code::ReadOnly, "The mailbox is read-only"));
    }
    let uids: Vec<u32> = selected.present(&numbers).iter().map(|(_, row)| row.message.uid).collect();
    let allowed = allowed(&change, selected.mailbox.rights)?;
    let outcome = context.store.change_flags(selected.mailbox.id, uids, allowed).map_err(refusal)?;
    let done = outcome.done.len();
    // Flags another session changed meanwhile are learnt before, so that they are told and not mixed up with ours.
    selected.learn(&context.store).map_err(refusal)?;
    selected.write_new_keywords(out);
    for flagged in outcome.done {
        let Some(number) = selected.view.number(flagged.uid) else { continue };
        let Some(row) = selected.view.row(number) else { continue };
        let recent = row.recent;
        if silent {
            let believed = applied(row.told(), &change);
            selected.view.told_flags(flagged.uid, believed);
        } else {
            write_flags(out, number, flagged.uid, &flagged.flags, recent, naming);
            selected.view.told_flags(flagged.uid, flagged.flags);
        }
    }
    // Among UIDs a message that is gone is one that does not exist (RFC 3501 §6.4.8).
    match naming == Naming::Numbers && done < numbers.len() {
        true => Err(Status::no(Code::ExpungeIssued, "Some of the messages no longer exist")),
        false => Ok(Status::ok("STORE completed")),
    }
}

/// As much of the change as the user has the rights for: "STORE operation SHOULD NOT fail if the user has rights to modify at
/// least one flag specified in the STORE" (RFC 4314 §4).
fn allowed(change: &FlagChange, rights: Rights) -> Result<FlagChange, Status> {
    if rights == Rights::ALL {
        return Ok(change.clone());
    }
    let flags = rights.allowed(&change.flags);
    let some = if change.flags.is_empty() { rights.meets(Rights::OF_FLAGS) } else { !flags.is_empty() };
    match some {
        true => {
            let how = if change.how == How::Replace { How::ReplaceAllowed(rights) } else { change.how };
            Ok(FlagChange { how, flags, ..change.clone() })
        }
        false => Err(denied(rights)),
    }
}

/// The flags a client believes in after its silent change.
fn applied(told: &Flags, change: &FlagChange) -> Flags {
    match change.how {
        How::Add => told.with(&change.flags),
        How::Remove => told.without(&change.flags),
        How::Replace | How::ReplaceAllowed(_) => change.flags.clone(),
    }
}
