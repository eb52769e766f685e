//! The service extensions: a closed table, one file each. An extension knows how EHLO announces it, when it may be used, and
//! its parameters of MAIL and RCPT; its commands are in `command/`.

mod auth;
mod body;
mod deliver_by;
mod dsn;
mod future_release;
mod limits;
pub(super) mod mt_priority;
mod plain;
mod require_tls;
mod size;
mod smtputf8;

use super::conversation::Conversation;
use super::parameter::Parameter;
use super::reply::Reply;
use crate::extensions::Extension;
use crate::mail::{Envelope, Recipient};

/// One extension. Parameters give `None` for a keyword that is not theirs.
trait ServiceExtension: Sync {
    /// What switches it off.
    fn switch(&self) -> Extension;

    /// Whether it may be used now.
    fn usable(&self, conversation: &Conversation) -> bool {
        let _ = conversation;
        true
    }

    /// The line of EHLO: keyword and parameters.
    fn announced(&self, conversation: &Conversation) -> String;

    /// Takes a parameter of MAIL.
    fn mail(&self, conversation: &Conversation, parameter: &Parameter<'_>, envelope: &mut Envelope) -> Option<Result<(), Reply>> {
        let _ = (conversation, parameter, envelope);
        None
    }

    /// Takes a parameter of RCPT.
    fn rcpt(
        &self,
        conversation: &Conversation,
        parameter: &Parameter<'_>,
        recipient: &mut Recipient,
    ) -> Option<Result<(), Reply>> {
        let _ = (conversation, parameter, recipient);
        None
    }
}

/// In the order EHLO announces them.
const EXTENSIONS: &[&dyn ServiceExtension] = &[
    &plain::PIPELINING,
    &size::Size,
    &body::EightBitMime,
    &body::BinaryMime,
    &plain::CHUNKING,
    &smtputf8::SmtpUtf8,
    &plain::ENHANCED_STATUS_CODES,
    &dsn::Dsn,
    &deliver_by::DeliverBy,
    &future_release::FutureRelease,
    &mt_priority::MtPriority,
    &require_tls::RequireTls,
    &limits::Limits,
    &plain::STARTTLS,
    &auth::Auth,
    &plain::ETRN,
    &plain::VRFY,
    &plain::EXPN,
    &plain::HELP,
];

/// The extensions that may be used now.
fn usable(conversation: &Conversation) -> impl Iterator<Item = &'static dyn ServiceExtension> {
    let usable = |extension: &&&dyn ServiceExtension| !conversation.lacks(extension.switch()) && extension.usable(conversation);
    EXTENSIONS.iter().filter(usable).copied()
}

/// The lines of EHLO: only what a client may use now.
pub(super) fn announced(conversation: &Conversation) -> impl Iterator<Item = String> {
    usable(conversation).map(|extension| extension.announced(conversation))
}

/// Takes the parameters of MAIL.
pub(super) fn mail(conversation: &Conversation, given: &[Parameter<'_>], envelope: &mut Envelope) -> Result<(), Reply> {
    // RFC 5321 §4.1.1.1: a client that said HELO gets no extensions.
    let extended = conversation.is_extended();
    for parameter in given {
        let mut extensions = usable(conversation).filter(|_| extended);
        let taken = extensions.find_map(|extension| extension.mail(conversation, parameter, envelope));
        taken.unwrap_or_else(|| Err(parameter.unknown()))?;
    }
    future_release::agrees(envelope)
}

/// Takes the parameters of RCPT.
pub(super) fn rcpt(conversation: &Conversation, given: &[Parameter<'_>], recipient: &mut Recipient) -> Result<(), Reply> {
    let extended = conversation.is_extended();
    for parameter in given {
        let mut extensions = usable(conversation).filter(|_| extended);
        let taken = extensions.find_map(|extension| extension.rcpt(conversation, parameter, recipient));
        taken.unwrap_or_else(|| Err(parameter.unknown()))?;
    }
    Ok(())
}
