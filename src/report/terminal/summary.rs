//! The end of a run: what is known and expected, what was left out and why, and the numbers.

use super::super::style::{self, BAD, CAREFUL, GOOD, NAME, QUIET, STRONG, paint};
use super::super::text::{clock, one_line, plural};
use super::super::totals::{self, Totals};
use super::{Options, Verbosity};
use crate::outcome::{CaseOutcome, RunResult, SnapshotState, Verdict};

/// Slowest cases listed.
const SLOWEST: usize = 10;
/// Failed ids listed once more above the summary.
const LISTED: usize = 25;

/// Baseline entries that stand for nothing any more; they fail the run.
pub(super) fn stale(result: &RunResult) -> String {
    if result.stale.is_empty() {
        return String::new();
    }
    let mut page = format!("{}\n", paint(BAD, "STALE in the baseline"));
    for entry in &result.stale {
        page.push_str(&format!("  {}  {}\n", paint(STRONG, one_line(&entry.pattern)), one_line(&entry.why)));
    }
    let target = &result.start.target.name;
    page.push_str(&format!(
        "  {}\n\n",
        paint(QUIET, format!("mailspec baseline update --target {} takes them out", one_line(target)))
    ));
    page
}

/// One short entry for every case of this verdict, with its first finding.
pub(super) fn findings(result: &RunResult, verdict: Verdict) -> String {
    let mut page = String::new();
    for outcome in totals::with(result, verdict) {
        let case = &outcome.case;
        page.push_str(&format!(
            "{} {}  {}  {}\n",
            paint(style::of(verdict), style::status(verdict)),
            paint(STRONG, case.name()),
            case.level.keyword(),
            case.spec
        ));
        page.push_str(&format!("     {}\n", one_line(&case.title)));
        if let Some(finding) = outcome.findings.first() {
            let place = finding.span.map(|s| format!("  {}:{}:{}", case.file, s.line, s.column)).unwrap_or_default();
            page.push_str(&format!("     {}{}\n", one_line(&finding.message), paint(QUIET, place)));
        }
    }
    separated(page)
}

/// Known deviations that are still there, with the reason the baseline gives.
pub(super) fn expected_failures(result: &RunResult) -> String {
    let mut page = String::new();
    for outcome in totals::with(result, Verdict::ExpectedFailure) {
        let reason = outcome.reason.as_deref().unwrap_or("no reason given");
        let link = outcome.link.as_ref().map(|l| format!("  {}", paint(QUIET, one_line(l)))).unwrap_or_default();
        page.push_str(&format!("{} {}\n", paint(CAREFUL, "XFAIL"), outcome.case.name()));
        page.push_str(&format!("      {}{link}\n", one_line(reason)));
    }
    separated(page)
}

/// How many cases were not tried, by reason; verbose: which.
pub(super) fn skipped(result: &RunResult, options: &Options) -> String {
    let mut page = String::new();
    for (reason, outcomes) in totals::skips(result) {
        page.push_str(&format!("{} {:>4}  {}\n", paint(CAREFUL, "SKIP"), outcomes.len(), one_line(&reason)));
        if options.verbosity == Verbosity::Verbose {
            outcomes.iter().for_each(|o| page.push_str(&format!("           {}\n", paint(QUIET, o.case.name()))));
        }
    }
    separated(page)
}

/// The cases that took longest.
pub(super) fn slowest(result: &RunResult) -> String {
    let mut played: Vec<&CaseOutcome> = result.outcomes.iter().filter(|o| o.verdict != Verdict::Skipped).collect();
    played.sort_by_key(|outcome| std::cmp::Reverse(outcome.duration));
    let mut page = String::new();
    for outcome in played.iter().take(SLOWEST) {
        page.push_str(&format!("SLOW {} {}\n", clock(outcome.duration), outcome.case.name()));
    }
    separated(page)
}

/// Transcripts that wait for a review.
pub(super) fn snapshots(result: &RunResult) -> String {
    let changed = result.outcomes.iter().filter(|o| matches!(o.snapshot, SnapshotState::Changed { .. })).count();
    let new = result.outcomes.iter().filter(|o| o.snapshot == SnapshotState::New).count();
    let counted: Vec<String> =
        [(changed, "changed"), (new, "new")].iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if counted.is_empty() {
        return String::new();
    }
    let hint = paint(QUIET, "with --snapshots pending, mailspec snapshot review shows them one by one");
    let mut page = format!("{} {}  {hint}\n", paint(NAME, "SNAPSHOTS"), counted.join(", "));
    for outcome in result.outcomes.iter().filter(|o| matches!(o.snapshot, SnapshotState::Changed { .. })).take(LISTED) {
        page.push_str(&format!("          {}\n", paint(QUIET, outcome.case.name())));
    }
    page + "\n"
}

/// Rule, summary line, the failed ids once more, notes, and the line that CI tools read.
pub(super) fn closing(result: &RunResult, options: &Options, notes: &[String]) -> String {
    let totals = Totals::of(result);
    let start = &result.start;
    let mut page = format!("{}\n", paint(QUIET, "─".repeat(options.width.clamp(40, 100))));
    if let Some(failure) = &result.target_failure {
        page.push_str(&format!("{} {}\n", paint(BAD, "      TARGET"), one_line(failure)));
        page.push_str(&format!("{:13}{} could not be tested; no verdict on it was reached.\n", "", one_line(&start.target.name)));
    }
    if let Some(why) = &result.interrupted {
        page.push_str(&format!("{} {}\n", paint(CAREFUL, " INTERRUPTED"), one_line(why)));
    }
    let played = result.outcomes.len();
    let cases = if result.not_run == 0 {
        plural(played, "case")
    } else {
        format!("{played}/{}", plural(played + result.not_run, "case"))
    };
    let good = totals.failed == 0;
    page.push_str(&format!(
        "{} {} {cases} against {}: {}\n",
        paint(if good { GOOD } else { BAD }, format!("{:>12}", "Summary")),
        clock(result.duration),
        paint(STRONG, one_line(&start.target.name)),
        totals::in_words(result),
    ));
    page.push_str(&failed_ids(result));
    for note in notes {
        page.push_str(&format!("{:13}{}\n", "", paint(QUIET, one_line(note))));
    }
    page.push_str(&format!("{}\n", totals.line()));
    page
}

/// Where there are several failures, their ids together: pages are long.
fn failed_ids(result: &RunResult) -> String {
    let bad = [Verdict::Failed, Verdict::UnexpectedPass, Verdict::Blocked, Verdict::Errored];
    let failed: Vec<&CaseOutcome> = bad.iter().flat_map(|verdict| totals::with(result, *verdict)).collect();
    if failed.len() < 2 || result.target_failure.is_some() {
        return String::new();
    }
    let mut page = String::new();
    for outcome in failed.iter().take(LISTED) {
        let word = paint(style::of(outcome.verdict), format!("{:>12}", style::status(outcome.verdict)));
        page.push_str(&format!("{word} {} {}\n", clock(outcome.duration), outcome.case.name()));
    }
    if failed.len() > LISTED {
        page.push_str(&format!("{:13}and {} more\n", "", failed.len() - LISTED));
    }
    page
}

/// The section with an empty line below, or nothing.
fn separated(section: String) -> String {
    if section.is_empty() { section } else { section + "\n" }
}

#[cfg(test)]
mod tests {
    use super::super::report;
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_last_line_stands_alone_whatever_happened() {
        let runs = [
            sample::run(),
            RunResult { target_failure: Some("127.0.0.1:143 refused the connection".into()), ..sample::run() },
            RunResult { interrupted: Some("Ctrl-C".into()), outcomes: vec![], stale: vec![], ..sample::run() },
        ];
        for run in runs {
            for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
                let page = report(&run, &Options { verbosity, ..Options::default() }, &["junit: x.xml".into()]);
                let totals = Totals::of(&run);
                let last = format!("{} passed, {} failed, {} skipped", totals.passed, totals.failed, totals.skipped);
                assert_eq!(page.lines().last(), Some(last.as_str()));
                assert_eq!(page.lines().filter(|l| *l == last).count(), 1);
            }
        }
    }

    #[test]
    fn the_whole_page() {
        insta::assert_snapshot!(report(&sample::run(), &Options::default(), &["reports/latest/junit.xml".into()]));
    }

    #[test]
    fn the_whole_page_verbose() {
        let options = Options { verbosity: Verbosity::Verbose, ..Options::default() };
        insta::assert_snapshot!(report(&sample::run(), &options, &[]));
    }

    #[test]
    fn a_target_that_cannot_be_tested_is_one_message() {
        let run = RunResult {
            target_failure: Some("imap 127.0.0.1:1143 refused the connection: is it started?".into()),
            outcomes: vec![],
            stale: vec![],
            not_run: 15,
            ..sample::run()
        };
        insta::assert_snapshot!(report(&run, &Options::default(), &[]));
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let run = sample::run();
        let styled = report(&run, &Options { colour: true, ..Options::default() }, &[]);
        assert!(styled.contains("\x1b["));
        assert_eq!(anstream::adapter::strip_str(&styled).to_string(), report(&run, &Options::default(), &[]));
    }
}
