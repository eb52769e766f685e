//! What came, in the notation of the suites: a reply rendered here can be pasted back as an expectation.

use super::imap::{Code, Response, Text, Value};
use super::{Parsed, Reply, pop3, smtp};
use crate::transcript::visible;

/// Strings longer than this are shortened in the middle.
const LONG: usize = 200;
/// What a shortened string keeps at its start and at its end.
const HEAD: usize = 100;
const TAIL: usize = 50;
/// Bodies of more lines than this are shortened in the middle.
const LINES: usize = 24;

/// The reply as pattern lines. A malformed reply becomes its visible octets, one string for each line.
pub fn render(reply: &Reply) -> Vec<String> {
    match &reply.parsed {
        Parsed::Smtp(reply) => smtp_lines(reply),
        Parsed::Pop3(reply) => pop3_lines(reply),
        Parsed::Imap(response) => vec![imap_line(response)],
        Parsed::Malformed(_) => reply.raw.split_inclusive(|b| *b == b'\n').map(|line| visible(&shortened(line))).collect(),
    }
}

fn smtp_lines(reply: &smtp::Reply) -> Vec<String> {
    let last = reply.lines.len().saturating_sub(1);
    let line = |(index, line): (usize, &smtp::Line)| match (index == last, line.text.is_empty()) {
        (true, true) => reply.code.to_string(),
        (true, false) => format!("{} {}", reply.code, plain(&line.text)),
        (false, _) => format!("{}-{}", reply.code, plain(&line.text)),
    };
    reply.lines.iter().enumerate().map(line).collect()
}

fn pop3_lines(reply: &pop3::Reply) -> Vec<String> {
    let status = match reply {
        pop3::Reply::Continuation { text } => return vec![format!("+ {}", plain(text))],
        pop3::Reply::Status(status) => status,
    };
    let word = if status.ok { "+OK" } else { "-ERR" };
    let mut lines = vec![format!("{word} {}", plain(&status.text)).trim_end().to_owned()];
    let Some(body) = &status.body else { return lines };
    // A line of three periods would read as "any lines".
    let body_line = |line: &Vec<u8>| if line == b"..." { r"${_:/\.\.\./}".to_owned() } else { plain(line) };
    if body.len() <= LINES {
        lines.extend(body.iter().map(body_line));
    } else {
        lines.extend(body.iter().take(LINES / 2).map(body_line));
        lines.push("...".into());
        lines.extend(body.iter().skip(body.len() - LINES / 2).map(body_line));
    }
    lines.push(".".into());
    lines
}

fn imap_line(response: &Response) -> String {
    match response {
        Response::Tagged { tag, status, text } => format!("{tag} {}{}", status.word(), resp_text(text)),
        Response::Untagged { status, text } => format!("* {}{}", status.word(), resp_text(text)),
        Response::Continuation { text } => format!("+ {}", plain(text)),
        Response::Fetch { number, items } => {
            let items: Vec<String> =
                items.iter().map(|(key, value)| format!("{} {}", escaped_holes(key.to_string()), render_value(value))).collect();
            format!("* {number} FETCH ({})", items.join(" "))
        }
        Response::Numbered { number, name, values } => format!("* {number} {}{}", escaped_holes(name.clone()), after(values)),
        Response::Data { name, values } => format!("* {}{}", escaped_holes(name.clone()), after(values)),
    }
}

fn after(values: &[Value]) -> String {
    values.iter().map(|value| format!(" {}", render_value(value))).collect()
}

fn resp_text(text: &Text) -> String {
    let code = text.code.as_ref().map(|code| format!(" {}", render_code(code))).unwrap_or_default();
    let remark = plain(&text.remark);
    if remark.is_empty() { code } else { format!("{code} {remark}") }
}

/// `[UIDNEXT 5]`
pub(crate) fn render_code(code: &Code) -> String {
    format!("[{}{}]", escaped_holes(code.name.clone()), after(&code.values))
}

/// One IMAP value; strings are quoted, and shortened when they are long.
pub(crate) fn render_value(value: &Value) -> String {
    match value {
        Value::Nil => "NIL".into(),
        Value::List(items) => format!("({})", items.iter().map(render_value).collect::<Vec<_>>().join(" ")),
        // As an atom it would say "and possibly more"; in quotes it is the same value.
        Value::Atom(text) if text == b"..." => "\"...\"".into(),
        Value::Atom(text) => escaped_holes(String::from_utf8_lossy(text).into_owned()),
        Value::Quoted(text) | Value::Literal { bytes: text, .. } => quoted(text),
    }
}

/// A string in quotes, with `\r`, `\n`, `\xHH` for what cannot be seen.
pub(crate) fn quoted(text: &[u8]) -> String {
    format!("\"{}\"", quotable(text))
}

/// What stands between the quotes.
pub(crate) fn quotable(text: &[u8]) -> String {
    let inner = |part: &[u8]| escaped_holes(visible(part).replace('"', "\\\""));
    if text.len() <= LONG {
        return inner(text);
    }
    let (head, middle, tail) = cut(text);
    format!("{}${{_:/.{{{middle}}}/}}{}", inner(head), inner(tail))
}

/// Text of a line: as it is, but for control octets and holes.
pub(crate) fn plain(text: &[u8]) -> String {
    let line = |part: &[u8]| {
        let text = visible(part).replace("\\\\", "\\").replace("\\t", "\t");
        escaped_holes(text)
    };
    if text.len() <= 4 * LONG {
        return line(text);
    }
    let (head, middle, tail) = cut(text);
    format!("{}${{_:/.{{{middle}}}/}}{}", line(head), line(tail))
}

fn escaped_holes(text: String) -> String {
    text.replace("${", "$${")
}

fn cut(text: &[u8]) -> (&[u8], usize, &[u8]) {
    let (head, rest) = text.split_at_checked(HEAD).unwrap_or((text, &[]));
    let (middle, tail) = rest.split_at_checked(rest.len().saturating_sub(TAIL)).unwrap_or((rest, &[]));
    (head, middle.len(), tail)
}

/// Octets of a malformed line, the middle of a long one left out.
fn shortened(line: &[u8]) -> Vec<u8> {
    if line.len() <= 4 * LONG {
        return line.to_vec();
    }
    let (head, middle, tail) = cut(line);
    [head, format!("… {middle} octets …").as_bytes(), tail].concat()
}
