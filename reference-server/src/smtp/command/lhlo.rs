//! LHLO, RFC 2033 §4.1: the EHLO of LMTP.

use super::Command;
use super::ehlo::extended_hello;
use crate::smtp::conversation::{Conversation, Role};
use crate::smtp::reply::Reply;

pub(super) struct Lhlo;

impl Command for Lhlo {
    fn verb(&self) -> &'static str {
        "LHLO"
    }

    fn syntax(&self) -> &'static str {
        "domain | address-literal"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        extended_hello(conversation, self.verb(), argument)
    }

    fn plain_replies(&self) -> bool {
        true
    }

    fn suits(&self, role: Role) -> bool {
        role == Role::Lmtp
    }
}
