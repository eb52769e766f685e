//! How far a command is that takes long (RFC 9585).

use super::context::Context;
use super::response::{Code, Status, write_untagged};
use crate::clock::Clock;
use crate::extensions::Extension;
use crate::faults::Fault;
use std::time::Duration;

/// When a client is told how far its command is. One that is over before the first time says nothing: "If the command completes
/// before the first server notification deadline, there will be no notifications at all" (RFC 9585 §4).
pub struct Progress {
    clock: Clock,
    /// The time between two notifications; `None`: there are none.
    interval: Option<Duration>,
    /// When the next one is due, by [`Clock::uptime`].
    due: Duration,
}

impl Progress {
    /// Of a command that begins now.
    pub fn begin(context: &Context) -> Self {
        let clock = context.site.clock.clone();
        let interval = match context.faults().on(Fault::ImapInProgressAtOnce) {
            true => Duration::ZERO,
            false => context.site.limits.progress_interval,
        };
        let due = clock.uptime().saturating_add(interval);
        Progress { clock, interval: (!context.lacks(Extension::ImapInProgress)).then_some(interval), due }
    }

    /// Whether it is time to tell.
    pub fn is_due(&self) -> bool {
        self.interval.is_some() && self.clock.uptime() >= self.due
    }

    /// Tells that so many of all messages are done.
    pub fn tell(&mut self, context: &Context, done: u32, all: u32, out: &mut Vec<u8>) {
        self.due = self.clock.uptime().saturating_add(self.interval.unwrap_or_default());
        write_untagged(out, Status::ok(format!("{done} of {all} messages are done")).with(code(context, done, all)));
    }
}

/// How a command about so many messages is completed: without this, for "The response code MUST NOT appear in a tagged response
/// (the command has completed and further progress notifications make no sense)" (RFC 9585 §4).
pub fn completion(context: &Context, status: Status, all: u32) -> Status {
    match all.checked_sub(1).filter(|_| context.faults().on(Fault::ImapInProgressTagged) && status.code.is_none()) {
        Some(done) => status.with(code(context, done, all)),
        None => status,
    }
}

/// "If the tag is not available or if it contains the "]" character, it MUST be set to NIL" (RFC 9585 §4).
fn code(context: &Context, done: u32, all: u32) -> Code {
    let faults = context.faults();
    let is_told = !context.tag.contains(']') || faults.on(Fault::ImapInProgressBracketInTag);
    let suffix = if faults.on(Fault::ImapInProgressOfAnotherTag) { "x" } else { "" };
    let tag = is_told.then(|| format!("{}{suffix}", context.tag));
    let progress = if faults.on(Fault::ImapInProgressGoesBack) { done.min(all - done) } else { done };
    let goal = if faults.on(Fault::ImapInProgressWithGoalZero) { 0 } else { all };
    Code::InProgress { tag, progress, goal }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_at_intervals() {
        let clock = Clock::stopped(time::macros::datetime!(2026-07-05 09:08:07 UTC));
        let interval = Duration::from_secs(10);
        let progress = Progress { clock: clock.clone(), interval: Some(interval), due: clock.uptime() + interval };
        assert!(!progress.is_due());
        clock.advance(Duration::from_millis(9_999));
        assert!(!progress.is_due());
        clock.advance(Duration::from_millis(1));
        assert!(progress.is_due());
    }
}
