//! Object identifiers (RFC 8474). A letter in front keeps them apart, and from numbers and NIL (§8.1).
//!
//! ```abnf
//! objectid = 1*255(ALPHA / DIGIT / "_" / "-")
//! ```

use crate::faults::{Fault, Faults};
use crate::store::{MailboxId, Message};

/// Of a mailbox: it has the same number as long as it lives, whatever its name, and no other ever gets it.
pub fn mailbox_id(mailbox: MailboxId, name: &str, faults: Faults) -> String {
    match faults.on(Fault::ImapMailboxIdOfName) {
        true => format!("F{}-{}", mailbox.0, name.bytes().map(|octet| format!("{octet:02x}")).collect::<String>()),
        false => format!("F{}", mailbox.0),
    }
}

/// Of the octets of a message, which copies share: "The server MUST return the same EMAILID as the source message for the
/// matching destination message in the COPYUID pairing after a COPY or MOVE command" (RFC 8474 §5.1).
pub fn email_id(message: &Message, mailbox: MailboxId, faults: Faults) -> String {
    match faults.on(Fault::ImapEmailIdOfPlace) {
        true => format!("M{}-{}", mailbox.0, message.uid),
        false => format!("M{}", message.blob.0),
    }
}

/// Of messages that belong together.
pub fn thread_id(thread: i64) -> String {
    format!("T{thread}")
}
