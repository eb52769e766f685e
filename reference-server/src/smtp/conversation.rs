//! What a session has learned so far, and what it makes of a message: everything the commands work on.

use std::sync::Arc;

use crate::accounts::Account;
use crate::clock::rfc5322;
use crate::faults::Fault;
use crate::mail::{Address, Body, Domain, Envelope};
use crate::queue::Queue;
use crate::sasl::{Exchange, Mechanism};
use crate::session::{After, Peer};
use crate::site::Site;

use super::intake::{Flaw, Intake, Prefix, Taken};
use super::reply::Reply;
use super::trace::{HeaderSection, Stamp};

/// Whom an endpoint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Other servers bring mail for the own domains; users may log in and send anywhere.
    Relay,
    /// Users send mail; they must log in first (RFC 6409 §4.3).
    Submission,
}

/// What a client said in EHLO or HELO.
#[derive(Clone, Debug)]
pub(super) struct Hello {
    pub client: Domain,
    pub extended: bool,
}

/// A mail transaction, from MAIL on (RFC 5321 §4.1.4).
#[derive(Clone, Debug, Default)]
pub(super) struct Transaction {
    pub envelope: Envelope,
    /// Whether there was a RCPT at all, accepted or not.
    pub asked: bool,
}

/// What the session waits for.
pub(super) enum Awaited {
    Command,
    /// A line of a SASL exchange.
    Sasl(Exchange),
    /// The message after DATA.
    Message(Box<Intake>),
}

/// The state of a session.
pub(super) struct Conversation {
    pub site: Arc<Site>,
    pub queue: Queue,
    pub role: Role,
    pub peer: Peer,
    pub tls: bool,
    pub hello: Option<Hello>,
    pub user: Option<Arc<Account>>,
    /// Failed attempts to log in.
    pub failures: u32,
    pub transaction: Option<Transaction>,
    pub awaited: Awaited,
    pub after: After,
}

impl Conversation {
    pub fn broken(&self, fault: Fault) -> bool {
        self.site.faults.on(fault)
    }

    /// The mechanisms that may be used now.
    pub fn mechanisms(&self) -> Vec<Mechanism> {
        Mechanism::offered(&self.site, &self.peer)
    }

    /// Ends the transaction without a message (RFC 5321 §4.1.1.5).
    pub fn reset(&mut self) {
        self.transaction = None;
    }

    /// Forgets everything the client said (RFC 3207 §4.2).
    pub fn forget(&mut self) {
        self.reset();
        self.hello = None;
        self.user = None;
        self.awaited = Awaited::Command;
    }

    /// Begins to read the message of the open transaction.
    pub fn read_message(&mut self) {
        let id = queue_name();
        self.awaited = Awaited::Message(Box::new(Intake::new(self.site.limits.message, self.site.faults, self.prefix(id))));
    }

    /// Takes the message that was read: it is in the queue, durably, when this returns a positive reply.
    pub fn take_message(&mut self, intake: Intake) -> Reply {
        let transaction = self.transaction.take().unwrap_or_default();
        let Taken { message, eight_bit } = match intake.finish() {
            Ok(taken) => taken,
            Err(flaw) => return refusal(flaw, self.site.limits.message),
        };
        let mut envelope = transaction.envelope;
        // Undeclared octets above 127 are taken as they are, as everyone does; the next hop must know of them.
        if eight_bit {
            envelope.body = Body::EightBitMime;
        }
        match self.queue.accept(envelope, message) {
            Ok(entry) => Reply::new(250, "2.0.0", format!("Accepted, queue entry {entry}")),
            Err(error) => {
                tracing::error!(%error, "a message could not be queued");
                refusal(Flaw::Storage, 0)
            }
        }
    }

    /// What is written before the message (RFC 5321 §4.1.1.4), and for submissions the fields they lack.
    fn prefix(&self, id: String) -> Prefix {
        let stamp = Stamp {
            client: self.hello.as_ref().map_or(Domain::Name("unknown".into()), |hello| hello.client.clone()),
            address: self.peer.address,
            host: self.site.host.clone(),
            protocol: self.protocol(),
            id,
            recipient: match self.transaction.as_ref().map(|transaction| transaction.envelope.recipients.as_slice()) {
                Some([only]) => Some(only.address.clone()),
                _ => None,
            },
            at: self.site.clock.now(),
        };
        let (submission, stamped) = (self.role == Role::Submission, !self.broken(Fault::SmtpNoReceived));
        Box::new(move |message| {
            let section = HeaderSection::of(message);
            if section.loops() {
                return Err(Flaw::Loop);
            }
            let mut prefix = if stamped { stamp.line() } else { String::new() };
            if submission {
                if !section.from {
                    return Err(Flaw::NoFrom);
                }
                // RFC 6409 §8.2, §8.3.
                if !section.date {
                    prefix.push_str(&format!("Date: {}\r\n", rfc5322(stamp.at)));
                }
                if !section.message_id {
                    prefix.push_str(&format!("Message-ID: <{}@{}>\r\n", stamp.id, stamp.host));
                }
            }
            Ok(prefix.into_bytes())
        })
    }

    /// Whether mail for this address is taken (RFC 5321 §3.6.2, §7.3): for own domains always, else from users only.
    pub fn carries(&self, recipient: &Address) -> bool {
        self.site.accounts.is_local(recipient.domain()) || self.user.is_some() || self.broken(Fault::SmtpOpenRelay)
    }

    /// The `with` clause of the time stamp (RFC 3848).
    fn protocol(&self) -> &'static str {
        match (self.hello.as_ref().is_some_and(|hello| hello.extended), self.tls, self.user.is_some()) {
            (false, _, _) => "SMTP",
            (true, false, false) => "ESMTP",
            (true, false, true) => "ESMTPA",
            (true, true, false) => "ESMTPS",
            (true, true, true) => "ESMTPSA",
        }
    }
}

fn refusal(flaw: Flaw, limit: usize) -> Reply {
    match flaw {
        Flaw::TooBig => Reply::new(552, "5.3.4", format!("The message is larger than {limit} octets")),
        Flaw::BareLineEnd => Reply::new(554, "5.6.0", "The message has CR or LF alone: lines end with CRLF"),
        Flaw::Nul => Reply::new(554, "5.6.0", "The message has a NUL octet, which no mailbox can hold"),
        Flaw::HeaderTooBig => Reply::new(552, "5.3.4", "The header section is larger than a mebioctet"),
        Flaw::Loop => Reply::new(554, "5.4.6", "Too many Received fields: the message is in a loop"),
        Flaw::NoFrom => Reply::new(554, "5.6.0", "The message has no From field"),
        Flaw::Storage => Reply::new(451, "4.3.0", "The message cannot be stored now; try again later"),
    }
}

/// A name for the time stamp and the Message-ID, never used before.
fn queue_name() -> String {
    format!("{:016x}", getrandom::u64().unwrap_or_default())
}
