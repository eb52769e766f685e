//! `mailspec check`: validate suites without running them.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, Global, output};
use crate::report::plural;
use crate::suite::{self, requirements};

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Suite files or folders; none: all of --suites
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Compare every quote of the catalogue with the RFCs in this folder (rfc5321.txt, …)
    #[arg(long, value_name = "DIR")]
    rfc: Option<PathBuf>,
    /// Warnings fail, too
    #[arg(long)]
    deny_warnings: bool,
}

/// Checks, and gives the exit code: 0 sound, 2 not.
pub fn check(global: &Global, args: &CheckArgs) -> Result<u8, Failure> {
    if args.paths.is_empty() && !global.suites.is_dir() {
        output::library(global)?;
    }
    let library = suite::load(&global.places(), &args.paths);
    output::problems(&library, global.colour(), true);
    let (errors, warnings) = output::counts(&library);
    let mut sound = errors == 0 && (warnings == 0 || !args.deny_warnings);
    if let Some(folder) = &args.rfc {
        let (wrong, compared) = requirements::verify(&library.requirements, folder);
        for (id, why) in &wrong {
            eprintln!("error: {id}: {why}\n");
        }
        if compared == 0 {
            return Err(Failure::usage(format!(
                "{} holds none of the RFCs the catalogue quotes (rfc5321.txt, …)",
                folder.display()
            )));
        }
        output::print(&format!("{compared} quotes compared with the RFCs, {} not found\n", wrong.len()))?;
        sound &= wrong.is_empty();
    }
    let cases = library.cases().count();
    let suites = library.suites.len();
    output::print(&format!(
        "{}, {}, {}: {}, {}\n",
        plural(suites, "suite"),
        plural(cases, "case"),
        plural(library.requirements.len(), "requirement"),
        plural(errors, "error"),
        plural(warnings, "warning")
    ))?;
    Ok(if sound { 0 } else { 2 })
}
