//! What every session of a server shares, apart from the mail itself.

use std::sync::Arc;

use crate::accounts::Accounts;
use crate::clock::Clock;
use crate::config::{Config, Limits};
use crate::faults::Faults;

/// The server as a session sees it; sessions hold it in an [`Arc`].
pub struct Site {
    /// The name the server calls itself by.
    pub host: String,
    pub accounts: Accounts,
    pub limits: Limits,
    pub faults: Faults,
    pub clock: Clock,
}

impl Site {
    /// Takes what sessions need from the configuration.
    pub fn new(config: &Config) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            host: config.host.clone(),
            accounts: Accounts::new(&config.domains, &config.accounts, &config.tokens)?,
            limits: config.limits.clone(),
            faults: config.faults,
            clock: config.clock.clone(),
        }))
    }
}
