//! VRFY, RFC 5321 §3.5, §4.1.1.6: whether a user or mailbox exists.

use super::Command;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mail::{Address, Domain};
use crate::smtp::conversation::Conversation;
use crate::smtp::reply::Reply;

pub(super) struct Vrfy;

impl Command for Vrfy {
    fn verb(&self) -> &'static str {
        "VRFY"
    }

    fn syntax(&self) -> &'static str {
        "user | mailbox [SMTPUTF8]"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        let (name, utf8) = super::name_asked(conversation, argument);
        if name.is_empty() {
            return Reply::new(501, "5.5.4", "VRFY needs a user or a mailbox");
        }
        let accounts = &conversation.site.accounts;
        let name = name.strip_prefix('<').and_then(|path| path.strip_suffix('>')).unwrap_or(name);
        let address = Address::parse(name).unwrap_or_else(|_| {
            // A user name stands for the user of the first domain that has one (RFC 5321 §3.5.1).
            let local = name.trim_matches('"');
            accounts.login(local).map_or_else(
                || Address::new(local, Domain::Name(accounts.domain().to_owned())),
                |account| account.address().clone(),
            )
        });
        if !accounts.is_local(address.domain()) {
            // RFC 5321 §3.5.3: it looks valid, and only its own server knows.
            return Reply::new(252, "2.1.5", format!("Cannot verify <{address}> here; send the mail and see"));
        }
        // RFC 5321 §3.5.1: 250 names the mailbox; that of a list, because mail to it goes to everyone on it.
        let mailbox = match accounts.alias(&address) {
            Some(alias) => Some(alias.address()),
            None => accounts.recipient(&address).map(|account| account.address()),
        };
        match mailbox {
            Some(mailbox) => shown(std::iter::once(mailbox), utf8),
            None if conversation.broken(Fault::SmtpVrfySaysYes) => Reply::new(250, "2.1.5", format!("<{address}>")),
            None => Reply::new(550, "5.1.1", format!("There is no mailbox <{address}>")),
        }
    }

    fn extension(&self) -> Option<Extension> {
        Some(Extension::SmtpVrfy)
    }

    fn takes_utf8(&self) -> bool {
        true
    }
}

/// Mailboxes, one on a line. RFC 6531 §3.7.4.2: 252 where showing them takes UTF-8 that the client did not ask for.
pub(super) fn shown<'a>(mailboxes: impl Iterator<Item = &'a Address>, utf8: bool) -> Reply {
    let mut reply: Option<Reply> = None;
    for mailbox in mailboxes {
        if !utf8 && !mailbox.is_ascii() {
            return Reply::new(252, "2.6.8", "The mailbox has a name in UTF-8; ask again with SMTPUTF8");
        }
        let line = if utf8 { format!("<{}>", mailbox.to_unicode()) } else { format!("<{mailbox}>") };
        reply = Some(match reply {
            Some(reply) => reply.line(line),
            None => Reply::new(250, "2.1.5", line),
        });
    }
    let reply = reply.unwrap_or_else(|| Reply::new(550, "5.1.1", "There is nobody on that list"));
    if utf8 { reply.in_utf8() } else { reply }
}
