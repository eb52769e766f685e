//! AUTH, RFC 4954 §4.

use super::Command;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::sasl::{self, Exchange, Failure, Mechanism, Progress};
use crate::session::After;
use crate::smtp::conversation::{Awaited, Conversation};
use crate::smtp::reply::Reply;

pub(super) struct Auth;

/// After so many wrong passwords the connection is closed.
const FAILURES: u32 = 10;

impl Command for Auth {
    fn verb(&self) -> &'static str {
        "AUTH"
    }

    fn syntax(&self) -> &'static str {
        "mechanism [initial-response]"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        if !conversation.hello.as_ref().is_some_and(|hello| hello.extended) {
            return Reply::new(503, "5.5.1", "Send EHLO first");
        }
        if conversation.user.is_some() {
            return Reply::new(503, "5.5.1", "You are authenticated already");
        }
        if conversation.transaction.is_some() {
            return Reply::new(503, "5.5.1", "Not inside a mail transaction");
        }
        let (name, initial) = argument.split_once(' ').map_or((argument, None), |(name, initial)| (name, Some(initial)));
        if name.is_empty() {
            return Reply::new(501, "5.5.4", "AUTH needs a mechanism");
        }
        let Some(mechanism) = Mechanism::named(name) else {
            return Reply::new(504, "5.5.4", "That mechanism is not known");
        };
        if !conversation.mechanisms().contains(&mechanism) {
            // RFC 4954 §6: the mechanism is there, but only behind TLS.
            return if mechanism.is_plaintext() {
                Reply::new(538, "5.7.11", "Encryption required for that mechanism; use STARTTLS")
            } else {
                Reply::new(504, "5.5.4", "That mechanism is not offered")
            };
        }
        let initial = match initial.map(|text| sasl::decode_initial(text.as_bytes())) {
            None => None,
            Some(Some(octets)) => Some(octets),
            Some(None) => return not_base64(),
        };
        if initial.is_some() && !mechanism.takes_initial_response() {
            return Reply::new(501, "5.7.0", "The server speaks first in that mechanism");
        }
        let mut exchange = Exchange::new(mechanism, &conversation.site, &conversation.peer);
        let progress = exchange.start(initial.as_deref());
        go_on(conversation, exchange, progress)
    }

    fn extension(&self) -> Option<Extension> {
        Some(Extension::SmtpAuth)
    }
}

/// Takes a line of the exchange.
pub(in crate::smtp) fn line(conversation: &mut Conversation, line: &[u8]) -> Reply {
    let Awaited::Sasl(mut exchange) = std::mem::replace(&mut conversation.awaited, Awaited::Command) else {
        return Reply::new(503, "5.5.1", "No exchange is under way");
    };
    if line == b"*" {
        return Reply::new(501, "5.7.0", "Authentication cancelled");
    }
    let Some(message) = sasl::decode(line) else { return not_base64() };
    let progress = exchange.answer(&message);
    go_on(conversation, exchange, progress)
}

fn go_on(conversation: &mut Conversation, exchange: Exchange, progress: Progress) -> Reply {
    let failure = match progress {
        Progress::Challenge(challenge) => {
            conversation.awaited = Awaited::Sasl(exchange);
            return Reply::bare(334, sasl::encode(&challenge));
        }
        Progress::Done(Ok(account)) => {
            conversation.user = Some(account);
            return Reply::new(235, "2.7.0", "Authenticated");
        }
        Progress::Done(Err(failure)) => failure,
    };
    if conversation.broken(Fault::SmtpAcceptsWrongPassword) {
        conversation.user = conversation.site.accounts.all().next().cloned();
        return Reply::new(235, "2.7.0", "Authenticated");
    }
    conversation.failures += 1;
    if conversation.failures >= FAILURES {
        conversation.after = After::Close;
        return Reply::new(421, "4.7.0", format!("{} Too many failed attempts, closing", conversation.site.host));
    }
    match failure {
        Failure::Malformed => Reply::new(501, "5.5.2", "That is not a message of the mechanism"),
        Failure::Credentials => Reply::new(535, "5.7.8", "Authentication credentials invalid"),
        Failure::Authorization => Reply::new(535, "5.7.8", "You may not act for that user"),
        Failure::ChannelBinding => Reply::new(535, "5.7.8", "The channel binding does not hold"),
        Failure::Temporary => Reply::new(454, "4.7.0", "Temporary authentication failure"),
    }
}

fn not_base64() -> Reply {
    Reply::new(501, "5.5.2", "That is not base64")
}
