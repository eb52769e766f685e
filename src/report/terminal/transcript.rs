//! The end of a transcript, for the failure page: when, on which connection, in which direction, under TLS or not.

use std::time::Duration;

use super::super::style::{QUIET, paint};
use super::super::text::{clipped, printable, shorten};
use crate::transcript::{Entry, Transcript, What, lines};

/// Lines shown of a transcript.
const SHOWN: usize = 6;

struct Line {
    at: Duration,
    connection: String,
    arrow: &'static str,
    text: String,
    preparing: bool,
}

/// A heading and the last six lines, or nothing for an empty transcript. `label` writes the heading into its column.
pub(super) fn tail(transcript: &Transcript, width: usize, label: impl Fn(&str, &str) -> String) -> String {
    let all: Vec<Line> = transcript.entries.iter().flat_map(as_lines).collect();
    let Some(shown) = all.get(all.len().saturating_sub(SHOWN)..).filter(|shown| !shown.is_empty()) else {
        return String::new();
    };
    let extent = if all.len() > shown.len() { format!("the last {SHOWN} of {} lines", all.len()) } else { "whole".into() };
    let tls = if shown.iter().any(|line| line.arrow.contains('~')) { ", ~ under TLS" } else { "" };
    let mut page = label("transcript", &paint(QUIET, format!("{extent}, in ms since the case started{tls}")));
    let names = shown.iter().map(|line| line.connection.chars().count()).max().unwrap_or(0);
    for line in shown {
        let name = if names == 0 { String::new() } else { format!("{:<names$} ", line.connection) };
        let head = format!("{:>12.1}  {name}{} ", line.at.as_secs_f64() * 1000.0, line.arrow);
        let text = shorten(&line.text, width.saturating_sub(head.chars().count()).max(24));
        let row = if line.preparing { paint(QUIET, format!("{head}{text}")) } else { format!("{}{text}", paint(QUIET, head)) };
        page.push_str(row.trim_end());
        page.push('\n');
    }
    page
}

fn as_lines(entry: &Entry) -> Vec<Line> {
    let line = |arrow, text: String| Line {
        at: entry.at,
        connection: if entry.connection.is_empty() { String::new() } else { format!("[{}]", printable(&entry.connection)) },
        arrow,
        text: printable(&text),
        preparing: entry.preparing,
    };
    let said = |arrow, bytes: &[u8]| lines(bytes).into_iter().map(|text| line(arrow, text)).collect();
    match (&entry.what, entry.tls) {
        (What::Sent(bytes), false) => said("->", bytes),
        (What::Sent(bytes), true) => said("~>", bytes),
        (What::Received(bytes), false) => said("<-", bytes),
        (What::Received(bytes), true) => said("<~", bytes),
        (What::Event(text), _) => vec![line("==", text.clone())],
    }
}

fn clipped_lines(entry: &Entry) -> Vec<Line> {
    let (What::Sent(bytes) | What::Received(bytes)) = &entry.what else { return as_lines(entry) };
    let (kept, omitted) = clipped(bytes);
    if omitted == 0 {
        return as_lines(entry);
    }
    let what = match &entry.what {
        What::Sent(_) => What::Sent(kept.to_vec()),
        _ => What::Received(kept.to_vec()),
    };
    let mut shown = as_lines(&Entry { what, ..entry.clone() });
    shown.extend(as_lines(&Entry { what: What::Event(format!("{omitted} more octets are left out here")), ..entry.clone() }));
    shown
}

/// The whole transcript without colour, for report files; only very long writes and replies are cut.
pub(crate) fn whole(transcript: &Transcript) -> String {
    let all: Vec<Line> = transcript.entries.iter().flat_map(clipped_lines).collect();
    let names = all.iter().map(|line| line.connection.chars().count()).max().unwrap_or(0);
    let mut page = String::new();
    for line in &all {
        let name = if names == 0 { String::new() } else { format!("{:<names$} ", line.connection) };
        page.push_str(format!("{:>10.1}  {name}{} {}", line.at.as_secs_f64() * 1000.0, line.arrow, line.text).trim_end());
        page.push('\n');
    }
    page
}
