//! Cases the program makes for itself (the sanity probe, the benchmark), from the same lines suites are written in.

use std::sync::Arc;
use std::time::Duration;

use super::form::DialogueYaml;
use super::model::{Case, Level, Start, Variant};
use super::problem::Problem;
use super::steps::{Opened, Reader};
use super::yaml::At;

/// A case with one block of lines. The error holds what is wrong with them.
pub fn case(id: &str, start: Start, lines: &str, timeout: Duration) -> Result<Case, Vec<Problem>> {
    let file: Arc<str> = Arc::from(id);
    let source: Arc<str> = Arc::from(lines);
    let mut opened = Opened::new(start.clone());
    let mut problems = Vec::new();
    let mut reader = Reader { file: &file, source: &source, opened: &mut opened, problems: &mut problems };
    let dialogue = reader.dialogue(&At { value: DialogueYaml::Block(lines.to_owned()), line: 1, column: 1 });
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut case = Case {
        id: id.to_owned(),
        variant: Variant::default(),
        file,
        line: 1,
        title: id.to_owned(),
        spec: String::new(),
        level: Level::Must,
        requirements: Vec::new(),
        requires: Vec::new(),
        start,
        mailboxes: Vec::new(),
        maildrop: None,
        setup: Vec::new(),
        dialogue,
        timeout,
        note: None,
        roles: Vec::new(),
        peers: Vec::new(),
        topology: None,
    };
    case.roles = super::roles::of(&case);
    case.peers = super::roles::peers(&case);
    Ok(case)
}
