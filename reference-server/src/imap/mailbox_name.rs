//! Mailbox names between the wire, where they are modified UTF-7, and the store, where they are UTF-8.

use super::context::Context;
use super::grammar::cursor::{Cursor, Parsed};
use super::response::{Code, Status, write_astring};
use super::utf7;
use crate::faults::Fault;
use crate::store::{DELIMITER, INBOX};
use std::borrow::Cow;

/// A name as a client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenName<'a>(pub Cow<'a, [u8]>);

impl<'a> Cursor<'a> {
    /// `mailbox = "INBOX" / astring`
    pub fn mailbox(&mut self) -> Parsed<WrittenName<'a>> {
        self.astring("a mailbox name").map(WrittenName)
    }
}

impl WrittenName<'_> {
    /// The name as the store knows it; refused if it is not canonical modified UTF-7, because then it is the name of
    /// nothing here (RFC 3501 §5.1.3).
    pub fn decoded(&self, context: &Context) -> Result<String, Status> {
        let name = utf7::decode(&self.0).map_err(|error| {
            let text = format!("The mailbox name is not modified UTF-7: at octet {} {}", error.offset, error.why);
            Status::no(Code::Cannot, text)
        })?;
        // A mailbox that is not INBOX, whatever the letters; the store itself would not tell them apart.
        let lower = name.eq_ignore_ascii_case(INBOX) && name != INBOX;
        if lower && context.faults().on(Fault::ImapInboxCaseSensitive) {
            return Err(Status::no(Code::NonExistent, "No such mailbox"));
        }
        Ok(name)
    }

    /// The name of a mailbox that is to be made. A delimiter at its end only announces inferior names and is ignored
    /// (RFC 3501 §6.3.3).
    ///
    /// Wildcards are refused, for LIST could not name the mailbox; `#` starts a namespace (RFC 3501 §5.1.2), and there
    /// is none with a prefix here.
    pub fn decoded_for_a_new_mailbox(&self, context: &Context) -> Result<String, Status> {
        let name = self.decoded(context)?;
        let name = name.strip_suffix(DELIMITER).unwrap_or(&name);
        if name.contains(['%', '*']) {
            return Err(Status::no(Code::Cannot, "A mailbox name can not hold a wildcard"));
        }
        if name.starts_with('#') {
            return Err(Status::no(Code::Cannot, "There is no namespace with this prefix"));
        }
        Ok(name.to_owned())
    }
}

/// Writes a name of the store as it travels.
pub fn write_mailbox(out: &mut Vec<u8>, name: &str) {
    write_astring(out, utf7::encode(name).as_bytes());
}
