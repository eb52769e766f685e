//! A block of dialogue lines becomes exchanges: which line is whose, and which lines make one reply.

use std::sync::Arc;

use super::model::{Action, ConnectionName, Exchange, Expect, Necessity, Protocol, Send, Span, Step};
use super::problem::Problem;
use super::template::Template;
use crate::matching::{Pattern, PatternError};

mod client;

/// One line of a block with its place in the file.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    pub text: &'a str,
    /// Line and column (from 1) of the first character.
    pub line: usize,
    pub column: usize,
}

/// What is known of a connection where its lines are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// We opened it and are its client.
    Opened(Protocol),
    /// The server under test opens it, to speak SMTP as client; with `served` the harness answers by itself.
    Accepted { served: bool },
}

/// How a connection that is named comes to be.
pub const NOT_OPEN: &str =
    "open it above with `connect: {name: …}`; one that the server under test opens, with `accept:` or `serve:`";

/// What a `C:` or `S:` line is before replies are put together.
struct Spoken<'a> {
    on: ConnectionName,
    /// Ours, to be sent; or theirs, to be expected.
    ours: bool,
    necessity: Necessity,
    text: &'a str,
    span: Span,
}

/// Cuts a block into exchanges. `kind_of` tells what a named connection is, `None` if it is not open here.
pub fn exchanges(
    file: &str,
    lines: &[Line<'_>],
    kind_of: &dyn Fn(&str) -> Option<Kind>,
    problems: &mut Vec<Problem>,
) -> Vec<Step> {
    let mut spoken = Vec::new();
    for line in lines {
        match speak(line, kind_of) {
            Ok(Some(one)) => spoken.push(one),
            Ok(None) => {}
            Err((message, hint)) => {
                let span = Span { line: line.line, column: line.column, length: line.text.chars().count() };
                problems.push(Problem::error(file, span, message).with_hint(hint));
            }
        }
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut rest = spoken.as_slice();
    while let Some(first) = rest.first() {
        let on = first.on.clone();
        let Some(kind) = kind_of(&on) else {
            problems.push(Problem::error(file, first.span, format!("no connection is named `{on}` here")).with_hint(NOT_OPEN));
            rest = &rest[1..];
            continue;
        };
        let ours = rest.iter().take_while(|s| s.on == on && s.ours).count();
        let theirs = rest[ours..].iter().take_while(|s| s.on == on && !s.ours).count();
        let sends = rest[..ours].iter().filter_map(|s| send(file, s, problems)).collect::<Vec<_>>();
        let expected = &rest[ours..ours + theirs];
        let expects = match kind {
            Kind::Opened(protocol) => expectations(file, protocol, expected, problems),
            Kind::Accepted { served } => {
                let before = rest[..ours].last().map_or("", |spoken| spoken.text);
                client::expectations(file, served, before, expected, problems)
            }
        };
        let answered_later = theirs == 0 && rest[ours..].iter().find(|s| s.on == on).is_some_and(|s| !s.ours);
        let span = first.span;
        steps.push(Step { span, action: Action::Exchange(Exchange { on, sends, expects, answered_later }) });
        rest = &rest[ours + theirs..];
    }
    steps
}

fn send(file: &str, spoken: &Spoken<'_>, problems: &mut Vec<Problem>) -> Option<Send> {
    match Template::parse(spoken.text) {
        Ok(template) => Some(Send { span: spoken.span, template }),
        Err(error) => {
            problems.push(Problem::error(file, part(spoken, error.offset, 1), error.message));
            None
        }
    }
}

/// Puts the lines of one reply together and compiles them.
fn expectations(file: &str, protocol: Protocol, lines: &[Spoken<'_>], problems: &mut Vec<Problem>) -> Vec<Expect> {
    let mut expects = Vec::new();
    let mut rest = lines;
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|s| s.necessity == first.necessity).count();
        let count = reply_lines(protocol, &rest[..same]).clamp(1, same);
        let (reply, after) = rest.split_at(count);
        rest = after;
        expects.extend(expectation(file, reply, |texts| Pattern::compile(protocol, texts), problems));
    }
    expects
}

/// Compiles the lines of one expectation.
fn expectation(
    file: &str,
    lines: &[Spoken<'_>],
    compile: impl Fn(&[&str]) -> Result<Pattern, PatternError>,
    problems: &mut Vec<Problem>,
) -> Option<Expect> {
    let first = lines.first()?;
    let texts: Vec<&str> = lines.iter().map(|s| s.text).collect();
    match compile(&texts) {
        Ok(pattern) => Some(Expect { necessity: first.necessity, spans: lines.iter().map(|s| s.span).collect(), pattern }),
        Err(error) => {
            let line = lines.get(error.line).unwrap_or(first);
            problems.push(Problem::error(file, part(line, error.offset, 1), error.message));
            None
        }
    }
}

/// How many of these lines make the first reply: an SMTP reply goes on after `250-` (RFC 5321 §4.2.1), a POP3 reply with
/// a body to the line that is a dot (RFC 1939 §3), an IMAP response is one line.
fn reply_lines(protocol: Protocol, lines: &[Spoken<'_>]) -> usize {
    match protocol {
        Protocol::Imap => 1,
        Protocol::Smtp => {
            let goes_on = |text: &str| text.as_bytes().get(3) == Some(&b'-');
            lines.iter().take_while(|s| goes_on(s.text)).count() + 1
        }
        Protocol::Pop3 => {
            let status =
                |text: &str| text.starts_with("+OK") || text.starts_with("-ERR") || text.starts_with("+ ") || text == "+";
            match lines.get(1) {
                Some(second) if !status(second.text) => {
                    lines.iter().position(|s| s.text == ".").map_or(lines.len(), |dot| dot + 1)
                }
                _ => 1,
            }
        }
    }
}

/// A part of a spoken line as a span; `offset` in bytes of its text.
fn part(spoken: &Spoken<'_>, offset: usize, length: usize) -> Span {
    let before = spoken.text.get(..offset).map_or(0, |text| text.chars().count());
    Span { line: spoken.span.line, column: spoken.span.column + before, length }
}

/// Reads `C:`, `S[reader]?` and their like. The span of a spoken line covers its text.
fn speak<'a>(line: &Line<'a>, kind_of: &dyn Fn(&str) -> Option<Kind>) -> Result<Option<Spoken<'a>>, (String, String)> {
    let text = line.text.trim_end();
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let wrong = || {
        (
            format!("`{text}` is not a line of a dialogue"),
            "a line starts with `C:`, `S:`, `S?`, `S!` or `#`; on a named connection with `C[name]:`, `S[name]:`".to_owned(),
        )
    };
    let mut chars = text.char_indices();
    let side = chars.next().map(|(_, c)| c).filter(|c| matches!(c, 'C' | 'S')).ok_or_else(wrong)?;
    let mut after = &text[1..];
    let mut on: ConnectionName = Arc::from("");
    // `S?[reader]` and `S[reader]?` are both read.
    let mut mark = None;
    for _ in 0..2 {
        if let Some(rest) = after.strip_prefix('[') {
            let (name, rest) = rest.split_once(']').ok_or_else(wrong)?;
            on = Arc::from(name);
            after = rest;
        } else if mark.is_none()
            && let Some(found) = after.chars().next().filter(|c| matches!(c, ':' | '?' | '!'))
        {
            mark = Some(found);
            after = &after[1..];
        }
    }
    // `S?: pattern` is a slip of the pen with one meaning only.
    if matches!(mark, Some('?' | '!')) {
        after = after.strip_prefix(':').unwrap_or(after);
    }
    let necessity = match mark {
        Some(':') => Necessity::Must,
        Some('?') => Necessity::May,
        Some('!') => Necessity::MustNot,
        _ => return Err(wrong()),
    };
    let kind = kind_of(&on);
    // On a connection that the server under test opened, we are the server.
    let ours = if matches!(kind, Some(Kind::Accepted { .. })) { side == 'S' } else { side == 'C' };
    if ours && necessity != Necessity::Must {
        return Err(wrong());
    }
    if ours && kind == Some(Kind::Accepted { served: true }) {
        let message = format!("on `{on}` the harness answers by itself (`serve:`)");
        return Err((message, "write other answers in its `replies:`; with `accept:` the dialogue has every reply".to_owned()));
    }
    if !after.is_empty() && !after.starts_with(' ') {
        return Err(wrong());
    }
    // Exactly one blank belongs to the notation; what follows it is sent or compared. Trailing blanks are sent, too.
    let whole = &line.text[text.len() - after.len()..];
    let spoken = whole.strip_prefix(' ').unwrap_or(whole);
    let spoken = if ours { spoken } else { spoken.trim_end() };
    let column = line.column + line.text[..line.text.len() - whole.len()].chars().count() + usize::from(whole.starts_with(' '));
    let span = Span { line: line.line, column, length: spoken.chars().count() };
    Ok(Some(Spoken { on, ours, necessity, text: spoken, span }))
}
