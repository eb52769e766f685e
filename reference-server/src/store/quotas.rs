//! How much an account may hold (RFC 9208). All its mailboxes share one limit for each resource.

use std::sync::atomic::Ordering;

use rusqlite::Connection;

use super::{Error, MailboxId, Result, Store, SystemFlag, Tx, sql};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Octets of messages, in units of 1024.
    Storage,
    /// Messages.
    Message,
}

impl Resource {
    pub const ALL: [Resource; 2] = [Resource::Storage, Resource::Message];

    /// Its name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Storage => "STORAGE",
            Resource::Message => "MESSAGE",
        }
    }

    fn of(self, usage: sql::quota::Usage) -> u64 {
        match self {
            Resource::Storage => usage.octets.div_ceil(1024),
            Resource::Message => usage.messages,
        }
    }
}

/// A resource, how much of it is used, and how much may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub resource: Resource,
    pub usage: u64,
    pub most: u64,
}

/// The limits of an account that may hold so many octets and messages; `usize::MAX` is no limit. Storage is counted in units of
/// 1024 octets (RFC 9208 §5.1).
pub fn default_quotas(octets: usize, messages: usize) -> Vec<(Resource, u64)> {
    let limits = [(Resource::Storage, octets, 1024), (Resource::Message, messages, 1)];
    let limits = limits.into_iter().filter(|(_, most, _)| *most != usize::MAX);
    limits.map(|(resource, most, unit)| (resource, most as u64 / unit)).collect()
}

impl Store {
    /// The limits of an account.
    pub fn quotas(&self, account: &str) -> Result<Vec<Quota>> {
        self.read(|connection| quotas(connection, account))
    }

    /// Gives an account these limits and no others: "Any previous resource limits for the named quota root are discarded, even
    /// resource limits not explicitly listed in the SETQUOTA command" (RFC 9208 §4.1.3).
    pub fn set_quotas(&self, account: &str, limits: &[(Resource, u64)]) -> Result<()> {
        // Before they hold, so that nobody misses them.
        if !limits.is_empty() {
            self.inner.known.limited.store(true, Ordering::Release);
        }
        let (account, limits) = (account.to_owned(), limits.to_vec());
        self.write(move |tx| {
            for resource in Resource::ALL {
                let most = limits.iter().find(|(limited, _)| *limited == resource).map(|(_, most)| *most);
                sql::quota::set(tx.connection, &account, resource.name(), most)?;
            }
            Ok(())
        })
    }

    /// The limits of all accounts that have none of their own.
    pub fn set_default_quotas(&self, limits: &[(Resource, u64)]) -> Result<()> {
        self.set_quotas("", limits)
    }

    /// Whether an account has room for so many more messages, of so many octets together.
    pub fn has_room(&self, account: &str, messages: u64, octets: u64) -> Result<bool> {
        if !self.inner.known.limited.load(Ordering::Acquire) {
            return Ok(true);
        }
        self.read(|connection| has_room(connection, account, messages, octets))
    }

    /// What an EXPUNGE would free (RFC 9208 §4.1.4).
    pub fn deleted_octets(&self, mailbox: MailboxId) -> Result<u64> {
        self.read_much(|connection| sql::quota::deleted_octets(connection, mailbox, SystemFlag::Deleted as u8))
    }
}

impl Tx<'_> {
    /// Fails if the account has no room for so many more messages, of so many octets together.
    pub(super) fn require_room(&self, account: &str, messages: u64, octets: u64) -> Result<()> {
        if !self.known.limited.load(Ordering::Acquire) {
            return Ok(());
        }
        match has_room(self.connection, account, messages, octets)? {
            true => Ok(()),
            false => Err(Error::OverQuota),
        }
    }
}

fn quotas(connection: &Connection, account: &str) -> Result<Vec<Quota>> {
    let limits = sql::quota::limits(connection, account)?;
    if limits.is_empty() {
        return Ok(Vec::new());
    }
    let usage = sql::quota::usage(connection, account)?;
    let named = |name: &str| Resource::ALL.into_iter().find(|resource| resource.name() == name);
    let limits = limits.iter().filter_map(|(name, most)| Some((named(name)?, *most)));
    Ok(limits.map(|(resource, most)| Quota { resource, usage: resource.of(usage), most }).collect())
}

fn has_room(connection: &Connection, account: &str, messages: u64, octets: u64) -> Result<bool> {
    let limits = sql::quota::limits(connection, account)?;
    if limits.is_empty() {
        return Ok(true);
    }
    let mut usage = sql::quota::usage(connection, account)?;
    usage.messages += messages;
    usage.octets += octets;
    let fits = |(name, most): &(String, u64)| {
        Resource::ALL.into_iter().all(|resource| resource.name() != name || resource.of(usage) <= *most)
    };
    Ok(limits.iter().all(fits))
}
