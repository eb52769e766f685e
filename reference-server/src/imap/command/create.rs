//! CREATE (RFC 3501 §6.3.3), with special uses (RFC 6154 §3) and the MAILBOXID of what was made (RFC 8474 §4.1).

use super::list::write_normalized;
use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::folder::Folder;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::{Parsed, SyntaxError};
use crate::imap::mailbox_name::WrittenName;
use crate::imap::object_id::mailbox_id;
use crate::imap::response::{Code, Status};
use crate::store::{AclChange, NOBODY, Rights, SpecialUse};

/// ```abnf
/// create        = "CREATE" SP mailbox [create-params]            ; RFC 4466 §2.2
/// create-params = SP "(" create-param *(SP create-param) ")"
/// ```
pub const COMMAND: Command = Command { name: "CREATE", run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let name = cursor.mailbox()?;
    let mut uses = Vec::new();
    if !context.lacks(Extension::ImapCreateSpecialUse) && cursor.eat(b' ') {
        uses = use_parameter(cursor)?;
    }
    cursor.end()?;
    Ok(Outcome::Done(create(context, &name, &uses, out).unwrap_or_else(|status| status)))
}

/// ```abnf
/// create-param =/ "USE" SP "(" [use-attr *(SP use-attr)] ")"     ; RFC 6154 §6
/// use-attr     = "\All" / "\Archive" / … / "\" atom
/// ```
fn use_parameter<'a>(cursor: &mut Cursor<'a>) -> Parsed<Vec<&'a [u8]>> {
    cursor.need(b'(', "the opening parenthesis of the parameters")?;
    let offset = cursor.offset();
    if !cursor.eat_word("USE") {
        return Err(SyntaxError { offset, expected: "the parameter USE" });
    }
    cursor.space()?;
    cursor.need(b'(', "the opening parenthesis of the special uses")?;
    let mut uses = Vec::new();
    while !cursor.eat(b')') {
        if !uses.is_empty() {
            cursor.need(b' ', "one space or the closing parenthesis after a special use")?;
        }
        cursor.need(b'\\', "the backslash of a special use")?;
        uses.push(cursor.atom("the name of a special use")?);
    }
    cursor.need(b')', "the closing parenthesis of the parameters")?;
    Ok(uses)
}

fn create(context: &Context, written: &WrittenName<'_>, uses: &[&[u8]], out: &mut Vec<u8>) -> Result<Status, Status> {
    let name = written.decoded_for_a_new_mailbox(context)?;
    let place = context.place(&name)?;
    context.require_create(&place)?;
    let known = uses.iter().map(|one| format!("\\{}", String::from_utf8_lossy(one)).parse::<SpecialUse>());
    let uses = match known.collect::<Result<Vec<_>, _>>() {
        Ok(_) if context.faults().on(Fault::ImapCreateForgetsUse) => Vec::new(),
        Ok(uses) => uses,
        Err(unknown) => {
            // "it MUST NOT create the mailbox, and MUST respond to the CREATE command with a tagged NO response"
            // (RFC 6154 §3).
            if context.faults().on(Fault::ImapUseAttrCreates) {
                context.store.create(&place.owner, &place.name).map_err(refusal)?;
            }
            return Err(Status::no(Code::UseAttr, format!("The mailbox was not made: {unknown}")));
        }
    };
    let mailbox = context.store.create_for(&place.owner, &place.name, context.account_name(), uses).map_err(refusal)?;
    write_normalized(context, written, Folder::missing(name), out)?;
    // A mailbox of nobody that has inherited no rights is its maker's to administer.
    if place.owner == NOBODY && context.store.acl(mailbox.id, NOBODY).map_err(refusal)?.is_empty() {
        let all = AclChange::Replace(Rights::ALL);
        context.store.change_acl(mailbox.id, context.account_name(), all).map_err(refusal)?;
    }
    let status = Status::ok("CREATE completed");
    Ok(match context.lacks(Extension::ImapObjectId) {
        true => status,
        false => status.with(Code::MailboxId(mailbox_id(mailbox.id, &mailbox.name, context.faults()))),
    })
}
