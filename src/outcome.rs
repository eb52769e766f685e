//! Verdicts and run events: the contract between running and reporting. Reports are functions of what is here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::suite::{Case, Level, Protocol, Span};
use crate::transcript::Transcript;

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Every expectation held.
    Passed,
    /// A MUST was broken.
    Failed,
    /// A SHOULD was broken.
    Warned,
    /// The RFC leaves it free; the answer is recorded.
    Observed,
    /// Deselected, or the target lacks what the case needs.
    Skipped,
    /// The set-up did not work, or the server died before this case.
    Blocked,
    /// The harness, the network or the target itself failed.
    Errored,
    /// In the target's baseline, and it failed as recorded.
    ExpectedFailure,
    /// In the target's baseline, and it passed.
    UnexpectedPass,
}

impl Verdict {
    pub const ALL: [Verdict; 9] = [
        Verdict::Passed,
        Verdict::Failed,
        Verdict::Warned,
        Verdict::Observed,
        Verdict::Skipped,
        Verdict::Blocked,
        Verdict::Errored,
        Verdict::ExpectedFailure,
        Verdict::UnexpectedPass,
    ];

    /// The word reports use.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Warned => "warned",
            Verdict::Observed => "observed",
            Verdict::Skipped => "skipped",
            Verdict::Blocked => "blocked",
            Verdict::Errored => "errored",
            Verdict::ExpectedFailure => "expected failure",
            Verdict::UnexpectedPass => "unexpected pass",
        }
    }

    /// Whether the case did not come out as it must: it failed, or could not be tried.
    pub fn is_bad(self) -> bool {
        matches!(self, Verdict::Failed | Verdict::Errored | Verdict::Blocked)
    }

    /// The verdict of a broken expectation at this level.
    pub fn broken(level: Level, strict: bool) -> Verdict {
        match level {
            Level::Must => Verdict::Failed,
            Level::Should if strict => Verdict::Failed,
            Level::Should => Verdict::Warned,
            Level::May => Verdict::Observed,
        }
    }
}

/// What kind of thing was found wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// An expected reply came, but not as expected.
    Mismatch,
    /// An expected reply did not come although the exchange was over.
    Missing,
    /// Something came that must not.
    Forbidden,
    /// A reply that no grammar accepts.
    Malformed,
    /// Nothing (more) came before the time was up.
    TimedOut,
    /// The server closed the connection too early, or kept it open too long.
    Connection,
    /// TLS did not come about, or did where it must not.
    Tls,
    /// The transcript differs from the accepted snapshot of a case whose assertion it is.
    Snapshot,
}

impl FindingKind {
    /// A stable word for fingerprints and reports.
    pub fn word(self) -> &'static str {
        match self {
            FindingKind::Mismatch => "mismatch",
            FindingKind::Missing => "missing",
            FindingKind::Forbidden => "forbidden",
            FindingKind::Malformed => "malformed",
            FindingKind::TimedOut => "timed-out",
            FindingKind::Connection => "connection",
            FindingKind::Tls => "tls",
            FindingKind::Snapshot => "snapshot",
        }
    }
}

/// One thing found wrong, with the line of the suite it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kind: FindingKind,
    /// One line for people: `expected status OK, received NO`.
    pub message: String,
    /// Where in the case's file.
    pub span: Option<Span>,
    /// The expectation, in the notation of the suite (one or several lines).
    pub expected: Option<String>,
    /// What came, in the notation of the suite, to be pasted back as an expectation (one or several lines).
    pub received: Option<String>,
    /// The connection, empty for the unnamed one.
    pub connection: String,
    /// For a malformed reply: where in the bytes received on the connection, from 0.
    pub offset: Option<u64>,
    /// What may help: near misses, the value a capture holds.
    pub hints: Vec<String>,
}

/// How a case ended.
#[derive(Clone, Debug)]
pub struct CaseOutcome {
    pub case: Arc<Case>,
    pub verdict: Verdict,
    /// Why it was skipped, blocked or errored; the baseline's reason for an expected failure.
    pub reason: Option<String>,
    /// The baseline's link for an expected failure.
    pub link: Option<String>,
    pub findings: Vec<Finding>,
    pub transcript: Transcript,
    pub duration: Duration,
    /// Since the run started.
    pub started: Duration,
    /// Earlier attempts that failed (`--retries`); a passed case with some is flaky.
    pub earlier_attempts: Vec<Attempt>,
    /// Names the way it failed without values that change from run to run; `None` when it did not fail.
    pub fingerprint: Option<String>,
    pub snapshot: SnapshotState,
    /// What captures bound, by name; in order of binding.
    pub captures: Vec<(String, Vec<u8>)>,
}

/// A failed attempt before the last one.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub verdict: Verdict,
    pub findings: Vec<Finding>,
    pub duration: Duration,
}

/// What came of comparing the transcript with the accepted one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SnapshotState {
    /// Not compared.
    #[default]
    Off,
    Same,
    /// No accepted snapshot exists.
    New,
    /// Accepted and present text, both normalised.
    Changed {
        accepted: String,
        present: String,
    },
}

/// A baseline entry that no case or no failure stands for any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleEntry {
    pub pattern: String,
    /// Why: it matches no case, or the case failed in another way, or it passed.
    pub why: String,
}

/// What the target said of itself when the run began.
#[derive(Clone, Debug, Default)]
pub struct TargetFacts {
    pub name: String,
    pub description: Option<String>,
    /// By protocol: greeting as received, and the capabilities announced.
    pub greetings: BTreeMap<Protocol, String>,
    pub capabilities: BTreeMap<Protocol, Vec<String>>,
    /// What is announced under TLS.
    pub secured_capabilities: BTreeMap<Protocol, Vec<String>>,
    /// What the services `submission` and `lmtp` announce.
    pub service_capabilities: BTreeMap<String, Vec<String>>,
}

/// What a run is about, known before the first case.
#[derive(Clone, Debug)]
pub struct RunStart {
    pub target: TargetFacts,
    /// Cases that will be played, and cases left out by selection.
    pub selected: usize,
    pub deselected: usize,
    pub suites: usize,
    pub jobs: usize,
    pub seed: u64,
    /// Wall clock, RFC 3339.
    pub started_at: String,
    pub strict: bool,
}

/// A whole run, for report files.
#[derive(Clone, Debug)]
pub struct RunResult {
    pub start: RunStart,
    /// Ordered by file and line, then variant: the order of the suites, not of time.
    pub outcomes: Vec<CaseOutcome>,
    pub stale: Vec<StaleEntry>,
    pub duration: Duration,
    /// The run was cut short: why.
    pub interrupted: Option<String>,
    /// The target could not be tested at all (sanity probe): one clear message.
    pub target_failure: Option<String>,
    /// Selected but not played.
    pub not_run: usize,
    /// Suite sources by file, for excerpts.
    pub sources: BTreeMap<Arc<str>, Arc<str>>,
}

/// What the runner tells reporters while it works.
#[derive(Clone, Debug)]
pub enum Event {
    Started(Arc<RunStart>),
    CaseStarted {
        case: Arc<Case>,
    },
    CaseFinished(Arc<CaseOutcome>),
    /// Something people should know now: `the target stopped answering`.
    Notice(String),
    Finished(Arc<RunResult>),
}

impl RunResult {
    /// How many outcomes have this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.outcomes.iter().filter(|o| o.verdict == verdict).count()
    }

    /// Passed only after a retry.
    pub fn flaky(&self) -> usize {
        self.outcomes.iter().filter(|o| o.verdict == Verdict::Passed && !o.earlier_attempts.is_empty()).count()
    }

    /// 0 conforms, 1 deviates, 3 the target could not be tested. What was found weighs more than what could not be tried.
    pub fn exit_code(&self) -> u8 {
        let deviates = self.count(Verdict::Failed) + self.count(Verdict::UnexpectedPass) + self.stale.len() > 0;
        let untested = self.target_failure.is_some()
            || self.interrupted.is_some()
            || self.count(Verdict::Blocked) + self.count(Verdict::Errored) > 0;
        match (self.target_failure.is_some(), deviates, untested) {
            (true, _, _) => 3,
            (_, true, _) => 1,
            (_, _, true) => 3,
            _ => 0,
        }
    }
}
