//! What came, in the notation of the suites: a reply rendered here can be pasted back as an expectation.

use super::imap::{Code, Response, Text, Value};
use super::smtp::client::Said;
use super::{Parsed, Reply, pop3, smtp};
use crate::suite::relative::{self, Relative};
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
        Parsed::Client(Said::Command(command)) => vec![ending(&command.line)],
        Parsed::Client(Said::Message(message)) => body_lines(&message.lines),
        Parsed::Malformed(_) => reply.raw.split_inclusive(|b| *b == b'\n').map(|line| visible(&shortened(line))).collect(),
    }
}

/// Text whose first octet would be read as something else, a response code or open digits: a hole holds that octet.
fn disguised(text: &[u8], misleads: bool) -> String {
    match text.split_first() {
        Some((first, rest)) if misleads => format!("${{_:/\\x{first:02x}/}}{}", ending(rest)),
        _ => ending(text),
    }
}

/// Whether text that is no enhanced status code reads like a pattern of one, `5.x.x`.
fn reads_as_enhanced(line: &smtp::Line) -> bool {
    let word = line.text.split(|b| *b == b' ').next().unwrap_or_default();
    let number = |part: &[u8]| matches!(part, b"x" | b"X") || !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    line.enhanced.is_none() && word.split(|b| *b == b'.').count() == 3 && word.split(|b| *b == b'.').all(number)
}

fn smtp_lines(reply: &smtp::Reply) -> Vec<String> {
    let last = reply.lines.len().saturating_sub(1);
    let line = |(index, line): (usize, &smtp::Line)| match (index == last, line.text.is_empty()) {
        (true, true) => reply.code.to_string(),
        (true, false) => format!("{} {}", reply.code, disguised(&line.text, reads_as_enhanced(line))),
        (false, _) => format!("{}-{}", reply.code, disguised(&line.text, reads_as_enhanced(line))),
    };
    reply.lines.iter().enumerate().map(line).collect()
}

fn pop3_lines(reply: &pop3::Reply) -> Vec<String> {
    let status = match reply {
        pop3::Reply::Continuation { text } => return vec![format!("+ {}", ending(text))],
        pop3::Reply::Status(status) => status,
    };
    let word = if status.ok { "+OK" } else { "-ERR" };
    let text = disguised(&status.text, status.code.is_none() && status.text.starts_with(b"["));
    let mut lines = vec![if text.is_empty() { word.to_owned() } else { format!("{word} {text}") }];
    let Some(body) = &status.body else { return lines };
    lines.extend(body_lines(body));
    lines
}

/// The lines of a body or a message, and the dot that ends it.
fn body_lines(body: &[Vec<u8>]) -> Vec<String> {
    // A line of three periods would read as "any lines".
    let body_line = |line: &Vec<u8>| if line == b"..." { r"${_:/\.\.\./}".to_owned() } else { ending(line) };
    let mut lines: Vec<String> = Vec::new();
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
        Response::Continuation { text } => format!("+ {}", ending(text)),
        Response::Fetch { number, name, items } => {
            let items: Vec<String> =
                items.iter().map(|(key, value)| format!("{} {}", escaped_holes(key.to_string()), render_value(value))).collect();
            format!("* {number} {} ({})", name.word(), items.join(" "))
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
    let remark = disguised(&text.remark, text.code.is_none() && text.remark.starts_with(b"["));
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
        Value::Atom(text) => atom(text),
        Value::Quoted(text) | Value::Literal { bytes: text, .. } => quoted(text),
    }
}

/// An atom, with its `$2` escaped; one that looks escaped already goes in quotes.
fn atom(text: &[u8]) -> String {
    let plain = || escaped_holes(String::from_utf8_lossy(text).into_owned());
    if !text.contains(&b'$') {
        return plain();
    }
    let before = |at: usize| at.checked_sub(1).and_then(|before| text.get(before)).copied().unwrap_or(b' ');
    let relative = |at: usize| relative::at(before(at), text.get(at..).unwrap_or_default());
    let found: Vec<(usize, Relative)> = (0..text.len()).filter_map(|at| Some((at, relative(at)?))).collect();
    if found.is_empty() {
        return plain();
    }
    if found.iter().any(|(_, relative)| relative.number.is_none()) {
        return quoted(text);
    }
    let mut escaped = text.to_vec();
    found.iter().rev().for_each(|(at, _)| escaped.insert(*at, b'$'));
    escaped_holes(String::from_utf8_lossy(&escaped).into_owned())
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

/// Text of a line: as it is, but for holes, and for octets that cannot stand in a suite, for which a hole stands.
pub(crate) fn plain(text: &[u8]) -> String {
    if text.len() <= 4 * LONG {
        return seen(text);
    }
    let (head, middle, tail) = cut(text);
    format!("{}${{_:/.{{{middle}}}/}}{}", seen(head), seen(tail))
}

/// Text up to the end of a line, where a hole stands for spaces that nobody would see.
fn ending(text: &[u8]) -> String {
    let line = plain(text);
    let kept = line.trim_end_matches(' ');
    match line.len() - kept.len() {
        0 => line,
        // A dollar in front of the hole would escape it.
        spaces if kept.ends_with('$') => {
            let text = kept.trim_end_matches('$');
            format!("{text}${{_:/{}{}/}}", "\\$".repeat(kept.len() - text.len()), " ".repeat(spaces))
        }
        spaces => format!("{kept}${{_:/{}/}}", " ".repeat(spaces)),
    }
}

fn seen(text: &[u8]) -> String {
    let mut writer = LineWriter::default();
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\t' || !(c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}'..='\u{ffff}')) {
                writer.close();
                writer.text.push(c);
            } else {
                writer.hide(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        writer.hide(chunk.invalid());
    }
    writer.close();
    writer.line + &escaped_holes(writer.text)
}

/// A line in the making: what is done, text that may still change, and the octets a hole has to stand for.
#[derive(Default)]
struct LineWriter {
    line: String,
    text: String,
    expression: String,
}

impl LineWriter {
    fn hide(&mut self, octets: &[u8]) {
        octets.iter().for_each(|octet| self.expression.push_str(&format!("\\x{octet:02x}")));
    }

    /// Ends the hole. Dollars in front of it go inside: `$${` would be a literal `${`.
    fn close(&mut self) {
        if self.expression.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let kept = text.trim_end_matches('$');
        let dollars = "\\$".repeat(text.len() - kept.len());
        self.line.push_str(&escaped_holes(kept.to_owned()));
        self.line.push_str(&format!("${{_:/{dollars}{}/}}", std::mem::take(&mut self.expression)));
    }
}

fn escaped_holes(text: String) -> String {
    text.replace("${", "$${")
}

/// Start, length of the middle, and end of a long text. Neither cuts a character of UTF-8 in two, and the start does not end
/// with a dollar, which would escape the hole behind it.
fn cut(text: &[u8]) -> (&[u8], usize, &[u8]) {
    let continues = |at: usize| text.get(at).is_some_and(|octet| octet & 0xc0 == 0x80);
    let mut head = HEAD.min(text.len());
    while head > 0 && (continues(head) || text.get(head - 1) == Some(&b'$')) {
        head -= 1;
    }
    let mut tail = text.len().saturating_sub(TAIL).max(head);
    while tail < text.len() && continues(tail) {
        tail += 1;
    }
    (text.get(..head).unwrap_or_default(), tail - head, text.get(tail..).unwrap_or_default())
}

/// Octets of a malformed line, the middle of a long one left out.
fn shortened(line: &[u8]) -> Vec<u8> {
    if line.len() <= 4 * LONG {
        return line.to_vec();
    }
    let (head, middle, tail) = cut(line);
    [head, format!("… {middle} octets …").as_bytes(), tail].concat()
}
