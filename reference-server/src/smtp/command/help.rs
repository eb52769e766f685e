//! HELP, RFC 5321 §4.1.1.8.

use super::{Command, commands};
use crate::extensions::Extension;
use crate::smtp::conversation::Conversation;
use crate::smtp::reply::Reply;

pub(super) struct Help;

impl Command for Help {
    fn verb(&self) -> &'static str {
        "HELP"
    }

    fn syntax(&self) -> &'static str {
        "[command]"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if argument.is_empty() {
            let verbs = commands(conversation).map(|command| command.verb()).collect::<Vec<_>>().join(" ");
            return Reply::new(214, "2.0.0", "Commands:").line(verbs).line("HELP command shows what it takes");
        }
        match commands(conversation).find(|command| command.verb().eq_ignore_ascii_case(argument)) {
            Some(command) => {
                let syntax = format!("{} {}", command.verb(), command.syntax());
                Reply::new(214, "2.0.0", syntax.trim_end())
            }
            None => Reply::new(504, "5.5.4", "There is no help on that"),
        }
    }

    fn extension(&self) -> Option<Extension> {
        Some(Extension::SmtpHelp)
    }
}
