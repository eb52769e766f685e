//! What a session has learned so far: everything the commands work on.

use std::sync::Arc;

use crate::accounts::Account;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mail::{Address, Domain};
use crate::queue::Queue;
use crate::refusals::Refusals;
use crate::sasl::Mechanism;
use crate::session::{After, Peer};
use crate::site::Site;
use crate::store::Store;

pub(super) use super::transaction::Awaited;
use super::transaction::Transaction;

/// Whom an endpoint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Other servers bring mail for the own domains; users may log in and send anywhere.
    Relay,
    /// Users send mail; they must log in first (RFC 6409 §4.3).
    Submission,
    /// A queue of this site brings mail for the mailboxes (RFC 2033).
    Lmtp,
    /// Nobody brings mail (RFC 7504 §3).
    Refusal,
}

/// What a client said in EHLO or HELO.
#[derive(Clone, Debug)]
pub(super) struct Hello {
    pub client: Domain,
    pub extended: bool,
}

/// The state of a session.
pub(super) struct Conversation {
    pub site: Arc<Site>,
    pub store: Store,
    pub queue: Queue,
    pub role: Role,
    pub peer: Peer,
    pub tls: bool,
    pub hello: Option<Hello>,
    pub user: Option<Arc<Account>>,
    /// Failed attempts to log in.
    pub failures: u32,
    /// Commands that were wrong since the last message.
    pub errors: usize,
    /// MAIL commands so far.
    pub transactions: usize,
    pub transaction: Option<Transaction>,
    pub awaited: Awaited,
    /// Asked about the domains of recipients, while it answers in time.
    pub refusals: Option<Refusals>,
    pub after: After,
}

impl Conversation {
    pub fn broken(&self, fault: Fault) -> bool {
        self.site.faults.on(fault)
    }

    /// Whether the server was started without the extension.
    pub fn lacks(&self, extension: Extension) -> bool {
        self.site.without.lacks(extension)
    }

    /// Whether the client has said EHLO, so that extensions may be used (RFC 5321 §4.1.1.1).
    pub fn is_extended(&self) -> bool {
        self.hello.as_ref().is_some_and(|hello| hello.extended)
    }

    /// Whether the client announced UTF-8 for the open transaction (RFC 6531 §3.4).
    pub fn speaks_utf8(&self) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| transaction.envelope.smtputf8)
    }

    /// The mechanisms that may be used now.
    pub fn mechanisms(&self) -> Vec<Mechanism> {
        if self.lacks(Extension::SmtpAuth) {
            return Vec::new();
        }
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

    /// Whether mail for this address is taken (RFC 5321 §3.6.2, §7.3): for own domains always, else from users, and from other
    /// servers where this one is a designated exchanger (RFC 5321 §5.1). LMTP is for mailboxes (RFC 2033 §3).
    pub fn carries(&self, recipient: &Address) -> bool {
        let backup = self.role == Role::Relay && self.site.is_backed_up(recipient.domain());
        let relays = backup || (self.role != Role::Lmtp && self.user.is_some());
        self.site.accounts.is_local(recipient.domain()) || relays || self.broken(Fault::SmtpOpenRelay)
    }
}
