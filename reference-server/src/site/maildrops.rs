//! What is remembered of maildrops between POP3 sessions, for as long as the server runs: when they were opened, and since when
//! their messages are known to clients.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The maildrops that were opened, by the name of the account. Instants are [`crate::clock::Clock::uptime`].
#[derive(Default)]
pub struct Maildrops(Mutex<HashMap<String, Remembered>>);

#[derive(Default)]
struct Remembered {
    /// When the last login succeeded.
    opened: Duration,
    /// When a session first met a message, by UID.
    met: HashMap<u32, Duration>,
}

impl Maildrops {
    /// How long the user still has to wait before the next login; `None`: not at all (RFC 2449 §6.5).
    pub fn wait(&self, account: &str, delay: Duration, now: Duration) -> Option<Duration> {
        let next = self.lock().get(account)?.opened.saturating_add(delay);
        next.checked_sub(now).filter(|wait| !wait.is_zero())
    }

    /// The maildrop was opened, and these messages are in it.
    pub fn opened(&self, account: &str, uids: impl Iterator<Item = u32>, now: Duration) {
        let mut all = self.lock();
        let remembered = all.entry(account.to_owned()).or_default();
        let met = uids.map(|uid| (uid, remembered.met.get(&uid).copied().unwrap_or(now))).collect();
        *remembered = Remembered { opened: now, met };
    }

    /// Whether a session met this message so long ago. What was met before the server started counts from then: a message may
    /// be kept for longer than was announced, never shorter (RFC 2449 §6.7).
    pub fn met_before(&self, account: &str, uid: u32, age: Duration, now: Duration) -> bool {
        let all = self.lock();
        let met = all.get(account).and_then(|remembered| remembered.met.get(&uid));
        met.is_some_and(|met| now.saturating_sub(*met) >= age)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Remembered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn logins_are_counted_from_the_last_that_succeeded() {
        let maildrops = Maildrops::default();
        assert_eq!(maildrops.wait("alice", seconds(60), seconds(10)), None);
        maildrops.opened("alice", std::iter::empty(), seconds(10));
        assert_eq!(maildrops.wait("alice", seconds(60), seconds(30)), Some(seconds(40)));
        assert_eq!(maildrops.wait("alice", seconds(60), seconds(70)), None);
        assert_eq!(maildrops.wait("bob", seconds(60), seconds(30)), None);
    }

    #[test]
    fn messages_are_counted_from_when_they_were_first_met() {
        let maildrops = Maildrops::default();
        maildrops.opened("alice", [1, 2].into_iter(), seconds(10));
        maildrops.opened("alice", [2, 3].into_iter(), seconds(50));
        let old = |uid| maildrops.met_before("alice", uid, seconds(60), seconds(75));
        assert_eq!([1, 2, 3].map(old), [false, true, false]);
    }
}
