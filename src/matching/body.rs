//! The lines of a POP3 body or of a message against the lines of a pattern: in their order, or in any order where they are capabilities.

use super::attempt::{Attempt, Difference, Known};
use super::distinct::distinct;
use super::glyph::glyphs;
use super::parts::Parts;
use super::slot::{Slot, SlotKind};
use super::{PatternError, Span};
use crate::protocol::plain;

/// A line of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum BodyLine {
    /// `...`
    AnyLines,
    Line(Parts, Span),
}

/// Compiles the lines of a pattern, without the dot behind them; `first` is the place of the first among the pattern's lines.
pub(super) fn compile(lines: &[&str], first: usize) -> Result<Vec<BodyLine>, PatternError> {
    let line = |(index, line): (usize, &&str)| {
        if *line == "..." {
            return Ok(BodyLine::AnyLines);
        }
        let glyphs = glyphs(line).map_err(|error| PatternError { line: first + index, ..error })?;
        Ok(BodyLine::Line(Parts::new(&glyphs), Span { start: 0, length: line.len() }))
    };
    lines.iter().enumerate().map(line).collect()
}

/// The holes of a pattern, each with its place among the lines.
pub(super) fn slots(lines: &[BodyLine]) -> impl Iterator<Item = (usize, &Slot)> {
    lines.iter().enumerate().flat_map(|(index, line)| {
        let parts = match line {
            BodyLine::Line(parts, _) => Some(parts),
            BodyLine::AnyLines => None,
        };
        parts.into_iter().flat_map(Parts::slots).map(move |slot| (index, slot))
    })
}

/// How many lines one comparison may look at, over all the places `...` may end.
const BUDGET: usize = 200_000;

/// The whole body, line by line; `...` stands for any number of lines. A difference names its line by its place in `patterns`.
pub(super) fn in_order(patterns: &[BodyLine], lines: &[Vec<u8>], attempt: &mut Attempt<'_>) -> Result<(), Difference> {
    let mut budget = BUDGET;
    let mut furthest = None;
    match follow(patterns, 0, lines, 0, attempt, &mut budget, &mut furthest) {
        true => Ok(()),
        false => Err(furthest.map(|(_, difference)| difference).unwrap_or_default()),
    }
}

/// The lines of CAPA: each pattern takes a line of its own, in any order; unlisted ones are allowed. Tags and their parameters
/// ignore case (RFC 2449 §5).
pub(super) fn in_any_order(patterns: &[BodyLine], lines: &[Vec<u8>], attempt: &mut Attempt<'_>) -> Result<(), Difference> {
    let written = patterns.iter().enumerate().filter_map(|(index, line)| match line {
        BodyLine::AnyLines => None,
        BodyLine::Line(parts, span) => Some((index, parts, *span)),
    });
    let written: Vec<(usize, &Parts, Span)> = written.collect();
    let fits =
        |(_, parts, _): &(usize, &Parts, Span), line: &Vec<u8>, attempt: &mut Attempt<'_>| fits_line(parts, line, true, attempt);
    let missing = |_, (index, parts, span): &(usize, &Parts, Span), attempt: &Attempt<'_>| {
        let expected = parts.described(plain, attempt);
        let tag = |text: &[u8]| text.split(|b| *b == b' ').next().map(<[u8]>::to_ascii_uppercase);
        let near = lines.iter().find(|line| tag(line) == tag(expected.as_bytes()));
        let received = near.map_or("none".to_owned(), |line| format!("`{}`", plain(line)));
        Difference { line: *index, ..attempt.differ(*span, || format!("expected a line `{expected}`, received {received}")) }
    };
    distinct(&written, lines, attempt, fits, missing).map(|_| ())
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
            note(furthest, at, index, Span { start: 0, length: 1 }, attempt, || {
                let received = lines.get(at).map(|line| plain(line)).unwrap_or_default();
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
                    note(furthest, at, index, span, attempt, || {
                        let expected = parts.described(plain, attempt);
                        let received = line.map_or("the end of the body".to_owned(), |line| format!("`{}`", plain(line)));
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
            SlotKind::Rest => true,
            SlotKind::Named(narrowing) | SlotKind::One(narrowing) => {
                let accepted = narrowing.accepts(line);
                if accepted {
                    attempt.bind(slot, || std::rc::Rc::from(line));
                }
                accepted
            }
            SlotKind::Function => false,
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
        *furthest = Some((at, Difference { line: index, ..attempt.differ(span, message) }));
    }
}
