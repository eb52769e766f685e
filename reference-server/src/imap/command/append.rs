//! APPEND (RFC 3501 §6.3.11) of one message or several (RFC 3502), with APPENDUID (RFC 4315 §3).

use super::list::write_normalized;
use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::folder::Folder;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::append::Written;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::long::Begun;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::response::{Code, Status};
use crate::imap::selected::Naming;
use crate::store::{Appended, NewMessage};

/// `append = "APPEND" SP mailbox 1*append-message`
pub const COMMAND: Command = Command { name: "APPEND", large_literals: true, run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let name = cursor.mailbox()?;
    let allowed = context.allowed_in_append();
    let mut messages = vec![cursor.append_message(allowed)?];
    while !context.lacks(Extension::ImapMultiAppend) && !cursor.rest().is_empty() {
        messages.push(cursor.append_message(allowed)?);
    }
    cursor.end()?;
    Ok(Outcome::of(Naming::Numbers, append(context, &name, messages)))
}

fn append(context: &mut Context, written: &WrittenName<'_>, mut messages: Vec<Written<'_>>) -> Begun {
    let name = written.decoded(context)?;
    // "If the destination mailbox does not exist, a server […] MUST NOT automatically create the mailbox" (RFC 3501 §6.3.11).
    if context.faults().on(Fault::ImapAppendCreates) {
        let _exists_already = context.store.create(context.account_name(), &name);
    }
    let mailbox = context.destination(&name)?;
    // "no messages are appended when the server MESSAGELIMIT is exceeded" (RFC 9738 §3.1).
    if let Some(limit) = context.save_limit().filter(|limit| limit.is_exceeded_by(messages.len())) {
        match context.faults().on(Fault::ImapMessageLimitAppendsPart) {
            true => messages.truncate(limit.most() as usize),
            false => return Err(limit.refusal(None)),
        }
    }
    if context.faults().on(Fault::ImapReusesUids) {
        context.store.rewind_uids(mailbox.id).map_err(refusal)?;
    }
    let mut incoming = Vec::with_capacity(messages.len());
    for message in messages {
        match context.incoming(message) {
            Ok(message) => incoming.push(message),
            // "no partial appending is permitted" (RFC 3502 §6.3.11).
            Err(status) => {
                if context.faults().on(Fault::ImapMultiAppendKeepsPart) && !incoming.is_empty() {
                    let part = incoming.iter().map(|one| one.message.clone()).collect();
                    context.store.append(mailbox.id, part).map_err(refusal)?;
                }
                return Err(status);
            }
        }
    }
    // "Only when the user has a particular right are the corresponding flags stored" (RFC 4314 §4).
    let allowed = |message: &NewMessage| NewMessage { flags: mailbox.rights.allowed(&message.flags), ..message.clone() };
    let messages: Vec<NewMessage> = incoming.iter().map(|one| allowed(&one.message)).collect();
    let id = mailbox.id;
    let mut normalized = Vec::new();
    write_normalized(context, written, Folder::unlisted(mailbox), &mut normalized)?;
    Ok(context.change(
        move |tx| tx.append(id, &messages),
        move |context, Appended { uidvalidity: uid_validity, uids }, out| {
            // The octets are the mailbox's now.
            drop(incoming);
            context.put(id, &uids);
            out.append(&mut normalized);
            Ok(match context.tells_uids() {
                true => Status::ok("APPEND completed").with(Code::AppendUid { uid_validity, uids }),
                false => Status::ok("APPEND completed"),
            })
        },
    ))
}
