//! What a sender is told of, and what not (RFC 3461 §5.2, RFC 2852 §4.1).

use super::{Entry, Outcome, Waiting};
use crate::mail::{ByMode, Notify};

/// What became of a recipient's mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It lies in the mailbox.
    Delivered,
    /// Another server has it, which will notify the sender itself.
    Passed,
    /// Another server has it, which will not.
    Relayed,
    /// It has waited for the time after which this server warns.
    Delayed,
    /// It was not delivered in time, and is tried on.
    Late,
    /// It is given up.
    Failed,
}

/// Whether the sender gets a notification of it. `warn_unasked`: this server warns of delays those who did not say.
pub(super) fn is_told(notify: Option<Notify>, event: Event, warn_unasked: bool) -> bool {
    match (event, notify) {
        // RFC 3461 §5.2.3: a success is told if that was asked for; §5.2.1: by who takes the message on, if it can.
        (Event::Delivered | Event::Relayed, Some(notify)) => notify.success,
        (Event::Delivered | Event::Relayed, None) | (Event::Passed, _) => false,
        // RFC 3461 §5.2.5: never where NOTIFY does not have DELAY.
        (Event::Delayed, Some(notify)) => notify.delay,
        (Event::Delayed, None) => warn_unasked,
        // RFC 2852 §4.1.3: not a matter of taste.
        (Event::Late, Some(notify)) => notify.delay,
        (Event::Late, None) => true,
        // RFC 3461 §5.2.6.
        (Event::Failed, Some(notify)) => notify.failure,
        (Event::Failed, None) => true,
    }
}

/// Whether the sender is told that another server has the mail.
pub(super) fn is_told_of_relaying(entry: &Entry, waiting: &Waiting, outcome: &Outcome) -> bool {
    let Outcome::Relayed { notifies, keeps_time, .. } = outcome else { return false };
    let event = if *notifies { Event::Passed } else { Event::Relayed };
    // RFC 2852 §4.1.4: with a trace, and §4.1.4.2: where the next server does not know of the deadline.
    let never = waiting.notify.is_some_and(|notify| notify == Notify::default());
    let by = entry.deliver_by.is_some_and(|by| by.trace || (by.mode == ByMode::Notify && !keeps_time));
    is_told(waiting.notify, event, false) || (by && !never)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Address, DeliverBy};
    use crate::queue::Job;
    use proptest::prelude::*;
    use time::macros::datetime;

    const NEVER: Option<Notify> = Some(Notify { success: false, failure: false, delay: false });
    const SUCCESS: Option<Notify> = Some(Notify { success: true, failure: false, delay: false });
    const FAILURE: Option<Notify> = Some(Notify { success: false, failure: true, delay: false });
    const DELAY: Option<Notify> = Some(Notify { success: false, failure: false, delay: true });
    const ALL: Option<Notify> = Some(Notify { success: true, failure: true, delay: true });

    #[test]
    fn the_table_of_rfc_3461() {
        // NOTIFY:              none   NEVER  SUCCESS FAILURE DELAY  all
        let table = [
            (Event::Delivered, [false, false, true, false, false, true]),
            (Event::Relayed, [false, false, true, false, false, true]),
            (Event::Passed, [false, false, false, false, false, false]),
            (Event::Delayed, [false, false, false, false, true, true]),
            (Event::Late, [true, false, false, false, true, true]),
            (Event::Failed, [true, false, false, true, false, true]),
        ];
        for (event, row) in table {
            let told = [None, NEVER, SUCCESS, FAILURE, DELAY, ALL].map(|notify| is_told(notify, event, false));
            assert_eq!(told, row, "{event:?}");
        }
        assert!(is_told(None, Event::Delayed, true) && !is_told(FAILURE, Event::Delayed, true));
    }

    fn relaying(notify: Option<Notify>, by: Option<(ByMode, bool)>, notifies: bool, keeps_time: bool) -> bool {
        let to = crate::mail::Recipient { address: Address::parse("bob@hamburger.edu").unwrap(), notify, original: None };
        let deliver_by = by.map(|(mode, trace)| DeliverBy { deadline: datetime!(2026-01-02 0:00 UTC), mode, trace });
        let envelope = crate::mail::Envelope { recipients: vec![to], deliver_by, ..Default::default() };
        let (job, _) = Job::sample(envelope, b"");
        let outcome = Outcome::Relayed { host: "mx".into(), reply: "250".into(), notifies, keeps_time };
        is_told_of_relaying(&job.entry, &job.entry.recipients[0], &outcome)
    }

    #[test]
    fn relaying_is_told_where_nobody_else_will() {
        assert!(relaying(SUCCESS, None, false, true) && !relaying(SUCCESS, None, true, true));
        assert!(!relaying(None, None, false, true) && !relaying(FAILURE, None, false, true));
        assert!(relaying(None, Some((ByMode::Return, true)), true, true), "RFC 2852 §4.1.4, a trace");
        assert!(relaying(FAILURE, Some((ByMode::Notify, false)), true, false), "RFC 2852 §4.1.4.2");
        assert!(!relaying(None, Some((ByMode::Notify, false)), true, true));
        assert!(!relaying(NEVER, Some((ByMode::Notify, true)), false, false));
    }

    proptest! {
        #[test]
        fn never_means_never(warn_unasked: bool, notifies: bool, keeps: bool, trace: bool, notify_mode: bool) {
            for event in [Event::Delivered, Event::Passed, Event::Relayed, Event::Delayed, Event::Late, Event::Failed] {
                prop_assert!(!is_told(NEVER, event, warn_unasked));
            }
            let mode = if notify_mode { ByMode::Notify } else { ByMode::Return };
            prop_assert!(!relaying(NEVER, Some((mode, trace)), notifies, keeps));
        }
    }
}
