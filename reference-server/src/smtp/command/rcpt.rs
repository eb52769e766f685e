//! RCPT, RFC 5321 §4.1.1.3: one recipient more.

use super::Command;
use crate::faults::Fault;
use crate::mail::{Address, Domain, Recipient};
use crate::smtp::conversation::Conversation;
use crate::smtp::parameter::parameters;
use crate::smtp::path::{ForwardPath, forward_path};
use crate::smtp::reply::Reply;

pub(super) struct Rcpt;

const TO: &str = "TO:";

impl Command for Rcpt {
    fn verb(&self) -> &'static str {
        "RCPT"
    }

    fn syntax(&self) -> &'static str {
        "TO:<forward-path>"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if let Some(reply) = super::not_yet(conversation) {
            return reply;
        }
        let Some(transaction) = &mut conversation.transaction else {
            return Reply::new(503, "5.5.1", "Send MAIL first");
        };
        transaction.asked = true;
        let full = transaction.envelope.recipients.len() >= conversation.site.limits.recipients;
        let recipient = match recipient(conversation, argument) {
            Ok(recipient) => recipient,
            Err(reply) => return reply,
        };
        if full {
            // RFC 5321 §4.5.3.1.10: 452, so that the client sends the rest in another transaction.
            return Reply::new(452, "4.5.3", "Too many recipients");
        }
        if let Some(transaction) = &mut conversation.transaction
            && !transaction.envelope.recipients.iter().any(|known| known.address == recipient)
        {
            transaction.envelope.recipients.push(Recipient::new(recipient));
        }
        Reply::new(250, "2.1.5", "Recipient accepted")
    }
}

/// `"TO:" Forward-path [SP Rcpt-parameters]`, as far as this server takes mail for it.
fn recipient(conversation: &Conversation, argument: &str) -> Result<Address, Reply> {
    if !argument.get(..TO.len()).is_some_and(|word| word.eq_ignore_ascii_case(TO)) {
        return Err(Reply::new(501, "5.5.4", "RCPT needs TO:<forward-path>"));
    }
    let accounts = &conversation.site.accounts;
    let (path, end) = forward_path(argument, TO.len()).map_err(|error| super::syntax_error("5.1.3", "RCPT", &error))?;
    let address = match path {
        ForwardPath::Postmaster if conversation.broken(Fault::SmtpRefusesPostmaster) => {
            return Err(Reply::new(550, "5.1.1", "There is no postmaster"));
        }
        ForwardPath::Postmaster => Address::new("postmaster", Domain::Name(accounts.domain().to_owned())),
        ForwardPath::Mailbox(address) => address,
    };
    if let Some(parameter) = parameters(argument, end)?.first() {
        return Err(parameter.unknown());
    }
    if !conversation.carries(&address) {
        return Err(Reply::new(550, "5.7.1", format!("Relaying to <{address}> needs authentication")));
    }
    let known = !accounts.is_local(address.domain()) || accounts.recipient(&address).is_some();
    if !known && !conversation.broken(Fault::SmtpAcceptsUnknownRecipient) {
        return Err(Reply::new(550, "5.1.1", format!("There is no mailbox <{address}>")));
    }
    Ok(address)
}
