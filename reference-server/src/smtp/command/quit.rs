//! QUIT, RFC 5321 §4.1.1.10: the end.

use super::Command;
use crate::faults::Fault;
use crate::session::After;
use crate::smtp::conversation::Conversation;
use crate::smtp::reply::Reply;

pub(super) struct Quit;

impl Command for Quit {
    fn verb(&self) -> &'static str {
        "QUIT"
    }

    fn syntax(&self) -> &'static str {
        ""
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if !argument.is_empty() {
            return super::no_argument("QUIT");
        }
        if !conversation.broken(Fault::SmtpKeepsOpenAfterQuit) {
            conversation.after = After::Close;
        }
        Reply::new(221, "2.0.0", format!("{} closing transmission channel", conversation.site.host))
    }
}
