//! HELO, RFC 5321 §4.1.1.1: a greeting without extensions.

use super::Command;
use crate::smtp::conversation::{Conversation, Role};
use crate::smtp::reply::Reply;

pub(super) struct Helo;

impl Command for Helo {
    fn verb(&self) -> &'static str {
        "HELO"
    }

    fn syntax(&self) -> &'static str {
        "domain"
    }

    /// An address literal is taken too: the grammar has it for EHLO only, the text for both.
    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        super::ehlo::hello(conversation, self.verb(), argument, false)
    }

    fn plain_replies(&self) -> bool {
        true
    }

    /// RFC 2033 §4.1.
    fn suits(&self, role: Role) -> bool {
        role != Role::Lmtp
    }
}
