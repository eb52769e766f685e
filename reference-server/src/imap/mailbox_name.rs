//! Mailbox names between the wire, where they are modified UTF-7, and the store, where they are UTF-8.

use super::context::Context;
use super::grammar::cursor::{Cursor, Parsed};
use super::grammar::sequence::SequenceSet;
use super::response::{Code, Status, write_astring};
use super::utf7;
use crate::faults::Fault;
use crate::store::{DELIMITER, INBOX};
use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A name as a client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenName<'a>(pub Cow<'a, [u8]>);

impl<'a> Cursor<'a> {
    /// `mailbox = "INBOX" / astring`
    pub fn mailbox(&mut self) -> Parsed<WrittenName<'a>> {
        self.astring("a mailbox name").map(WrittenName)
    }

    /// `SP mailbox`, which ends the command.
    pub fn last_mailbox(&mut self) -> Parsed<WrittenName<'a>> {
        self.space()?;
        let name = self.mailbox()?;
        self.end()?;
        Ok(name)
    }

    /// `SP sequence-set SP mailbox`, which ends the command: the messages that are copied or moved, and where to.
    pub fn set_and_mailbox(&mut self) -> Parsed<(SequenceSet, WrittenName<'a>)> {
        self.space()?;
        let set = self.sequence_set()?;
        Ok((set, self.last_mailbox()?))
    }
}

impl WrittenName<'_> {
    /// The name as the store knows it; refused if it is not canonical modified UTF-7, because then it is the name of
    /// nothing here (RFC 3501 §5.1.3).
    ///
    /// Names are in Normalization Form C, also those of clients that write modified UTF-7: "Servers that choose to accept such
    /// denormalized UTF-8 mailbox names MUST accept them in all IMAP commands that have a mailbox name parameter"
    /// (RFC 9051 §5.1).
    pub fn decoded(&self, context: &Context) -> Result<String, Status> {
        let older = context.faults().on(Fault::ImapUtf7NamesAfterEnable) && utf7::decode(&self.0).is_ok();
        let name = match context.enabled.utf8() && !older {
            true => std::str::from_utf8(&self.0)
                .map(str::to_owned)
                .map_err(|_| Status::no(Code::Cannot, "The mailbox name is not UTF-8"))?,
            false => utf7::decode(&self.0).map_err(|error| {
                let text = format!("The mailbox name is not modified UTF-7: at octet {} {}", error.offset, error.why);
                Status::no(Code::Cannot, text)
            })?,
        };
        let name = match context.faults().on(Fault::ImapAnyUnicodeName) {
            true => name,
            false => normalized(name),
        };
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
        // "If a client attempts to create a UTF-8 mailbox name that is not a valid Net-Unicode name, the server MUST reject the
        // creation or convert the name" (RFC 9051 §6.3.4): it is normalized already. "they MUST NOT contain control characters
        // (U+0000-U+001F and U+0080-U+009F), a delete character (U+007F), a line separator (U+2028), or a paragraph separator
        // (U+2029)" (RFC 6855 §3).
        let net_unicode = !name.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
        if context.enabled.utf8() && !net_unicode && !context.faults().on(Fault::ImapAnyUnicodeName) {
            return Err(Status::no(Code::Cannot, "The mailbox name is not Net-Unicode"));
        }
        if name.starts_with('#') {
            return Err(Status::no(Code::Cannot, "There is no namespace with this prefix"));
        }
        Ok(name.to_owned())
    }

    /// What a client of IMAP4rev2 wrote, if the mailbox has another name: it is told of both in a LIST response with OLDNAME
    /// (RFC 9051 §6.3.9.7).
    pub fn old_name(&self, context: &Context, name: &str) -> Option<&str> {
        self.as_written(context).filter(|written| *written != name && !context.faults().on(Fault::ImapNoOldName))
    }

    /// The name as a client of IMAP4rev2 wrote it, but for a delimiter at its end.
    pub fn as_written(&self, context: &Context) -> Option<&str> {
        let written = std::str::from_utf8(&self.0).ok().filter(|_| context.enabled.rev2())?;
        Some(written.strip_suffix(DELIMITER).unwrap_or(written))
    }
}

/// A name in Normalization Form C (RFC 5198 §2).
pub fn normalized(name: String) -> String {
    if is_nfc(&name) { name } else { name.nfc().collect() }
}

/// Writes a name of the store as it travels to a client that speaks UTF-8, or to one that does not. "servers advertising both
/// IMAP4rev1 and IMAP4rev2 MUST NOT generate UTF-8-quoted strings unless the client has issued "ENABLE IMAP4rev2""
/// (RFC 9051 Appendix A).
pub fn write_mailbox_as(out: &mut Vec<u8>, name: &str, utf8: bool) {
    match utf8 && !name.is_ascii() {
        true => {
            let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
            out.extend_from_slice(format!("\"{escaped}\"").as_bytes());
        }
        false if utf8 => write_astring(out, name.as_bytes()),
        false => write_mailbox(out, name),
    }
}

/// Writes a name of the store as it travels to a client that does not speak UTF-8.
pub fn write_mailbox(out: &mut Vec<u8>, name: &str) {
    write_astring(out, utf7::encode(name).as_bytes());
}
