//! Threads (RFC 5256 §3): a forest of messages, made by one of two algorithms.

pub mod forest;
pub mod message_id;
pub mod ordered_subject;
pub mod references;

use super::search::Found;
use super::sort::value::{Source, Value};
use crate::store::{Row, Store};

/// What the algorithms know of a message.
#[derive(Clone, Debug)]
pub struct Threaded {
    pub number: u32,
    /// What the response calls it: its number, or its UID.
    pub name: u32,
    pub subject: Value,
    pub is_reply_or_forward: bool,
    /// The sent date, in seconds since 1970.
    pub sent: i64,
    pub message_id: Option<String>,
    /// The message IDs of its ancestors, the eldest first.
    pub references: Vec<String>,
}

impl Threaded {
    /// Reads what there is to know. Of a message whose octets are gone that is nothing but its date.
    pub fn read(found: &Found, name: u32, row: &Row, store: &Store) -> Self {
        let source = Source::new(store, &row.message);
        let (subject, is_reply_or_forward) = source.subject();
        let (message_id, references) = message_id::of_header(source.header());
        Threaded { number: found.number, name, subject, is_reply_or_forward, sent: source.sent(), message_id, references }
    }

    /// What siblings are sorted by: "When comparing two sent dates that match exactly, the order in which the two messages
    /// appear in the mailbox (that is, by sequence number) is used as a tie-breaker" (RFC 5256 §2.2).
    pub fn order(&self) -> (i64, u32) {
        (self.sent, self.number)
    }
}
