//! BODY: what the octets of a message may be. 8BITMIME (RFC 6152) allows those above 127, BINARYMIME (RFC 3030 §3) any, in lines
//! or not; that is only for BDAT.

use super::ServiceExtension;
use crate::extensions::Extension;
use crate::mail::{Body, Envelope};
use crate::smtp::conversation::Conversation;
use crate::smtp::parameter::Parameter;
use crate::smtp::reply::Reply;

pub(super) struct EightBitMime;

pub(super) struct BinaryMime;

impl ServiceExtension for EightBitMime {
    fn switch(&self) -> Extension {
        Extension::SmtpEightBitMime
    }

    fn announced(&self, _: &Conversation) -> String {
        "8BITMIME".to_owned()
    }

    fn mail(&self, conversation: &Conversation, parameter: &Parameter<'_>, envelope: &mut Envelope) -> Option<Result<(), Reply>> {
        body(conversation, parameter, envelope)
    }
}

impl ServiceExtension for BinaryMime {
    fn switch(&self) -> Extension {
        Extension::SmtpBinaryMime
    }

    fn announced(&self, _: &Conversation) -> String {
        "BINARYMIME".to_owned()
    }

    fn mail(&self, conversation: &Conversation, parameter: &Parameter<'_>, envelope: &mut Envelope) -> Option<Result<(), Reply>> {
        body(conversation, parameter, envelope)
    }
}

/// `body-value = "7BIT" / "8BITMIME" / "BINARYMIME"`, of those the values that are announced.
fn body(conversation: &Conversation, parameter: &Parameter<'_>, envelope: &mut Envelope) -> Option<Result<(), Reply>> {
    if parameter.keyword != "BODY" {
        return None;
    }
    let values = [
        (Body::SevenBit, None),
        (Body::EightBitMime, Some(Extension::SmtpEightBitMime)),
        (Body::BinaryMime, Some(Extension::SmtpBinaryMime)),
    ];
    let mut known = values.into_iter().filter(|(_, extension)| extension.is_none_or(|needed| !conversation.lacks(needed)));
    let given = parameter.value.unwrap_or_default();
    Some(match known.find(|(body, _)| body.to_string().eq_ignore_ascii_case(given)) {
        Some((body, _)) => {
            envelope.body = body;
            Ok(())
        }
        None => Err(parameter.invalid("7BIT, 8BITMIME or BINARYMIME, as far as EHLO lists them")),
    })
}
