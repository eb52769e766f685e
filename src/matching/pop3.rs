//! POP3 expectations: status, response code, text, and the lines of a body.

use super::PatternError;
use super::Span;
use super::attempt::{Attempt, Difference, Known};
use super::glyph::{Reader, glyphs, literal};
use super::nearest::nearest;
use super::parts::Parts;
use super::slot::Slot;
use crate::protocol::plain;
use crate::protocol::pop3::{Reply, StatusReply};

/// A compiled POP3 expectation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pop3Pattern {
    /// `${*}`
    Any,
    /// `+ text`
    Continuation {
        text: Option<(Parts, Span)>,
    },
    Status(StatusPattern),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct StatusPattern {
    ok: bool,
    err: bool,
    status_span: Span,
    code: Option<(Parts, Span)>,
    text: Option<(Parts, Span)>,
    body: Option<Vec<BodyLine>>,
}

#[derive(Clone, Debug, PartialEq)]
enum BodyLine {
    /// `...`
    AnyLines,
    Line(Parts, Span),
}

pub(super) fn compile(lines: &[&str]) -> Result<Pop3Pattern, PatternError> {
    let fail = |line, offset, message: &str| Err(PatternError { line, offset, message: message.into() });
    let Some((first, body)) = lines.split_first() else {
        return fail(0, 0, "a POP3 expectation begins with `+OK`, `-ERR` or `+`");
    };
    let mut pattern = status_line(first)?;
    let Some((last, body)) = body.split_last() else { return Ok(pattern) };
    if *last != "." {
        return fail(lines.len() - 1, last.len(), "the body of a POP3 reply ends with a line `S: .`");
    }
    let Pop3Pattern::Status(status) = &mut pattern else {
        return fail(1, 0, "only `+OK` is followed by a body");
    };
    if !status.ok {
        return fail(1, 0, "`-ERR` is not followed by a body; only `+OK` is");
    }
    let compiled = body.iter().enumerate().map(|(index, line)| {
        if *line == "..." {
            return Ok(BodyLine::AnyLines);
        }
        let glyphs = glyphs(line).map_err(|error| PatternError { line: index + 1, ..error })?;
        Ok(BodyLine::Line(Parts::new(&glyphs), Span { start: 0, length: line.len() }))
    });
    status.body = Some(compiled.collect::<Result<_, PatternError>>()?);
    Ok(pattern)
}

fn status_line(line: &str) -> Result<Pop3Pattern, PatternError> {
    let glyphs = glyphs(line)?;
    let mut reader = Reader::new(&glyphs, line);
    if reader.slot().is_some() {
        reader.advance(1);
        return if reader.is_at_end() {
            Ok(Pop3Pattern::Any)
        } else {
            reader.fail("a POP3 expectation begins with `+OK`, `-ERR` or `+`; a hole alone accepts any reply")
        };
    }
    let word = reader.until(|octet| octet == b' ');
    let written = literal(word).map(|word| String::from_utf8_lossy(&word).into_owned());
    let status_span = reader.span(0);
    let Some(written) = written else {
        return Err(PatternError { line: 0, offset: 0, message: "the status is `+OK`, `-ERR` or `+`, without holes".into() });
    };
    if written == "+" {
        reader.eat(b' ');
        return Ok(Pop3Pattern::Continuation { text: text(&mut reader) });
    }
    let (mut ok, mut err) = (false, false);
    let mut offset = 0;
    for alternative in written.split('|') {
        match alternative {
            "+OK" => ok = true,
            "-ERR" => err = true,
            _ => {
                let near = nearest(alternative, ["+OK", "-ERR"]).map(|near| format!("; did you mean `{near}`?"));
                let message = format!("`{alternative}` is no status of POP3: `+OK` and `-ERR` are{}", near.unwrap_or_default());
                return Err(PatternError { line: 0, offset, message });
            }
        }
        offset += alternative.len() + 1;
    }
    reader.eat(b' ');
    let code = code(&mut reader)?;
    Ok(Pop3Pattern::Status(StatusPattern { ok, err, status_span, code, text: text(&mut reader), body: None }))
}

fn code(reader: &mut Reader<'_>) -> Result<Option<(Parts, Span)>, PatternError> {
    if reader.octet() != Some(b'[') {
        return Ok(None);
    }
    let start = reader.offset();
    reader.advance(1);
    let inside = reader.until(|octet| octet == b']');
    if !reader.eat(b']') {
        return Err(PatternError {
            line: 0,
            offset: start,
            message: "`[` without its `]`: a response code is `[IN-USE]`".into(),
        });
    }
    let span = reader.span(start);
    reader.eat(b' ');
    Ok(Some((Parts::new(inside), span)))
}

fn text(reader: &mut Reader<'_>) -> Option<(Parts, Span)> {
    let start = reader.offset();
    let parts = Parts::new(reader.rest());
    let is_rest = parts.slot().is_some_and(Slot::is_rest);
    (!parts.0.is_empty() && !is_rest).then(|| (parts, reader.span(start)))
}

impl Pop3Pattern {
    pub fn slots(&self) -> Vec<(usize, &Slot)> {
        let first_line = match self {
            Pop3Pattern::Any => [None, None],
            Pop3Pattern::Continuation { text } => [text.as_ref(), None],
            Pop3Pattern::Status(status) => [status.code.as_ref(), status.text.as_ref()],
        };
        let mut slots: Vec<(usize, &Slot)> =
            first_line.into_iter().flatten().flat_map(|(parts, _)| parts.slots()).map(|slot| (0, slot)).collect();
        if let Pop3Pattern::Status(StatusPattern { body: Some(body), .. }) = self {
            for (index, line) in body.iter().enumerate() {
                if let BodyLine::Line(parts, _) = line {
                    slots.extend(parts.slots().map(|slot| (index + 1, slot)));
                }
            }
        }
        slots
    }

    /// The pattern has a body.
    pub fn has_body(&self) -> bool {
        matches!(self, Pop3Pattern::Status(status) if status.body.is_some())
    }

    pub fn compare(&self, reply: &Reply, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        let start = Span { start: 0, length: 1 };
        match (self, reply) {
            (Pop3Pattern::Any, _) => Ok(()),
            (Pop3Pattern::Continuation { text }, Reply::Continuation { text: received }) => {
                compare_text(text, received, received, attempt)
            }
            (Pop3Pattern::Continuation { .. }, Reply::Status(status)) => {
                Err(attempt.differ(start, || format!("expected a continuation `+`, received {}", status_text(status))))
            }
            (Pop3Pattern::Status(pattern), Reply::Continuation { text }) => {
                let expected = pattern.status_word();
                Err(attempt.differ(pattern.status_span, || format!("expected {expected}, received + {}", plain(text))))
            }
            (Pop3Pattern::Status(pattern), Reply::Status(status)) => pattern.compare(status, attempt),
        }
    }
}

fn status_text(status: &StatusReply) -> String {
    format!("{} {}", if status.ok { "+OK" } else { "-ERR" }, plain(&status.text)).trim_end().to_owned()
}

impl StatusPattern {
    fn status_word(&self) -> &'static str {
        match (self.ok, self.err) {
            (true, true) => "+OK or -ERR",
            (true, false) => "+OK",
            _ => "-ERR",
        }
    }

    fn compare(&self, reply: &StatusReply, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        if !(if reply.ok { self.ok } else { self.err }) {
            return Err(
                attempt.differ(self.status_span, || format!("expected {}, received {}", self.status_word(), status_text(reply)))
            );
        }
        attempt.hits += 1;
        if let Some((parts, span)) = &self.code {
            // RFC 2449 §8: response codes ignore case.
            let fits = reply.code.as_ref().is_some_and(|code| parts.fit(code, true, attempt));
            if !fits {
                return Err(attempt.differ(*span, || {
                    let received = reply.code.as_ref().map_or("none".to_owned(), |code| format!("[{}]", plain(code)));
                    format!("expected response code [{}], received {received}", plain(&parts.described(attempt)))
                }));
            }
            attempt.hits += 1;
        }
        compare_text(&self.text, reply.remark(), &reply.text, attempt)?;
        let Some(body) = &self.body else { return Ok(()) };
        // `+OK|-ERR` with a body: it belongs to `+OK`.
        if !reply.ok {
            return Ok(());
        }
        let Some(lines) = &reply.body else {
            return Err(Difference {
                line: 1,
                ..attempt.differ(Span { start: 0, length: 1 }, || "expected a body, received none".into())
            });
        };
        if reply.capabilities {
            return assign(body, lines, 0, &mut vec![false; lines.len()], attempt);
        }
        let mut budget = 200_000;
        let mut furthest = None;
        if follow(body, 0, lines, 0, attempt, &mut budget, &mut furthest) {
            return Ok(());
        }
        Err(furthest.map(|(_, difference)| difference).unwrap_or_default())
    }
}

/// Text that is not written is not compared. Text that is written may or may not repeat the response code.
fn compare_text(text: &Option<(Parts, Span)>, remark: &[u8], whole: &[u8], attempt: &mut Attempt<'_>) -> Result<(), Difference> {
    let Some((parts, span)) = text else { return Ok(()) };
    if parts.fit(remark, false, attempt) || (remark != whole && parts.fit(whole, false, attempt)) {
        attempt.hits += 1;
        return Ok(());
    }
    Err(attempt.differ(*span, || format!("expected text `{}`, received `{}`", plain(&parts.described(attempt)), plain(remark))))
}

/// Walks through the body in order. `furthest` keeps the difference that lies deepest in what was received.
fn follow(
    patterns: &[BodyLine],
    index: usize,
    lines: &[Vec<u8>],
    at: usize,
    attempt: &mut Attempt<'_>,
    budget: &mut usize,
    furthest: &mut Option<(usize, Difference)>,
) -> bool {
    let mut index = index;
    let mut at = at;
    let mark = attempt.mark();
    loop {
        if *budget == 0 {
            return false;
        }
        *budget -= 1;
        let Some(pattern) = patterns.get(index) else {
            if at == lines.len() {
                return true;
            }
            let received = lines.get(at).map(|line| plain(line)).unwrap_or_default();
            note(furthest, at, index, Span { start: 0, length: 1 }, attempt, || {
                format!("expected the end of the body, received line {}: `{received}`", at + 1)
            });
            attempt.undo(mark);
            return false;
        };
        let (parts, span) = match pattern {
            BodyLine::AnyLines => {
                // Trying the shortest run first keeps captures near what is written above them.
                let found = (at..=lines.len()).any(|from| follow(patterns, index + 1, lines, from, attempt, budget, furthest));
                if !found {
                    attempt.undo(mark);
                }
                return found;
            }
            BodyLine::Line(parts, span) => (parts, *span),
        };
        match several_lines(parts, attempt) {
            Some(block) => {
                for (number, expected) in block.iter().enumerate() {
                    if lines.get(at) != Some(expected) {
                        let (received, of) = (lines.get(at), block.len());
                        note(furthest, at, index, span, attempt, || {
                            let received = received.map_or("the end of the body".to_owned(), |line| format!("`{}`", plain(line)));
                            let expected = plain(expected);
                            format!(
                                "line {} of {of} of the value is expected to be `{expected}`, received {received}",
                                number + 1
                            )
                        });
                        attempt.undo(mark);
                        return false;
                    }
                    at += 1;
                }
            }
            None => {
                let line = lines.get(at);
                let fits = line.is_some_and(|line| fits_line(parts, line, false, attempt));
                if !fits {
                    let expected = plain(&parts.described(attempt));
                    let received = line.map_or("the end of the body".to_owned(), |line| format!("`{}`", plain(line)));
                    note(furthest, at, index, span, attempt, || {
                        format!("expected `{expected}` as line {} of the body, received {received}", at + 1)
                    });
                    attempt.undo(mark);
                    return false;
                }
                at += 1;
            }
        }
        attempt.hits += 1;
        index += 1;
    }
}

/// A whole line may be empty, even where a hole stands for it.
fn fits_line(parts: &Parts, line: &[u8], fold: bool, attempt: &mut Attempt<'_>) -> bool {
    if line.is_empty() && parts.slot().is_some_and(|slot| matches!(attempt.known(slot), Known::Free)) {
        return parts.slot().is_some_and(|slot| match &slot.kind {
            super::slot::SlotKind::Rest => true,
            super::slot::SlotKind::Named(narrowing) | super::slot::SlotKind::One(narrowing) => {
                let accepted = narrowing.accepts(line);
                if accepted {
                    attempt.bind(slot, || std::rc::Rc::from(line));
                }
                accepted
            }
            super::slot::SlotKind::Function => false,
        });
    }
    parts.fit(line, fold, attempt)
}

/// The lines of a known value that stands alone on its line, `${message:plain}`.
fn several_lines(parts: &Parts, attempt: &Attempt<'_>) -> Option<Vec<Vec<u8>>> {
    let Known::Value(value) = attempt.known(parts.slot()?) else { return None };
    if !value.contains(&b'\n') {
        return None;
    }
    let text = value.strip_suffix(b"\n").unwrap_or(&value);
    let line = |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).to_vec();
    Some(text.split(|b| *b == b'\n').map(line).collect())
}

fn note(
    furthest: &mut Option<(usize, Difference)>,
    at: usize,
    index: usize,
    span: Span,
    attempt: &Attempt<'_>,
    message: impl FnOnce() -> String,
) {
    if furthest.as_ref().is_none_or(|(before, _)| *before < at) {
        *furthest = Some((at, Difference { line: index + 1, ..attempt.differ(span, message) }));
    }
}

/// The lines of CAPA: each pattern takes a line of its own, in any order; unlisted ones are allowed (RFC 2449 §5).
fn assign(
    patterns: &[BodyLine],
    lines: &[Vec<u8>],
    index: usize,
    used: &mut [bool],
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let (parts, span) = match patterns.get(index) {
        None => return Ok(()),
        Some(BodyLine::AnyLines) => return assign(patterns, lines, index + 1, used, attempt),
        Some(BodyLine::Line(parts, span)) => (parts, *span),
    };
    let mut difference = None;
    for (number, line) in lines.iter().enumerate() {
        if used.get(number) != Some(&false) {
            continue;
        }
        let mark = attempt.mark();
        // Tags and their parameters ignore case (RFC 2449 §5).
        if !fits_line(parts, line, true, attempt) {
            continue;
        }
        attempt.hits += 1;
        mark_used(used, number, true);
        match assign(patterns, lines, index + 1, used, attempt) {
            Ok(()) => return Ok(()),
            Err(deeper) => {
                difference.get_or_insert(deeper);
            }
        }
        mark_used(used, number, false);
        attempt.undo(mark);
    }
    Err(difference.unwrap_or_else(|| {
        let expected = parts.described(attempt);
        let tag = |text: &[u8]| text.split(|b| *b == b' ').next().map(<[u8]>::to_ascii_uppercase);
        let near = lines.iter().find(|line| tag(line) == tag(&expected));
        let received = near.map_or("none".to_owned(), |line| format!("`{}`", plain(line)));
        let message = || format!("expected a line `{}`, received {received}", plain(&expected));
        Difference { line: index + 1, ..attempt.differ(span, message) }
    }))
}

fn mark_used(used: &mut [bool], index: usize, to: bool) {
    if let Some(mark) = used.get_mut(index) {
        *mark = to;
    }
}
