//! `mailspec list`: the cases there are.

use clap::Args;
use serde_json::json;

use super::run::SelectArgs;
use super::{Failure, Global, output};
use crate::runner::choose;

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    select: SelectArgs,
    /// As JSON, one array
    #[arg(long)]
    json: bool,
}

/// Lists, and gives the exit code.
pub fn list(global: &Global, args: &ListArgs) -> Result<u8, Failure> {
    let library = output::library(global)?;
    let chosen = choose::choose(library.cases(), &args.select.selection())
        .map_err(|choose::MatchesNothing(pattern)| Failure::usage(format!("no case matches `{pattern}`")))?;
    if args.json {
        let cases: Vec<serde_json::Value> = chosen
            .cases
            .iter()
            .map(|case| {
                json!({
                    "id": case.id,
                    "variant": case.variant.to_string(),
                    "name": case.name(),
                    "title": case.title,
                    "level": case.level.keyword().to_lowercase(),
                    "spec": case.spec,
                    "file": case.file.as_ref(),
                    "line": case.line,
                    "covers": case.requirements.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(),
                    "requires": case.requires.iter().map(|need| format!("{}{}", if need.present { "" } else { "!" }, need.name)).collect::<Vec<_>>(),
                })
            })
            .collect();
        let text = serde_json::to_string_pretty(&cases).unwrap_or_default();
        return output::print(&format!("{text}\n"));
    }
    let mut page = String::new();
    for case in &chosen.cases {
        page.push_str(&format!("{:<6} {}\n", case.level.keyword(), case.name()));
        if global.verbose {
            page.push_str(&format!("       {}  ({})\n", case.title, case.spec));
        }
    }
    output::print(&page)
}
