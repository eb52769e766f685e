//! From the lines of an expectation on a client to a [`ClientPattern`]: `EHLO|HELO ${name}`, `MAIL FROM:<${alice.address}> SIZE=${n}`, `DATA`,
//! or a message that ends with `.`.

use super::super::glyph::{Glyph, GlyphKind, Reader, glyphs, literal};
use super::super::parts::Parts;
use super::super::slot::Slot;
use super::super::{PatternError, Span, body};
use super::client::{Argument, ClientPattern, CommandPattern, Parameter, path_length};

pub(in super::super) fn compile(lines: &[&str]) -> Result<ClientPattern, PatternError> {
    match lines {
        ["."] => Ok(ClientPattern::Message(None)),
        [message @ .., "."] => Ok(ClientPattern::Message(Some(body::compile(message, 0)?))),
        [line] => command(line),
        _ => Err(PatternError {
            line: lines.len().saturating_sub(1),
            offset: 0,
            message: "a message ends with a line that is a dot".into(),
        }),
    }
}

fn command(line: &str) -> Result<ClientPattern, PatternError> {
    let exact = line.starts_with("exact: ");
    let written = glyphs(line)?;
    let mut reader = Reader::new(&written, line);
    if exact {
        reader.advance("exact: ".len());
    }
    let start = reader.offset();
    if reader.slot().is_some() {
        let rest = reader.rest();
        let parts = Parts::new(rest);
        let any = parts.slot().is_some_and(Slot::is_rest);
        return Ok(if any { ClientPattern::Any } else { ClientPattern::Line(parts, reader.span(start)) });
    }
    let verbs = verbs(reader.until(|octet| octet == b' '), start)?;
    let verb_span = reader.span(start);
    reader.eat(b' ');
    let argument = match verbs.as_slice() {
        _ if reader.is_at_end() => None,
        [verb] if verb == "MAIL" => Some(path(&mut reader, "MAIL FROM:")?),
        [verb] if verb == "RCPT" => Some(path(&mut reader, "RCPT TO:")?),
        _ => {
            let start = reader.offset();
            let parts = Parts::new(reader.rest());
            let any = parts.slot().is_some_and(Slot::is_rest);
            (!any).then(|| Argument::Text(parts, reader.span(start)))
        }
    };
    Ok(ClientPattern::Command(CommandPattern { verbs, verb_span, argument, exact }))
}

/// `EHLO`, or alternatives.
fn verbs(word: &[Glyph], start: usize) -> Result<Vec<String>, PatternError> {
    let fail = |offset: usize, message: String| PatternError { line: 0, offset, message };
    let Some(written) = literal(word).map(|word| String::from_utf8_lossy(&word).into_owned()) else {
        return Err(fail(start, "a hole stands for a whole line of the client, or for what is behind its command".into()));
    };
    let mut offset = start;
    let mut verbs = Vec::new();
    for verb in written.split('|') {
        let letters = verb.starts_with(|c: char| c.is_ascii_alphabetic());
        if !letters || !verb.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            let reply = verb.len() >= 3 && verb.chars().take(3).all(|c| c.is_ascii_digit());
            let hint = if reply { "; a reply is ours to send here: write it behind `S[…]:`" } else { "" };
            return Err(fail(offset, format!("`{verb}` is no command of a client: `EHLO`, `MAIL`, `DATA` are{hint}")));
        }
        offset += verb.len() + 1;
        verbs.push(verb.to_ascii_uppercase());
    }
    Ok(verbs)
}

/// `FROM:<…>` and parameters; `whole` says what must stand there.
fn path(reader: &mut Reader<'_>, whole: &str) -> Result<Argument, PatternError> {
    let keyword = whole.split(' ').next_back().unwrap_or_default();
    if !reader.starts_with(keyword.as_bytes()) {
        return reader.fail(format!("`{whole}<…>` is how the command goes on; without anything behind it the verb alone counts"));
    }
    let start = reader.offset();
    reader.advance(keyword.len());
    let rest = reader.rest();
    let octet = |glyph: &Glyph| match glyph.kind {
        GlyphKind::Octet(octet) => Some(octet),
        GlyphKind::Slot(_) => None,
    };
    let (path, mut behind) = rest.split_at(path_length(rest.iter().map(octet)).min(rest.len()));
    let end = path.last().map_or(start, |glyph| glyph.at + glyph.length);
    let mut parameters = Vec::new();
    while let Some((space, after)) = behind.split_first() {
        let length = after.iter().take_while(|glyph| octet(glyph) != Some(b' ')).count();
        let (word, next) = after.split_at(length);
        behind = next;
        if word.is_empty() {
            return Err(PatternError { line: 0, offset: space.at, message: "parameters are parted by one space".into() });
        }
        parameters.push(parameter(word));
    }
    Ok(Argument::Path { path: Parts::new(path), span: Span { start, length: end.saturating_sub(start) }, parameters })
}

fn parameter(word: &[Glyph]) -> Parameter {
    let equals = word.iter().position(|glyph| matches!(glyph.kind, GlyphKind::Octet(b'=')));
    let (keyword, value) = word.split_at(equals.unwrap_or(word.len()));
    let start = word.first().map_or(0, |glyph| glyph.at);
    let end = word.last().map_or(start, |glyph| glyph.at + glyph.length);
    Parameter {
        keyword: Parts::new(keyword),
        value: value.split_first().map(|(_, value)| Parts::new(value)),
        span: Span { start, length: end - start },
    }
}
