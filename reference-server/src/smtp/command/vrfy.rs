//! VRFY, RFC 5321 §3.5, §4.1.1.6: whether a user or mailbox exists.

use super::Command;
use crate::mail::{Address, Domain};
use crate::smtp::conversation::Conversation;
use crate::smtp::reply::Reply;

pub(super) struct Vrfy;

impl Command for Vrfy {
    fn verb(&self) -> &'static str {
        "VRFY"
    }

    fn syntax(&self) -> &'static str {
        "user | mailbox"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if argument.is_empty() {
            return Reply::new(501, "5.5.4", "VRFY needs a user or a mailbox");
        }
        let accounts = &conversation.site.accounts;
        let name = argument.strip_prefix('<').and_then(|path| path.strip_suffix('>')).unwrap_or(argument);
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
        match accounts.recipient(&address) {
            // RFC 5321 §3.5.1: 250 names the mailbox.
            Some(account) => Reply::new(250, "2.1.5", format!("<{}>", account.address())),
            None => Reply::new(550, "5.1.1", format!("There is no mailbox <{address}>")),
        }
    }
}
