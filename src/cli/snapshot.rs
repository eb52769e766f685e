//! `mailspec snapshot`: transcripts that wait for a decision.

use std::io::BufReader;

use clap::{Args, Subcommand};

use super::{Failure, Global, output};
use crate::snapshot::{self, Pending};

#[derive(Debug, Args)]
pub struct SnapshotArgs {
    #[command(subcommand)]
    command: SnapshotCommand,
    /// Only of this target
    #[arg(long, global = true, value_name = "NAME")]
    target: Option<String>,
}

#[derive(Debug, Subcommand)]
enum SnapshotCommand {
    /// Look at them one by one: accept, reject or skip
    Review,
    /// Accept all that wait
    Accept,
    /// Reject all that wait
    Reject,
    /// Show what waits
    Pending,
}

/// Does it, and gives the exit code.
pub fn snapshot(global: &Global, args: &SnapshotArgs) -> Result<u8, Failure> {
    let root = global.fixtures.join("snapshots");
    let wrong = |error: &dyn std::fmt::Display| Failure::usage(error.to_string());
    let pending: Vec<Pending> =
        if root.is_dir() { snapshot::pending(&root, args.target.as_deref()).map_err(|error| wrong(&error))? } else { Vec::new() };
    if pending.is_empty() {
        return output::print("no snapshot waits for a review; `mailspec run --snapshots pending` writes what differs\n");
    }
    match args.command {
        SnapshotCommand::Review => {
            // The review tells itself what it came to.
            snapshot::review(&pending, BufReader::new(std::io::stdin()), std::io::stdout(), global.colour())
                .map_err(|error| wrong(&error))?;
            Ok(0)
        }
        SnapshotCommand::Accept => {
            for one in &pending {
                one.accept().map_err(|error| wrong(&error))?;
            }
            output::print(&format!("{} accepted\n", pending.len()))
        }
        SnapshotCommand::Reject => {
            for one in &pending {
                one.reject().map_err(|error| wrong(&error))?;
            }
            output::print(&format!("{} rejected\n", pending.len()))
        }
        SnapshotCommand::Pending => {
            output::print(&pending.iter().map(|one| format!("{}: {}\n", one.target, one.case)).collect::<String>())
        }
    }
}
