//! `mailspec run`: play suites against a target, tell what came of it, write reports.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::interrupt::interrupt;
use super::{Failure, Global, output};
use crate::outcome::{Event, RunResult, Verdict};
use crate::protocol::Limits;
use crate::report::junit::Profile;
use crate::report::terminal::{Live, Progress};
use crate::report::{github, json, junit, terminal};
use crate::runner::choose::{self, Selection};
use crate::runner::{self, Options, Plan};
use crate::snapshot;
use crate::suite::{Level, Library};
use crate::target::baseline::Baseline;
use crate::target::reference::{self, Reference};
use crate::target::{self, Processes, Target};
use crate::transcript::Transcript;

/// Which target, and how it is brought up.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// The server under test: a name below fixtures/targets/, a target file, or `reference` (built in)
    #[arg(short, long, value_name = "NAME|FILE", default_value = "reference", env = "MAILSPEC_TARGET")]
    pub target: String,
    /// Start the target by its file's command before the run, and stop it afterwards
    #[arg(long)]
    pub start: bool,
    /// Where a started target keeps its files; a short path, since unix sockets limit its length
    #[arg(long, value_name = "DIR", requires = "start")]
    pub dir: Option<PathBuf>,
    /// Break a rule of the reference server on purpose (`mailspec serve --list-faults`). Repeatable
    #[arg(long, value_name = "NAME")]
    pub fault: Vec<String>,
    /// Have the reference server do without an extension (`mailspec serve --list-extensions`). Repeatable
    #[arg(long, value_name = "NAME")]
    pub without: Vec<String>,
}

/// Which cases.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Cases")]
pub struct SelectArgs {
    /// Ids, id prefixes or globs; none: every case
    #[arg(value_name = "ID|PREFIX|GLOB", help_heading = None::<&str>)]
    pub patterns: Vec<String>,
    /// Leave these out. Repeatable
    #[arg(long, value_name = "ID|PREFIX|GLOB")]
    pub skip: Vec<String>,
    /// Only cases of this level. Repeatable
    #[arg(long, value_name = "LEVEL")]
    pub level: Vec<LevelArg>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LevelArg {
    Must,
    Should,
    May,
}

impl SelectArgs {
    pub fn selection(&self) -> Selection {
        let level = |level: &LevelArg| match level {
            LevelArg::Must => Level::Must,
            LevelArg::Should => Level::Should,
            LevelArg::May => Level::May,
        };
        Selection { patterns: self.patterns.clone(), skip: self.skip.clone(), levels: self.level.iter().map(level).collect() }
    }
}

/// How cases are played.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Run")]
pub struct PlayArgs {
    /// Cases at a time; default: what accounts and machine allow
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Repeat the names a run made up for its cases; printed by every run
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// A broken SHOULD fails
    #[arg(long)]
    pub strict: bool,
    /// Try a case that did not pass again, up to N times; one that passes then is reported as flaky
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub retries: u8,
    /// End at the first failure
    #[arg(long)]
    pub fail_fast: bool,
}

/// The heading of the options below in `--help`; those that are flattened in have their own.
const JUDGING: &str = "Judging and reporting";

#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    select: SelectArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    play: PlayArgs,
    /// Known deviations; default: the file the target names
    #[arg(help_heading = JUDGING, long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Transcripts: `check` compares with accepted ones, `pending` also writes what differs for `mailspec snapshot review`
    #[arg(help_heading = JUDGING, long, value_name = "MODE", default_value = "check")]
    snapshots: SnapshotsArg,
    /// A transcript that differs from the accepted one fails its case
    #[arg(help_heading = JUDGING, long, conflicts_with = "snapshots")]
    snapshots_must_match: bool,
    /// Where junit.xml and report.json go
    #[arg(help_heading = JUDGING, long, value_name = "DIR", default_value = "reports/latest")]
    reports: PathBuf,
    /// Whose transcripts report files hold: those of all cases, or only of those that did not simply pass
    #[arg(help_heading = JUDGING, long, value_name = "WHOSE", default_value = "all")]
    transcripts: TranscriptsArg,
    /// `xunit` leaves out of junit.xml what the strict Jenkins schema refuses
    #[arg(help_heading = JUDGING, long, value_name = "PROFILE", default_value = "rich")]
    junit_profile: ProfileArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SnapshotsArg {
    Off,
    Check,
    Pending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TranscriptsArg {
    All,
    Notable,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProfileArg {
    Rich,
    Xunit,
}

/// A target that is up.
pub struct Up {
    pub target: Arc<Target>,
    pub processes: Processes,
    reference: Option<Reference>,
    started: bool,
}

impl Up {
    /// Finds, and if asked starts, the target.
    pub async fn bring(args: &TargetArgs, fixtures: &Path) -> Result<Up, Failure> {
        if args.target == "reference" {
            let reference = reference::start(&args.fault, &args.without).await.map_err(Failure::usage)?;
            let target = Arc::new(reference.target.clone());
            return Ok(Up { processes: Processes::new(&target, None), target, reference: Some(reference), started: false });
        }
        if !args.fault.is_empty() {
            return Err(Failure::usage("--fault breaks the reference server only; leave --target out"));
        }
        if !args.without.is_empty() {
            return Err(Failure::usage("--without changes the reference server only; leave --target out"));
        }
        let file = target::find(&args.target, fixtures).map_err(Failure::usage)?;
        let target = Arc::new(target::load(&file).map_err(Failure::usage)?);
        let processes = Processes::new(&target, args.dir.as_deref());
        if args.start {
            let command =
                target.start.as_ref().ok_or_else(|| Failure::usage(format!("{} says no `start:` command", file.display())))?;
            let failed = |why: String| Failure { message: format!("the target `{}` did not start: {why}", target.name), code: 3 };
            processes.run(command).await.map_err(failed)?;
        }
        Ok(Up { target, processes, reference: None, started: args.start })
    }

    /// Stops what was started here.
    pub async fn down(self) {
        if let Some(mut reference) = self.reference {
            reference.stop().await;
        }
        if let Some(stop) = self.target.stop.as_ref().filter(|_| self.started)
            && let Err(why) = self.processes.run(stop).await
        {
            eprintln!("warning: the target `{}` did not stop: {why}", self.target.name);
        }
    }
}

/// Runs, and gives the exit code.
pub async fn run(global: &Global, args: &RunArgs) -> Result<u8, Failure> {
    let library = output::library(global)?;
    let ci = std::env::var_os("CI").is_some_and(|ci| ci != "false" && !ci.is_empty());
    let snapshots = match args.snapshots {
        _ if args.snapshots_must_match => snapshot::Mode::Assert,
        SnapshotsArg::Off => snapshot::Mode::Off,
        SnapshotsArg::Pending if !ci => snapshot::Mode::Pending,
        SnapshotsArg::Check | SnapshotsArg::Pending => snapshot::Mode::Check,
    };
    let up = Up::bring(&args.target, &global.fixtures).await?;
    let baseline = match args.baseline.as_ref().or(up.target.baseline.as_ref()) {
        Some(file) => Baseline::load(file).map_err(Failure::usage)?,
        None => Baseline::default(),
    };
    let result = play(global, &library, &up, &args.select, &args.play, baseline, snapshots).await;
    up.down().await;
    let mut result = result?;
    if args.transcripts == TranscriptsArg::Notable {
        for outcome in result.outcomes.iter_mut().filter(|outcome| outcome.verdict == Verdict::Passed) {
            outcome.transcript = Transcript::default();
        }
    }
    let notes = write_reports(args, &result)?;
    output::print(&terminal::report(&result, &global.terminal(), &notes))?;
    Ok(result.exit_code())
}

/// Plays the selected cases with progress on the terminal.
pub async fn play(
    global: &Global,
    library: &Library,
    up: &Up,
    select: &SelectArgs,
    play: &PlayArgs,
    baseline: Baseline,
    snapshots: snapshot::Mode,
) -> Result<RunResult, Failure> {
    let chosen = choose::choose(library.cases(), &select.selection()).map_err(|choose::MatchesNothing(pattern)| {
        Failure::usage(format!("no case matches `{pattern}`; `mailspec list` shows all ids"))
    })?;
    if chosen.cases.is_empty() {
        return Err(Failure::usage("the selection leaves no case; `mailspec list` shows all"));
    }
    let options = Options {
        jobs: play.jobs.map(usize::from),
        seed: play.seed.unwrap_or_else(fresh_seed),
        strict: play.strict,
        retries: usize::from(play.retries),
        fail_fast: play.fail_fast,
        limits: Limits::default(),
        snapshots,
        snapshot_root: global.fixtures.join("snapshots"),
    };
    let bar = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
    let progress = if bar { Progress::Bar } else { Progress::Lines };
    let mut live = Live::new(std::io::stdout(), progress, global.terminal());
    let mut tell = |event: Event| {
        // Progress that cannot be written is not worth ending a run for; the report will tell.
        let _ = live.event(&event);
    };
    let (target, processes) = (up.target.clone(), up.processes.clone());
    let plan = Plan { library, chosen, target, processes, baseline, options };
    runner::run(plan, interrupt(), &mut tell).await.map_err(Failure::usage)
}

fn fresh_seed() -> u64 {
    let mut bytes = [0u8; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from(u32::from_le_bytes(bytes)),
        // A machine without randomness still has a clock.
        Err(_) => std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |since| since.as_secs()),
    }
}

/// Writes the report files; returns what to say about them.
fn write_reports(args: &RunArgs, result: &RunResult) -> Result<Vec<String>, Failure> {
    let profile = match args.junit_profile {
        ProfileArg::Rich => Profile::Rich,
        ProfileArg::Xunit => Profile::Xunit,
    };
    let junit = junit::junit(result, profile).map_err(|error| Failure::usage(format!("cannot write JUnit: {error}")))?;
    output::write(&args.reports.join("junit.xml"), &junit)?;
    output::write(&args.reports.join("report.json"), &json::json(result))?;
    if std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
        output::print(&github::annotations(result))?;
        if let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY") {
            let append = std::fs::OpenOptions::new().append(true).create(true).open(&file);
            append
                .and_then(|mut file| file.write_all(github::summary(result).as_bytes()))
                .map_err(|error| Failure::usage(format!("cannot write the step summary: {error}")))?;
        }
    }
    let folder = args.reports.display();
    Ok(vec![format!("reports: {folder}/junit.xml, {folder}/report.json")])
}
