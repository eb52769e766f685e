//! The server's clock: real, or steered so that five days pass in milliseconds.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

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
    /// When the clock was made, by the machine's clock that never goes back.
    made: Instant,
    /// How far it was moved forward alone, in milliseconds.
    ahead: AtomicI64,
    group: Arc<Group>,
}

/// Clocks that can be moved in one go.
#[derive(Debug, Default)]
struct Group {
    /// How far all of them were moved forward, in milliseconds.
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
        Self::with(None, Arc::default())
    }

    /// Another clock that runs with the machine's, in a group with this one: [`Clock::advance_all`] moves both in one instant.
    pub fn companion(&self) -> Self {
        Self::with(None, Arc::clone(&self.face.group))
    }

    /// Stands still at `instant` and moves only by [`Clock::advance`].
    pub fn stopped(instant: OffsetDateTime) -> Self {
        Self::with(Some(instant), Arc::default())
    }

    fn with(stopped_at: Option<OffsetDateTime>, group: Arc<Group>) -> Self {
        Self { face: Arc::new(Face { stopped_at, made: Instant::now(), ahead: AtomicI64::new(0), group }) }
    }

    /// How far it was moved, in milliseconds.
    fn ahead(&self) -> i64 {
        self.face.ahead.load(Ordering::SeqCst).saturating_add(self.face.group.ahead.load(Ordering::SeqCst))
    }

    /// The instant, in UTC.
    pub fn now(&self) -> OffsetDateTime {
        let base = self.face.stopped_at.unwrap_or_else(OffsetDateTime::now_utc);
        base + time::Duration::milliseconds(self.ahead())
    }

    /// Seconds since 1970, what the store writes down.
    pub fn unix(&self) -> i64 {
        self.now().unix_timestamp()
    }

    /// Moves the clock forward and wakes everyone who waits for an instant.
    pub fn advance(&self, by: Duration) {
        self.face.ahead.fetch_add(milliseconds(by), Ordering::SeqCst);
        self.face.group.moved.notify_waiters();
    }

    /// Moves all clocks of its group forward in one instant: nobody who acts by one of them meets another that still lives in the past.
    pub fn advance_all(&self, by: Duration) {
        self.face.group.ahead.fetch_add(milliseconds(by), Ordering::SeqCst);
        self.face.group.moved.notify_waiters();
    }

    /// How long the clock has been running, for measuring how long something lasts: it moves with [`Clock::advance`], and never goes
    /// back as the date of a machine may.
    pub fn uptime(&self) -> Duration {
        let ran = if self.face.stopped_at.is_some() { Duration::ZERO } else { self.face.made.elapsed() };
        let ahead = u64::try_from(self.ahead()).unwrap_or_default();
        ran.saturating_add(Duration::from_millis(ahead))
    }

    /// Waits until the clock shows `instant` or later.
    pub async fn reaches(&self, instant: OffsetDateTime) {
        self.wait(|| Duration::try_from(instant - self.now()).ok()).await;
    }

    /// Waits until [`Clock::uptime`] is `uptime` or more.
    pub async fn passes(&self, uptime: Duration) {
        self.wait(|| uptime.checked_sub(self.uptime())).await;
    }

    /// Runs `work` for at most `limit` of this clock's time; `None` if that was not enough. What is ready at once costs no timer.
    pub async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        let end = self.uptime().saturating_add(limit);
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.passes(end) => None,
        }
    }

    /// Waits until there is no rest any more, looking again whenever the clock was moved.
    async fn wait(&self, rest: impl Fn() -> Option<Duration>) {
        loop {
            // Registered before the look at the clock, so that a move in between is not missed.
            let moved = self.face.group.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let Some(rest) = rest().filter(|rest| !rest.is_zero()) else { return };
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

/// Tells when a deadline that keeps moving has passed, such as the end of a client's patience, which each of its bytes puts off.
///
/// Setting a timer anew for each would cost as much as the read it waits for. This one stays set for the deadline it knew, and looks
/// again when it rings.
pub struct Alarm {
    clock: Clock,
    /// When it rings, and what waits for that.
    set: Option<(Duration, Ring)>,
}

/// A wait that outlives who awaits it.
type Ring = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Alarm {
    /// An alarm that is not set.
    pub fn new(clock: Clock) -> Self {
        Self { clock, set: None }
    }

    /// Waits until [`Clock::uptime`] is `deadline` or more. May be dropped at any time and called with another deadline.
    pub async fn passed(&mut self, deadline: Duration) {
        loop {
            let rings = match &mut self.set {
                Some((at, rings)) if *at <= deadline => rings,
                set => {
                    let clock = self.clock.clone();
                    &mut set.insert((deadline, Box::pin(async move { clock.passes(deadline).await }))).1
                }
            };
            rings.await;
            self.set = None;
            if self.clock.uptime() >= deadline {
                return;
            }
        }
    }
}

fn milliseconds(by: Duration) -> i64 {
    i64::try_from(by.as_millis()).unwrap_or(i64::MAX)
}

/// The date and time of RFC 5322 §3.3, in UTC: `Sun, 23 Nov 2026 04:42:00 +0000`. The day has two digits, which the grammar allows: so
/// what has a date in it is as long on any day.
pub fn rfc5322(instant: OffsetDateTime) -> String {
    let instant = instant.to_offset(time::UtcOffset::UTC);
    let day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let name = |names: &[&'static str], index: u8| names.get(usize::from(index)).copied().unwrap_or_default();
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
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
        assert_eq!(rfc5322(datetime!(2026-02-01 00:00:00 UTC)), "Sun, 01 Feb 2026 00:00:00 +0000");
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

    #[tokio::test]
    async fn companions_are_moved_together_or_alone() {
        let one = Clock::real();
        let other = one.companion();
        let hours = |clock: &Clock| (clock.now() - OffsetDateTime::now_utc()).whole_seconds().div_euclid(3600);
        let waiting = other.clone();
        let waiter = tokio::spawn(async move { waiting.passes(Duration::from_secs(7200)).await });
        tokio::task::yield_now().await;
        one.advance(Duration::from_secs(3 * 3600 + 60));
        tokio::task::yield_now().await;
        assert_eq!((hours(&one), hours(&other), waiter.is_finished()), (3, 0, false));
        one.advance_all(Duration::from_secs(2 * 3600 + 60));
        tokio::time::timeout(Duration::from_secs(5), waiter).await.unwrap().unwrap();
        assert_eq!((hours(&one), hours(&other)), (5, 2));
    }

    #[tokio::test]
    async fn an_alarm_follows_its_deadline_and_the_clock() {
        let clock = Clock::stopped(datetime!(2026-01-01 0:00 UTC));
        let mut alarm = Alarm::new(clock.clone());
        let rings = async |alarm: &mut Alarm, deadline: u64| {
            tokio::select! {
                biased;
                () = alarm.passed(Duration::from_secs(deadline)) => true,
                () = tokio::task::yield_now() => false,
            }
        };
        assert!(!rings(&mut alarm, 300).await);
        clock.advance(Duration::from_secs(299));
        assert!(!rings(&mut alarm, 300).await);
        // The client was heard: the deadline is later, and the alarm set before must not ring for it.
        clock.advance(Duration::from_secs(2));
        assert!(!rings(&mut alarm, 599).await);
        // It logged in, and the patience is shorter now.
        assert!(rings(&mut alarm, 301).await);
        clock.advance(Duration::from_secs(298));
        assert!(rings(&mut alarm, 599).await);
    }

    #[tokio::test]
    async fn work_has_the_time_of_the_clock_it_is_given() {
        let clock = Clock::real();
        assert_eq!(clock.within(Duration::from_secs(60), async { 1 }).await, Some(1));
        let other = clock.clone();
        let endless = tokio::spawn(async move { other.within(Duration::from_secs(60), std::future::pending::<()>()).await });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(61));
        assert_eq!(tokio::time::timeout(Duration::from_secs(5), endless).await.unwrap().unwrap(), None);
    }
}
