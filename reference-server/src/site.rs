//! What every session of a server shares, apart from the mail itself.

mod maildrops;

use std::sync::Arc;

use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::config::{Config, Limits, Pop3Policy, Senders};
use crate::extensions::{Extension, Without};
use crate::faults::Faults;
use crate::mail::Domain;

pub use maildrops::Maildrops;

/// The server as a session sees it; sessions hold it in an [`Arc`].
pub struct Site {
    /// The name the server calls itself by.
    pub host: String,
    pub accounts: Accounts,
    /// The names of the accounts that say what all users see of the server.
    pub administrators: Vec<String>,
    /// Whether there are mailboxes that belong to nobody.
    pub shares_mailboxes: bool,
    pub limits: Limits,
    pub faults: Faults,
    pub without: Without,
    pub senders: Senders,
    /// Whether IMAP clients must enable UTF8=ACCEPT.
    pub utf8_only: bool,
    /// The domains that have a route of their own: their mail passes through here (RFC 5321 §3.6.2).
    pub relayed: Vec<String>,
    /// The domains this server is a backup for: it takes their mail from anybody.
    pub backed_up: Vec<String>,
    pub clock: Clock,
    /// How often users may log in to POP3, and how long their mail is kept.
    pub pop3: Pop3Policy,
    /// What is remembered of maildrops between POP3 sessions.
    pub maildrops: Maildrops,
}

impl Site {
    /// Takes what sessions need from the configuration.
    pub fn new(config: &Config) -> anyhow::Result<Arc<Self>> {
        let accounts =
            Accounts::new(&config.domains, &config.accounts, &config.tokens)?.with_aliases(&config.aliases, &config.lists)?;
        let administrators = config.administrators.iter().map(|address| accounts.named(address)).collect::<Result<_, _>>()?;
        Ok(Arc::new(Self {
            host: config.host.clone(),
            accounts,
            administrators,
            shares_mailboxes: !config.shared_mailboxes.is_empty(),
            limits: config.limits.clone(),
            faults: config.faults,
            without: without(config),
            senders: config.senders,
            utf8_only: config.utf8_only,
            relayed: config.routes.iter().map(|route| route.domain.clone()).filter(|domain| domain != "*").collect(),
            backed_up: config.backup_for.clone(),
            clock: config.clock.clone(),
            pop3: config.pop3,
            maildrops: Maildrops::default(),
        }))
    }

    /// Whether mail for this domain passes through here to a server of its own.
    pub fn is_relayed(&self, domain: &Domain) -> bool {
        self.relayed.iter().any(|relayed| domain.is(relayed)) || self.is_backed_up(domain)
    }

    /// Whether mail for this domain is taken from anybody, to be passed on.
    pub fn is_backed_up(&self, domain: &Domain) -> bool {
        self.backed_up.iter().any(|known| domain.is(known))
    }
}

/// Without what was asked for, and without the extensions that announce a limit where none is set.
fn without(config: &Config) -> Without {
    let limits = &config.limits;
    let announced = [(Extension::ImapMessageLimit, limits.command_messages), (Extension::ImapSaveLimit, limits.saved_messages)];
    let unset = announced.into_iter().filter(|(_, limit)| *limit == usize::MAX);
    unset.fold(config.without, |without, (extension, _)| without.and(extension))
}
