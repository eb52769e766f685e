//! What STATUS can be asked for, also by way of LIST (RFC 5819). The table is closed: an item is one line.

use super::context::Context;
use super::grammar::cursor::{Cursor, Parsed};
use super::mailbox_name::write_mailbox_as;
use super::object_id::mailbox_id;
use crate::extensions::{Extension, Without};
use crate::faults::{Fault, Faults};
use crate::store::{self, MailboxId, Status, Store};

/// One data item.
pub struct StatusItem {
    pub name: &'static str,
    /// The extension it belongs to; without it there is no such item.
    extension: Option<Extension>,
    value: fn(&Told<'_>) -> String,
}

/// What is told of a mailbox.
pub struct Told<'a> {
    pub mailbox: MailboxId,
    pub name: &'a str,
    pub status: &'a Status,
    /// Octets of the messages marked `\Deleted` together; known if it was asked for.
    pub deleted_storage: u64,
    /// The most octets of an appended message.
    pub append_limit: u32,
    pub faults: Faults,
    /// The client speaks UTF-8.
    pub utf8: bool,
}

/// The item that is a CONDSTORE enabling command (RFC 7162 §3.1).
pub const HIGHESTMODSEQ: &str = "HIGHESTMODSEQ";

const ITEMS: &[StatusItem] = &[
    StatusItem { name: "MESSAGES", extension: None, value: |told| told.status.messages.to_string() },
    StatusItem { name: "RECENT", extension: None, value: |told| told.status.recent.to_string() },
    StatusItem { name: "UIDNEXT", extension: None, value: |told| told.status.uidnext.to_string() },
    StatusItem { name: "UIDVALIDITY", extension: None, value: |told| told.status.uidvalidity.to_string() },
    StatusItem { name: "UNSEEN", extension: None, value: |told| unseen(told).to_string() },
    // RFC 9208 §4.1.4.
    StatusItem {
        name: "DELETED-STORAGE",
        extension: Some(Extension::ImapQuotaStorage),
        value: |told| told.deleted_storage.to_string(),
    },
    StatusItem { name: "DELETED", extension: Some(Extension::ImapQuotaMessage), value: |told| told.status.deleted.to_string() },
    // RFC 7162 §3.1.7.
    StatusItem {
        name: HIGHESTMODSEQ,
        extension: Some(Extension::ImapCondStore),
        value: |told| told.status.highest_modseq.to_string(),
    },
    // RFC 9051 §6.3.11.
    StatusItem { name: "DELETED", extension: Some(Extension::ImapRev2), value: |told| told.status.deleted.to_string() },
    // RFC 8438 §3.
    StatusItem { name: "SIZE", extension: Some(Extension::ImapStatusSize), value: |told| size(told).to_string() },
    // RFC 7889 §3.1.
    StatusItem { name: "APPENDLIMIT", extension: Some(Extension::ImapAppendLimit), value: |told| told.append_limit.to_string() },
    // RFC 8474 §4.3.
    StatusItem {
        name: "MAILBOXID",
        extension: Some(Extension::ImapObjectId),
        value: |told| format!("({})", mailbox_id(told.mailbox, told.name, told.faults)),
    },
];

fn unseen(told: &Told<'_>) -> u32 {
    match told.faults.on(Fault::ImapStatusUnseenCountsAll) {
        true => told.status.messages,
        false => told.status.unseen,
    }
}

fn size(told: &Told<'_>) -> u64 {
    match told.faults.on(Fault::ImapStatusSizeInKilobytes) {
        true => told.status.size / 1024,
        false => told.status.size,
    }
}

/// `"(" status-att *(SP status-att) ")"`
pub fn status_items(cursor: &mut Cursor<'_>, without: Without) -> Parsed<Vec<&'static StatusItem>> {
    cursor.need(b'(', "the opening parenthesis of the status items")?;
    let mut items: Vec<&StatusItem> = Vec::new();
    loop {
        let mut known = ITEMS.iter().filter(|item| !item.extension.is_some_and(|extension| without.lacks(extension)));
        let Some(item) = known.find(|item| cursor.eat_word(item.name)) else {
            return cursor.expected("an item of STATUS, such as MESSAGES, UIDNEXT, UIDVALIDITY or UNSEEN");
        };
        if !items.iter().any(|known| known.name == item.name) {
            items.push(item);
        }
        if cursor.eat(b')') {
            return Ok(items);
        }
        cursor.need(b' ', "one space or the closing parenthesis after a status item")?;
    }
}

/// The items of these names.
pub fn items_named(names: &[&str]) -> Vec<&'static StatusItem> {
    names.iter().filter_map(|name| ITEMS.iter().find(|item| item.name == *name)).collect()
}

/// Tells of a mailbox, by the name the user knows it by.
pub fn tell_status(
    context: &Context,
    mailbox: MailboxId,
    name: &str,
    items: &[&StatusItem],
    out: &mut Vec<u8>,
) -> store::Result<()> {
    let told = Told {
        mailbox,
        name,
        status: &context.store.status(mailbox)?,
        deleted_storage: deleted_storage(&context.store, mailbox, items)?,
        append_limit: context.append_limit(),
        faults: context.faults(),
        utf8: context.enabled.utf8(),
    };
    write_status(out, items, &told);
    Ok(())
}

/// What must be looked up for some items beside the counts of the mailbox.
pub fn deleted_storage(store: &Store, mailbox: MailboxId, items: &[&StatusItem]) -> store::Result<u64> {
    match items.iter().any(|item| item.name == "DELETED-STORAGE") {
        true => store.deleted_octets(mailbox),
        false => Ok(0),
    }
}

/// `"STATUS" SP mailbox SP "(" [status-att-list] ")"`
pub fn write_status(out: &mut Vec<u8>, items: &[&StatusItem], told: &Told<'_>) {
    let values: Vec<String> = items.iter().map(|item| format!("{} {}", item.name, (item.value)(told))).collect();
    out.extend_from_slice(b"* STATUS ");
    write_mailbox_as(out, told.name, told.utf8);
    out.extend_from_slice(format!(" ({})\r\n", values.join(" ")).as_bytes());
}
