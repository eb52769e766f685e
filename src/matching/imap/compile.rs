//! From a pattern line to an [`ImapPattern`]. The grammar is that of responses (RFC 9051 §9), with holes, `...`, `|` between
//! statuses and `exact:` or `ordered:` in front.

use super::super::PatternError;
use super::super::Span;
use super::super::glyph::{Reader, glyphs, literal};
use super::super::nearest::nearest;
use super::super::parts::{Part, Parts};
use super::super::slot::Slot;
use super::values::{atom, value, values};
use super::{Body, CodePattern, ImapPattern, ItemPattern, StatusPattern, Statuses, ValueKind, ValuePattern};
use crate::protocol::imap::{FetchName, Status, normal_fields};

/// Compiles one line; IMAP expectations have no more.
pub(crate) fn compile(lines: &[&str]) -> Result<ImapPattern, PatternError> {
    let [line] = lines else {
        return Err(PatternError { line: 0, offset: 0, message: "an IMAP expectation is one line".into() });
    };
    let glyphs = glyphs(line)?;
    let mut reader = Reader::new(&glyphs, line);
    let (mut exact, mut ordered) = (false, false);
    loop {
        let (flag, word): (&mut bool, &[u8]) = match () {
            () if reader.starts_with(b"exact: ") => (&mut exact, b"exact: "),
            () if reader.starts_with(b"ordered: ") => (&mut ordered, b"ordered: "),
            () => break,
        };
        *flag = true;
        reader.advance(word.len());
    }
    let body = body(&mut reader)?;
    if !reader.is_at_end() {
        return reader.fail(match reader.octet() {
            Some(b')') => "`)` without its `(`",
            _ => "a space separates values",
        });
    }
    let has_order = matches!(&body, Body::Data { name: Some((name, _)), .. } if name == "SEARCH" || name == "ESEARCH");
    if ordered && !has_order {
        let message = "`ordered:` stands before SEARCH and ESEARCH, whose numbers are sets otherwise".into();
        return Err(PatternError { line: 0, offset: 0, message });
    }
    Ok(ImapPattern { exact, ordered, body })
}

fn body(reader: &mut Reader<'_>) -> Result<Body, PatternError> {
    if reader.is_at_end() {
        return reader.fail("an IMAP expectation begins with `*`, `+` or a tag");
    }
    if reader.octet() == Some(b'+') && matches!(reader.octet_at(1), None | Some(b' ')) {
        reader.advance(1);
        if reader.is_at_end() {
            return Ok(Body::Continuation { text: None });
        }
        if !reader.eat(b' ') {
            return reader.fail("a space stands behind `+`");
        }
        return Ok(Body::Continuation { text: text(reader) });
    }
    if reader.octet() == Some(b'*') && reader.octet_at(1) == Some(b' ') {
        reader.advance(2);
        return untagged(reader);
    }
    let start = reader.offset();
    let tag = reader.until(|octet| octet == b' ');
    let tag_span = reader.span(start);
    let tag = Parts::new(tag);
    if reader.is_at_end() {
        let any = tag.slot().is_some_and(|slot| slot.is_rest() || slot.hole.name == "_");
        return if any {
            Ok(Body::Any)
        } else {
            reader.fail("behind a tag comes a status, `a1 OK`; untagged responses begin with `* `")
        };
    }
    reader.advance(1);
    let text = status(reader, &[Status::Ok, Status::No, Status::Bad])?;
    Ok(Body::Tagged { tag, tag_span, text })
}

/// What stands behind `* `.
fn untagged(reader: &mut Reader<'_>) -> Result<Body, PatternError> {
    let start = reader.offset();
    if let Some(slot) = reader.slot()
        && slot.is_rest()
    {
        reader.advance(1);
        return Ok(Body::Data { name: None, values: Vec::new() });
    }
    let mut ahead = *reader;
    let word = ahead.until(|octet| matches!(octet, b' ' | b'(' | b')' | b'"'));
    let span = ahead.span(start);
    if word.is_empty() {
        return reader.fail("behind `* ` comes the name of a response, a status or a number");
    }
    let relative = Parts::numbered(word)?;
    if matches!(relative.0.as_slice(), [Part::Message(_)]) {
        *reader = ahead;
        return numbered(reader, (relative, span));
    }
    let Some(text) = literal(word) else {
        // A hole in front is the number of `* ${n} EXISTS`.
        return if Parts::new(word).slot().is_some() && ahead.octet() == Some(b' ') {
            *reader = ahead;
            numbered(reader, (Parts::new(word), span))
        } else {
            reader.fail("the name of a response has no holes; `* ${*}` accepts any untagged response")
        };
    };
    if text.iter().all(u8::is_ascii_digit) {
        *reader = ahead;
        return numbered(reader, (Parts::new(word), span));
    }
    if text.split(|b| *b == b'|').any(|word| Status::named(word).is_some()) {
        return Ok(Body::Untagged(status(reader, &Status::ALL)?));
    }
    *reader = ahead;
    let name = String::from_utf8_lossy(&text).to_ascii_uppercase();
    let values = if reader.eat(b' ') { values(reader, 0, false)? } else { Vec::new() };
    check_pairs(&name, &values)?;
    Ok(Body::Data { name: Some((name, span)), values })
}

fn numbered(reader: &mut Reader<'_>, number: (Parts, Span)) -> Result<Body, PatternError> {
    if !reader.eat(b' ') {
        return reader.fail("behind the number comes a space and the name of the response, `* 2 EXISTS`");
    }
    let start = reader.offset();
    let word = atom(reader, false)?;
    let name_span = reader.span(start);
    let Some(name) = literal(word).map(|name| String::from_utf8_lossy(&name).to_ascii_uppercase()) else {
        return Err(PatternError { line: 0, offset: start, message: "the name of a response has no holes".into() });
    };
    if let Some(message) = number.0.messages().next()
        && !["FETCH", "EXPUNGE"].contains(&name.as_str())
    {
        let message = format!("`${message}` is a message, and the number in front of {name} is not one's; write the number");
        return Err(PatternError { line: 0, offset: number.1.start, message });
    }
    let Some(name) = FetchName::named(&name) else {
        let values = if reader.eat(b' ') { values(reader, 0, false)? } else { Vec::new() };
        return Ok(Body::Numbered { number, name: (name, name_span), values });
    };
    if !reader.eat(b' ') {
        return reader.fail("behind FETCH comes the list of items, `(UID 5)`, or `${*}`");
    }
    if reader.slot().is_some_and(Slot::is_rest) {
        reader.advance(1);
        return Ok(Body::Fetch { number, name, name_span, items: Vec::new() });
    }
    Ok(Body::Fetch { number, name, name_span, items: items(reader)? })
}

/// `(KEY value KEY value)`; `...` and `${*}` are allowed at its end, where they say what holds anyway.
fn items(reader: &mut Reader<'_>) -> Result<Vec<ItemPattern>, PatternError> {
    let open = reader.offset();
    if !reader.eat(b'(') {
        return reader.fail("the items of FETCH stand in parentheses, `(UID 5)`");
    }
    let mut items = Vec::new();
    if reader.eat(b')') {
        return Ok(items);
    }
    loop {
        if reader.slot().is_some_and(Slot::is_rest) {
            reader.advance(1);
        } else if reader.starts_with(b"...") {
            reader.advance(3);
        } else {
            items.push(item(reader)?);
        }
        if reader.eat(b')') {
            return Ok(items);
        }
        if reader.is_at_end() {
            return Err(unbalanced(open));
        }
        if !reader.eat(b' ') {
            return reader.fail("a space or `)` stands behind a FETCH item");
        }
    }
}

pub(super) fn unbalanced(open: usize) -> PatternError {
    PatternError { line: 0, offset: open, message: "`(` without its `)`".into() }
}

fn item(reader: &mut Reader<'_>) -> Result<ItemPattern, PatternError> {
    let start = reader.offset();
    let mut glyphs = reader.until(|octet| matches!(octet, b' ' | b'(' | b')' | b'"' | b'[')).to_vec();
    if glyphs.is_empty() {
        return reader.fail("the items of FETCH are names with values, `(UID 5 FLAGS (\\Seen))`");
    }
    if reader.octet() == Some(b'[') {
        let bracket = reader.offset();
        glyphs.extend_from_slice(reader.until(|octet| octet == b']'));
        let Some(closing) = reader.look(0) else {
            return Err(PatternError { line: 0, offset: bracket, message: "`[` without its `]`".into() });
        };
        glyphs.push(closing.clone());
        reader.advance(1);
        glyphs.extend_from_slice(reader.until(|octet| matches!(octet, b' ' | b'(' | b')')));
    }
    let key_span = reader.span(start);
    let normal = match literal(&glyphs) {
        None => None,
        Some(text) => {
            let text = String::from_utf8_lossy(&text).into_owned();
            let message = || format!("`{text}` is no FETCH item: one is `UID`, `BODY[HEADER.FIELDS (FROM)]` or `BODY[1]<0>`");
            Some(normal_fields(&text).ok_or_else(|| PatternError { line: 0, offset: start, message: message() })?)
        }
    };
    if !reader.eat(b' ') {
        return reader.fail("behind the name of a FETCH item comes a space and its value");
    }
    Ok(ItemPattern { key: Parts::new(&glyphs), normal, key_span, value: value(reader, 1, false)? })
}

/// `OK|NO [CODE] text`
fn status(reader: &mut Reader<'_>, allowed: &[Status]) -> Result<StatusPattern, PatternError> {
    let start = reader.offset();
    let word = reader.until(|octet| octet == b' ');
    let status_span = reader.span(start);
    let statuses = match Parts::new(word).slot() {
        Some(slot) => Statuses::Slot(slot.clone()),
        None => {
            let text = literal(word).unwrap_or_default();
            let mut offset = start;
            let mut statuses = Vec::new();
            for name in text.split(|b| *b == b'|') {
                match Status::named(name).filter(|status| allowed.contains(status)) {
                    Some(status) => statuses.push(status),
                    None => return Err(no_status(offset, name, allowed)),
                }
                offset += name.len() + 1;
            }
            Statuses::OneOf(statuses)
        }
    };
    if !reader.is_at_end() {
        reader.advance(1);
    }
    let code = if reader.octet() == Some(b'[') { Some(code(reader)?) } else { None };
    if code.is_some() && !reader.is_at_end() && !reader.eat(b' ') {
        return reader.fail("a space stands between response code and text");
    }
    Ok(StatusPattern { statuses, status_span, code, text: text(reader) })
}

fn no_status(offset: usize, name: &[u8], allowed: &[Status]) -> PatternError {
    let name = String::from_utf8_lossy(name);
    let words = allowed.iter().map(|status| status.word());
    let near = nearest(&name, words.clone()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let words = words.collect::<Vec<_>>().join(", ");
    PatternError {
        line: 0,
        offset,
        message: format!("`{name}` is no status ({words}); untagged responses begin with `* `{near}"),
    }
}

fn code(reader: &mut Reader<'_>) -> Result<CodePattern, PatternError> {
    let start = reader.offset();
    reader.advance(1);
    let name = reader.until(|octet| matches!(octet, b' ' | b']'));
    if name.is_empty() {
        return reader.fail("a response code begins with its name, `[UIDNEXT 5]`");
    }
    let values = if reader.eat(b' ') { values(reader, 0, true)? } else { Vec::new() };
    if !reader.eat(b']') {
        let message = if reader.is_at_end() { "`[` without its `]`" } else { "a space or `]` stands behind a value" };
        let offset = if reader.is_at_end() { start } else { reader.offset() };
        return Err(PatternError { line: 0, offset, message: message.into() });
    }
    Ok(CodePattern { name: Parts::new(name), values, span: reader.span(start) })
}

/// Text up to the end of the line; nothing when none is written or any will do.
fn text(reader: &mut Reader<'_>) -> Option<(Parts, Span)> {
    let start = reader.offset();
    let parts = Parts::new(reader.rest());
    let is_rest = parts.slot().is_some_and(Slot::is_rest);
    (!parts.0.is_empty() && !is_rest).then(|| (parts, reader.span(start)))
}

/// Pairs are names with values: an odd number is a slip.
fn check_pairs(name: &str, values: &[ValuePattern]) -> Result<(), PatternError> {
    let pairs = match (name, values) {
        ("STATUS", [_, list]) | ("ID", [list]) => list,
        _ => return Ok(()),
    };
    let ValueKind::List(items) = &pairs.kind else { return Ok(()) };
    match items.iter().filter(|item| !item.is_open()).count().is_multiple_of(2) {
        true => Ok(()),
        false => Err(PatternError {
            line: 0,
            offset: pairs.span.start,
            message: format!("the list of {name} has names with values, `(MESSAGES 2 UIDNEXT 5)`; one of them is missing"),
        }),
    }
}
