//! Mail that is asked for: what waits for a destination is tried at once (RFC 1985 §5.1).

use super::Queue;
use super::control::Selection;
use crate::store::{Result, sql};

impl Queue {
    /// Has all mail for this domain tried now, and with `below` mail for the domains below it too. Gives how many
    /// recipients waited.
    pub fn flush_destination(&self, domain: &str, below: bool) -> Result<usize> {
        let domain = domain.to_ascii_lowercase();
        let mut flushed = self.flush(Selection::Destination(domain.clone()))?;
        if below {
            let under = format!(".{domain}");
            let known = self.store.read(sql::queue::destinations)?;
            for (destination, _) in known.into_iter().filter(|(destination, _)| destination.ends_with(&under)) {
                flushed += self.flush(Selection::Destination(destination))?;
            }
        }
        Ok(flushed)
    }
}
