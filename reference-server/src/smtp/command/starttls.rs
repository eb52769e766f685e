//! STARTTLS, RFC 3207 §4.

use super::Command;
use crate::extensions::Extension;
use crate::session::After;
use crate::smtp::conversation::Conversation;
use crate::smtp::reply::Reply;

pub(super) struct StartTls;

impl Command for StartTls {
    fn verb(&self) -> &'static str {
        "STARTTLS"
    }

    fn syntax(&self) -> &'static str {
        ""
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if !argument.is_empty() {
            return super::no_argument("STARTTLS");
        }
        if conversation.tls {
            return Reply::new(503, "5.5.1", "TLS is there already");
        }
        conversation.after = After::StartTls;
        Reply::new(220, "2.0.0", "Ready to start TLS")
    }

    fn extension(&self) -> Option<Extension> {
        Some(Extension::SmtpStartTls)
    }
}
