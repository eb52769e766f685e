//! When a message is tried again, and when it is given up (RFC 5321 §4.5.4.1).

use std::time::Duration;

use time::OffsetDateTime;

use crate::config::Limits;

/// The queue's patience.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    retry_after: Duration,
    lifetime: Duration,
}

impl Schedule {
    pub fn new(limits: &Limits) -> Self {
        Self { retry_after: limits.retry_after, lifetime: limits.queue_lifetime }
    }

    /// The instant of the next attempt, or `None` if the message has waited long enough.
    pub fn next(&self, accepted: OffsetDateTime, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let next = now + self.retry_after;
        (next <= accepted + self.lifetime).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_message_is_tried_every_half_hour_for_five_days() {
        let schedule = Schedule::new(&Limits::default());
        let accepted = datetime!(2026-01-01 0:00 UTC);
        let attempts = std::iter::successors(Some(accepted), |now| schedule.next(accepted, *now)).collect::<Vec<_>>();
        assert_eq!(attempts.len(), 1 + 5 * 48);
        assert_eq!(attempts.get(1), Some(&datetime!(2026-01-01 0:30 UTC)));
        assert_eq!(attempts.last(), Some(&datetime!(2026-01-06 0:00 UTC)));
    }
}
