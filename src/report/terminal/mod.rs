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
    // What was written while the run worked stands directly above.
    if !page.is_empty() {
        page.insert(0, '\n');
    }
    page.push_str(&summary::closing(result, options, notes));
    style::finish(page, options.colour)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::outcome::{Finding, FindingKind};
    use crate::report::sample;
    use crate::suite::{Level, Party};
    use crate::transcript::{Entry, What};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_server_steers_the_terminal(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            text in "[\\x00-\\x1f\\x7f-\\u{9f}\\u{202a}-\\u{202e}\\u{2028}a-z]{0,40}",
        ) {
            let mut run = sample::run();
            run.outcomes = Verdict::ALL
                .into_iter()
                .map(|verdict| {
                    let mut outcome = sample::outcome(sample::case("smtp/x/y", Level::Must, &text), verdict, 1);
                    outcome.reason = Some(text.clone());
                    outcome.findings = vec![Finding {
                        expected: Some(text.clone()),
                        received: Some(text.clone()),
                        hints: vec![text.clone()],
                        connection: text.clone(),
                        ..sample::finding(FindingKind::Mismatch, &text)
                    }];
                    let entry = |what| Entry { at: Duration::ZERO, connection: text.as_str().into(), tls: true, preparing: false, repeated: false, party: Party::Server, what };
                    outcome.transcript.entries = vec![entry(What::Received(bytes.clone())), entry(What::Event(text.clone()))];
                    outcome
                })
                .collect();
            run.start.target.name = text.clone();
            run.interrupted = Some(text.clone());
            let options = Options { verbosity: Verbosity::Verbose, colour: true, ..Options::default() };
            // Our own styles are the only escape sequences: without them no control character is left but the line feed.
            let page = report(&run, &options, std::slice::from_ref(&text));
            let plain = anstream::adapter::strip_str(&page).to_string();
            let own = page.matches("\x1b[").count();
            prop_assert_eq!(page.matches('\x1b').count(), own);
            prop_assert!(page.chars().all(|c| c == '\n' || c == '\x1b' || !c.is_control()), "{:?}", page);
            prop_assert!(!plain.chars().any(|c| matches!(c, '\u{2028}' | '\u{202a}'..='\u{202e}')), "{:?}", plain);
        }
    }
}
