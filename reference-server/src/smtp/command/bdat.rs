//! BDAT, RFC 3030 §2: a chunk of the message follows. It is answered when the chunk has come, whatever is wrong.

use super::Command;
use super::data::no_recipient;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::smtp::chunk::{Chunk, Target};
use crate::smtp::conversation::{Conversation, Role};
use crate::smtp::reply::Reply;
use crate::smtp::transaction::Awaited;

pub(super) struct Bdat;

impl Command for Bdat {
    fn verb(&self) -> &'static str {
        "BDAT"
    }

    fn syntax(&self) -> &'static str {
        "octets [LAST]"
    }

    fn run(&self, conversation: &mut Conversation, argument: &str) -> Reply {
        let (digits, marker) = argument.split_once(' ').map_or((argument, None), |(digits, marker)| (digits, Some(marker)));
        if digits.is_empty() || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
            // Nobody knows how many octets follow.
            return Reply::new(501, "5.5.4", "BDAT needs the number of octets of the chunk");
        }
        // More octets than can be counted never come to an end either.
        let size = digits.parse().unwrap_or(u64::MAX);
        let last = marker.is_some_and(|marker| marker.eq_ignore_ascii_case("LAST"));
        let target = match target(conversation, marker, last) {
            Ok(intake) => intake,
            Err(replies) if conversation.broken(Fault::SmtpBdatErrorKeepsChunk) => {
                return replies.into_iter().next().unwrap_or_else(Reply::later);
            }
            Err(replies) => {
                if replies.is_empty() {
                    conversation.reset();
                } else if let Some(transaction) = &mut conversation.transaction {
                    // RFC 3030 §2: after an error only RSET helps; chunks that were sent already are thrown away.
                    transaction.failed = true;
                    transaction.chunks = None;
                }
                Target::Nothing(replies)
            }
        };
        conversation.awaited = Awaited::Chunk(Box::new(Chunk { size, rest: size, last, target }));
        Reply::later()
    }

    fn extension(&self) -> Option<Extension> {
        Some(Extension::SmtpChunking)
    }
}

/// Where the chunk goes; or what it is answered with, which is nothing for the last chunk of an LMTP transaction without a
/// recipient (RFC 2033 §4.3).
fn target(conversation: &mut Conversation, marker: Option<&str>, last: bool) -> Result<Target, Vec<Reply>> {
    if let Some(reply) = super::not_yet(conversation) {
        return Err(vec![reply]);
    }
    if !conversation.is_extended() {
        return Err(vec![Reply::new(503, "5.5.1", "BDAT needs EHLO")]);
    }
    let role = conversation.role;
    let Some(transaction) = &mut conversation.transaction else {
        return Err(vec![Reply::new(503, "5.5.1", "Send MAIL and RCPT first")]);
    };
    if transaction.failed {
        return Err(vec![Reply::new(503, "5.5.1", "A chunk was refused; RSET ends the transaction")]);
    }
    if marker.is_some() && !last {
        return Err(vec![Reply::new(501, "5.5.4", "Only LAST may follow the number of octets")]);
    }
    if transaction.envelope.recipients.is_empty() {
        let silent = role == Role::Lmtp && last;
        return Err(if silent { Vec::new() } else { vec![no_recipient(role, transaction.asked)] });
    }
    let begun = transaction.chunks.take();
    Ok(Target::Message(begun.unwrap_or_else(|| Box::new(conversation.intake()))))
}
