//! DATA, RFC 5321 §4.1.1.4: the message follows.

use super::Command;
use crate::faults::Fault;
use crate::smtp::conversation::Conversation;
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
        let lenient = conversation.broken(Fault::SmtpDataWithoutRcpt);
        let Some(transaction) = &conversation.transaction else {
            return Reply::new(503, "5.5.1", "Send MAIL and RCPT first");
        };
        // RFC 5321 §3.3: 503 where a command is missing, 554 where all recipients were refused.
        if transaction.envelope.recipients.is_empty() && !lenient {
            return if transaction.asked {
                Reply::new(554, "5.5.1", "No recipient was accepted")
            } else {
                Reply::new(503, "5.5.1", "Send RCPT first")
            };
        }
        conversation.read_message();
        Reply::bare(354, "Send the message, end with CRLF.CRLF")
    }
}
