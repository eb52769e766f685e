//! STATUS (RFC 3501 §6.3.10).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::{WrittenName, write_mailbox};
use crate::imap::response::Status;

/// `status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"`
pub const COMMAND: Command = Command { name: "STATUS", run, ..USUAL };

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    AppendLimit,
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
}

const ITEMS: [(&str, Item); 6] = [
    ("APPENDLIMIT", Item::AppendLimit),
    ("MESSAGES", Item::Messages),
    ("RECENT", Item::Recent),
    ("UIDNEXT", Item::UidNext),
    ("UIDVALIDITY", Item::UidValidity),
    ("UNSEEN", Item::Unseen),
];

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.space()?;
    let items = items(cursor, context)?;
    cursor.end()?;
    Ok(Outcome::Done(tell(context, &name, &items, out).unwrap_or_else(|status| status)))
}

/// `status-att = "MESSAGES" / "RECENT" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN" / "APPENDLIMIT"`
fn items(cursor: &mut Cursor<'_>, context: &Context) -> Parsed<Vec<(&'static str, Item)>> {
    cursor.need(b'(', "the opening parenthesis of the status items")?;
    let lacks_limit = context.lacks(Extension::ImapAppendLimit);
    let here = ITEMS.into_iter().filter(|(_, item)| *item != Item::AppendLimit || !lacks_limit);
    let mut items = Vec::new();
    loop {
        let Some(item) = here.clone().find(|(name, _)| cursor.eat_word(name)) else {
            return cursor.expected("MESSAGES, RECENT, UIDNEXT, UIDVALIDITY or UNSEEN");
        };
        if !items.contains(&item) {
            items.push(item);
        }
        if cursor.eat(b')') {
            return Ok(items);
        }
        cursor.need(b' ', "one space or the closing parenthesis after a status item")?;
    }
}

fn tell(context: &Context, name: &WrittenName<'_>, items: &[(&str, Item)], out: &mut Vec<u8>) -> Result<Status, Status> {
    let mailbox = context.selectable(&name.decoded(context)?)?;
    let status = context.store.status(mailbox.id).map_err(refusal)?;
    let value = |item| match item {
        Item::AppendLimit => context.append_limit(),
        Item::Messages => status.messages,
        Item::Recent => status.recent,
        Item::UidNext => status.uidnext,
        Item::UidValidity => status.uidvalidity,
        Item::Unseen if context.faults().on(Fault::ImapStatusUnseenCountsAll) => status.messages,
        Item::Unseen => status.unseen,
    };
    let values: Vec<String> = items.iter().map(|(name, item)| format!("{name} {}", value(*item))).collect();
    out.extend_from_slice(b"* STATUS ");
    write_mailbox(out, &mailbox.name);
    out.extend_from_slice(format!(" ({})\r\n", values.join(" ")).as_bytes());
    Ok(Status::ok("STATUS completed"))
}
