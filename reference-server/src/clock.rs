//! The server's clock: real, or steered so that five days pass in milliseconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::Notify;

/// A clock that everyone who needs the time shares; clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    face: Arc<Face>,
}

#[derive(Debug)]
struct Face {
    /// The instant a stopped clock started from; `None` runs with the machine's clock.
    stopped_at: Option<OffsetDateTime>,
    /// How far it was moved forward, in milliseconds.
    ahead: AtomicI64,
    moved: Notify,
}

impl Default for Clock {
    fn default() -> Self {
        Self::real()
    }
}

impl Clock {
    /// Runs with the machine's clock, and can be moved forward.
    pub fn real() -> Self {
        Self::with(None)
    }

    /// Stands still at `instant` and moves only by [`Clock::advance`].
    pub fn stopped(instant: OffsetDateTime) -> Self {
        Self::with(Some(instant))
    }

    fn with(stopped_at: Option<OffsetDateTime>) -> Self {
        Self { face: Arc::new(Face { stopped_at, ahead: AtomicI64::new(0), moved: Notify::new() }) }
    }

    /// The instant, in UTC.
    pub fn now(&self) -> OffsetDateTime {
        let base = self.face.stopped_at.unwrap_or_else(OffsetDateTime::now_utc);
        base + time::Duration::milliseconds(self.face.ahead.load(Ordering::SeqCst))
    }

    /// Seconds since 1970, what the store writes down.
    pub fn unix(&self) -> i64 {
        self.now().unix_timestamp()
    }

    /// Moves the clock forward and wakes everyone who waits for an instant.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.face.ahead.fetch_add(by, Ordering::SeqCst);
        self.face.moved.notify_waiters();
    }

    /// Waits until the clock shows `instant` or later.
    pub async fn reaches(&self, instant: OffsetDateTime) {
        loop {
            // Registered before the look at the clock, so that a move in between is not missed.
            let moved = self.face.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let rest = instant - self.now();
            let Ok(rest) = Duration::try_from(rest) else { return };
            if rest.is_zero() {
                return;
            }
            if self.face.stopped_at.is_some() {
                moved.await;
            } else {
                tokio::select! {
                    () = &mut moved => {}
                    () = tokio::time::sleep(rest) => {}
                }
            }
        }
    }
}

/// The date and time of RFC 5322 §3.3, in UTC: `Sun, 23 Nov 2026 04:42:00 +0000`.
pub fn rfc5322(instant: OffsetDateTime) -> String {
    let instant = instant.to_offset(time::UtcOffset::UTC);
    let day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let name = |names: &[&'static str], index: u8| names.get(usize::from(index)).copied().unwrap_or_default();
    format!(
        "{}, {} {} {:04} {:02}:{:02}:{:02} +0000",
        name(&day, instant.weekday().number_days_from_monday()),
        instant.day(),
        name(&month, u8::from(instant.month()) - 1),
        instant.year(),
        instant.hour(),
        instant.minute(),
        instant.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn dates_are_written_as_mail_writes_them() {
        assert_eq!(rfc5322(datetime!(1997-11-21 09:55:06 -6)), "Fri, 21 Nov 1997 15:55:06 +0000");
        assert_eq!(rfc5322(datetime!(2026-02-01 00:00:00 UTC)), "Sun, 1 Feb 2026 00:00:00 +0000");
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_a_steered_clock() {
        let clock = Clock::stopped(datetime!(2026-01-01 0:00 UTC));
        let other = clock.clone();
        let waiter = tokio::spawn(async move { other.reaches(datetime!(2026-01-06 0:00 UTC)).await });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(86_400));
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        clock.advance(Duration::from_secs(4 * 86_400));
        tokio::time::timeout(Duration::from_secs(5), waiter).await.unwrap().unwrap();
    }
}
