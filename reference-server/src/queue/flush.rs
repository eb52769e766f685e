//! Mail that is asked for: what waits for a destination is tried at once (RFC 1985 §5.1).

use super::Queue;
use super::spool::millis;
use crate::store::{Result, sql};

impl Queue {
    /// Has all mail for this domain tried now, and with `below` mail for the domains below it too. Gives how many messages
    /// waited.
    pub fn flush_destination(&self, domain: &str, below: bool) -> Result<usize> {
        let (domain, now) = (domain.to_owned(), millis(self.clock.now()));
        let waiting = self.store.write(move |tx| sql::queue::hasten(tx.connection, &domain, below, now))?;
        self.work.notify_one();
        Ok(waiting)
    }
}
