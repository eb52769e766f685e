//! EXPN, RFC 5321 §3.5, §4.1.1.7: the members of a mailing list. The only list here is `postmaster`, where it is
//! another account's mail.

use super::Command;
use crate::mail::{Address, Domain};
use crate::smtp::conversation::Conversation;
use crate::smtp::reply::Reply;

pub(super) struct Expn;

impl Command for Expn {
    fn verb(&self) -> &'static str {
        "EXPN"
    }

    fn syntax(&self) -> &'static str {
        "list"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if argument.is_empty() {
            return Reply::new(501, "5.5.4", "EXPN needs the name of a list");
        }
        let accounts = &conversation.site.accounts;
        let name = argument.strip_prefix('<').and_then(|path| path.strip_suffix('>')).unwrap_or(argument);
        let address = Address::parse(name)
            .unwrap_or_else(|_| Address::new(name.trim_matches('"'), Domain::Name(accounts.domain().to_owned())));
        match accounts.recipient(&address) {
            Some(account) if !account.address().local().eq_ignore_ascii_case(address.local()) => {
                Reply::new(250, "2.1.5", format!("<{}>", account.address()))
            }
            // RFC 5321 §3.5.1.
            Some(_) => Reply::new(550, "5.1.1", "That is a user name, not a mailing list"),
            None => Reply::new(550, "5.1.1", "There is no such mailing list"),
        }
    }
}
