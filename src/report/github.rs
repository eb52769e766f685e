//! What GitHub Actions shows: annotations at the lines of the suites, and a Markdown summary of the step.

use super::text::{one_line, plural, shorten};
use super::totals::{self, Totals};
use crate::outcome::{CaseOutcome, Finding, RunResult, Verdict};

/// GitHub shows ten errors and ten warnings of a step and drops the rest without a word.
const SHOWN: usize = 10;
/// Failures told in full in the summary, which may have a mebibyte.
const TOLD: usize = 60;
/// Transcript lines shown with a failure.
const LINES: usize = 12;

/// Workflow commands, one per line, for standard output: an `::error` for each failure, a `::warning` for each broken SHOULD.
pub fn annotations(result: &RunResult) -> String {
    let mut errors = Vec::new();
    if let Some(failure) = &result.target_failure {
        errors.push(command("error", &[("title", "target could not be tested")], failure));
    }
    for verdict in [Verdict::Failed, Verdict::UnexpectedPass, Verdict::Errored, Verdict::Blocked] {
        errors.extend(totals::with(result, verdict).map(|outcome| annotation("error", outcome)));
    }
    for entry in &result.stale {
        errors.push(command("error", &[("title", "stale baseline entry")], &format!("{}: {}", entry.pattern, entry.why)));
    }
    let warnings: Vec<String> = totals::with(result, Verdict::Warned).map(|outcome| annotation("warning", outcome)).collect();
    let mut page = String::new();
    for (list, noun) in [(errors, "failure"), (warnings, "warning")] {
        let room = if list.len() > SHOWN { SHOWN - 1 } else { SHOWN };
        list.iter().take(room).for_each(|line| page.push_str(line));
        if list.len() > room {
            let rest = format!("and {}; see the summary of this step", plural(list.len() - room, &format!("more {noun}")));
            page.push_str(&command(if noun == "failure" { "error" } else { "warning" }, &[("title", "mailspec")], &rest));
        }
    }
    page
}

fn annotation(kind: &str, outcome: &CaseOutcome) -> String {
    let case = &outcome.case;
    let span = outcome.findings.iter().find_map(|finding| finding.span);
    let line = span.map_or(case.line, |span| span.line).to_string();
    let column = span.map(|span| span.column.to_string());
    let title = format!("{} · {} {}", case.name(), case.level.keyword(), case.spec);
    let mut place = vec![("file", &*case.file), ("line", line.as_str())];
    place.extend(column.as_deref().map(|column| ("col", column)));
    place.push(("title", &title));
    let mut message = case.title.clone();
    if let Some(why) = totals::why(outcome) {
        message.push_str(&format!("\n{why}"));
    }
    for finding in &outcome.findings {
        message.push_str(&format!("\n{}", sides(finding).join("\n")));
    }
    command(kind, &place, &message)
}

/// The message of a finding and what it compares, a line each.
fn sides(finding: &Finding) -> Vec<String> {
    let mut lines = vec![one_line(&finding.message)];
    lines.extend(finding.expected.as_ref().map(|expected| format!("expected: {expected}")));
    lines.extend(finding.received.as_ref().map(|received| format!("received: {received}")));
    lines
}

/// `::error file=…,line=…::message`. In the message `%`, CR and LF are escaped, in properties also `:` and `,`.
fn command(kind: &str, properties: &[(&str, &str)], message: &str) -> String {
    let data = |text: &str| super::text::printable(text).replace('%', "%25").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let properties: Vec<String> = properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{kind} {}::{}\n", properties.join(","), data(message))
}

/// The Markdown for `$GITHUB_STEP_SUMMARY`: the numbers, every failure folded, what the baseline excuses, what was skipped and why.
pub fn summary(result: &RunResult) -> String {
    let totals = Totals::of(result);
    let sign = if totals.failed == 0 { "✅" } else { "❌" };
    let mut page = format!("## {sign} mailspec against {}\n\n", inline(&result.start.target.name));
    if let Some(failure) = &result.target_failure {
        page.push_str(&format!("**The target could not be tested:** {}\n\n", inline(failure)));
    }
    if let Some(why) = &result.interrupted {
        page.push_str(&format!("**The run was cut short:** {}\n\n", inline(why)));
    }
    page.push_str(&format!("{} in {:.1} s: {}\n\n", totals.line(), result.duration.as_secs_f64(), totals::in_words(result)));
    page.push_str(&table(result));
    page.push_str(&failures(result));
    for entry in &result.stale {
        page.push_str(&format!("- stale in the baseline: {} — {}\n", code(&entry.pattern), inline(&entry.why)));
    }
    if !result.stale.is_empty() {
        page.push('\n');
    }
    page.push_str(&folded("Warnings: a SHOULD is broken", totals::with(result, Verdict::Warned), |outcome| {
        outcome.findings.first().map(|finding| finding.message.clone()).unwrap_or_default()
    }));
    page.push_str(&folded("Expected failures", totals::with(result, Verdict::ExpectedFailure), |outcome| {
        let link = outcome.link.as_ref().map(|link| format!(" {link}")).unwrap_or_default();
        format!("{}{link}", outcome.reason.as_deref().unwrap_or("no reason given"))
    }));
    let skips = totals::skips(result);
    if !skips.is_empty() {
        page.push_str("<details><summary>Skipped</summary>\n\n");
        skips.iter().for_each(|(reason, cases)| page.push_str(&format!("- {} × {}\n", cases.len(), inline(reason))));
        page.push_str("\n</details>\n");
    }
    page
}

/// Cases by suite folder (`smtp/rfc5321`) and the three numbers.
fn table(result: &RunResult) -> String {
    let mut rows: Vec<(String, [usize; 3])> = Vec::new();
    for outcome in &result.outcomes {
        let folder: Vec<&str> = outcome.case.id.split('/').take(2).collect();
        let folder = folder.join("/");
        let at = rows.iter().position(|(name, _)| *name == folder).unwrap_or_else(|| {
            rows.push((folder, [0; 3]));
            rows.len() - 1
        });
        let column = match outcome.verdict {
            Verdict::Passed | Verdict::Warned | Verdict::Observed => 0,
            Verdict::Skipped | Verdict::ExpectedFailure => 2,
            _ => 1,
        };
        if let Some(count) = rows.get_mut(at).and_then(|(_, counts)| counts.get_mut(column)) {
            *count += 1;
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let mut page = String::from("| suites | passed | failed | skipped |\n| --- | ---: | ---: | ---: |\n");
    for (folder, [passed, failed, skipped]) in rows {
        let failed = if failed == 0 { "0".to_owned() } else { format!("**{failed}**") };
        page.push_str(&format!("| {} | {passed} | {failed} | {skipped} |\n", cell(&folder)));
    }
    page + "\n"
}

fn failures(result: &RunResult) -> String {
    let bad = [Verdict::Failed, Verdict::UnexpectedPass, Verdict::Blocked, Verdict::Errored];
    let all: Vec<&CaseOutcome> = bad.iter().flat_map(|verdict| totals::with(result, *verdict)).collect();
    let mut page = String::new();
    for outcome in all.iter().take(TOLD) {
        let case = &outcome.case;
        let (word, name) = (super::style::status(outcome.verdict), html(&case.name()));
        page.push_str(&format!("<details><summary>{word} <code>{name}</code></summary>\n\n"));
        page.push_str(&format!("{} — {} {}\n", inline(&case.title), case.level.keyword(), inline(&case.spec)));
        for requirement in outcome.case.requirements.iter().filter(|_| outcome.verdict == Verdict::Failed) {
            page.push_str(&format!("\n> {}\n", inline(&requirement.quote)));
        }
        let mut told: Vec<String> = totals::why(outcome).iter().map(|why| one_line(why)).collect();
        for finding in &outcome.findings {
            told.extend(sides(finding));
        }
        let transcript = super::terminal::whole_transcript(&outcome.transcript);
        let last: Vec<&str> = transcript.lines().rev().take(LINES).collect();
        if !last.is_empty() {
            told.push(String::new());
            told.extend(last.iter().rev().map(|line| shorten(line, 160)));
        }
        page.push_str(&block(&told.join("\n")));
        page.push_str("</details>\n");
    }
    if all.len() > TOLD {
        page.push_str(&format!("\nand {} in the report files.\n", plural(all.len() - TOLD, "more failure")));
    }
    if page.is_empty() { page } else { page + "\n" }
}

fn folded<'a>(heading: &str, outcomes: impl Iterator<Item = &'a CaseOutcome>, why: impl Fn(&CaseOutcome) -> String) -> String {
    let rows: Vec<String> = outcomes.map(|o| format!("- {}: {}\n", code(&o.case.name()), inline(&why(o)))).collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("<details><summary>{heading} ({})</summary>\n\n{}\n</details>\n", rows.len(), rows.concat())
}

/// A fenced block that nothing in `text` can close.
fn block(text: &str) -> String {
    let text = super::text::printable(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("\n{fence}text\n{}\n{fence}\n", text.trim_end())
}

fn html(text: &str) -> String {
    one_line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text in a paragraph: nothing in it is markup.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in html(text).chars() {
        if "\\`*_[]|~#".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text in a table cell.
pub(super) fn cell(text: &str) -> String {
    inline(text)
}

/// A code span that nothing in `text` can close.
pub(super) fn code(text: &str) -> String {
    let text = one_line(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn commands_are_escaped_as_the_runner_undoes_them() {
        assert_eq!(
            command("error", &[("file", "a,b:c.yaml"), ("line", "3")], "100%\nsecond\r: , line"),
            "::error file=a%2Cb%3Ac.yaml,line=3::100%25%0Asecond\\r: , line\n"
        );
    }

    #[test]
    fn the_annotations() {
        insta::assert_snapshot!(annotations(&sample::run()));
    }

    #[test]
    fn no_more_annotations_than_are_shown() {
        let mut run = sample::run();
        let failed = run.outcomes.iter().find(|o| o.verdict == Verdict::Failed).cloned().unwrap();
        run.outcomes = vec![failed; 40];
        let page = annotations(&run);
        assert_eq!(page.lines().filter(|line| line.starts_with("::error ")).count(), SHOWN);
        // Forty failures and one stale entry, nine of them shown.
        assert!(page.contains("and 32 more failures"), "{page}");
    }

    #[test]
    fn the_summary() {
        insta::assert_snapshot!(summary(&sample::run()));
    }

    #[test]
    fn nothing_closes_a_block_from_within() {
        assert!(block("```\n````").starts_with("\n`````text\n"));
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(inline("a|b <i> *c*"), "a\\|b &lt;i&gt; \\*c\\*");
    }
}
