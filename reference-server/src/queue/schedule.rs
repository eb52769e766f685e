//! When a message is tried again, when its sender is warned, and when it is given up (RFC 5321 §4.5.4.1).

use std::time::Duration;

use time::OffsetDateTime;

use crate::config::Limits;

/// The queue's patience.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    retry_after: Duration,
    retry_max: Duration,
    lifetime: Duration,
    delay_warning: Duration,
    /// Whether senders that said nothing of NOTIFY are warned too.
    pub warn_unasked: bool,
}

impl Schedule {
    pub fn new(limits: &Limits) -> Self {
        Self {
            retry_after: limits.retry_after,
            retry_max: limits.retry_max.max(limits.retry_after),
            lifetime: limits.queue_lifetime,
            delay_warning: limits.delay_warning,
            warn_unasked: limits.warn_unasked,
        }
    }

    /// How long to wait after so many failures in a row, of a message or of a destination. The first hour has two attempts;
    /// then the pauses double up to the longest one, as RFC 5321 §4.5.4.1 advises.
    pub fn pause(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(2).min(20);
        self.retry_after.saturating_mul(1 << doublings).min(self.retry_max)
    }

    /// When a message is given up that was accepted then, or not to be sent before then.
    pub fn expiry(&self, accepted: OffsetDateTime, hold_until: Option<OffsetDateTime>) -> OffsetDateTime {
        later(begin(accepted, hold_until), self.lifetime)
    }

    /// When its sender is warned that it is delayed.
    pub fn warning(&self, accepted: OffsetDateTime, hold_until: Option<OffsetDateTime>) -> Option<OffsetDateTime> {
        let warning = later(begin(accepted, hold_until), self.delay_warning);
        (warning < self.expiry(accepted, hold_until)).then_some(warning)
    }

    /// The instant of the attempt after this one, which was in vain: the last is when the message has waited long enough.
    /// `None`: that was the last.
    pub fn next(&self, failures: u32, now: OffsetDateTime, expiry: OffsetDateTime) -> Option<OffsetDateTime> {
        (now < expiry).then(|| later(now, self.pause(failures)).min(expiry))
    }
}

/// The time a message is kept back by its sender's wish is no delay (RFC 4865 §4).
fn begin(accepted: OffsetDateTime, hold_until: Option<OffsetDateTime>) -> OffsetDateTime {
    hold_until.map_or(accepted, |until| until.max(accepted))
}

fn later(instant: OffsetDateTime, by: Duration) -> OffsetDateTime {
    let by = time::Duration::try_from(by).unwrap_or(time::Duration::MAX);
    instant.checked_add(by).unwrap_or(OffsetDateTime::new_utc(time::Date::MAX, time::Time::MIDNIGHT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    const ACCEPTED: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

    fn attempts(limits: &Limits) -> Vec<OffsetDateTime> {
        let schedule = Schedule::new(limits);
        let expiry = schedule.expiry(ACCEPTED, None);
        let mut attempts = vec![ACCEPTED];
        while let Some(next) = schedule.next(attempts.len() as u32, *attempts.last().unwrap(), expiry) {
            attempts.push(next);
        }
        attempts
    }

    #[test]
    fn a_message_is_tried_twice_in_the_first_hour_then_ever_more_rarely_and_a_last_time_after_five_days() {
        let hours = attempts(&Limits::default()).iter().map(|at| (*at - ACCEPTED).as_seconds_f64() / 3600.0).collect::<Vec<_>>();
        assert_eq!(hours[..7], [0.0, 0.5, 1.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(hours.last(), Some(&120.0));
    }

    #[test]
    fn the_pause_can_be_made_constant() {
        let limits = Limits { retry_max: Duration::from_secs(1800), ..Limits::default() };
        let attempts = attempts(&limits);
        assert_eq!(attempts.len(), 1 + 5 * 48);
        assert_eq!(attempts.get(2), Some(&datetime!(2026-01-01 1:00 UTC)));
    }

    #[test]
    fn time_that_the_sender_asked_for_does_not_count() {
        let schedule = Schedule::new(&Limits::default());
        let until = datetime!(2026-02-01 0:00 UTC);
        assert_eq!(schedule.expiry(ACCEPTED, Some(until)), datetime!(2026-02-06 0:00 UTC));
        assert_eq!(schedule.warning(ACCEPTED, Some(until)), Some(datetime!(2026-02-01 4:00 UTC)));
        assert_eq!(schedule.expiry(ACCEPTED, Some(datetime!(2025-02-01 0:00 UTC))), datetime!(2026-01-06 0:00 UTC));
    }

    proptest! {
        #[test]
        fn attempts_move_forward_and_end_with_the_life_of_the_message(
            after in 1_u64..100_000, max in 1_u64..1_000_000, life in 1_u64..2_000_000,
        ) {
            let limits = Limits {
                retry_after: Duration::from_secs(after),
                retry_max: Duration::from_secs(max),
                queue_lifetime: Duration::from_secs(life),
                ..Limits::default()
            };
            // So that the number of attempts stays small.
            prop_assume!(life / after < 2000);
            let attempts = attempts(&limits);
            prop_assert_eq!(*attempts.last().unwrap(), ACCEPTED + Duration::from_secs(life));
            let pauses = attempts.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>();
            prop_assert!(pauses.iter().all(|pause| *pause > Duration::ZERO && *pause <= Duration::from_secs(max.max(after))));
            // Only the last may be shorter than the one before.
            let grown = &pauses[..pauses.len() - 1];
            prop_assert!(grown.windows(2).all(|pair| pair[0] <= pair[1]));
        }

        #[test]
        fn no_number_is_too_big(failures: u32, after: u64, max: u64) {
            let limits = Limits { retry_after: Duration::from_secs(after), retry_max: Duration::from_secs(max), ..Limits::default() };
            let schedule = Schedule::new(&limits);
            prop_assert!(schedule.pause(failures) >= Duration::from_secs(after));
            schedule.next(failures, ACCEPTED, schedule.expiry(ACCEPTED, None));
        }
    }
}
