//! What a message is sorted by (RFC 5256 §3, RFC 5957 §3).

use super::base_subject::{BaseSubject, base_subject};
use crate::imap::collation::casemap;
use crate::imap::grammar::sort::SortKey;
use crate::imap::search::Found;
use crate::imap::stored_header::stored_header;
use crate::mime::{self, Address, text};
use crate::store::{Message, Store};
use std::cell::OnceCell;
use std::sync::Arc;

/// Something that has an order. Values of one criterion are all of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    Number(i64),
    /// As the collation compares it.
    Text(String),
    /// What is no text in its charset comes behind all that is, in the order of its octets (RFC 5255 §4.6).
    Octets(Vec<u8>),
}

/// A message whose header is read when it is asked for first.
pub struct Source<'a> {
    store: &'a Store,
    message: &'a Message,
    header: OnceCell<Arc<[u8]>>,
}

impl<'a> Source<'a> {
    pub fn new(store: &'a Store, message: &'a Message) -> Self {
        Source { store, message, header: OnceCell::new() }
    }

    /// "If the associated RFC-822 header for a particular criterion is absent, it is treated as the empty string"
    /// (RFC 5256 §3).
    pub fn value(&self, key: SortKey, found: &Found) -> Value {
        match key {
            SortKey::Arrival => Value::Number(self.message.date.unix_timestamp()),
            SortKey::Size => Value::Number(i64::try_from(self.message.size).unwrap_or(i64::MAX)),
            SortKey::Date => Value::Number(self.sent()),
            SortKey::Subject => self.subject().0,
            SortKey::From => self.mailbox("From"),
            SortKey::To => self.mailbox("To"),
            SortKey::Cc => self.mailbox("Cc"),
            SortKey::DisplayFrom => self.display("From"),
            SortKey::DisplayTo => self.display("To"),
            // "The message with the highest score is returned first" (RFC 6203 §6).
            SortKey::Relevancy => Value::Number(-i64::from(found.score)),
        }
    }

    /// The sent date, in seconds since 1970: "If the sent date cannot be determined (a Date: header is missing or cannot be
    /// parsed), the INTERNALDATE for that message is used as the sent date" (RFC 5256 §2.2).
    pub fn sent(&self) -> i64 {
        let field = mime::value(self.header(), "Date").unwrap_or_default();
        mime::date::instant(&String::from_utf8_lossy(&field)).unwrap_or(self.message.date.unix_timestamp())
    }

    /// The base subject as it is compared, and whether its subject is that of a reply or a forward.
    pub fn subject(&self) -> (Value, bool) {
        match self.raw("Subject").map(|raw| text::field_readable(&raw)) {
            None => (Value::Text(String::new()), false),
            Some(Ok(subject)) => {
                let BaseSubject { text, is_reply_or_forward } = base_subject(&subject);
                (Value::Text(casemap(&text)), is_reply_or_forward)
            }
            Some(Err(octets)) => (Value::Octets(octets), false),
        }
    }

    /// The octets of the header: none if they are gone.
    pub fn header(&self) -> &[u8] {
        self.header.get_or_init(|| stored_header(self.store, self.message.blob).unwrap_or_default())
    }

    fn raw(&self, name: &str) -> Option<Vec<u8>> {
        let mut fields = mime::fields(self.header());
        fields.find(|field| field.name.eq_ignore_ascii_case(name.as_bytes())).map(|field| field.raw_value.to_vec())
    }

    /// `addr-mailbox` of the first address; that of a group is its name (RFC 3501 §7.4.2).
    fn mailbox(&self, name: &str) -> Value {
        collated(match self.first_address(name) {
            Some(Address::Mailbox { local, .. }) => local,
            Some(Address::GroupStart(name)) => name,
            Some(Address::GroupEnd) | None => Vec::new(),
        })
    }

    /// The name of the first address, else mailbox and host, else the mailbox (RFC 5957 §3).
    fn display(&self, field: &str) -> Value {
        match self.first_address(field) {
            Some(Address::Mailbox { name, local, host, .. }) => match name.map(|name| text::field_readable(&name)) {
                Some(Ok(name)) if !name.is_empty() => Value::Text(casemap(&name)),
                Some(Err(octets)) => Value::Octets(octets),
                _ => collated([local.as_slice(), b"@", &host].concat()),
            },
            Some(Address::GroupStart(name)) => collated(name),
            Some(Address::GroupEnd) | None => Value::Text(String::new()),
        }
    }

    fn first_address(&self, name: &str) -> Option<Address> {
        mime::addresses(&mime::value(self.header(), name)?).into_iter().next()
    }
}

fn collated(octets: Vec<u8>) -> Value {
    match String::from_utf8(octets) {
        Ok(text) => Value::Text(casemap(&text)),
        Err(error) => Value::Octets(error.into_bytes()),
    }
}
