//! APPEND (RFC 3501 §6.3.11), with APPENDUID (RFC 4315 §3).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::response::{Code, Status};
use crate::store::{Body, Flags, NewMessage};

/// `append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP literal`
pub const COMMAND: Command = Command { name: "APPEND", large_literals: true, run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.space()?;
    let flags = match cursor.peek() {
        Some(b'(') => {
            let flags = cursor.flag_list()?;
            cursor.space()?;
            flags
        }
        _ => Flags::none(),
    };
    let date = match cursor.peek() {
        Some(b'"') => {
            let date = cursor.date_time()?;
            cursor.space()?;
            Some(date)
        }
        _ => None,
    };
    let octets = cursor.literal()?;
    cursor.end()?;
    let flags = if context.faults().on(Fault::ImapAppendLosesFlags) { Flags::none() } else { flags };
    let date = date.unwrap_or_else(|| context.site.clock.now());
    let message = NewMessage { body: Body::Bytes(octets.to_vec()), flags, date };
    Ok(Outcome::Done(append(context, &name, message).unwrap_or_else(|status| status)))
}

fn append(context: &Context, name: &WrittenName<'_>, message: NewMessage) -> Result<Status, Status> {
    let name = name.decoded(context)?;
    // "If the destination mailbox does not exist, a server […] MUST NOT automatically create the mailbox" (RFC 3501 §6.3.11).
    if context.faults().on(Fault::ImapAppendCreates) {
        let _exists_already = context.store.create(context.account_name(), &name);
    }
    let mailbox = context.destination(&name)?;
    if context.faults().on(Fault::ImapReusesUids) {
        context.store.rewind_uids(mailbox.id).map_err(refusal)?;
    }
    // "Only when the user has a particular right are the corresponding flags stored" (RFC 4314 §4).
    let message = NewMessage { flags: mailbox.rights.allowed(&message.flags), ..message };
    let appended = context.store.append(mailbox.id, vec![message]).map_err(refusal)?;
    let uid_validity = appended.uidvalidity;
    Ok(match appended.uids.first() {
        Some(uid) if !context.lacks(Extension::ImapUidPlus) => {
            Status::ok("APPEND completed").with(Code::AppendUid { uid_validity, uid: *uid })
        }
        _ => Status::ok("APPEND completed"),
    })
}
