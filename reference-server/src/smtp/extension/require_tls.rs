//! REQUIRETLS (RFC 8689): mail that never travels in clear.

use super::ServiceExtension;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mail::Envelope;
use crate::smtp::conversation::Conversation;
use crate::smtp::parameter::Parameter;
use crate::smtp::reply::Reply;

pub(super) struct RequireTls;

impl ServiceExtension for RequireTls {
    fn switch(&self) -> Extension {
        Extension::SmtpRequireTls
    }

    /// RFC 8689 §2: it is announced after the TLS handshake, and only then it means anything.
    fn usable(&self, conversation: &Conversation) -> bool {
        conversation.tls || conversation.broken(Fault::SmtpRequireTlsInClear)
    }

    fn announced(&self, _: &Conversation) -> String {
        "REQUIRETLS".to_owned()
    }

    fn mail(&self, _: &Conversation, parameter: &Parameter<'_>, envelope: &mut Envelope) -> Option<Result<(), Reply>> {
        (parameter.keyword == "REQUIRETLS").then(|| {
            envelope.require_tls = true;
            parameter.bare()
        })
    }
}
