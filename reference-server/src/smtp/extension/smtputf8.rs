//! SMTPUTF8 (RFC 6531): addresses and header fields in UTF-8, for clients that say so in MAIL.

use super::ServiceExtension;
use crate::extensions::Extension;
use crate::mail::Envelope;
use crate::smtp::conversation::Conversation;
use crate::smtp::parameter::Parameter;
use crate::smtp::reply::Reply;

pub(super) struct SmtpUtf8;

impl ServiceExtension for SmtpUtf8 {
    fn switch(&self) -> Extension {
        Extension::SmtpUtf8
    }

    fn announced(&self, _: &Conversation) -> String {
        "SMTPUTF8".to_owned()
    }

    /// RFC 6531 §3.4: it takes no value.
    fn mail(&self, _: &Conversation, parameter: &Parameter<'_>, envelope: &mut Envelope) -> Option<Result<(), Reply>> {
        (parameter.keyword == "SMTPUTF8").then(|| {
            envelope.smtputf8 = true;
            parameter.bare()
        })
    }
}
