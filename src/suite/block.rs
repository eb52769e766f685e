//! A block of dialogue lines becomes exchanges: which line is whose, and which lines make one reply.

use std::sync::Arc;

use super::model::{Action, ConnectionName, Exchange, Expect, Necessity, Protocol, Send, Span, Step};
use super::problem::Problem;
use super::template::Template;
use crate::matching::Pattern;

/// One line of a block with its place in the file.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    pub text: &'a str,
    /// Line and column (from 1) of the first character.
    pub line: usize,
    pub column: usize,
}

/// What a `C:` or `S:` line is before replies are put together.
struct Spoken<'a> {
    on: ConnectionName,
    role: Role,
    text: &'a str,
    span: Span,
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Client,
    Server(Necessity),
}

/// Cuts a block into exchanges. `protocol_of` tells the protocol of a named connection, `None` if it is not open here.
pub fn exchanges(
    file: &str,
    lines: &[Line<'_>],
    protocol_of: &dyn Fn(&str) -> Option<Protocol>,
    problems: &mut Vec<Problem>,
) -> Vec<Step> {
    let mut spoken = Vec::new();
    for line in lines {
        match speak(line) {
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
        let Some(protocol) = protocol_of(&on) else {
            problems.push(
                Problem::error(file, first.span, format!("no connection is named `{on}` here"))
                    .with_hint("open it above with `connect: {name: …}`"),
            );
            rest = &rest[1..];
            continue;
        };
        let clients = rest.iter().take_while(|s| s.on == on && s.role == Role::Client).count();
        let servers = rest[clients..].iter().take_while(|s| s.on == on && s.role != Role::Client).count();
        let sends = rest[..clients].iter().filter_map(|s| send(file, s, problems)).collect::<Vec<_>>();
        let expects = expectations(file, protocol, &rest[clients..clients + servers], problems);
        let answered_later = servers == 0 && rest[clients..].iter().find(|s| s.on == on).is_some_and(|s| s.role != Role::Client);
        let span = first.span;
        steps.push(Step { span, action: Action::Exchange(Exchange { on, sends, expects, answered_later }) });
        rest = &rest[clients + servers..];
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
        let Role::Server(necessity) = first.role else { break };
        let same = rest.iter().take_while(|s| s.role == first.role).count();
        let count = reply_lines(protocol, &rest[..same]).clamp(1, same);
        let (reply, after) = rest.split_at(count);
        rest = after;
        let texts: Vec<&str> = reply.iter().map(|s| s.text).collect();
        match Pattern::compile(protocol, &texts) {
            Ok(pattern) => expects.push(Expect { necessity, spans: reply.iter().map(|s| s.span).collect(), pattern }),
            Err(error) => {
                let line = reply.get(error.line).unwrap_or(first);
                problems.push(Problem::error(file, part(line, error.offset, 1), error.message));
            }
        }
    }
    expects
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
fn speak<'a>(line: &Line<'a>) -> Result<Option<Spoken<'a>>, (String, String)> {
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
    let role = match (side, mark) {
        ('C', Some(':')) => Role::Client,
        ('S', Some(':')) => Role::Server(Necessity::Must),
        ('S', Some('?')) => Role::Server(Necessity::May),
        ('S', Some('!')) => Role::Server(Necessity::MustNot),
        _ => return Err(wrong()),
    };
    if !after.is_empty() && !after.starts_with(' ') {
        return Err(wrong());
    }
    // Exactly one blank belongs to the notation; what follows it is sent or compared. Trailing blanks are sent, too.
    let whole = &line.text[text.len() - after.len()..];
    let spoken = whole.strip_prefix(' ').unwrap_or(whole);
    let spoken = if role == Role::Client { spoken } else { spoken.trim_end() };
    let column = line.column + line.text[..line.text.len() - whole.len()].chars().count() + usize::from(whole.starts_with(' '));
    let span = Span { line: line.line, column, length: spoken.chars().count() };
    Ok(Some(Spoken { on, role, text: spoken, span }))
}
