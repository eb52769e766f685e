//! What people see: progress while a run works, then every failure in full, then what else they should know, then the summary.

mod failure;
mod live;
mod summary;
mod transcript;

pub use failure::failure;
pub use live::{Live, Progress};
pub(crate) use transcript::whole as whole_transcript;

use super::style;
use crate::outcome::{RunResult, Verdict};

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Failures and the summary.
    Quiet,
    #[default]
    Normal,
    /// Also every case with its verdict, what the RFC left free, and the slowest cases.
    Verbose,
}

/// How the terminal pages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub verbosity: Verbosity,
    /// With ANSI styles; whoever writes the page knows its terminal and `NO_COLOR` (`anstream::AutoStream::choice`).
    pub colour: bool,
    /// Columns of the terminal; transcripts are shortened and quotes wrapped to it.
    pub width: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { verbosity: Verbosity::Normal, colour: false, width: 110 }
    }
}

/// The page after the last case: failures in full, stale baseline entries, warnings, expected failures, skips, `notes` (one line
/// each: where report files are, say), and the summary. Its last line stands alone and is `N passed, N failed, N skipped`.
pub fn report(result: &RunResult, options: &Options, notes: &[String]) -> String {
    let mut page = String::new();
    if result.target_failure.is_none() {
        page.push_str(&failure::all(result, options));
        page.push_str(&summary::stale(result));
        if options.verbosity > Verbosity::Quiet {
            page.push_str(&summary::findings(result, Verdict::Warned));
            if options.verbosity == Verbosity::Verbose {
                page.push_str(&summary::findings(result, Verdict::Observed));
                page.push_str(&summary::slowest(result));
            }
            page.push_str(&summary::expected_failures(result));
            page.push_str(&summary::skipped(result, options));
            page.push_str(&summary::snapshots(result));
        }
    }
    page.push_str(&summary::closing(result, options, notes));
    style::finish(page, options.colour)
}
