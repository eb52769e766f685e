//! STORE (RFC 3501 §6.4.6).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::sequence::SequenceSet;
use crate::imap::long::Begun;
use crate::imap::message_limit::{Cut, completed};
use crate::imap::namespace::denied;
use crate::imap::response::{Code, Status};
use crate::imap::selected::{Message, Naming, Told};
use crate::store::{Expunges, FlagChange, FlagOutcome, Flags, How, Rights, Uid, UnchangedSince};

/// `store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags` (RFC 3501 §9, RFC 4466 §2.5)
pub const COMMAND: Command = Command {
    name: "STORE",
    legal: Legal::Selected,
    by_number: true,
    expunges: Expunges::Withhold,
    run: |context, cursor, out| run(context, cursor, out, Naming::Numbers),
    ..USUAL
};

/// What STORE asks for.
struct Request {
    set: SequenceSet,
    naming: Naming,
    silent: bool,
    /// Only messages unchanged since (RFC 7162 §3.1.3).
    unchanged_since: Option<u64>,
    how: How,
    flags: Flags,
}

/// What is to be told once the flags are changed.
struct Changed {
    naming: Naming,
    silent: bool,
    conditional: bool,
    change: FlagChange,
    /// How many messages it was to be done for.
    meant: usize,
    cut: Option<Cut>,
}

/// STORE, or UID STORE.
///
/// ```abnf
/// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
/// ```
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, naming: Naming) -> Parsed<Outcome> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.space()?;
    let unchanged_since = cursor.store_modifiers(!context.lacks(Extension::ImapCondStore))?;
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
    let request = Request { set, naming, silent, unchanged_since, how, flags };
    Ok(Outcome::of(naming, change(context, request, out)))
}

fn change(context: &mut Context, request: Request, out: &mut Vec<u8>) -> Begun {
    let faults = context.faults();
    let Request { set, naming, silent, unchanged_since, how, flags } = request;
    let Some(selected) = &context.selected else { return Err(Status::bad("No mailbox is selected")) };
    let numbers = selected.numbers(&set, naming)?;
    if selected.read_only && !faults.on(Fault::ImapExamineAllowsStore) {
        return Err(Status::no(Code::ReadOnly, "The mailbox is read-only"));
    }
    if unchanged_since.is_some() {
        context.enable_condstore(out);
    }
    let limit = context.message_limit();
    let Some(selected) = &context.selected else { return Err(Status::bad("No mailbox is selected")) };
    let mut uids: Vec<Uid> = selected.present(&numbers).iter().map(|(_, row)| row.message.uid).collect();
    let gone = numbers.len() - uids.len();
    let cut = limit.and_then(|limit| limit.cut(&mut uids, |uid| *uid));
    let meant = gone + uids.len();
    let condition = unchanged_since.filter(|_| !faults.on(Fault::ImapIgnoresUnchangedSince));
    let condition = condition.map(|modseq| UnchangedSince { modseq, known: selected.view.known_at(&uids, modseq) });
    let change = FlagChange { how, flags, unchanged_since: condition };
    let allowed = allowed(&change, selected.mailbox.rights)?;
    let mailbox = selected.mailbox.id;
    let request = Changed { naming, silent, conditional: unchanged_since.is_some(), change, meant, cut };
    Ok(context.change(
        move |tx| tx.change_flags(mailbox, &uids, &allowed),
        move |context, outcome, out| request.answer(context, outcome, out),
    ))
}

impl Changed {
    /// Tells of the flags the messages have now, and gives the status.
    fn answer(self, context: &mut Context, mut outcome: FlagOutcome, out: &mut Vec<u8>) -> Result<Status, Status> {
        let Changed { naming, silent, conditional, change, meant, cut } = self;
        let faults = context.faults();
        let told = Told { enabled: &context.enabled, faults };
        let Some(selected) = &mut context.selected else { return Err(Status::bad("No mailbox is selected")) };
        let missed = meant - outcome.done.len() - outcome.refused.len();
        // "the server is REQUIRED to process messages from highest to lowest UID" (RFC 9738 §3.1).
        if cut.is_some() {
            outcome.done.reverse();
        }
        // Flags another session changed meanwhile are learnt before, so that they are told and not mixed up with ours.
        selected.learn(&context.store).map_err(refusal)?;
        selected.write_new_keywords(out);
        for flagged in outcome.done {
            let Some(number) = selected.view.number(flagged.uid) else { continue };
            let Some(row) = selected.view.row(number) else { continue };
            let message = |flags| Message { number, uid: flagged.uid, flags, recent: row.recent, modseq: Some(flagged.modseq) };
            if silent {
                // "An untagged FETCH response MUST be sent, even if the .SILENT suffix is specified" (RFC 7162 §3.1.3): where there
                // is a condition, and where the client follows modification sequences and this one is new.
                let new = told.enabled.condstore() && row.told_at() != flagged.modseq;
                if (conditional || new) && !faults.on(Fault::ImapConditionalStoreIsSilent) {
                    told.write(out, message(None), naming);
                }
                let believed = applied(row.told(), &change);
                selected.view.told_flags(flagged.uid, believed);
            } else {
                told.write(out, message(Some(&flagged.flags)), naming);
                selected.view.told_flags(flagged.uid, flagged.flags);
            }
            selected.view.told_modseq_of(flagged.uid, flagged.modseq);
        }
        let refused = match naming {
            Naming::Numbers => outcome.refused.iter().filter_map(|uid| selected.view.number(*uid)).collect(),
            Naming::Uids => outcome.refused,
        };
        let modified = (!refused.is_empty()).then_some(Code::Modified(refused));
        // Among UIDs a message that is gone is one that does not exist (RFC 3501 §6.4.8).
        let status = match (naming == Naming::Numbers && missed > 0, modified) {
            (true, modified) => Status::no(modified.unwrap_or(Code::ExpungeIssued), "Some of the messages no longer exist"),
            (false, Some(modified)) => Status::ok("Some of the messages have changed").with(modified),
            (false, None) => Status::ok("STORE completed"),
        };
        Ok(completed(status, cut, out))
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
