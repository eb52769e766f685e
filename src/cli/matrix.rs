//! `mailspec matrix`: several servers beside each other.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, output};
use crate::report::{json, matrix as page};

#[derive(Debug, Args)]
pub struct MatrixArgs {
    /// report.json files of runs
    #[arg(required = true, value_name = "REPORT")]
    reports: Vec<PathBuf>,
}

/// Prints the matrix as Markdown, and gives the exit code.
pub fn matrix(args: &MatrixArgs) -> Result<u8, Failure> {
    let mut reports = Vec::new();
    for file in &args.reports {
        let text =
            std::fs::read_to_string(file).map_err(|error| Failure::usage(format!("{}: cannot read: {error}", file.display())))?;
        reports.push(json::read(&text).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?);
    }
    output::print(&page::matrix(&reports))
}
