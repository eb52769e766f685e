//! EHLO, RFC 5321 §4.1.1.1: who the client is, and which extensions the server has.

use super::Command;
use crate::faults::Fault;
use crate::mail::Domain;
use crate::smtp::conversation::{Conversation, Hello};
use crate::smtp::reply::Reply;

pub(super) struct Ehlo;

impl Command for Ehlo {
    fn verb(&self) -> &'static str {
        "EHLO"
    }

    fn syntax(&self) -> &'static str {
        "domain | address-literal"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        let reply = hello(conversation, self.verb(), argument, true);
        if !reply.is_positive() || conversation.broken(Fault::SmtpDropsEhloKeywords) {
            return reply;
        }
        keywords(conversation).into_iter().fold(reply, Reply::line)
    }

    fn plain_replies(&self) -> bool {
        true
    }
}

/// `ehlo-line`s: only what a client may use now.
fn keywords(conversation: &Conversation) -> Vec<String> {
    let mut keywords = vec![
        "PIPELINING".to_owned(),
        format!("SIZE {}", conversation.site.limits.message),
        "8BITMIME".to_owned(),
        "ENHANCEDSTATUSCODES".to_owned(),
    ];
    // RFC 3207 §4.2: not once TLS is there.
    if !conversation.tls {
        keywords.push("STARTTLS".to_owned());
    }
    let mechanisms = conversation.mechanisms();
    if !mechanisms.is_empty() {
        keywords.push(mechanisms.iter().fold("AUTH".to_owned(), |line, mechanism| line + " " + mechanism.name()));
    }
    // RFC 5321 §3.5.2: a server that has EXPN must say so.
    keywords.extend(["VRFY", "EXPN", "HELP"].map(str::to_owned));
    keywords
}

/// What EHLO and HELO have in common. The transaction is reset only if the greeting is accepted (RFC 5321 §4.1.4).
pub(super) fn hello(conversation: &mut Conversation, verb: &str, argument: &str, extended: bool) -> Reply {
    if argument.is_empty() {
        return Reply::new(501, "5.5.4", format!("{verb} needs a domain or an address literal"));
    }
    match Domain::parse(argument) {
        Ok(client) => {
            conversation.reset();
            let text = format!("{} greets {client}", conversation.site.host);
            conversation.hello = Some(Hello { client, extended });
            Reply::bare(250, text)
        }
        Err(error) => super::syntax_error("5.5.4", verb, &error),
    }
}
