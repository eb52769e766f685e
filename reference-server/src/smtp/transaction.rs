//! A mail transaction, from MAIL to the reply that ends it (RFC 5321 §3.3, §4.1.4).

use std::sync::Arc;

use super::chunk::Chunk;
use super::conversation::{Conversation, Role};
use super::dots::Dots;
use super::header::EightBit;
use super::heading::Heading;
use super::intake::{Flaw, Intake, Rules, Taken};
use super::reply::Reply;
use super::submission::Submission;
use super::trace::Stamp;
use super::{chunk, lmtp};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mail::{Address, Body, Domain, Envelope, Recipient};
use crate::queue::{Accepting, EntryId};
use crate::refusals::Asked;
use crate::sasl::Exchange;
use crate::store;

/// What was said of a message so far.
#[derive(Default)]
pub(super) struct Transaction {
    pub envelope: Envelope,
    /// How many RCPT commands there were, accepted or not.
    pub asked: usize,
    /// For each RCPT that was accepted, which of the envelope's recipients it named.
    pub accepted: Vec<usize>,
    /// The message, between two of its chunks.
    pub chunks: Option<Box<Intake>>,
    /// A chunk was refused, and only RSET helps (RFC 3030 §2).
    pub failed: bool,
}

/// What the session waits for.
pub(super) enum Awaited {
    Command,
    /// A line of a SASL exchange.
    Sasl(Exchange),
    /// The message after DATA.
    Message(Box<(Dots, Intake)>),
    /// A chunk of a message after BDAT.
    Chunk(Box<Chunk>),
    /// The DNS: whether the domain of this recipient takes mail.
    LookUp(Box<(Asked, Recipient)>),
    /// The disk: what the client says next is not looked at before the message is answered.
    Acceptance(Accepting),
}

impl Conversation {
    /// Begins to read the message of the open transaction.
    pub fn read_message(&mut self) {
        self.awaited = Awaited::Message(Box::new((Dots::new(self.site.faults), self.intake())));
    }

    /// Takes the message that was read to its end.
    pub fn end_message(&mut self, intake: Intake) -> Vec<Reply> {
        let transaction = self.transaction.take().unwrap_or_default();
        self.take_message(transaction, intake)
    }

    /// Answers a chunk that was read to its end. RFC 3030 §2: 250 for each, and for the last one what DATA would say.
    pub fn end_chunk(&mut self, chunk: Chunk) -> Vec<Reply> {
        let intake = match chunk.target {
            chunk::Target::Message(intake) => intake,
            chunk::Target::Nothing(replies) => return replies,
        };
        if chunk.last {
            return self.end_message(*intake);
        }
        let Some(transaction) = &mut self.transaction else { return Vec::new() };
        if let Some(flaw) = intake.known_flaw() {
            transaction.failed = true;
            return vec![refusal(flaw.clone(), self.site.limits.message)];
        }
        transaction.chunks = Some(intake);
        vec![Reply::new(250, "2.0.0", format!("{} octets received", chunk.size))]
    }

    /// A message that is about to come.
    pub fn intake(&self) -> Intake {
        let eight_bit = !self.site.without.lacks(Extension::SmtpEightBitMime);
        let binary = self.transaction.as_ref().is_some_and(|transaction| transaction.envelope.body == Body::BinaryMime);
        let rules = Rules { size: self.site.limits.message, eight_bit: eight_bit || binary, binary, faults: self.site.faults };
        Intake::new(rules, self.heading())
    }

    /// It is in the queue, or in the mailboxes, durably, when this gives positive replies.
    fn take_message(&mut self, transaction: Transaction, intake: Intake) -> Vec<Reply> {
        let Taken { message, section, eight_bit } = match intake.finish() {
            Ok(taken) => taken,
            Err(flaw) => {
                let reply = refusal(flaw, self.site.limits.message);
                return if self.role == Role::Lmtp { vec![reply; transaction.accepted.len()] } else { vec![reply] };
            }
        };
        let Transaction { mut envelope, accepted, .. } = transaction;
        // Undeclared octets above 127 are taken as they are, as everyone does; the next hop must know of them.
        if eight_bit && envelope.body == Body::SevenBit {
            envelope.body = Body::EightBitMime;
        }
        envelope.smtputf8 |= section.eight_bit == EightBit::Utf8;
        // RFC 8689 §4.1: the parameter outweighs the field.
        envelope.tls_optional = section.tls_optional && !envelope.require_tls;
        self.errors = 0;
        if self.role == Role::Lmtp {
            return lmtp::deliver(self, envelope, &accepted, message);
        }
        if self.queue.is_durable() {
            // Many sessions share a commit, and none of them needs a thread to wait for it.
            let bell = self.peer.bell.clone();
            self.awaited = Awaited::Acceptance(self.queue.accept_soon(envelope, message, move || bell.ring()));
            return Vec::new();
        }
        vec![answer(self.queue.accept(envelope, message))]
    }

    /// The reply to a message that was waiting for the disk, if it does no more.
    pub fn acceptance(&mut self) -> Option<Reply> {
        let Awaited::Acceptance(accepting) = &self.awaited else { return None };
        let accepted = accepting.answer()?;
        self.awaited = Awaited::Command;
        Some(answer(accepted))
    }

    /// What is written before the message (RFC 5321 §4.1.1.4).
    fn heading(&self) -> Heading {
        let nothing = Transaction::default();
        let envelope = &self.transaction.as_ref().unwrap_or(&nothing).envelope;
        let stamp = Stamp {
            client: self.hello.as_ref().map_or(Domain::Name("unknown".into()), |hello| hello.client.clone()),
            address: self.peer.address,
            host: self.site.host.clone(),
            protocol: self.protocol(envelope),
            id: queue_name(),
            recipient: match envelope.recipients.as_slice() {
                [only] => Some(only.address.clone()),
                _ => None,
            },
            cipher: self.peer.channel.cipher.clone(),
            priority: envelope.priority,
            utf8: envelope.smtputf8,
            at: self.site.clock.now(),
        };
        let reverse_path = || match &envelope.reverse_path {
            Some(address) if envelope.smtputf8 => address.to_unicode(),
            path => path.as_ref().map(Address::to_string).unwrap_or_default(),
        };
        let delivers = self.role == Role::Lmtp && !self.broken(Fault::SmtpNoReturnPath);
        let submission = || Submission { site: Arc::clone(&self.site), user: self.user.clone(), utf8: envelope.smtputf8 };
        Heading {
            stamp,
            stamped: !self.broken(Fault::SmtpNoReceived),
            stops_loops: !self.broken(Fault::SmtpCountsNoHops),
            return_path: delivers.then(|| format!("Return-Path: <{}>\r\n", reverse_path())),
            submission: (self.role == Role::Submission).then(submission),
        }
    }

    /// The `with` clause of the time stamp (RFC 3848, RFC 6531 §4.3).
    fn protocol(&self, envelope: &Envelope) -> String {
        let utf8 = envelope.smtputf8 && !self.broken(Fault::SmtpUtf8Untraced);
        let base = match (self.role, self.hello.as_ref().is_some_and(|hello| hello.extended)) {
            (Role::Lmtp, _) if utf8 => "UTF8LMTP",
            (Role::Lmtp, _) => "LMTP",
            (_, false) => return "SMTP".to_owned(),
            (_, true) if utf8 => "UTF8SMTP",
            (_, true) => "ESMTP",
        };
        let (tls, user) = (if self.tls { "S" } else { "" }, if self.user.is_some() { "A" } else { "" });
        format!("{base}{tls}{user}")
    }
}

/// The reply to a message that the queue has, or has not.
fn answer(accepted: store::Result<EntryId>) -> Reply {
    match accepted {
        Ok(entry) => Reply::new(250, "2.0.0", format!("Accepted, queue entry {entry}")),
        Err(error) => {
            tracing::error!(%error, "a message could not be queued");
            refusal(Flaw::Storage, 0)
        }
    }
}

/// What a client is told of a message that is not taken.
pub(super) fn refusal(flaw: Flaw, limit: usize) -> Reply {
    match flaw {
        Flaw::TooBig => Reply::new(552, "5.3.4", format!("The message is larger than {limit} octets")),
        Flaw::BareLineEnd => Reply::new(554, "5.6.0", "The message has CR or LF alone: lines end with CRLF"),
        Flaw::Nul => Reply::new(554, "5.6.0", "The message has a NUL octet, which only binary mail may have"),
        Flaw::EightBit => Reply::new(554, "5.6.3", "The message has octets above 127, which are not taken here"),
        Flaw::HeaderTooBig => Reply::new(552, "5.3.4", "The header section is larger than a mebioctet"),
        Flaw::Loop => Reply::new(554, "5.4.6", "Too many Received fields: the message is in a loop"),
        Flaw::Submission(reply) => reply,
        Flaw::Storage => Reply::new(451, "4.3.0", "The message cannot be stored now; try again later"),
    }
}

/// A name for the time stamp and the Message-ID, never used before.
fn queue_name() -> String {
    format!("{:016x}", getrandom::u64().unwrap_or_default())
}
