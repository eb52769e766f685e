//! DATA, RFC 5321 §4.1.1.4: the message follows.

use super::Command;
use crate::faults::Fault;
use crate::mail::Body;
use crate::smtp::conversation::{Conversation, Role};
use crate::smtp::reply::Reply;

pub(super) struct Data;

impl Command for Data {
    fn verb(&self) -> &'static str {
        "DATA"
    }

    fn syntax(&self) -> &'static str {
        ""
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if !argument.is_empty() {
            return super::no_argument("DATA");
        }
        if let Some(reply) = super::not_yet(conversation) {
            return reply;
        }
        let Some(transaction) = &conversation.transaction else {
            return Reply::new(503, "5.5.1", "Send MAIL and RCPT first");
        };
        // RFC 3030 §2, §3: never after BDAT, and never for binary mail.
        if (transaction.chunks.is_some() || transaction.failed) && !conversation.broken(Fault::SmtpDataAfterBdat) {
            return Reply::new(503, "5.5.1", "The message comes by BDAT; RSET ends it");
        }
        if transaction.envelope.body == Body::BinaryMime && !conversation.broken(Fault::SmtpBinaryByData) {
            return Reply::new(503, "5.5.1", "A binary message needs BDAT");
        }
        if transaction.envelope.recipients.is_empty() && !conversation.broken(Fault::SmtpDataWithoutRcpt) {
            return no_recipient(conversation.role, transaction.asked);
        }
        conversation.read_message();
        Reply::bare(354, "Send the message, end with CRLF.CRLF")
    }
}

/// RFC 5321 §3.3: 503 where a command is missing, 554 where all recipients were refused; RFC 2033 §4.2: 503 in either case.
pub(super) fn no_recipient(role: Role, asked: usize) -> Reply {
    match (role, asked) {
        (_, 0) => Reply::new(503, "5.5.1", "Send RCPT first"),
        (Role::Lmtp, _) => Reply::new(503, "5.5.1", "No recipient was accepted"),
        _ => Reply::new(554, "5.5.1", "No recipient was accepted"),
    }
}
