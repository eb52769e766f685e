//! MT-PRIORITY (RFC 6710): more and less urgent mail.

use super::ServiceExtension;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mail::Envelope;
use crate::smtp::conversation::{Conversation, Role};
use crate::smtp::parameter::Parameter;
use crate::smtp::reply::Reply;

/// The policy by which priorities are told apart (RFC 6710 §9.2).
const POLICY: &str = "MIXER";

pub(in crate::smtp) struct MtPriority;

impl ServiceExtension for MtPriority {
    fn switch(&self) -> Extension {
        Extension::SmtpMtPriority
    }

    fn announced(&self, _: &Conversation) -> String {
        format!("MT-PRIORITY {POLICY}")
    }

    fn mail(&self, conversation: &Conversation, parameter: &Parameter<'_>, envelope: &mut Envelope) -> Option<Result<(), Reply>> {
        (parameter.keyword == "MT-PRIORITY").then(|| {
            let lenient = conversation.broken(Fault::SmtpAnyPriority);
            // RFC 6710 §4.1: 5.5.2 for what is no priority.
            let wrong = || Reply::new(501, "5.5.2", "Parameter MT-PRIORITY needs a number from -9 to 9");
            envelope.priority = Some(parameter.value.and_then(|value| read(value, lenient)).ok_or_else(wrong)?);
            Ok(())
        })
    }
}

/// Takes a raised priority back where the client may not raise it; gives the reply that tells so. RFC 6710 §4.1: only users may;
/// LMTP is spoken by a queue of this site, which has asked already.
pub(in crate::smtp) fn lowered(conversation: &Conversation, envelope: &mut Envelope) -> Option<Reply> {
    let trusted = conversation.user.is_some() || conversation.role == Role::Lmtp;
    if trusted || envelope.priority.is_none_or(|priority| priority <= 0) || conversation.broken(Fault::SmtpStrangerPriority) {
        return None;
    }
    envelope.priority = Some(0);
    Some(Reply::new(250, "2.3.6", "0 is the priority of the message, because only users may raise it"))
}

/// `priority-value = (["-"] NZDIGIT) / "0"`
fn read(value: &str, lenient: bool) -> Option<i8> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let shaped = matches!(digits.as_bytes(), [b'1'..=b'9']) || value == "0";
    if shaped || lenient { value.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn priorities_are_one_digit() {
        assert_eq!([read("-9", false), read("0", false), read("9", false)], [Some(-9), Some(0), Some(9)]);
        for wrong in ["", "10", "-10", "-0", "00", "+1", "1.", "a"] {
            assert_eq!(read(wrong, false), None, "{wrong}");
        }
    }
}
