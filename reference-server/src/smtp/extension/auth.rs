//! AUTH (RFC 4954): its mechanisms, and the parameter of MAIL that names who submitted a message first.

use super::ServiceExtension;
use crate::extensions::Extension;
use crate::mail::{Address, Envelope};
use crate::smtp::conversation::Conversation;
use crate::smtp::parameter::Parameter;
use crate::smtp::reply::Reply;
use crate::smtp::xtext;

pub(super) struct Auth;

impl ServiceExtension for Auth {
    fn switch(&self) -> Extension {
        Extension::SmtpAuth
    }

    fn usable(&self, conversation: &Conversation) -> bool {
        !conversation.mechanisms().is_empty()
    }

    fn announced(&self, conversation: &Conversation) -> String {
        conversation.mechanisms().iter().fold("AUTH".to_owned(), |line, mechanism| line + " " + mechanism.name())
    }

    fn mail(&self, conversation: &Conversation, parameter: &Parameter<'_>, envelope: &mut Envelope) -> Option<Result<(), Reply>> {
        (parameter.keyword == "AUTH").then(|| submitter(conversation, parameter, envelope))
    }
}

/// `AUTH=<>` or a mailbox in xtext. RFC 4954 §5: the server believes users that they are themselves, and nobody else
/// anything; what is not believed counts as `<>`.
fn submitter(conversation: &Conversation, parameter: &Parameter<'_>, envelope: &mut Envelope) -> Result<(), Reply> {
    envelope.submitter = None;
    let mailbox = parameter.value.and_then(xtext::decode);
    if mailbox.as_deref() == Some("<>") {
        return Ok(());
    }
    let Some(address) = mailbox.and_then(|mailbox| Address::parse(&mailbox).ok()) else {
        return Err(parameter.invalid("a mailbox in xtext, or <>"));
    };
    let account = conversation.site.accounts.recipient(&address);
    let oneself = conversation.user.as_ref().zip(account).is_some_and(|(user, account)| user.name() == account.name());
    envelope.submitter = oneself.then_some(address);
    Ok(())
}
