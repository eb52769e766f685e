//! EXPN, RFC 5321 §3.5, §4.1.1.7: the members of an alias or a mailing list. `postmaster` is one, where it is another account's
//! mail.

use super::Command;
use super::vrfy::shown;
use crate::extensions::Extension;
use crate::mail::{Address, Domain};
use crate::smtp::conversation::Conversation;
use crate::smtp::reply::Reply;

pub(super) struct Expn;

impl Command for Expn {
    fn verb(&self) -> &'static str {
        "EXPN"
    }

    fn syntax(&self) -> &'static str {
        "list [SMTPUTF8]"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        let (name, utf8) = super::name_asked(conversation, argument);
        if name.is_empty() {
            return Reply::new(501, "5.5.4", "EXPN needs the name of a list");
        }
        let accounts = &conversation.site.accounts;
        let name = name.strip_prefix('<').and_then(|path| path.strip_suffix('>')).unwrap_or(name);
        let address = Address::parse(name)
            .unwrap_or_else(|_| Address::new(name.trim_matches('"'), Domain::Name(accounts.domain().to_owned())));
        if let Some(alias) = accounts.alias(&address) {
            return shown(alias.listed().iter(), utf8);
        }
        match accounts.recipient(&address) {
            Some(account) if !account.address().local().eq_ignore_ascii_case(address.local()) => {
                shown(std::iter::once(account.address()), utf8)
            }
            // RFC 5321 §3.5.1.
            Some(_) => Reply::new(550, "5.1.1", "That is a user name, not a mailing list"),
            None => Reply::new(550, "5.1.1", "There is no such mailing list"),
        }
    }

    fn extension(&self) -> Option<Extension> {
        Some(Extension::SmtpExpn)
    }

    fn takes_utf8(&self) -> bool {
        true
    }
}
