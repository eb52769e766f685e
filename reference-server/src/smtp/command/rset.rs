//! RSET, RFC 5321 §4.1.1.5: gives the transaction up.

use super::Command;
use crate::faults::Fault;
use crate::smtp::conversation::Conversation;
use crate::smtp::reply::Reply;

pub(super) struct Rset;

impl Command for Rset {
    fn verb(&self) -> &'static str {
        "RSET"
    }

    fn syntax(&self) -> &'static str {
        ""
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if !argument.is_empty() {
            return super::no_argument("RSET");
        }
        if !conversation.broken(Fault::SmtpForgetsRset) {
            conversation.reset();
        }
        Reply::new(250, "2.0.0", "Reset")
    }
}
