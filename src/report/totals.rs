//! The three numbers every report agrees on, and the richer counts behind them.

use std::collections::BTreeMap;

use crate::outcome::{CaseOutcome, RunResult, Verdict};

/// What a run came to, in the three numbers that CI tools read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Passed, warned and observed cases.
    pub passed: usize,
    /// Failed, unexpectedly passed, blocked and errored cases, and stale baseline entries.
    pub failed: usize,
    /// Skipped cases and expected failures.
    pub skipped: usize,
}

impl Totals {
    /// Counts a run. A run that could not test its target, or was cut short, never has zero failures.
    pub fn of(result: &RunResult) -> Totals {
        let count = |verdicts: &[Verdict]| verdicts.iter().map(|v| result.count(*v)).sum::<usize>();
        let failed = count(&[Verdict::Failed, Verdict::UnexpectedPass, Verdict::Blocked, Verdict::Errored]) + result.stale.len();
        let incomplete = result.target_failure.is_some() || result.interrupted.is_some();
        Totals {
            passed: count(&[Verdict::Passed, Verdict::Warned, Verdict::Observed]),
            failed: if failed == 0 && incomplete { 1 } else { failed },
            skipped: count(&[Verdict::Skipped, Verdict::ExpectedFailure]),
        }
    }

    /// The line that CI tools parse: `12 passed, 0 failed, 3 skipped`.
    pub fn line(self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// `240 passed (1 flaky), 2 warned, 3 failed`: every verdict that occurred, in words.
pub(super) fn in_words(result: &RunResult) -> String {
    let mut parts = Vec::new();
    for verdict in Verdict::ALL {
        let count = result.count(verdict);
        let flaky = if verdict == Verdict::Passed { result.flaky() } else { 0 };
        match (count, flaky) {
            (0, _) if verdict != Verdict::Passed => {}
            (_, 0) => parts.push(counted(count, verdict)),
            (_, flaky) => parts.push(format!("{} ({flaky} flaky)", counted(count, verdict))),
        }
    }
    if !result.stale.is_empty() {
        parts.push(format!("{} stale in the baseline", result.stale.len()));
    }
    if result.not_run > 0 {
        parts.push(format!("{} not run", result.not_run));
    }
    parts.join(", ")
}

fn counted(count: usize, verdict: Verdict) -> String {
    match (count, verdict) {
        (1, _) => format!("1 {}", verdict.word()),
        (n, Verdict::ExpectedFailure) => format!("{n} expected failures"),
        (n, Verdict::UnexpectedPass) => format!("{n} unexpected passes"),
        (n, _) => format!("{n} {}", verdict.word()),
    }
}

/// The outcomes with this verdict, in the order of the suites.
pub(super) fn with(result: &RunResult, verdict: Verdict) -> impl Iterator<Item = &CaseOutcome> {
    result.outcomes.iter().filter(move |o| o.verdict == verdict)
}

/// Why an outcome is what it is, where its findings alone do not tell.
pub(super) fn why(outcome: &CaseOutcome) -> Option<String> {
    match outcome.verdict {
        Verdict::UnexpectedPass => {
            let link = outcome.link.as_ref().map(|link| format!(" {link}")).unwrap_or_default();
            let reason = outcome.reason.as_ref().map(|reason| format!(": {reason}{link}")).unwrap_or_default();
            Some(format!("it passed, but the baseline expects it to fail{reason}"))
        }
        Verdict::Failed if outcome.findings.is_empty() => Some(outcome.reason.clone().unwrap_or_else(|| "it failed".into())),
        Verdict::Failed => None,
        _ => outcome.reason.clone(),
    }
}

/// Skipped cases by reason, the most frequent reason first.
pub(super) fn skips(result: &RunResult) -> Vec<(String, Vec<&CaseOutcome>)> {
    by_reason(with(result, Verdict::Skipped))
}

/// Outcomes grouped by their reason, the largest group first, equal ones by reason.
pub(super) fn by_reason<'a>(outcomes: impl Iterator<Item = &'a CaseOutcome>) -> Vec<(String, Vec<&'a CaseOutcome>)> {
    let mut groups: BTreeMap<String, Vec<&CaseOutcome>> = BTreeMap::new();
    for outcome in outcomes {
        groups.entry(outcome.reason.clone().unwrap_or_else(|| "no reason given".into())).or_default().push(outcome);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, cases)| std::cmp::Reverse(cases.len()));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn three_numbers_cover_every_case() {
        let result = sample::run();
        let totals = Totals::of(&result);
        assert_eq!(totals.passed + totals.failed + totals.skipped, result.outcomes.len() + result.stale.len());
        assert_eq!(totals.line(), "4 passed, 7 failed, 3 skipped");
    }

    #[test]
    fn a_target_that_cannot_be_tested_is_never_zero_failures() {
        let result = RunResult { outcomes: vec![], stale: vec![], target_failure: Some("refused".into()), ..sample::run() };
        assert_eq!(Totals::of(&result).line(), "0 passed, 1 failed, 0 skipped");
    }
}
