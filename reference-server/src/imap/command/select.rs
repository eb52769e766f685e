//! SELECT and EXAMINE (RFC 3501 §6.3.1, §6.3.2).

use super::list::write_selected;
use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::enabled::{CONDSTORE, QRESYNC};
use crate::imap::folder::Folder;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::modseq::Resync;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::object_id::mailbox_id;
use crate::imap::response::{Code, Status, write_untagged};
use crate::imap::selected::{Message, Naming, Selected, Told};
use crate::store::{Rights, View};

/// `select = "SELECT" SP mailbox [select-params]` (RFC 3501 §9, RFC 4466 §2.1)
pub const SELECT: Command = Command { name: "SELECT", run: |context, cursor, out| run(context, cursor, out, false), ..USUAL };

/// `examine = "EXAMINE" SP mailbox [select-params]` (RFC 3501 §9, RFC 4466 §2.2)
pub const EXAMINE: Command = Command { name: "EXAMINE", run: |context, cursor, out| run(context, cursor, out, true), ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, read_only: bool) -> Parsed<Outcome> {
    cursor.space()?;
    let name = cursor.mailbox()?;
    let parameters = parameters(context, cursor)?;
    cursor.end()?;
    // "The server MUST return a tagged BAD response if such a parameter is observed once UIDONLY is enabled" (RFC 9586 §3.7).
    if parameters.resync.as_ref().is_some_and(|resync| !resync.matches.is_empty())
        && let Err(status) = context.may_use_numbers(Fault::ImapUidOnlyTakesMatches)
    {
        return Ok(Outcome::Done(status));
    }
    Ok(Outcome::Done(open(context, &name, &parameters, out, read_only).unwrap_or_else(|status| status)))
}

/// What a client asks for beside the mailbox.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parameters {
    condstore: bool,
    resync: Option<Resync>,
}

/// ```abnf
/// select-params   = SP "(" select-param *(SP select-param) ")"
/// select-param    =/ condstore-param / "QRESYNC" SP "(" … ")"
/// condstore-param = "CONDSTORE"
/// ```
/// "A server MUST respond with a tagged BAD response if the Quick Resynchronization parameter to the SELECT/EXAMINE command
/// is specified and the client hasn't issued "ENABLE QRESYNC"" (RFC 7162 §3.2.5).
fn parameters(context: &Context, cursor: &mut Cursor<'_>) -> Parsed<Parameters> {
    let condstore = !context.lacks(Extension::ImapCondStore);
    let qresync = context.enabled.has(QRESYNC)
        || context.faults().on(Fault::ImapQresyncWithoutEnable) && !context.lacks(Extension::ImapQresync);
    let mut parameters = Parameters::default();
    if !cursor.eat(b' ') {
        return Ok(parameters);
    }
    cursor.need(b'(', "the opening parenthesis of the parameters")?;
    loop {
        if condstore && !parameters.condstore && cursor.eat_word("CONDSTORE") {
            parameters.condstore = true;
        } else if qresync && parameters.resync.is_none() && cursor.eat_word("QRESYNC") {
            parameters.resync = Some(cursor.resync()?);
        } else {
            return cursor.expected("a parameter of SELECT that is allowed here");
        }
        if cursor.eat(b')') {
            return Ok(parameters);
        }
        cursor.need(b' ', "one space or the closing parenthesis after a parameter")?;
    }
}

fn open(
    context: &mut Context,
    written: &WrittenName<'_>,
    parameters: &Parameters,
    out: &mut Vec<u8>,
    read_only: bool,
) -> Result<Status, Status> {
    // "MUST return the CLOSED response code when the currently selected mailbox is closed implicitly using the SELECT/EXAMINE
    // command" (RFC 7162 §3.2.11): all before it is about the old mailbox, which is closed even if this SELECT fails.
    let knows_closed = !context.lacks(Extension::ImapCondStore) || context.enabled.rev2();
    let tells_closed = knows_closed && !context.faults().on(Fault::ImapSelectWithoutClosed);
    if context.selected.is_some() && tells_closed {
        write_untagged(out, Status::ok("The mailbox before is closed").with(Code::Closed));
    }
    if parameters.condstore {
        context.enabled.add(CONDSTORE);
    }
    // "if a mailbox is selected and a SELECT command that fails is attempted, no mailbox is selected" (RFC 3501 §6.3.1).
    if !context.faults().on(Fault::ImapFailedSelectKeepsMailbox) {
        context.selected = None;
    }
    let mut mailbox = context.selectable(&written.decoded(context)?)?;
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
    // \Recent, RECENT and the code UNSEEN are not of IMAP4rev2 (RFC 9051 Appendix E).
    let rev2 = context.enabled.rev2();
    let view = if rev2 { View::new(snapshot).without_recent() } else { View::new(snapshot) };
    let mut selected = Selected::new(mailbox, view, read_only);
    if context.enabled.condstore() {
        selected.view.follow_modseqs();
    }
    write_untagged(out, format_args!("{} EXISTS", selected.view.exists()));
    if !rev2 {
        write_untagged(out, format_args!("{} RECENT", selected.view.recent()));
    }
    selected.write_flags_and_permanent_flags(out);
    // Its argument is a message number, which "the server MUST NOT return […] in any response" (RFC 9586 §3).
    let tells_unseen = !context.enabled.uid_only() || context.faults().on(Fault::ImapUidOnlyTellsUnseen);
    if let Some(number) = selected.view.first_unseen().filter(|_| !rev2 && tells_unseen) {
        write_untagged(out, Status::ok("This message is the first unseen").with(Code::Unseen(number)));
    }
    let validity = Code::UidValidity(selected.mailbox.uidvalidity);
    write_untagged(out, Status::ok("UIDs are valid").with(validity));
    write_untagged(out, Status::ok("Predicted next UID").with(Code::UidNext(uidnext)));
    // "This status response code is returned in an untagged OK response in response to a RESETKEY, SELECT, or EXAMINE command"
    // (RFC 4467 §8).
    if !context.lacks(Extension::ImapUrlAuth) {
        write_untagged(out, Status::ok("URLs can be authorized").with(Code::UrlMech));
        context.url_resets = context.store.url_resets(context.account_name(), selected.mailbox.id);
    }
    if !context.lacks(Extension::ImapObjectId) {
        let id = mailbox_id(selected.mailbox.id, &name, context.faults());
        write_untagged(out, Status::ok("The mailbox is this one, whatever its name").with(Code::MailboxId(id)));
    }
    // "the server MUST send an OK untagged response, including the HIGHESTMODSEQ response code" (RFC 7162 §3.1.2): to those
    // too who have not asked yet.
    if !context.lacks(Extension::ImapCondStore) {
        let highest = Code::HighestModSeq(status.highest_modseq);
        write_untagged(out, Status::ok("The highest modification sequence").with(highest));
    }
    if let Some(resync) = &parameters.resync {
        resynchronize(context, &selected, resync, out)?;
    }
    if rev2 && !context.faults().on(Fault::ImapSelectWithoutList) {
        // "If the server allows denormalized UTF-8 mailbox names […] and the supplied mailbox name differs from the normalized
        // version, the server MUST return LIST with the OLDNAME extended data item" (RFC 9051 §6.3.2); that of INBOX in other
        // letters is in the sample of RFC 9051 §8.
        let old = written.old_name(context, &selected.mailbox.name);
        write_selected(context, Folder::unlisted(selected.mailbox.clone()), old, out)?;
    }
    context.selected = Some(selected);
    Ok(match read_only {
        true => Status::ok("EXAMINE completed").with(Code::ReadOnly),
        false => Status::ok("SELECT completed").with(Code::ReadWrite),
    })
}

/// Tells what happened to the messages a client knows since it was here last (RFC 7162 §3.2.5).
fn resynchronize(context: &Context, selected: &Selected, resync: &Resync, out: &mut Vec<u8>) -> Result<(), Status> {
    // "the server MUST ignore the remaining parameters and behave as if no dynamic message data changed".
    if resync.uid_validity != selected.mailbox.uidvalidity {
        return Ok(());
    }
    let known = |uid: u32| resync.known.as_ref().is_none_or(|known| known.contains(uid, 0));
    // "If a pair matches, then the client knows of any expunges up to, and including, the message" (RFC 7162 §3.2.5.2).
    let matching = resync.matches.iter().filter(|(number, uid)| selected.view.number(*uid) == Some(*number));
    let settled = matching.map(|(_, uid)| *uid).max().unwrap_or(0);
    let vanished = selected.vanished_since(&context.store, resync.modseq, |uid, _| uid > settled && known(uid));
    let vanished = vanished.map_err(refusal)?;
    if !context.faults().on(Fault::ImapResyncForgetsExpunges) {
        selected.write_vanished_earlier(out, &vanished);
    }
    let told = Told { enabled: &context.enabled, faults: context.faults() };
    let changed = selected.view.rows().filter(|(_, row)| row.message.modseq > resync.modseq && known(row.message.uid));
    for (number, row) in changed {
        let (uid, flags, modseq) = (row.message.uid, Some(&row.message.flags), Some(row.message.modseq));
        told.write(out, Message { number, uid, flags, recent: row.recent, modseq }, Naming::Uids);
    }
    Ok(())
}
