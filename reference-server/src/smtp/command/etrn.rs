//! ETRN, RFC 1985: a server that is not always there asks for the mail that waits for it.

use super::Command;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mail::Domain;
use crate::smtp::conversation::{Conversation, Role};
use crate::smtp::reply::Reply;

pub(super) struct Etrn;

impl Command for Etrn {
    fn verb(&self) -> &'static str {
        "ETRN"
    }

    fn syntax(&self) -> &'static str {
        "[@]domain"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if !conversation.is_extended() {
            return Reply::new(503, "5.5.1", "Send EHLO first");
        }
        // RFC 1985 §5: not between MAIL and the end of the message.
        if conversation.transaction.is_some() && !conversation.broken(Fault::SmtpEtrnInTransaction) {
            return Reply::new(503, "5.5.1", "Not inside a mail transaction");
        }
        if argument.is_empty() {
            return Reply::new(500, "5.5.4", "ETRN needs the name of a domain");
        }
        // RFC 1985 §5.3: which queues there are besides those of domains is a local matter, and here there are none.
        if argument.starts_with('#') {
            return Reply::new(458, "4.5.4", "There are no queues but those of domains");
        }
        let (below, name) = argument.strip_prefix('@').map_or((false, argument), |name| (true, name));
        let domain = match Domain::parse(name) {
            Ok(Domain::Name(domain)) if domain.contains('.') && argument.is_ascii() => domain,
            Ok(_) => return Reply::new(501, "5.5.4", "ETRN needs a fully-qualified domain name"),
            Err(error) => return super::syntax_error("5.5.4", "ETRN", &error),
        };
        if !may_ask(conversation, &Domain::Name(domain.clone())) {
            return Reply::new(459, "4.7.1", format!("Node {domain} not allowed: its mail does not pass through here"));
        }
        match conversation.queue.flush_destination(&domain, below) {
            Ok(0) => Reply::new(251, "2.0.0", format!("OK, no messages waiting for node {domain}")),
            Ok(count) => Reply::new(253, "2.0.0", format!("OK, {count} pending messages for node {domain} started")),
            Err(error) => {
                tracing::error!(%error, "the queue could not be started");
                Reply::new(458, "4.3.0", format!("Unable to queue messages for node {domain}"))
            }
        }
    }

    fn extension(&self) -> Option<Extension> {
        Some(Extension::SmtpEtrn)
    }

    /// RFC 6409 §7: not at the submission port.
    fn suits(&self, role: Role) -> bool {
        role == Role::Relay
    }
}

/// RFC 1985 §8: anyone may start what this server carries by its configuration, users all of it.
fn may_ask(conversation: &Conversation, domain: &Domain) -> bool {
    let site = &conversation.site;
    site.accounts.is_local(domain) || site.is_relayed(domain) || conversation.user.is_some()
}
