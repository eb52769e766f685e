//! `mailspec explain ID`: what a case rests on, what it says, and how the last runs went.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::{Failure, Global, output};
use crate::report::json;
use crate::suite::problem::did_you_mean;
use crate::suite::{Case, Library};

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The id of a case
    id: String,
    /// The folder whose report.json files tell of earlier runs
    #[arg(long, value_name = "DIR", default_value = "reports")]
    reports: PathBuf,
}

/// Explains, and gives the exit code.
pub fn explain(global: &Global, args: &ExplainArgs) -> Result<u8, Failure> {
    let library = output::library(global)?;
    let cases: Vec<&Arc<Case>> = library.cases().filter(|case| case.id == args.id || case.name() == args.id).collect();
    let Some(case) = cases.first() else {
        let ids: Vec<&str> = library.cases().map(|case| case.id.as_str()).collect();
        let hint = ids
            .iter()
            .find(|id| id.ends_with(&format!("/{}", args.id)))
            .copied()
            .or_else(|| did_you_mean(&args.id, ids.iter().copied()));
        let hint = hint.map_or("`mailspec list` shows all ids".to_owned(), |meant| format!("did you mean `{meant}`?"));
        return Err(Failure::usage(format!("no case has the id `{}`; {hint}", args.id)));
    };
    let mut page = format!("{}\n{}  {}\n\n  {}\n", case.id, case.level.keyword(), case.spec, case.title);
    if let Some(note) = &case.note {
        page.push_str(&format!("  {}\n", note.trim()));
    }
    for requirement in &case.requirements {
        page.push_str(&format!(
            "\nRFC {} §{} ({}, {})\n",
            requirement.rfc,
            requirement.section,
            requirement.level.keyword(),
            requirement.id
        ));
        page.push_str(&wrapped(&requirement.quote, 96));
    }
    if !case.requires.is_empty() {
        let needs: Vec<String> =
            case.requires.iter().map(|need| format!("{}{}", if need.present { "" } else { "without " }, need.name)).collect();
        page.push_str(&format!("\nneeds: {}\n", needs.join(", ")));
    }
    if cases.len() > 1 {
        page.push_str(&format!(
            "\nruns as: {}\n",
            cases.iter().map(|case| case.variant.to_string()).collect::<Vec<_>>().join("; ")
        ));
    }
    page.push_str(&format!("\n{}:{}\n", case.file, case.line));
    page.push_str(&source(&library, case));
    page.push_str(&history(&args.reports, &args.id));
    output::print(&page)
}

/// The lines of the case in its file, up to the next one.
fn source(library: &Library, case: &Case) -> String {
    let Some(text) = library.sources.get(&case.file) else { return String::new() };
    let lines: Vec<&str> = text.lines().collect();
    let rest = lines.get(case.line.saturating_sub(1)..).unwrap_or_default();
    let end = rest.iter().skip(1).position(|line| line.trim_start().starts_with("- id:")).map_or(rest.len(), |at| at + 1);
    let mut body = rest.get(..end).unwrap_or_default();
    while let [before @ .., last] = body
        && last.trim().is_empty()
    {
        body = before;
    }
    body.iter().enumerate().map(|(index, line)| format!("{:>4} | {line}\n", case.line + index)).collect()
}

/// What report.json files in and below a folder say of the case.
fn history(folder: &Path, id: &str) -> String {
    let mut files: Vec<PathBuf> = vec![folder.join("report.json")];
    if let Ok(entries) = std::fs::read_dir(folder) {
        files.extend(entries.flatten().map(|entry| entry.path().join("report.json")));
    }
    files.sort();
    let mut page = String::new();
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let Ok(report) = json::read(&text) else {
            page.push_str(&format!("  {}: no report this version reads\n", file.display()));
            continue;
        };
        for case in report.cases.iter().filter(|case| case.id == id || case.name() == id) {
            let verdict = case.verdict.word();
            let variant = case.name().strip_prefix(&case.id).unwrap_or_default().to_owned();
            let reason = case.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let finding = case.findings.first().map(|finding| format!(" ({})", finding.message)).unwrap_or_default();
            page.push_str(&format!("  {:<12} {verdict}{variant}{reason}{finding}  {}\n", report.target.name, report.started_at));
        }
    }
    if page.is_empty() { "\nno run of it is recorded\n".to_owned() } else { format!("\nlast runs\n{page}") }
}

fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + word.chars().count() + 1 > width {
            out.push_str(&format!("  {line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    out.push_str(&format!("  {line}\n"));
    out
}
