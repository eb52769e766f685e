//! NOOP, RFC 5321 §4.1.1.9: does nothing, with or without a string.

use super::Command;
use crate::faults::Fault;
use crate::smtp::conversation::Conversation;
use crate::smtp::reply::Reply;

pub(super) struct Noop;

impl Command for Noop {
    fn verb(&self) -> &'static str {
        "NOOP"
    }

    fn syntax(&self) -> &'static str {
        "[string]"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if !argument.is_empty() && conversation.broken(Fault::SmtpRefusesNoopArgument) {
            return super::no_argument("NOOP");
        }
        Reply::new(250, "2.0.0", "Done nothing")
    }
}
