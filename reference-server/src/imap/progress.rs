//! How far a command is that takes long (RFC 9585).

use super::command::Command;
use super::context::Context;
use super::response::{Code, Status, write_untagged};
use crate::clock::Clock;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::store::Count;
use std::time::Duration;

/// When a client is told how far its command is. One that is over before the first time says nothing: "If the command completes
/// before the first server notification deadline, there will be no notifications at all" (RFC 9585 §4).
pub struct Progress {
    clock: Clock,
    /// The time between two notifications; `None`: there are none. Zero: every message is told of.
    interval: Option<Duration>,
    /// When the next one is due, by [`Clock::uptime`].
    due: Duration,
    /// How many messages were done when it was told last.
    told: u32,
}

impl Progress {
    /// Of a command that begins now.
    pub fn begin(context: &Context) -> Self {
        let interval = match context.faults().on(Fault::ImapInProgressAtOnce) {
            true => Duration::ZERO,
            false => context.site.limits.progress_interval,
        };
        Progress::every((!context.lacks(Extension::ImapInProgress)).then_some(interval), &context.site.clock)
    }

    fn every(interval: Option<Duration>, clock: &Clock) -> Self {
        let due = clock.uptime().saturating_add(interval.unwrap_or_default());
        Progress { clock: clock.clone(), interval, due, told: 0 }
    }

    /// Whether every message is told of.
    pub fn is_of_each(&self) -> bool {
        self.interval == Some(Duration::ZERO)
    }

    /// Whether it is time to tell.
    pub fn is_due(&self) -> bool {
        self.interval.is_some() && self.clock.uptime() >= self.due
    }

    /// How long it is until then.
    pub fn patience(&self) -> Duration {
        self.interval.map_or(Duration::MAX, |_| self.due.saturating_sub(self.clock.uptime()))
    }

    /// Tells how far the command is, or that this is not known yet; gives whether there was something to tell.
    pub fn tell(&mut self, context: &Context, count: Option<Count>, out: &mut Vec<u8>) -> bool {
        let Some(count) = self.next(count, context.faults().on(Fault::ImapInProgressAtGoal)) else { return false };
        let text = match count {
            Some(Count { done, all }) => format!("{done} of {all} messages are done"),
            None => "It is under way".to_owned(),
        };
        write_untagged(out, Status::ok(text).with(code(context, count)));
        true
    }

    /// What is to be told of this count.
    ///
    /// "The server SHOULD NOT send a progress notification where PROGRESS equals GOAL", and PROGRESS "SHOULD be monotonically
    /// increasing" (RFC 9585 §4).
    fn next(&mut self, count: Option<Count>, at_goal: bool) -> Option<Option<Count>> {
        self.due = self.clock.uptime().saturating_add(self.interval?);
        let Some(Count { done, all }) = count else { return Some(None) };
        if done >= all && !at_goal || self.is_of_each() && done <= self.told {
            return None;
        }
        self.told = self.told.max(done);
        Some(Some(Count { done: self.told, all }))
    }
}

/// How a command about so many messages is completed: without this, for "The response code MUST NOT appear in a tagged response
/// (the command has completed and further progress notifications make no sense)" (RFC 9585 §4).
pub fn completion(context: &Context, status: Status, all: u32) -> Status {
    match all.checked_sub(1).filter(|_| context.faults().on(Fault::ImapInProgressTagged) && status.code.is_none()) {
        Some(done) => status.with(code(context, Some(Count { done, all }))),
        None => status,
    }
}

/// Tells nothing once the command is completed.
pub fn afterwards(context: &Context, command: &Command, out: &mut Vec<u8>) {
    if command.name == "SEARCH" && context.faults().on(Fault::ImapInProgressAfterwards) {
        write_untagged(out, Status::ok("It is under way").with(code(context, None)));
    }
}

/// "If the tag is not available or if it contains the "]" character, it MUST be set to NIL" (RFC 9585 §4).
fn code(context: &Context, count: Option<Count>) -> Code {
    let faults = context.faults();
    let is_told = !context.tag.contains(']') || faults.on(Fault::ImapInProgressBracketInTag);
    let suffix = if faults.on(Fault::ImapInProgressOfAnotherTag) { "x" } else { "" };
    let tag = is_told.then(|| format!("{}{suffix}", context.tag));
    let Some(Count { done, all }) = count else { return Code::InProgress { tag, state: None } };
    let progress = if faults.on(Fault::ImapInProgressGoesBack) { done.min(all - done) } else { done };
    let goal = match (faults.on(Fault::ImapInProgressWithGoalZero), faults.on(Fault::ImapInProgressChangesGoal)) {
        (true, _) => 0,
        (false, true) => all.saturating_add(done),
        (false, false) => all,
    };
    Code::InProgress { tag, state: Some((progress, goal)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stopped(interval: Duration) -> (Clock, Progress) {
        let clock = Clock::stopped(time::macros::datetime!(2026-07-05 09:08:07 UTC));
        let progress = Progress::every(Some(interval), &clock);
        (clock, progress)
    }

    #[test]
    fn it_is_told_at_intervals() {
        let (clock, progress) = stopped(Duration::from_secs(10));
        assert!(!progress.is_due());
        clock.advance(Duration::from_millis(9_999));
        assert!(!progress.is_due());
        assert_eq!(progress.patience(), Duration::from_millis(1));
        clock.advance(Duration::from_millis(1));
        assert!(progress.is_due());
    }

    proptest! {
        /// Whatever is counted when: numbers do not go back, stay below the goal, and are apart by the interval.
        #[test]
        fn what_is_told_is_in_order(counts in prop::collection::vec((0_u64..9, prop::option::of(0_u32..9)), 0..40), seconds in 0_u64..4) {
            let (clock, mut progress) = stopped(Duration::from_secs(seconds));
            let (mut last, mut heard) = (0, clock.uptime());
            for (later, done) in counts {
                clock.advance(Duration::from_secs(later));
                if !progress.is_due() {
                    continue;
                }
                let Some(told) = progress.next(done.map(|done| Count { done, all: 7 }), false) else { continue };
                prop_assert!(clock.uptime() - heard >= Duration::from_secs(seconds));
                heard = clock.uptime();
                let Some(Count { done, all }) = told else { continue };
                prop_assert!(last <= done && done < all && all == 7);
                prop_assert!(seconds > 0 || last < done);
                last = done;
            }
        }
    }
}
