//! REPLACE and UID REPLACE (RFC 8508).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::append::Written;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::sequence::SequenceSet;
use crate::imap::long::Begun;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::response::{Code, Status, write_untagged};
use crate::imap::selected::Naming;
use crate::store;

/// `replace = "REPLACE" SP seq-number SP mailbox append-message`
pub const COMMAND: Command = Command {
    name: "REPLACE",
    extension: Some(Extension::ImapReplace),
    legal: Legal::Selected,
    by_number: true,
    large_literals: true,
    run: |context, cursor, _| run(context, cursor, Naming::Numbers),
    ..USUAL
};

/// REPLACE, or UID REPLACE. EXISTS and EXPUNGE are the updates the client is owed once all is done: "any untagged EXPUNGE
/// response MUST NOT be sent until all actions are successfully completed" (RFC 8508 §3.4).
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, naming: Naming) -> Parsed<Outcome> {
    cursor.space()?;
    let set = cursor.one_number()?;
    cursor.space()?;
    let name = cursor.mailbox()?;
    let message = cursor.append_message(context.allowed_in_append())?;
    cursor.end()?;
    Ok(Outcome::of(naming, replace(context, &set, naming, &name, message)))
}

fn replace(context: &mut Context, set: &SequenceSet, naming: Naming, name: &WrittenName<'_>, message: Written<'_>) -> Begun {
    let Some(selected) = &context.selected else { return Err(Status::bad("No mailbox is selected")) };
    let numbers = selected.removable(set, naming)?;
    let source = selected.mailbox.id;
    let replaced = selected.present(&numbers).first().map(|(_, row)| (row.message.uid, row.message.flags.clone()));
    let destination = context.destination(&name.decoded(context)?)?;
    // Unlike in other UID commands a UID that names nothing is an error: something was to be replaced (RFC 8508 §3.2, NO:
    // "can't remove specified message").
    let Some((uid, flags)) = replaced else {
        return Err(match naming {
            Naming::Numbers => Status::no(Code::ExpungeIssued, "The message no longer exists; nothing was appended"),
            Naming::Uids => Status::no(None, "There is no message with this UID; nothing was appended"),
        });
    };
    let mut incoming = context.incoming(message)?;
    let faults = context.faults();
    // "servers supporting the REPLACE command MUST NOT infer any inheritance of content, flags, or annotations from the
    // message being replaced" (RFC 8508 §1).
    if faults.on(Fault::ImapReplaceInheritsFlags) {
        incoming.message.flags = incoming.message.flags.with(&flags);
    }
    let mut message = incoming.message.clone();
    message.flags = destination.rights.allowed(&message.flags);
    // "only the net quota consumption is considered" (RFC 8508 §3.4).
    if faults.on(Fault::ImapReplaceNeedsRoomForBoth) && !context.store.has_room(context.account_name(), 1, 0).map_err(refusal)? {
        return Err(refusal(store::Error::OverQuota));
    }
    let to = destination.id;
    Ok(context.change(
        move |tx| match faults.on(Fault::ImapReplaceKeepsOriginal) {
            true => tx.append(to, &[message]),
            false => tx.replace(source, uid, to, message),
        },
        move |context, appended, out| {
            // The octets are the mailbox's now.
            drop(incoming);
            context.put(to, &appended.uids);
            context.took(&[uid]);
            if context.tells_uids() {
                let code = Code::AppendUid { uid_validity: appended.uidvalidity, uids: appended.uids };
                // "advised to send the APPENDUID response code in an untagged OK before sending the EXPUNGE" (RFC 8508 §4.3).
                write_untagged(out, Status::ok("The replacement is there").with(code));
            }
            Ok(Status::ok("REPLACE completed"))
        },
    ))
}
