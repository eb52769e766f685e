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
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    HighestModSeq,
}

const ITEMS: [(&str, Item); 6] = [
    ("HIGHESTMODSEQ", Item::HighestModSeq),
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
    let items = items(context, cursor)?;
    cursor.end()?;
    if items.iter().any(|(_, item)| *item == Item::HighestModSeq) {
        context.enable_condstore(out);
    }
    Ok(Outcome::Done(tell(context, &name, &items, out).unwrap_or_else(|status| status)))
}

impl Item {
    /// The extension without which there is no such item.
    fn extension(self) -> Option<Extension> {
        match self {
            Item::HighestModSeq => Some(Extension::ImapCondStore),
            _ => None,
        }
    }
}

/// `status-att = "MESSAGES" / "RECENT" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN" / "HIGHESTMODSEQ"`
fn items(context: &Context, cursor: &mut Cursor<'_>) -> Parsed<Vec<(&'static str, Item)>> {
    cursor.need(b'(', "the opening parenthesis of the status items")?;
    let mut items = Vec::new();
    loop {
        let known = |item: Item| item.extension().is_none_or(|extension| !context.lacks(extension));
        let Some(item) = ITEMS.into_iter().find(|(name, item)| known(*item) && cursor.eat_word(name)) else {
            return cursor.expected("MESSAGES, RECENT, UIDNEXT, UIDVALIDITY, UNSEEN or an item of an extension");
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
        Item::Messages => u64::from(status.messages),
        Item::Recent => u64::from(status.recent),
        Item::UidNext => u64::from(status.uidnext),
        Item::UidValidity => u64::from(status.uidvalidity),
        Item::Unseen if context.faults().on(Fault::ImapStatusUnseenCountsAll) => u64::from(status.messages),
        Item::Unseen => u64::from(status.unseen),
        Item::HighestModSeq => status.highest_modseq,
    };
    let values: Vec<String> = items.iter().map(|(name, item)| format!("{name} {}", value(*item))).collect();
    out.extend_from_slice(b"* STATUS ");
    write_mailbox(out, &mailbox.name);
    out.extend_from_slice(format!(" ({})\r\n", values.join(" ")).as_bytes());
    Ok(Status::ok("STATUS completed"))
}
