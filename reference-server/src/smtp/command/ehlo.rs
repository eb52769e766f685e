//! EHLO, RFC 5321 §4.1.1.1: who the client is, and which extensions the server has.

use super::Command;
use crate::faults::Fault;
use crate::mail::Domain;
use crate::smtp::conversation::{Conversation, Hello, Role};
use crate::smtp::extension;
use crate::smtp::reply::Reply;

pub(super) struct Ehlo;

impl Command for Ehlo {
    fn verb(&self) -> &'static str {
        "EHLO"
    }

    fn syntax(&self) -> &'static str {
        "domain | address-literal"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        extended_hello(conversation, self.verb(), argument)
    }

    fn plain_replies(&self) -> bool {
        true
    }

    /// RFC 2033 §4.1: not in LMTP, so that two that do not speak the same protocol notice.
    fn suits(&self, role: Role) -> bool {
        role != Role::Lmtp
    }
}

/// EHLO, and LHLO, which means the same (RFC 2033 §4.1).
pub(super) fn extended_hello(conversation: &mut Conversation, verb: &str, argument: &str) -> Reply {
    let reply = hello(conversation, verb, argument, true);
    if !reply.is_positive() || conversation.broken(Fault::SmtpDropsEhloKeywords) {
        return reply;
    }
    extension::announced(conversation).fold(reply, Reply::line)
}

/// What EHLO and HELO have in common. The transaction is reset only if the greeting is accepted (RFC 5321 §4.1.4).
pub(super) fn hello(conversation: &mut Conversation, verb: &str, argument: &str, extended: bool) -> Reply {
    if argument.is_empty() {
        return Reply::new(501, "5.5.4", format!("{verb} needs a domain or an address literal"));
    }
    match Domain::parse(argument) {
        Ok(client) => {
            conversation.reset();
            let text = format!("{} greets {client}", conversation.site.host);
            conversation.hello = Some(Hello { client, extended });
            Reply::bare(250, text)
        }
        Err(error) => super::syntax_error("5.5.4", verb, &error),
    }
}
