//! The page of one failure: what was required, where the suite says so, what came instead, what was said before, and how to see
//! it again.

use super::super::excerpt::excerpt;
use super::super::style::{self, BAD, NAME, QUIET, STRONG, paint};
use super::super::text::{one_line, plural, printable, wrap};
use super::super::{diff, totals};
use super::{Options, transcript};
use crate::outcome::{CaseOutcome, Finding, FindingKind, RunResult, SnapshotState, Verdict};
use crate::suite::Level;

/// Columns of verdict and id, so that levels stand below each other.
const HEADING: usize = 72;
/// Findings shown in full on one page.
const FINDINGS: usize = 5;
/// From so many cases blocked or errored for one reason on, they are told together.
const TOGETHER: usize = 4;
/// Ids listed of cases that are told together.
const LISTED: usize = 8;

/// Every failure in full, in the order of the suites; what could not be tested last.
pub(super) fn all(result: &RunResult, options: &Options) -> String {
    let mut page = String::new();
    for verdict in [Verdict::Failed, Verdict::UnexpectedPass] {
        totals::with(result, verdict).for_each(|outcome| page.push_str(&page_of(outcome, result, options)));
    }
    for verdict in [Verdict::Blocked, Verdict::Errored] {
        for (reason, outcomes) in totals::by_reason(totals::with(result, verdict)) {
            if outcomes.len() < TOGETHER {
                outcomes.iter().for_each(|outcome| page.push_str(&page_of(outcome, result, options)));
            } else {
                page.push_str(&together(verdict, &reason, &outcomes));
            }
        }
    }
    page
}

/// The page of one case that did not pass: what `mailspec explain` and the end of a run show. Ends with an empty line.
pub fn failure(outcome: &CaseOutcome, result: &RunResult, options: &Options) -> String {
    style::finish(page_of(outcome, result, options), options.colour)
}

fn page_of(outcome: &CaseOutcome, result: &RunResult, options: &Options) -> String {
    let case = &outcome.case;
    let width = options.width.clamp(60, 160);
    let word = style::status(outcome.verdict);
    let column = HEADING - word.len();
    let mut page = format!(
        "{} {}  {}  {}\n  {}\n\n",
        paint(style::of(outcome.verdict), word),
        paint(STRONG, format!("{:<column$}", case.name())),
        paint(level_style(case.level), case.level.keyword()),
        case.spec,
        one_line(&case.title),
    );
    if let Some(reason) = totals::why(outcome) {
        page.push_str(&format!("  {} {}\n", paint(BAD, "×"), one_line(&reason)));
    }
    for (index, finding) in outcome.findings.iter().take(FINDINGS).enumerate() {
        let gap = if index == 0 { "" } else { "\n" };
        page.push_str(&format!("{gap}{}", told(finding, outcome, result)));
    }
    if outcome.findings.len() > FINDINGS {
        page.push_str(&format!("  and {}\n", plural(outcome.findings.len() - FINDINGS, "more finding")));
    }
    if let SnapshotState::Changed { accepted, present } = &outcome.snapshot
        && outcome.findings.iter().any(|f| f.kind == FindingKind::Snapshot)
    {
        diff::diff(accepted, present, true).lines().for_each(|line| page.push_str(&format!("    {line}\n")));
    }
    // What a sentence requires says nothing about why a case could not be played.
    for requirement in case.requirements.iter().filter(|_| outcome.verdict == Verdict::Failed) {
        let quote = wrap(&format!("“{}”", one_line(&requirement.quote)), width - 15).join(&format!("\n{:15}", ""));
        page.push_str(&labelled("requirement", &format!("{quote}\n{:15}{}", "", paint(QUIET, &requirement.id))));
    }
    if !outcome.earlier_attempts.is_empty() {
        let attempts = plural(outcome.earlier_attempts.len(), "earlier attempt");
        page.push_str(&labelled("retried", &format!("{attempts} failed too")));
    }
    page.push_str(&transcript::tail(&outcome.transcript, width, labelled));
    page.push_str(&labelled("again", &again(outcome, result)));
    page.push('\n');
    page
}

/// One finding: headline, excerpt, both sides one under the other, hints.
fn told(finding: &Finding, outcome: &CaseOutcome, result: &RunResult) -> String {
    let at = finding.offset.map(|offset| format!(" (octet {offset} of what was received)")).unwrap_or_default();
    let on = if finding.connection.is_empty() { String::new() } else { format!("[{}] ", one_line(&finding.connection)) };
    let mut page = format!("  {} {}{}{at}\n", paint(BAD, "×"), paint(NAME, on), one_line(&finding.message));
    let source = result.sources.get(&outcome.case.file);
    if let (Some(span), Some(source)) = (finding.span, source)
        && let Some(shown) = excerpt(&outcome.case.file, source, span, label(finding.kind), true)
    {
        shown.lines().for_each(|line| page.push_str(&format!("  {line}\n")));
    }
    // Two transcripts are told by their difference, below.
    let whole = finding.kind == FindingKind::Snapshot;
    let sides = [("expected", &finding.expected), ("received", &finding.received)];
    for (label, side) in sides.iter().filter_map(|(label, side)| Some((label, side.as_ref()?))).filter(|_| !whole) {
        page.push_str(&labelled(label, &indented(side)));
    }
    for hint in &finding.hints {
        page.push_str(&labelled("hint", &indented(hint)));
    }
    page
}

/// A few words under the caret; the headline says the rest.
fn label(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Mismatch => "came differently",
        FindingKind::Missing => "did not come",
        FindingKind::Forbidden => "must not come, and came",
        FindingKind::Malformed => "what came instead is no reply",
        FindingKind::TimedOut => "waited for this",
        FindingKind::Connection => "the connection",
        FindingKind::Tls => "TLS",
        FindingKind::Snapshot => "differs from the accepted transcript",
    }
}

/// `  expected     text`: the labels of a page stand in one column.
fn labelled(label: &str, text: &str) -> String {
    format!("  {} {text}\n", paint(NAME, format!("{label:<12}")))
}

/// The lines of a value below each other in the column of values.
fn indented(value: &str) -> String {
    printable(value.trim_end_matches('\n')).replace('\n', &format!("\n{:15}", ""))
}

fn level_style(level: Level) -> anstyle::Style {
    match level {
        Level::Must => BAD,
        Level::Should => style::CAREFUL,
        Level::May => QUIET,
    }
}

/// The command that plays this case alone.
fn again(outcome: &CaseOutcome, result: &RunResult) -> String {
    let strict = if result.start.strict && outcome.case.level == Level::Should { " --strict" } else { "" };
    let variant = outcome.case.variant.to_string();
    let variant = if variant.is_empty() { variant } else { format!("  # {variant}") };
    // The built-in target is the default and needs no name.
    let target = match result.start.target.name.as_str() {
        "reference" => String::new(),
        name => format!(" --target {}", quoted(name)),
    };
    format!("mailspec run {}{target}{strict}{}", outcome.case.id, paint(QUIET, variant))
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-._/:".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", one_line(word).replace('\'', "'\\''")) }
}

/// Many cases that came to nothing for the same reason.
fn together(verdict: Verdict, reason: &str, outcomes: &[&CaseOutcome]) -> String {
    let mut page = format!(
        "{} {}\n\n  {} {}\n",
        paint(style::of(verdict), style::status(verdict)),
        paint(STRONG, plural(outcomes.len(), "case")),
        paint(BAD, "×"),
        one_line(reason),
    );
    for outcome in outcomes.iter().take(LISTED) {
        page.push_str(&format!("    {}\n", outcome.case.name()));
    }
    if outcomes.len() > LISTED {
        page.push_str(&format!("    and {} more\n", outcomes.len() - LISTED));
    }
    page.push('\n');
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn cases_blocked_for_one_reason_are_told_together() {
        let mut result = sample::run();
        let blocked: Vec<_> = (0..20)
            .map(|n| CaseOutcome {
                reason: Some("the target stopped answering".into()),
                ..sample::outcome(sample::case(&format!("imap/x/{n}"), Level::Must, "t"), Verdict::Blocked, 0)
            })
            .collect();
        result.outcomes = blocked;
        let page = style::finish(all(&result, &Options::default()), false);
        assert_eq!(page.matches("the target stopped answering").count(), 1);
        assert!(page.contains("BLOCKED 20 cases") && page.contains("and 12 more"), "{page}");
    }

    #[test]
    fn the_command_to_repeat_survives_a_shell() {
        assert_eq!(quoted("targets/a.yaml"), "targets/a.yaml");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
