//! From the result of a run to the structs of the report.

use std::time::Duration;

use super::super::text::clipped;
use super::{
    Attempt, Capture, Case, Counts, Data, Entry, EntryKind, FORMAT, Finding, Report, Requirement, Snapshot, Stale, Target,
};
use crate::outcome::{self, CaseOutcome, RunResult, SnapshotState, Verdict};
use crate::transcript::{self, What};

/// The run as a JSON document, indented, with a final line feed.
pub fn json(result: &RunResult) -> String {
    // Strings, numbers and lists always serialise; there is no map with keys that are not strings.
    serde_json::to_string_pretty(&report(result)).map(|text| text + "\n").unwrap_or_default()
}

fn report(result: &RunResult) -> Report {
    let start = &result.start;
    Report {
        format: FORMAT.to_owned(),
        generator: format!("mailspec {}", env!("CARGO_PKG_VERSION")),
        target: Target {
            name: start.target.name.clone(),
            description: start.target.description.clone(),
            greetings: start.target.greetings.iter().map(|(p, greeting)| (p.name().to_owned(), greeting.clone())).collect(),
            capabilities: start.target.capabilities.iter().map(|(p, names)| (p.name().to_owned(), names.clone())).collect(),
        },
        started_at: start.started_at.clone(),
        duration_ms: milliseconds(result.duration),
        seed: start.seed.to_string(),
        jobs: start.jobs,
        strict: start.strict,
        suites: start.suites,
        selected: start.selected,
        deselected: start.deselected,
        not_run: result.not_run,
        interrupted: result.interrupted.clone(),
        target_failure: result.target_failure.clone(),
        exit_code: result.exit_code(),
        counts: counts(result),
        cases: result.outcomes.iter().map(case).collect(),
        stale_baseline: result.stale.iter().map(|s| Stale { pattern: s.pattern.clone(), why: s.why.clone() }).collect(),
    }
}

fn counts(result: &RunResult) -> Counts {
    Counts {
        passed: result.count(Verdict::Passed),
        failed: result.count(Verdict::Failed),
        warned: result.count(Verdict::Warned),
        observed: result.count(Verdict::Observed),
        skipped: result.count(Verdict::Skipped),
        blocked: result.count(Verdict::Blocked),
        errored: result.count(Verdict::Errored),
        expected_failure: result.count(Verdict::ExpectedFailure),
        unexpected_pass: result.count(Verdict::UnexpectedPass),
        flaky: result.flaky(),
    }
}

fn case(outcome: &CaseOutcome) -> Case {
    let case = &outcome.case;
    Case {
        id: case.id.clone(),
        variant: case.variant.to_string(),
        verdict: outcome.verdict,
        level: case.level,
        title: case.title.clone(),
        spec: case.spec.clone(),
        file: case.file.to_string(),
        line: case.line,
        note: case.note.clone(),
        reason: outcome.reason.clone(),
        link: outcome.link.clone(),
        fingerprint: outcome.fingerprint.clone(),
        started_ms: milliseconds(outcome.started),
        duration_ms: milliseconds(outcome.duration),
        requirements: case
            .requirements
            .iter()
            .map(|r| Requirement {
                id: r.id.clone(),
                rfc: r.rfc,
                section: r.section.clone(),
                level: r.level,
                quote: r.quote.clone(),
            })
            .collect(),
        requires: case.requires.iter().map(|need| format!("{}{}", if need.present { "" } else { "!" }, need.name)).collect(),
        findings: outcome.findings.iter().map(finding).collect(),
        earlier_attempts: outcome
            .earlier_attempts
            .iter()
            .map(|attempt| Attempt {
                verdict: attempt.verdict,
                duration_ms: milliseconds(attempt.duration),
                findings: attempt.findings.iter().map(finding).collect(),
            })
            .collect(),
        captures: outcome.captures.iter().map(|(name, value)| Capture { name: name.clone(), value: Data::of(value) }).collect(),
        snapshot: match &outcome.snapshot {
            SnapshotState::Off => Snapshot::Off,
            SnapshotState::Same => Snapshot::Same,
            SnapshotState::New => Snapshot::New,
            SnapshotState::Changed { accepted, present } => {
                Snapshot::Changed { accepted: accepted.clone(), present: present.clone() }
            }
        },
        transcript: outcome.transcript.entries.iter().map(entry).collect(),
    }
}

fn finding(finding: &outcome::Finding) -> Finding {
    Finding {
        kind: finding.kind,
        message: finding.message.clone(),
        line: finding.span.map(|span| span.line),
        column: finding.span.map(|span| span.column),
        length: finding.span.map(|span| span.length),
        expected: finding.expected.clone(),
        received: finding.received.clone(),
        connection: finding.connection.clone(),
        offset: finding.offset,
        hints: finding.hints.clone(),
    }
}

fn entry(entry: &transcript::Entry) -> Entry {
    let (kind, bytes) = match &entry.what {
        What::Sent(bytes) => (EntryKind::Sent, bytes.as_slice()),
        What::Received(bytes) => (EntryKind::Received, bytes.as_slice()),
        What::Event(text) => (EntryKind::Event, text.as_bytes()),
    };
    let (bytes, omitted) = clipped(bytes);
    Entry {
        at_ms: milliseconds(entry.at),
        connection: entry.connection.to_string(),
        kind,
        tls: entry.tls,
        preparing: entry.preparing,
        data: Data::of(bytes),
        omitted,
    }
}

/// To the microsecond, which is what transcripts are read for.
fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
