//! What the DNS says of domains that take no mail (RFC 7505), for sessions, which look nothing up themselves.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::mail::Domain;

/// Whether the domain has a null MX; ends in its own time.
pub type LookUp = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Begins to look a domain up.
pub type Resolve = dyn Fn(&Domain) -> Option<LookUp> + Send + Sync;

/// How long a client waits for the DNS: it has asked for a recipient to be accepted, which is true of nearly all, and the sending attempt
/// asks again (RFC 7505 §4.1).
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks the DNS.
#[derive(Clone)]
pub struct Refusals {
    pub runtime: Handle,
    /// `None`: where the mail of this domain goes is not asked of the DNS.
    pub look_up: Arc<Resolve>,
}

/// What the DNS says of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It has a null MX: it takes no mail.
    NullMx,
    /// Nothing of the kind.
    Otherwise,
    /// Nothing in time.
    Nothing,
}

/// A question that is under way.
#[derive(Clone, Debug, Default)]
pub struct Asked(Arc<OnceLock<Said>>);

impl Asked {
    /// `None`: not yet.
    pub fn said(&self) -> Option<Said> {
        self.0.get().copied()
    }
}

impl Refusals {
    /// Asks; `done` is called when there is an answer, or when the patience is over. `None`: there is nobody to ask.
    pub fn ask(&self, domain: &Domain, done: impl FnOnce() + Send + 'static) -> Option<Asked> {
        let look_up = (self.look_up)(domain)?;
        let asked = Asked::default();
        let answer = asked.clone();
        self.runtime.spawn(async move {
            let said = match tokio::time::timeout(PATIENCE, look_up).await {
                Ok(true) => Said::NullMx,
                Ok(false) => Said::Otherwise,
                Err(_) => Said::Nothing,
            };
            let _ = answer.0.set(said);
            done();
        });
        Some(asked)
    }
}
