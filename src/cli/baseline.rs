//! `mailspec baseline`: keep the list of a target's known deviations.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::run::{PlayArgs, SelectArgs, TargetArgs, Up, play};
use super::{Failure, Global, output};
use crate::snapshot::Mode;
use crate::suite::yaml;
use crate::target::baseline::{Baseline, UNEXPLAINED, updated};

#[derive(Debug, Args)]
pub struct BaselineArgs {
    #[command(subcommand)]
    command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
enum BaselineCommand {
    /// Run the target and write its failures to its baseline, keeping reasons and links known so far
    Update(Box<UpdateArgs>),
}

#[derive(Debug, Args)]
struct UpdateArgs {
    #[command(flatten)]
    select: SelectArgs,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    play: PlayArgs,
    /// The file to write; default: the one the target names
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

/// Updates, and gives the exit code.
pub async fn baseline(global: &Global, args: &BaselineArgs) -> Result<u8, Failure> {
    let BaselineCommand::Update(args) = &args.command;
    let library = output::library(global)?;
    let up = Up::bring(&args.target, &global.fixtures).await?;
    let Some(file) = args.baseline.clone().or_else(|| up.target.baseline.clone()) else {
        return Err(Failure::usage(format!(
            "the target `{}` names no baseline; add `baseline: baseline.yaml` or use --baseline",
            up.target.name
        )));
    };
    let old = Baseline::load(&file).map_err(Failure::usage)?;
    let known = Baseline::load(&file).map_err(Failure::usage)?;
    let result = play(global, &library, &up, &args.select, &args.play, known, Mode::Off).await;
    up.down().await;
    let result = result?;
    if let Some(why) = result.target_failure.or(result.interrupted) {
        return Err(Failure { message: format!("{why}; the baseline is left as it was"), code: 3 });
    }
    let new = updated(&old, &result.outcomes, &result.stale);
    let text = yaml::write(&new).map_err(Failure::usage)?;
    let header = format!(
        "# Known deviations of {}: what the server does, against which sentence, and how the case fails by it.\n",
        result.start.target.name
    );
    output::write(&file, &format!("{header}{text}"))?;
    let unexplained = new.deviations.iter().filter(|entry| entry.reason == UNEXPLAINED).count();
    output::print(&format!("{}: {} deviations, {unexplained} to be explained\n", file.display(), new.deviations.len()))
}
