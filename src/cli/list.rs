//! `mailspec list`: the cases there are.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::run::SelectArgs;
use super::{Failure, Global, output};
use crate::runner::choose;
use crate::suite::Library;

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    select: SelectArgs,
    /// As JSON, one array
    #[arg(long)]
    json: bool,
    /// The requirements of the catalogue instead, each with how many of the selected cases cover it, or why none can; with -v its quote
    #[arg(long, conflicts_with = "json")]
    requirements: bool,
}

/// Lists, and gives the exit code.
pub fn list(global: &Global, args: &ListArgs) -> Result<u8, Failure> {
    let library = output::library(global)?;
    let chosen = choose::choose(library.cases(), &args.select.selection())
        .map_err(|choose::MatchesNothing(pattern)| Failure::usage(format!("no case matches `{pattern}`")))?;
    if args.requirements {
        return output::print(&requirements(&library, &chosen, global.verbose));
    }
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

/// One line for each requirement, and a count per RFC.
fn requirements(library: &Library, chosen: &choose::Chosen, quotes: bool) -> String {
    let mut covered: BTreeMap<&str, usize> = BTreeMap::new();
    for requirement in chosen.cases.iter().flat_map(|case| &case.requirements) {
        *covered.entry(&requirement.id).or_default() += 1;
    }
    let mut page = String::new();
    let mut totals: BTreeMap<u32, (usize, usize, usize)> = BTreeMap::new();
    for requirement in library.requirements.values() {
        let cases = covered.get(requirement.id.as_str()).copied().unwrap_or_default();
        let (all, with, untested) = totals.entry(requirement.rfc).or_default();
        *all += 1;
        *with += usize::from(cases > 0);
        *untested += usize::from(requirement.untested.is_some());
        page.push_str(&format!("{:<6} {cases:>3} cases  {}\n", requirement.level.keyword(), requirement.id));
        if quotes {
            page.push_str(&format!("                  {}\n", requirement.quote));
        }
        if let Some(why) = &requirement.untested {
            page.push_str(&format!("                  No case: {why}\n"));
        }
    }
    page.push('\n');
    for (rfc, (all, with, untested)) in totals {
        let untested = if untested == 0 { String::new() } else { format!(", {untested} cannot have one") };
        page.push_str(&format!("RFC {rfc:<5} {with:>3} of {all:>3} requirements have a case{untested}\n"));
    }
    page
}
