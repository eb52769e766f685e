//! The baseline of a target: failures that are known and explained. An entry whose failure changed, or is gone, is told.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

use crate::outcome::{CaseOutcome, StaleEntry, Verdict};
use crate::suite::yaml::{At, read};

/// A baseline file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineFile {
    #[serde(default)]
    pub deviations: Vec<Entry>,
}

/// One known deviation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A case's id (all its variants), a whole name with variant, or a glob (`*` within a part, `**` across).
    pub case: String,
    /// What the server does instead, and why that is a deviation (or is tolerated).
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// How the case fails; another failure is not excused by this entry. None excuses any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// What `baseline update` writes where nobody has explained yet.
pub const UNEXPLAINED: &str = "not explained yet";

/// The entries of a target, ready to be applied.
#[derive(Debug, Default)]
pub struct Baseline {
    entries: Vec<(Entry, GlobMatcher)>,
}

impl Baseline {
    /// Reads a baseline file; a file that does not exist is an empty baseline.
    pub fn load(path: &Path) -> Result<Baseline, String> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Baseline::default()),
            Err(error) => return Err(format!("{}: cannot read: {error}", path.display())),
        };
        let place = |line: usize, column: usize| format!("{}:{line}:{column}", path.display());
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Baseline::default());
        }
        let file: At<BaselineFile> =
            read(&text).map_err(|error| format!("{}: {}", place(error.line, error.column), error.message))?;
        Baseline::new(file.value.deviations).map_err(|message| format!("{}: {message}", path.display()))
    }

    /// Compiles entries.
    pub fn new(entries: Vec<Entry>) -> Result<Baseline, String> {
        let compile = |entry: Entry| {
            let glob = glob(&entry.case).map_err(|error| format!("`{}` is no case id and no glob: {error}", entry.case))?;
            Ok((entry, glob))
        };
        Ok(Baseline { entries: entries.into_iter().map(compile).collect::<Result<_, String>>()? })
    }

    /// The entries as read.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|(entry, _)| entry)
    }

    /// Turns a failure that is recorded into an expected one, and gives warnings and observations their explanation.
    pub fn excuse(&self, outcome: &mut CaseOutcome) {
        let (name, id) = (outcome.case.name(), outcome.case.id.clone());
        for (entry, glob) in &self.entries {
            if !covers(entry, glob, &name, &id) {
                continue;
            }
            match outcome.verdict {
                Verdict::Failed if entry.fingerprint.is_none() || entry.fingerprint == outcome.fingerprint => {
                    outcome.verdict = Verdict::ExpectedFailure;
                    explain(outcome, entry);
                }
                Verdict::Failed => {
                    let recorded = entry.fingerprint.as_deref().unwrap_or_default();
                    let now = outcome.fingerprint.as_deref().unwrap_or_default();
                    if let Some(first) = outcome.findings.first_mut() {
                        first.hints.push(format!(
                            "the baseline excuses another failure of this case: `{recorded}`; this one is `{now}`"
                        ));
                    }
                }
                Verdict::Warned | Verdict::Observed => explain(outcome, entry),
                _ => {}
            }
        }
    }

    /// After the run: recorded failures that passed become unexpected passes. `all`: names and ids of every case there is, played or
    /// not. Returns the entries that stand for nothing.
    pub fn settle(&self, outcomes: &mut [CaseOutcome], all: &[(String, String)]) -> Vec<StaleEntry> {
        let mut stale = Vec::new();
        for (entry, glob) in &self.entries {
            if !all.iter().any(|(name, id)| covers(entry, glob, name, id)) {
                stale.push(StaleEntry { pattern: entry.case.clone(), why: "no case has this id".to_owned() });
                continue;
            }
            let covered = |outcome: &CaseOutcome| covers(entry, glob, &outcome.case.name(), &outcome.case.id);
            if outcomes.iter().any(|outcome| covered(outcome) && outcome.verdict != Verdict::Passed) {
                continue;
            }
            for outcome in outcomes.iter_mut().filter(|outcome| covered(outcome)) {
                outcome.verdict = Verdict::UnexpectedPass;
                explain(outcome, entry);
            }
        }
        stale
    }
}

fn explain(outcome: &mut CaseOutcome, entry: &Entry) {
    outcome.reason = Some(entry.reason.clone());
    outcome.link.clone_from(&entry.link);
}

fn covers(entry: &Entry, glob: &GlobMatcher, name: &str, id: &str) -> bool {
    entry.case == name || entry.case == id || glob.is_match(id)
}

/// A glob over case ids.
pub fn glob(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    // A variant in brackets is matched literally, not as a character class.
    let escaped = match pattern.split_once(" [") {
        Some((id, variant)) => format!("{id} [[]{}", variant.replace(']', "[]]")),
        None => pattern.to_owned(),
    };
    Ok(GlobBuilder::new(&escaped).literal_separator(true).build()?.compile_matcher())
}

/// The baseline after a run: failures of the run with the reasons known so far, and entries of cases that were not played.
/// What stands for no case goes.
pub fn updated(old: &Baseline, outcomes: &[CaseOutcome], stale: &[StaleEntry]) -> BaselineFile {
    let mut deviations: Vec<Entry> = Vec::new();
    for outcome in outcomes.iter().filter(|o| matches!(o.verdict, Verdict::Failed | Verdict::ExpectedFailure)) {
        let name = outcome.case.name();
        let known = old
            .entries
            .iter()
            .find(|(entry, _)| entry.case == name)
            .or_else(|| old.entries.iter().find(|(entry, glob)| covers(entry, glob, &name, &outcome.case.id)));
        deviations.push(Entry {
            case: name,
            reason: known.map_or(UNEXPLAINED.to_owned(), |(entry, _)| entry.reason.clone()),
            link: known.and_then(|(entry, _)| entry.link.clone()),
            fingerprint: outcome.fingerprint.clone(),
        });
    }
    let played = |entry: &Entry, glob: &GlobMatcher| {
        outcomes.iter().any(|o| {
            covers(entry, glob, &o.case.name(), &o.case.id)
                && !matches!(o.verdict, Verdict::Skipped | Verdict::Warned | Verdict::Observed)
        })
    };
    let stale = |entry: &Entry| stale.iter().any(|stale| stale.pattern == entry.case);
    for (entry, _) in old.entries.iter().filter(|(entry, glob)| !played(entry, glob) && !stale(entry)) {
        deviations.push(entry.clone());
    }
    deviations.sort_by(|a, b| a.case.cmp(&b.case));
    deviations.dedup_by(|a, b| a.case == b.case);
    BaselineFile { deviations }
}
