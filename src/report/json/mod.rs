//! The JSON report: everything a run knows, versioned and documented in `reports/README.md`. Its structs are its own, so that
//! the model can change without changing the format; readers of a version can rely on what that version says.

mod write;

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::outcome::{FindingKind, Verdict};
use crate::suite::Level;

pub use write::json;

/// The first member of every report. A change that a reader of version 1 would misunderstand needs a new number.
pub const FORMAT: &str = "mailspec-report/1";

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub format: String,
    pub generator: String,
    pub target: Target,
    pub started_at: String,
    pub duration_ms: f64,
    /// A string, for it does not fit into a double.
    pub seed: String,
    pub jobs: usize,
    pub strict: bool,
    pub suites: usize,
    pub selected: usize,
    pub deselected: usize,
    pub not_run: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_failure: Option<String>,
    pub exit_code: u8,
    pub counts: Counts,
    pub cases: Vec<Case>,
    pub stale_baseline: Vec<Stale>,
}

/// The server as it presented itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// By protocol.
    #[serde(default)]
    pub greetings: BTreeMap<String, String>,
    #[serde(default)]
    pub capabilities: BTreeMap<String, Vec<String>>,
}

/// Cases by verdict; `flaky` are among the passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
    pub warned: usize,
    pub observed: usize,
    pub skipped: usize,
    pub blocked: usize,
    pub errored: usize,
    pub expected_failure: usize,
    pub unexpected_pass: usize,
    pub flaky: usize,
}

/// One case at one point of its axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
    #[serde(with = "verdict")]
    pub verdict: Verdict,
    #[serde(with = "level")]
    pub level: Level,
    pub title: String,
    pub spec: String,
    pub file: String,
    pub line: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    pub started_ms: f64,
    pub duration_ms: f64,
    pub requirements: Vec<Requirement>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_attempts: Vec<Attempt>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captures: Vec<Capture>,
    #[serde(default)]
    pub snapshot: Snapshot,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transcript: Vec<Entry>,
}

impl Case {
    /// Id and variant as one name, unique in a run.
    pub fn name(&self) -> String {
        if self.variant.is_empty() { self.id.clone() } else { format!("{} [{}]", self.id, self.variant) }
    }
}

/// A sentence of an RFC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    pub id: String,
    pub rfc: u32,
    pub section: String,
    #[serde(with = "level")]
    pub level: Level,
    pub quote: String,
}

/// One thing found wrong. Lines and columns count from 1; a length of 0 means the rest of the line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    #[serde(with = "kind")]
    pub kind: FindingKind,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub connection: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

/// An attempt before the last one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    #[serde(with = "verdict")]
    pub verdict: Verdict,
    pub duration_ms: f64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What a `${name}` bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    pub name: String,
    #[serde(flatten)]
    pub value: Data,
}

/// One write, one reply or one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub at_ms: f64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub connection: String,
    pub kind: EntryKind,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preparing: bool,
    #[serde(flatten)]
    pub data: Data,
    /// Octets behind `data` that the report leaves out.
    #[serde(default, skip_serializing_if = "nothing")]
    pub omitted: usize,
}

fn nothing(count: &usize) -> bool {
    *count == 0
}

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    Sent,
    Received,
    Event,
}

/// Bytes: as text where they are UTF-8, in base64 where not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Data {
    Text(String),
    Base64(String),
}

impl Data {
    /// The form these bytes take.
    pub fn of(bytes: &[u8]) -> Data {
        match std::str::from_utf8(bytes) {
            Ok(text) => Data::Text(text.to_owned()),
            Err(_) => Data::Base64(STANDARD.encode(bytes)),
        }
    }

    /// The bytes again; `None` when the base64 is none.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Data::Text(text) => Some(text.clone().into_bytes()),
            Data::Base64(text) => STANDARD.decode(text).ok(),
        }
    }
}

/// How the transcript compares with the accepted one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Snapshot {
    #[default]
    Off,
    Same,
    New,
    Changed {
        accepted: String,
        present: String,
    },
}

/// A baseline entry that stands for nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    pub pattern: String,
    pub why: String,
}

/// Why a text is not a report.
#[derive(Debug)]
pub enum ReadError {
    /// It is a report, or another JSON document, of another version.
    Format(Option<String>),
    /// It is no JSON, or not of this shape.
    Json(serde_json::Error),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Format(Some(found)) => {
                write!(
                    f,
                    "the report says `\"format\": \"{found}\"`, this mailspec reads `{FORMAT}`; run the suites again to write one"
                )
            }
            ReadError::Format(None) => write!(f, "not a mailspec report: it has no `\"format\": \"{FORMAT}\"`"),
            ReadError::Json(error) => write!(f, "not a readable report: {error}"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads a report that [`json`] wrote. Members this version does not know are passed over.
pub fn read(text: &str) -> Result<Report, ReadError> {
    #[derive(Deserialize)]
    struct Head {
        format: Option<String>,
    }
    let head: Head = serde_json::from_str(text).map_err(ReadError::Json)?;
    if head.format.as_deref() != Some(FORMAT) {
        return Err(ReadError::Format(head.format));
    }
    serde_json::from_str(text).map_err(ReadError::Json)
}

/// The words of an enumeration of the model, as they stand in the report.
macro_rules! words {
    ($module:ident, $type:ty, $all:expr, $word:expr) => {
        mod $module {
            use serde::{Deserialize, Deserializer, Serializer, de::Error};

            pub(super) fn word(value: $type) -> String {
                let word: fn($type) -> &'static str = $word;
                word(value).replace(' ', "-")
            }

            pub(super) fn serialize<S: Serializer>(value: &$type, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&word(*value))
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
                let said = String::deserialize(from)?;
                let known = $all.into_iter().find(|value| word(*value) == said);
                known.ok_or_else(|| D::Error::custom(format!("`{said}` is no {}", stringify!($module))))
            }
        }
    };
}

words!(verdict, crate::outcome::Verdict, crate::outcome::Verdict::ALL, |v| v.word());
words!(level, crate::suite::Level, [crate::suite::Level::May, crate::suite::Level::Should, crate::suite::Level::Must], |l| l
    .keyword());
words!(kind, crate::outcome::FindingKind, super::FINDING_KINDS, |k| k.word());

const FINDING_KINDS: [FindingKind; 8] = [
    FindingKind::Mismatch,
    FindingKind::Missing,
    FindingKind::Forbidden,
    FindingKind::Malformed,
    FindingKind::TimedOut,
    FindingKind::Connection,
    FindingKind::Tls,
    FindingKind::Snapshot,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_report_reads_back_as_written() {
        let run = sample::run();
        let text = json(&run);
        let report = read(&text).unwrap();
        assert_eq!(report.cases.len(), run.outcomes.len());
        assert_eq!(serde_json::to_string_pretty(&report).unwrap() + "\n", text);
        let dots = report.cases.iter().find(|c| c.id.ends_with("leading-dot-removed")).unwrap();
        assert_eq!(dots.captures.last().and_then(|c| c.value.bytes()), Some(vec![0xff, 0]));
    }

    #[test]
    fn every_word_reads_back() {
        for v in Verdict::ALL {
            let said = format!("\"{}\"", verdict::word(v));
            assert_eq!(verdict::deserialize(&mut serde_json::Deserializer::from_str(&said)).unwrap(), v);
        }
        assert!(verdict::deserialize(&mut serde_json::Deserializer::from_str("\"perhaps\"")).is_err());
    }

    #[test]
    fn other_versions_and_other_files_are_refused_with_their_reason() {
        let refused = |text: &str| read(text).unwrap_err().to_string();
        assert!(refused("{\"format\": \"mailspec-report/2\"}").contains("mailspec-report/2"));
        assert!(refused("{\"a\": 1}").contains("not a mailspec report"));
        assert!(refused("<xml/>").contains("line 1 column 1"));
    }

    #[test]
    fn the_whole_report() {
        insta::assert_snapshot!(json(&sample::run()).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    }
}
