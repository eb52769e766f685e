//! LIST (RFC 3501 §6.3.8), with the attributes of CHILDREN (RFC 3348).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::list::matches;
use crate::imap::mailbox_name::write_mailbox;
use crate::imap::response::Status;
use crate::imap::utf7;
use crate::store::{DELIMITER, INBOX, Listed};

/// `list = "LIST" SP mailbox SP list-mailbox`
pub const COMMAND: Command = Command { name: "LIST", run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    let Some(pattern) = arguments(context, cursor)? else {
        // "a special request to return the hierarchy delimiter and the root name": names here are not rooted.
        write_listed(out, "LIST", "\\Noselect", "");
        return Ok(Outcome::Done(Status::ok("LIST completed")));
    };
    let mailboxes = match context.store.mailboxes(context.account_name()) {
        Ok(mailboxes) => mailboxes,
        Err(error) => return Ok(Outcome::Done(refusal(error))),
    };
    for listed in mailboxes.iter().filter(|listed| pattern.matches(&listed.mailbox.name)) {
        write_listed(out, "LIST", &attributes(context, listed), &listed.mailbox.name);
    }
    Ok(Outcome::Done(Status::ok("LIST completed")))
}

/// `\Marked` and `\Unmarked` are left out: what is interesting is for the client to say (RFC 3501 §7.2.2).
fn attributes(context: &Context, listed: &Listed) -> String {
    let selectable = (!listed.mailbox.selectable).then_some("\\Noselect");
    let children = if listed.children { "\\HasChildren" } else { "\\HasNoChildren" };
    let children = (!context.lacks(Extension::ImapChildren)).then_some(children);
    selectable.into_iter().chain(children).collect::<Vec<_>>().join(" ")
}

/// What LIST and LSUB look for, in the encoding of the wire.
pub struct Pattern {
    octets: Vec<u8>,
    delimiter: u8,
}

/// Reads the reference and the pattern, which together name mailboxes: "the canonical form is normally the reference
/// name appended with the mailbox name" (RFC 3501 §6.3.8). `None` if the mailbox name is empty.
pub fn arguments(context: &Context, cursor: &mut Cursor<'_>) -> Parsed<Option<Pattern>> {
    cursor.space()?;
    let reference = cursor.astring("a reference name")?;
    cursor.space()?;
    let pattern = cursor.list_mailbox()?;
    cursor.end()?;
    if pattern.is_empty() {
        return Ok(None);
    }
    let mut octets = [reference.as_ref(), pattern.as_ref()].concat();
    if context.faults().on(Fault::ImapPercentMatchesLikeStar) {
        octets.iter_mut().filter(|octet| **octet == b'%').for_each(|octet| *octet = b'*');
    }
    Ok(Some(Pattern { octets, delimiter: DELIMITER as u8 }))
}

impl Pattern {
    /// Whether a name of the store matches. INBOX has no case, not even as the first level of other names.
    pub fn matches(&self, name: &str) -> bool {
        let written = utf7::encode(name);
        if name == INBOX {
            // "if the uppercase string "INBOX" matches the interpreted reference and mailbox name" (RFC 3501 §6.3.8).
            return matches(&self.octets.to_ascii_uppercase(), written.as_bytes(), self.delimiter);
        }
        let below_inbox = name.strip_prefix(INBOX).is_some_and(|rest| rest.starts_with(DELIMITER));
        match self.octets.split_at_checked(INBOX.len()) {
            Some((level, rest)) if below_inbox && level.eq_ignore_ascii_case(INBOX.as_bytes()) => {
                matches(&[INBOX.as_bytes(), rest].concat(), written.as_bytes(), self.delimiter)
            }
            _ => matches(&self.octets, written.as_bytes(), self.delimiter),
        }
    }

    /// Whether it ends with `%`, and so finds levels of the hierarchy too.
    pub fn finds_levels(&self) -> bool {
        self.octets.last() == Some(&b'%')
    }
}

/// ```abnf
/// mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox
/// ```
pub fn write_listed(out: &mut Vec<u8>, response: &str, attributes: &str, name: &str) {
    out.extend_from_slice(format!("* {response} ({attributes}) \"{DELIMITER}\" ").as_bytes());
    write_mailbox(out, name);
    out.extend_from_slice(b"\r\n");
}
