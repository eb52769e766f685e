//! JUnit XML, as GitLab, Jenkins and the GitHub report actions read it: `<failure>` is only ever non-conformance, `<error>` only
//! ever a target or harness that did not work. This is the one file that names the `quick-junit` crate, and [`text`] its
//! one way in: XML cannot carry control characters, and transcripts are full of them.

#[cfg(test)]
mod tests;

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestRerun, TestSuite};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::text::{one_line, printable};
use super::totals::{self, Totals};
use crate::outcome::{Attempt, CaseOutcome, Finding, RunResult, Verdict};
use crate::transcript::visible;

/// Which dialect of JUnit is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// With file, line, time stamps and properties at every case.
    #[default]
    Rich,
    /// Only what Jenkins' strict `junit-10.xsd` accepts; what is known of a case stands in its `system-out`.
    Xunit,
}

/// The suite of what is wrong with the baseline.
const BASELINE: &str = "baseline";
/// The suite of what kept the run from being whole.
const RUN: &str = "run";

/// The run as a JUnit document. There is one `<testsuite>` for each suite file, in the order of the outcomes.
pub fn junit(result: &RunResult, profile: Profile) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new(text(&format!("mailspec {}", result.start.target.name)));
    let mut suites: Vec<(&str, Vec<&CaseOutcome>)> = Vec::new();
    for outcome in &result.outcomes {
        match suites.iter_mut().find(|(file, _)| *file == &*outcome.case.file) {
            Some((_, outcomes)) => outcomes.push(outcome),
            None => suites.push((&outcome.case.file, vec![outcome])),
        }
    }
    for (file, outcomes) in suites {
        report.add_test_suite(suite(file, &outcomes, result, profile));
    }
    if let Some(stale) = stale(result) {
        report.add_test_suite(stale);
    }
    if let Some(run) = incomplete(result) {
        report.add_test_suite(run);
    }
    report.set_time(result.duration);
    let document = report.to_string()?;
    Ok(match profile {
        Profile::Rich => document,
        Profile::Xunit => without_skipped_total(document),
    })
}

/// Text that XML can carry: control characters, noncharacters and ANSI sequences are written as escapes, never dropped.
fn text(text: &str) -> String {
    printable(text)
}

fn suite(file: &str, outcomes: &[&CaseOutcome], result: &RunResult, profile: Profile) -> TestSuite {
    let mut suite = TestSuite::new(text(file));
    suite.set_time(outcomes.iter().map(|o| o.duration).sum());
    if let Some(first) = outcomes.iter().map(|o| o.started).min()
        && let Some(at) = instant(&result.start.started_at, first)
    {
        suite.extra.insert("timestamp".into(), at.into());
    }
    suite.add_property(Property::new("target", text(&result.start.target.name)));
    suite.add_property(Property::new("seed", result.start.seed.to_string()));
    for outcome in outcomes {
        suite.add_test_case(case(outcome, result, profile));
    }
    suite
}

fn case(outcome: &CaseOutcome, result: &RunResult, profile: Profile) -> TestCase {
    let case = &outcome.case;
    let (class, name) = class_and_name(outcome);
    let mut made = TestCase::new(text(&name), status(outcome, profile));
    made.set_classname(text(&class)).set_time(outcome.duration);
    let known = properties(outcome);
    let mut out = String::new();
    if profile == Profile::Rich {
        made.extra.insert("file".into(), text(&case.file).into());
        made.extra.insert("line".into(), place(outcome).to_string().into());
        if let Some(at) = instant(&result.start.started_at, outcome.started) {
            made.extra.insert("timestamp".into(), at.into());
        }
        known.iter().for_each(|(name, value)| {
            made.add_property(Property::new(name, text(value)));
        });
    } else {
        known.iter().for_each(|(name, value)| out.push_str(&format!("{name}: {}\n", one_line(value))));
        out.push('\n');
    }
    out.push_str(&super::terminal::whole_transcript(&outcome.transcript));
    if !out.trim().is_empty() {
        made.set_system_out(text(&out));
    }
    made
}

/// The line a reader should open: that of the first finding, else that of the case.
fn place(outcome: &CaseOutcome) -> usize {
    outcome.findings.iter().find_map(|finding| finding.span).map_or(outcome.case.line, |span| span.line)
}

/// `smtp.rfc5321.4_5_2-transparency` and `leading-dot-removed [transport=tls]`. Jenkins takes what stands before the last dot of a
/// class name for its package, so the dots of a section number give way.
fn class_and_name(outcome: &CaseOutcome) -> (String, String) {
    let name = outcome.case.name();
    let id = &outcome.case.id;
    match id.rsplit_once('/') {
        Some((folder, _)) => {
            let class = folder.replace('.', "_").replace('/', ".");
            (class, name.get(folder.len() + 1..).unwrap_or(&name).to_owned())
        }
        None => ("mailspec".to_owned(), name),
    }
}

fn status(outcome: &CaseOutcome, profile: Profile) -> TestCaseStatus {
    let reruns = outcome.earlier_attempts.iter().map(|attempt| rerun(attempt, profile));
    match outcome.verdict {
        Verdict::Passed | Verdict::Warned | Verdict::Observed => {
            let mut status = TestCaseStatus::success();
            status.add_reruns(reruns);
            status
        }
        Verdict::Skipped | Verdict::ExpectedFailure => {
            let mut status = TestCaseStatus::skipped();
            let reason = outcome.reason.clone().unwrap_or_else(|| "no reason given".into());
            let link = outcome.link.as_ref().map(|link| format!(" ({link})")).unwrap_or_default();
            let expected = if outcome.verdict == Verdict::ExpectedFailure { "expected failure: " } else { "" };
            status.set_type(outcome.verdict.word()).set_message(one_line(&format!("{expected}{reason}{link}")));
            if !outcome.findings.is_empty() {
                status.set_description(text(&described(&outcome.findings)));
            }
            status
        }
        Verdict::Failed => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let kind = outcome.findings.first().map_or("failed", |finding| finding.kind.word());
            status.set_type(kind).set_message(one_line(&message(outcome)));
            status.set_description(text(&explained(outcome)));
            status.add_reruns(reruns);
            status
        }
        Verdict::UnexpectedPass => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type("unexpected-pass").set_message(one_line(&message(outcome)));
            status
        }
        Verdict::Blocked | Verdict::Errored => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type(outcome.verdict.word()).set_message(one_line(&message(outcome)));
            if !outcome.findings.is_empty() {
                status.set_description(text(&described(&outcome.findings)));
            }
            status.add_reruns(reruns);
            status
        }
    }
}

/// What a list of failures shows of one: its first finding, or its reason.
fn message(outcome: &CaseOutcome) -> String {
    let found = outcome.findings.first().map(|finding| finding.message.clone());
    totals::why(outcome).or(found).unwrap_or_else(|| outcome.verdict.word().to_owned())
}

/// The body of a `<failure>`: title, findings, what the RFC says.
fn explained(outcome: &CaseOutcome) -> String {
    let case = &outcome.case;
    let mut body = format!("{}\n{} {} ({}:{})\n\n", case.title, case.level.keyword(), case.spec, case.file, place(outcome));
    body.push_str(&described(&outcome.findings));
    for requirement in &case.requirements {
        body.push_str(&format!("\n“{}”\n    {}\n", requirement.quote, requirement.id));
    }
    body
}

fn described(findings: &[Finding]) -> String {
    let mut body = String::new();
    for finding in findings {
        let line = finding.span.map(|span| format!("line {}: ", span.line)).unwrap_or_default();
        let on = if finding.connection.is_empty() { String::new() } else { format!("[{}] ", finding.connection) };
        body.push_str(&format!("{line}{on}{}\n", finding.message));
        let sides = [("expected", &finding.expected), ("received", &finding.received)];
        for (label, side) in sides.iter().filter_map(|(label, side)| side.as_ref().map(|side| (label, side))) {
            body.push_str(&format!("    {label}: {}\n", side.trim_end().replace('\n', "\n              ")));
        }
        finding.hints.iter().for_each(|hint| body.push_str(&format!("    hint: {hint}\n")));
    }
    body
}

fn rerun(attempt: &Attempt, profile: Profile) -> TestRerun {
    let kind = match attempt.verdict {
        Verdict::Blocked | Verdict::Errored => NonSuccessKind::Error,
        _ => NonSuccessKind::Failure,
    };
    let mut rerun = TestRerun::new(kind);
    let first = attempt.findings.first();
    rerun.set_type(first.map_or(attempt.verdict.word(), |finding| finding.kind.word()));
    rerun.set_message(one_line(first.map_or(attempt.verdict.word(), |finding| finding.message.as_str())));
    rerun.set_description(text(&described(&attempt.findings)));
    if profile == Profile::Rich {
        rerun.set_time(attempt.duration);
    }
    rerun
}

/// What is known of a case besides its outcome, by name; a name may come twice.
fn properties(outcome: &CaseOutcome) -> Vec<(&'static str, String)> {
    let case = &outcome.case;
    let mut known = vec![("id", case.name()), ("title", case.title.clone()), ("spec", case.spec.clone())];
    let mut sections: Vec<(u32, &str)> = case.requirements.iter().map(|r| (r.rfc, r.section.as_str())).collect();
    sections.sort_unstable();
    sections.dedup();
    let mut rfcs: Vec<u32> = sections.iter().map(|(rfc, _)| *rfc).collect();
    rfcs.dedup();
    known.extend(rfcs.iter().map(|rfc| ("rfc", rfc.to_string())));
    known.extend(sections.iter().map(|(rfc, section)| ("section", format!("rfc{rfc}/{section}"))));
    known.push(("level", case.level.keyword().to_owned()));
    known.extend(case.requirements.iter().map(|requirement| ("requirement", requirement.id.clone())));
    known.push(("verdict", outcome.verdict.word().to_owned()));
    if !case.variant.to_string().is_empty() {
        known.push(("variant", case.variant.to_string()));
    }
    let told = match outcome.verdict {
        Verdict::Warned => Some("warning"),
        Verdict::Observed => Some("observed"),
        _ => None,
    };
    if let Some(name) = told {
        known.extend(outcome.findings.iter().map(|finding| {
            let said = finding.received.as_ref().map(|received| format!("; the server said {received}")).unwrap_or_default();
            (name, one_line(&format!("{}{said}", finding.message)))
        }));
    }
    known.extend(outcome.captures.iter().map(|(name, value)| ("capture", format!("{name}={}", visible(value)))));
    known
}

/// Stale baseline entries are failures of their own: a baseline must be true.
fn stale(result: &RunResult) -> Option<TestSuite> {
    if result.stale.is_empty() {
        return None;
    }
    let mut suite = TestSuite::new(BASELINE);
    for entry in &result.stale {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type("stale-baseline-entry").set_message(one_line(&entry.why));
        let mut case = TestCase::new(text(&entry.pattern), status);
        case.set_classname(BASELINE).set_time(Duration::ZERO);
        suite.add_test_case(case);
    }
    suite.set_time(Duration::ZERO);
    Some(suite)
}

/// What kept the run from being whole, as errors.
fn incomplete(result: &RunResult) -> Option<TestSuite> {
    let reasons = [("target", &result.target_failure), ("interrupted", &result.interrupted)];
    let mut suite = TestSuite::new(RUN);
    suite.set_time(Duration::ZERO);
    let already_red = Totals::of(&RunResult { target_failure: None, interrupted: None, ..result.clone() }).failed > 0;
    for (name, reason) in reasons.iter().filter_map(|(name, reason)| reason.as_ref().map(|reason| (*name, reason))) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        let not_run = if result.not_run > 0 { format!("; {} cases were not run", result.not_run) } else { String::new() };
        let message = one_line(&format!("{reason}{not_run}"));
        if already_red {
            // Where something failed anyway an entry of its own would make this report count more than the others do.
            suite.set_system_err(text(&format!("{name}: {message}")));
            return Some(suite);
        }
        status.set_type(name).set_message(message);
        let mut case = TestCase::new(name, status);
        case.set_classname(RUN).set_time(Duration::ZERO);
        suite.add_test_case(case);
    }
    (!suite.test_cases.is_empty()).then_some(suite)
}

/// `started_at` and so much later, in RFC 3339 with milliseconds at most; nothing when `started_at` is no such time.
fn instant(started_at: &str, later: Duration) -> Option<String> {
    let start = OffsetDateTime::parse(started_at, &Rfc3339).ok()?;
    let at = start.checked_add(time::Duration::try_from(later).ok()?)?;
    at.replace_millisecond(at.millisecond()).ok()?.format(&Rfc3339).ok()
}

/// `quick-junit` writes the number of skipped cases on `<testsuites>`, the one thing in a plain report that `junit-10.xsd` refuses.
fn without_skipped_total(document: String) -> String {
    let Some(start) = document.find("<testsuites ") else { return document };
    let Some(end) = document.get(start..).and_then(|rest| rest.find('>')).map(|end| start + end) else { return document };
    let tag = document.get(start..end).unwrap_or("");
    let kept: Vec<&str> = tag.split(' ').filter(|part| !part.starts_with("skipped=\"")).collect();
    let (before, after) = (document.get(..start).unwrap_or(""), document.get(end..).unwrap_or(""));
    format!("{before}{}{after}", kept.join(" "))
}
