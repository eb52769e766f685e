//! LIST (RFC 3501 §6.3.8), with its options (RFC 5258), the attributes of CHILDREN (RFC 3348) and SPECIAL-USE (RFC 6154), and
//! STATUS (RFC 5819), MYRIGHTS (RFC 8440) and METADATA (RFC 9590).

use super::getmetadata::{Options, found};
use super::myrights::write_my_rights;
use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::folder::Folder;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::list_options::{Returns, Selection};
use crate::imap::list_pattern::{Pattern, common_prefix};
use crate::imap::listing::{Entry, choose, superiors};
use crate::imap::mailbox_name::{WrittenName, write_mailbox_as};
use crate::imap::metadata_entry::{Annotated, write_metadata};
use crate::imap::response::Status;
use crate::imap::status_item::{HIGHESTMODSEQ, Told, deleted_storage, write_status};
use crate::store::{DELIMITER, MailboxId, Rights, SpecialUse};
use std::collections::HashMap;

/// `list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]` (RFC 5258 §6)
pub const COMMAND: Command = Command { name: "LIST", run, ..USUAL };

/// What was asked for.
struct Asked {
    /// None if the mailbox name was empty.
    patterns: Vec<Pattern>,
    /// Options or several patterns were given.
    extended: bool,
    selection: Selection,
    returns: Returns,
}

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    let asked = asked(context, cursor)?;
    if asked.patterns.is_empty() && !asked.extended {
        // "a special request to return the hierarchy delimiter and the root name": names here are not rooted.
        write_listed(out, "LIST", "\\Noselect", "", false);
        return Ok(Outcome::Done(Status::ok("LIST completed")));
    }
    if asked.returns.status.iter().flatten().any(|item| item.name == HIGHESTMODSEQ) {
        context.enable_condstore(out);
    }
    let told = tell(context, &asked, out);
    Ok(Outcome::Done(told.map_or_else(|status| status, |()| Status::ok("LIST completed"))))
}

/// ```abnf
/// mbox-or-pat = list-mailbox / patterns
/// patterns    = "(" list-mailbox *(SP list-mailbox) ")"
/// ```
fn asked(context: &Context, cursor: &mut Cursor<'_>) -> Parsed<Asked> {
    let without = context.site.without;
    let can_extend = !context.lacks(Extension::ImapListExtended);
    cursor.space()?;
    let mut extended = false;
    let mut selection = Selection::default();
    if can_extend && cursor.peek() == Some(b'(') {
        extended = true;
        selection = cursor.list_selection(without, context.faults().on(Fault::ImapRecursiveMatchAlone))?;
        cursor.space()?;
    }
    let reference = cursor.astring("a reference name")?;
    cursor.space()?;
    let mut written = Vec::new();
    if can_extend && cursor.eat(b'(') {
        extended = true;
        loop {
            written.push(cursor.list_mailbox()?);
            if cursor.eat(b')') {
                break;
            }
            cursor.need(b' ', "one space or the closing parenthesis after a pattern")?;
        }
    } else {
        written.push(cursor.list_mailbox()?);
    }
    let mut returns = Returns::default();
    if can_extend && cursor.eat(b' ') {
        extended = true;
        returns = cursor.list_returns(without)?;
    }
    cursor.end()?;
    // "ANY extended LIST command […] MUST NOT treat the empty mailbox name as such a special request", and "the empty
    // string MUST be ignored for the purpose of matching" (RFC 5258 §3).
    let star_for_percent = context.faults().on(Fault::ImapPercentMatchesLikeStar);
    let given = written.iter().filter(|pattern| !pattern.is_empty());
    let utf8 = context.enabled.utf8();
    let patterns = given.map(|pattern| Pattern::new(&reference, pattern, star_for_percent).in_utf8(utf8)).collect();
    Ok(Asked { patterns, extended, selection, returns })
}

fn tell(context: &Context, asked: &Asked, out: &mut Vec<u8>) -> Result<(), Status> {
    let mut selection = asked.selection;
    // What is below a name that matches begins as the pattern does, too.
    let prefix = common_prefix(&asked.patterns);
    let mut folders = context.folders(prefix)?;
    if selection.subscribed {
        context.add_missing_subscriptions(prefix, &mut folders)?;
    }
    if context.faults().on(Fault::ImapListIgnoresSelection) {
        (selection.subscribed, selection.special_use) = (false, false);
    }
    let entries = choose(folders, selection, &asked.patterns);
    let mut statuses = HashMap::new();
    if asked.returns.status.is_some() {
        let selectable = entries.iter().filter(|entry| entry.selected).filter_map(|entry| entry.folder.selectable());
        let mailboxes: Vec<MailboxId> = selectable.map(|mailbox| mailbox.id).collect();
        statuses = context.store.statuses(&mailboxes).map_err(refusal)?;
    }
    for entry in &entries {
        let name = &entry.folder.name;
        let utf8 = context.enabled.utf8() && !context.faults().on(Fault::ImapListStaysUtf7);
        write_head(out, "LIST", &attributes(context, asked, entry), name, utf8);
        if entry.child_info && !context.faults().on(Fault::ImapNoChildInfo) {
            out.extend_from_slice(b" (\"CHILDINFO\" (\"SUBSCRIBED\"))");
        }
        out.extend_from_slice(b"\r\n");
        let mailbox = entry.folder.selectable().filter(|_| entry.selected);
        let status = mailbox.and_then(|mailbox| statuses.get(&mailbox.id).map(|status| (mailbox.id, status)));
        let rights = entry.folder.mailbox.as_ref().filter(|_| entry.selected).map(|mailbox| mailbox.rights);
        if let Some(rights) = rights.filter(|_| asked.returns.my_rights) {
            write_my_rights(context, out, name, rights);
        }
        if let Some(asked) = &asked.returns.metadata {
            write_annotations(context, asked, entry, out);
        }
        if let (Some(items), Some((mailbox, status))) = (&asked.returns.status, status) {
            let told = Told {
                mailbox,
                name,
                status,
                deleted_storage: deleted_storage(&context.store, mailbox, items).map_err(refusal)?,
                append_limit: context.append_limit(),
                faults: context.faults(),
                utf8: context.enabled.utf8(),
            };
            write_status(out, items, &told);
        }
    }
    Ok(())
}

/// "For each listable mailbox matching the list pattern and selection options, the server MUST return an untagged LIST response,
/// followed by one or more untagged METADATA responses" (RFC 9590 §3). There is none for a name that is only listed for what is
/// below it, or that no mailbox has (RFC 9590 §4), and "If the server is unable to look up the annotations for given mailbox, it
/// MAY drop the corresponding METADATA response".
fn write_annotations(context: &Context, asked: &[String], entry: &Entry, out: &mut Vec<u8>) {
    let matches = entry.selected || context.faults().on(Fault::ImapListMetadataOfOthers);
    let mailbox = entry.folder.mailbox.as_ref().filter(|mailbox| matches && mailbox.rights.meets(Rights::OF_ANNOTATION));
    let Some(mailbox) = mailbox else { return };
    let annotated = Annotated { id: mailbox.id, name: entry.folder.name.clone() };
    let Ok(found) = found(context, &annotated, Options::default(), asked) else { return };
    let mut entries = found.entries;
    if context.faults().on(Fault::ImapListMetadataHidesNil) {
        entries.retain(|(_, value)| value.is_some());
    }
    if !entries.is_empty() {
        write_metadata(context, out, &annotated.name, &entries);
    }
}

/// `\Marked` and `\Unmarked` are left out: what is interesting is for the client to say (RFC 3501 §7.2.2).
fn attributes(context: &Context, asked: &Asked, entry: &Entry) -> String {
    let folder = &entry.folder;
    let mut attributes = Vec::new();
    // "The "\NonExistent" attribute implies "\NoSelect"" (RFC 5258 §3).
    if folder.is_level {
        attributes.push("\\Noselect");
    } else if folder.mailbox.is_none() {
        if !context.faults().on(Fault::ImapListHidesNonExistence) {
            attributes.push("\\NonExistent");
        }
    } else if folder.mailbox.as_ref().is_some_and(|mailbox| !mailbox.selectable)
        || asked.returns.status.is_some() && folder.selectable().is_none()
    {
        // "if the "l" ACL right is granted to the mailbox and the "r" right is not granted […] the LIST response MUST include
        // the \NoSelect attribute" (RFC 5819 §2).
        attributes.push("\\Noselect");
    }
    if !context.lacks(Extension::ImapChildren) || asked.returns.children {
        attributes.push(if folder.children { "\\HasChildren" } else { "\\HasNoChildren" });
    }
    // "the SUBSCRIBED selection option implies the SUBSCRIBED return option" (RFC 5258 §3.1).
    if folder.subscribed && (asked.returns.subscribed || asked.selection.subscribed) {
        attributes.push("\\Subscribed");
    }
    // The non-extended LIST may show them too (RFC 6154 §2).
    if !context.lacks(Extension::ImapSpecialUse) {
        attributes.extend(folder.special_use.iter().map(|one| SpecialUse::attribute(*one)));
    }
    attributes.join(" ")
}

/// A LIST or LSUB response without extended data.
pub fn write_listed(out: &mut Vec<u8>, response: &str, attributes: &str, name: &str, utf8: bool) {
    write_head(out, response, attributes, name, utf8);
    out.extend_from_slice(b"\r\n");
}

/// ```abnf
/// mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox [SP mbox-list-extended]
/// ```
/// as far as the name.
fn write_head(out: &mut Vec<u8>, response: &str, attributes: &str, name: &str, utf8: bool) {
    out.extend_from_slice(format!("* {response} ({attributes}) \"{DELIMITER}\" ").as_bytes());
    write_mailbox_as(out, name, utf8);
}

/// Writes the LIST response that SELECT owes a client of IMAP4rev2: "The server MUST return a LIST response with the mailbox
/// name. The list of mailbox attributes MUST be accurate" (RFC 9051 §6.3.2). `old`: what the client wrote in place of the name.
pub fn write_selected(context: &Context, mailbox: Folder, old: Option<&str>, out: &mut Vec<u8>) -> Result<(), Status> {
    let listed = context.folders(&mailbox.name)?.into_iter().find(|folder| folder.name == mailbox.name);
    write_unasked(context, listed.unwrap_or(mailbox), "", old, out);
    Ok(())
}

/// Tells a client what became of the name it wrote, if the mailbox has another one: "it SHOULD return an untagged LIST with an
/// OLDNAME extended data item, with the OLDNAME value being the supplied mailbox name and the name parameter being the normalized
/// mailbox name" (RFC 9051 §6.3.4).
pub fn write_normalized(context: &Context, written: &WrittenName<'_>, mailbox: Folder, out: &mut Vec<u8>) -> Result<(), Status> {
    match written.old_name(context, &mailbox.name) {
        Some(old) => write_selected(context, mailbox, Some(old), out),
        None => Ok(()),
    }
}

/// Writes the LIST response by which NOTIFY tells what a name stands for now; with what else is to be said of it, and its
/// former name, if it has just got this one (RFC 5465 §5.4).
pub fn write_news(context: &Context, name: &str, also: &str, former: Option<&str>, out: &mut Vec<u8>) -> Result<(), Status> {
    let mut folders = context.folders(name)?;
    context.add_missing_subscriptions(name, &mut folders)?;
    let children = folders.iter().any(|folder| folder.mailbox.is_some() && superiors(&folder.name).any(|above| above == name));
    let folder = folders.into_iter().find(|folder| folder.name == name);
    let folder = folder.unwrap_or_else(|| Folder::missing(name.to_owned()));
    let folder = Folder { children: children || folder.children, ..folder };
    let former = former.filter(|_| !context.faults().on(Fault::ImapNotifyForgetsOldName));
    write_unasked(context, folder, also, former, out);
    Ok(())
}

/// Writes a LIST response that no LIST asked for, with all attributes the folder has and others: "all mailbox attributes MUST be
/// accurately computed" (RFC 5465 §5.5).
///
/// `oldname-extended-item = "OLDNAME" SP "(" mailbox ")"` (RFC 9051 §9)
fn write_unasked(context: &Context, folder: Folder, also: &str, old: Option<&str>, out: &mut Vec<u8>) {
    let returns = Returns { children: true, subscribed: true, ..Returns::default() };
    let asked = Asked { patterns: Vec::new(), extended: true, selection: Selection::default(), returns };
    let entry = Entry { folder, selected: true, child_info: false };
    let mut attributes = attributes(context, &asked, &entry);
    if !also.is_empty() {
        attributes = format!("{attributes} {also}");
    }
    let utf8 = context.enabled.utf8();
    write_head(out, "LIST", &attributes, &entry.folder.name, utf8);
    if let Some(old) = old {
        out.extend_from_slice(b" (\"OLDNAME\" (");
        write_mailbox_as(out, old, utf8);
        out.extend_from_slice(b"))");
    }
    out.extend_from_slice(b"\r\n");
}
