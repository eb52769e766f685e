//! SIZE (RFC 1870): the client says how big a message is, and hears at once that it is too big.

use super::ServiceExtension;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mail::Envelope;
use crate::smtp::conversation::Conversation;
use crate::smtp::parameter::Parameter;
use crate::smtp::reply::Reply;

pub(super) struct Size;

impl ServiceExtension for Size {
    fn switch(&self) -> Extension {
        Extension::SmtpSize
    }

    fn announced(&self, conversation: &Conversation) -> String {
        format!("SIZE {}", conversation.site.limits.message)
    }

    fn mail(&self, conversation: &Conversation, parameter: &Parameter<'_>, _: &mut Envelope) -> Option<Result<(), Reply>> {
        (parameter.keyword == "SIZE").then(|| check(conversation, parameter))
    }
}

/// `size-value = 1*20DIGIT` (RFC 1870 §3); too much is refused before the message travels (RFC 1870 §6.1).
fn check(conversation: &Conversation, parameter: &Parameter<'_>) -> Result<(), Reply> {
    let limit = conversation.site.limits.message;
    match parameter.value {
        Some(digits) if (1..=20).contains(&digits.len()) && digits.bytes().all(|octet| octet.is_ascii_digit()) => {
            // What does not fit a number is certainly over the limit.
            let fits = digits.parse().is_ok_and(|size: usize| size <= limit);
            if fits || conversation.broken(Fault::SmtpIgnoresSizeLimit) {
                Ok(())
            } else {
                Err(Reply::new(552, "5.3.4", format!("A message may have {limit} octets at most")))
            }
        }
        _ => Err(parameter.invalid("a number of octets")),
    }
}
