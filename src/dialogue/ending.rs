//! How a case ends before its dialogue does.

use std::time::Duration;

use super::{Doing, Engine};
use crate::outcome::{Finding, FindingKind, Verdict};
use crate::protocol::Limits;

impl Engine {
    /// A server that does not stop talking ends the case before it fills the memory.
    pub(super) fn flooded(&mut self, connection: &str) {
        let Limits { replies, connection: octets, .. } = self.scope.environment.limits;
        let why = format!(
            "{} does not stop talking: more than {replies} replies in one case, or {octets} octets on one connection",
            self.party(connection)
        );
        let span = match &self.doing {
            Doing::Over => return,
            Doing::Exchanging(running) => Some(running.span()),
            _ => None,
        };
        if self.program.in_setup() || matches!(self.doing, Doing::Preparing(_) | Doing::Opening(_)) {
            return self.end(Verdict::Blocked, format!("the set-up failed: {why}"));
        }
        // Not by way of `fail`: another attempt of an `eventually` would meet the same flood.
        self.findings = vec![self.finding(FindingKind::Forbidden, span, connection, why)];
        self.verdict = Verdict::broken(self.case.level, self.strict);
        self.over();
    }

    /// Ends the case with findings: by its level, or blocked when it happened in the set-up, or tried again in `eventually`.
    pub(super) fn fail(&mut self, findings: Vec<Finding>) {
        if self.try_again() {
            return;
        }
        if self.program.in_setup() {
            let why = findings.first().map_or("the set-up failed".to_owned(), |f| format!("the set-up failed: {}", f.message));
            self.findings = findings;
            self.end(Verdict::Blocked, why);
            return;
        }
        self.findings = findings;
        self.verdict = Verdict::broken(self.case.level, self.strict);
        self.over();
    }

    /// Inside `eventually` whose time is not up: begins a new attempt.
    pub(super) fn try_again(&mut self) -> bool {
        let again = self.program.retry(&mut self.scope, &mut self.transcript, self.now);
        if again {
            // Long enough not to flood the server, short enough not to be felt.
            self.doing = Doing::Waiting { until: self.now + Duration::from_millis(40) };
        }
        again
    }

    pub(super) fn end(&mut self, verdict: Verdict, reason: String) {
        self.verdict = verdict;
        self.reason = Some(reason);
        self.over();
    }

    pub(super) fn over(&mut self) {
        self.demands.clear();
        self.doing = Doing::Over;
    }
}
