//! SELECT and EXAMINE (RFC 3501 §6.3.1, §6.3.2).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::object_id::mailbox_id;
use crate::imap::response::{Code, Status, write_untagged};
use crate::imap::selected::Selected;
use crate::store::{Rights, View};

/// `select = "SELECT" SP mailbox`
pub const SELECT: Command = Command { name: "SELECT", run: |context, cursor, out| run(context, cursor, out, false), ..USUAL };

/// `examine = "EXAMINE" SP mailbox`
pub const EXAMINE: Command = Command { name: "EXAMINE", run: |context, cursor, out| run(context, cursor, out, true), ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, read_only: bool) -> Parsed<Outcome> {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.end()?;
    Ok(Outcome::Done(open(context, &name, out, read_only).unwrap_or_else(|status| status)))
}

fn open(context: &mut Context, name: &WrittenName<'_>, out: &mut Vec<u8>, read_only: bool) -> Result<Status, Status> {
    // "if a mailbox is selected and a SELECT command that fails is attempted, no mailbox is selected" (RFC 3501 §6.3.1).
    if !context.faults().on(Fault::ImapFailedSelectKeepsMailbox) {
        context.selected = None;
    }
    let mut mailbox = context.selectable(&name.decoded(context)?)?;
    let name = mailbox.name.clone();
    // Nothing can be changed without a right to (RFC 4314 §5.2).
    let read_only = read_only || !mailbox.rights.meets(Rights::OF_CHANGE);
    // "EXAMINE MUST NOT cause messages to lose the \Recent flag" (RFC 3501 §6.3.2).
    let claim_recent = !read_only || context.faults().on(Fault::ImapExamineTakesRecent);
    let snapshot = context.store.snapshot(mailbox.id, claim_recent).map_err(refusal)?;
    let status = snapshot.status;
    mailbox.uidvalidity = status.uidvalidity;
    if context.faults().on(Fault::ImapUidvalidityChanges) {
        mailbox.uidvalidity = mailbox.uidvalidity.wrapping_add(context.serial).max(1);
    }
    let uidnext = match context.faults().on(Fault::ImapWrongUidnext) {
        true => status.uidnext.saturating_add(7),
        false => status.uidnext,
    };
    let selected = Selected::new(mailbox, View::new(snapshot), read_only);
    write_untagged(out, format_args!("{} EXISTS", selected.view.exists()));
    write_untagged(out, format_args!("{} RECENT", selected.view.recent()));
    selected.write_flags_and_permanent_flags(out);
    if let Some(number) = selected.view.first_unseen() {
        write_untagged(out, Status::ok("This message is the first unseen").with(Code::Unseen(number)));
    }
    let validity = Code::UidValidity(selected.mailbox.uidvalidity);
    write_untagged(out, Status::ok("UIDs are valid").with(validity));
    write_untagged(out, Status::ok("Predicted next UID").with(Code::UidNext(uidnext)));
    if !context.lacks(Extension::ImapObjectId) {
        let id = mailbox_id(selected.mailbox.id, &name, context.faults());
        write_untagged(out, Status::ok("The mailbox is this one, whatever its name").with(Code::MailboxId(id)));
    }
    context.selected = Some(selected);
    Ok(match read_only {
        true => Status::ok("EXAMINE completed").with(Code::ReadOnly),
        false => Status::ok("SELECT completed").with(Code::ReadWrite),
    })
}
