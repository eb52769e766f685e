//! Progress: a bar on a terminal, one line per case elsewhere. It only ever listens to events.

use std::io::{self, Write};
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::style::{self, BAD, CAREFUL, GOOD, QUIET, STRONG, paint};
use super::super::text::{clock, one_line, plural, shorten};
use super::{Options, Verbosity};
use crate::outcome::{CaseOutcome, Event, RunStart, Verdict};
use crate::suite::Case;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A bar at the bottom of the terminal; only what deserves attention is written above it.
    Bar,
    /// A line per case.
    Lines,
}

/// Listens to a run and writes its progress to `out`; the bar is drawn on standard error.
pub struct Live<W: Write> {
    out: W,
    options: Options,
    bar: ProgressBar,
    running: Vec<Arc<Case>>,
    done: usize,
    total: usize,
    bad: usize,
}

impl<W: Write> Live<W> {
    /// A listener that has heard nothing yet.
    pub fn new(out: W, progress: Progress, options: Options) -> Self {
        let bar = match progress {
            Progress::Bar if options.verbosity > Verbosity::Quiet => {
                ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10))
            }
            _ => ProgressBar::hidden(),
        };
        let template = "{prefix:>12} [{elapsed_precise}] {bar:24} {pos}/{len}: {wide_msg}";
        let bar_style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(bar_style.progress_chars("━╸─"));
        Live { out, options, bar, running: Vec::new(), done: 0, total: 0, bad: 0 }
    }

    /// Shows one event. Errors are those of `out`.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(start) => self.started(start),
            Event::CaseStarted { case } => {
                self.running.push(Arc::clone(case));
                self.redraw();
                Ok(())
            }
            Event::CaseFinished(outcome) => self.finished(outcome),
            Event::Notice(text) => self.write(&format!("{} {}\n", paint(CAREFUL, "      NOTICE"), one_line(text))),
            Event::Finished(_) => {
                self.bar.finish_and_clear();
                self.out.flush()
            }
        }
    }

    fn started(&mut self, start: &RunStart) -> io::Result<()> {
        self.total = start.selected;
        self.bar.set_length(start.selected as u64);
        self.bar.set_prefix("Running");
        if self.options.verbosity == Verbosity::Quiet {
            return Ok(());
        }
        let out_of_it = match start.deselected {
            0 => String::new(),
            n => format!(" ({n} left out by selection)"),
        };
        let described = start.target.description.as_ref().map(|d| format!(", {}", one_line(d))).unwrap_or_default();
        let mut text = format!(
            "{} {} of {} against {}{described}{out_of_it}\n",
            paint(GOOD, "    Starting"),
            plural(start.selected, "case"),
            plural(start.suites, "suite"),
            paint(STRONG, one_line(&start.target.name)),
        );
        let strict = if start.strict { ", strict" } else { "" };
        text.push_str(&paint(QUIET, format!("{:13}{}, seed {}{strict}", "", plural(start.jobs, "job"), start.seed)));
        text.push('\n');
        self.write(&text)
    }

    fn finished(&mut self, outcome: &CaseOutcome) -> io::Result<()> {
        self.done += 1;
        self.running.retain(|case| case.id != outcome.case.id || case.variant != outcome.case.variant);
        let bad = is_bad(outcome.verdict);
        self.bad += usize::from(bad);
        if self.shows(outcome) {
            let line = self.line(outcome, bad);
            self.write(&line)?;
        }
        self.bar.set_position(self.done as u64);
        self.redraw();
        Ok(())
    }

    /// Above a bar only what deserves attention; without one every case that was played; verbose everything.
    fn shows(&self, outcome: &CaseOutcome) -> bool {
        let flaky = !outcome.earlier_attempts.is_empty();
        match self.options.verbosity {
            Verbosity::Quiet => is_bad(outcome.verdict),
            Verbosity::Normal if self.bar.is_hidden() => outcome.verdict != Verdict::Skipped,
            Verbosity::Normal => is_bad(outcome.verdict) || outcome.verdict == Verdict::Warned || flaky,
            Verbosity::Verbose => true,
        }
    }

    fn line(&self, outcome: &CaseOutcome, bad: bool) -> String {
        let attempts = outcome.earlier_attempts.len() + 1;
        let (word, colour) = match outcome.verdict {
            Verdict::Passed if attempts > 1 => (format!("FLAKY {attempts}/{attempts}"), CAREFUL),
            verdict => (style::status(verdict).to_owned(), style::of(verdict)),
        };
        let digits = self.total.to_string().len();
        let mut line = format!(
            "{} {} ({:>digits$}/{}) {}\n",
            paint(colour, format!("{word:>12}")),
            clock(outcome.duration),
            self.done,
            self.total,
            outcome.case.name(),
        );
        let why = outcome.findings.first().map(|f| f.message.as_str()).or(outcome.reason.as_deref());
        let told = bad || matches!(outcome.verdict, Verdict::Warned | Verdict::Skipped | Verdict::ExpectedFailure);
        if let Some(why) = why.filter(|_| told) {
            let why = shorten(&one_line(why), self.options.width.saturating_sub(15).max(40));
            let sign = if bad { paint(BAD, "× ") } else { String::new() };
            line.push_str(&format!("{:13}{sign}{}\n", "", paint(QUIET, why)));
        }
        line
    }

    fn redraw(&self) {
        let bad = if self.bad > 0 { format!("{} failed · ", self.bad) } else { String::new() };
        let running = self.running.last().map(|case| case.name()).unwrap_or_default();
        let others = match self.running.len() {
            0 | 1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        self.bar.set_message(format!("{bad}{running}{others}"));
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        let text = style::finish(text.to_owned(), self.options.colour);
        let out = &mut self.out;
        self.bar.suspend(|| {
            out.write_all(text.as_bytes())?;
            out.flush()
        })
    }
}

fn is_bad(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Failed | Verdict::UnexpectedPass | Verdict::Blocked | Verdict::Errored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn heard(verbosity: Verbosity) -> String {
        let result = sample::run();
        let mut out = Vec::new();
        let mut live = Live::new(&mut out, Progress::Lines, Options { verbosity, ..Options::default() });
        live.event(&Event::Started(Arc::new(result.start.clone()))).unwrap();
        for outcome in &result.outcomes {
            live.event(&Event::CaseStarted { case: Arc::clone(&outcome.case) }).unwrap();
            live.event(&Event::CaseFinished(Arc::new(outcome.clone()))).unwrap();
        }
        live.event(&Event::Notice("the target stopped answering\x1b[2J".into())).unwrap();
        assert!(live.running.is_empty());
        live.event(&Event::Finished(Arc::new(result))).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_for_every_case() {
        insta::assert_snapshot!(heard(Verbosity::Verbose));
    }

    #[test]
    fn quiet_tells_only_what_failed() {
        insta::assert_snapshot!(heard(Verbosity::Quiet));
    }
}
