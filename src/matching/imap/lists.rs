//! Values against values: one by one, in order, as a set, or as pairs.

use std::rc::Rc;

use super::super::Span;
use super::super::attempt::{Attempt, Difference, Known};
use super::super::parts::Parts;
use super::super::slot::{Narrowing, Slot, SlotKind};
use super::compare::together;
use super::{ValueKind, ValuePattern};
use crate::protocol::imap::{SequenceSet, Value};
use crate::protocol::{plain, quoted, render_value};

/// What is special about the values of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Plain,
    /// The value at this place is a mailbox name: its letters count, but for INBOX (RFC 9051 §5.1).
    MailboxAt(usize),
    /// The numbers of a set keep their order.
    OrderedSets,
}

/// One by one in their order; `...` stands for any number of values, `${*}` for the rest.
pub(super) fn ordered(
    patterns: &[ValuePattern],
    values: &[Value],
    mode: Mode,
    label: &str,
    whole: Span,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    walk(patterns, values, 0, mode, label, whole, attempt)
}

fn walk(
    patterns: &[ValuePattern],
    values: &[Value],
    at: usize,
    mode: Mode,
    label: &str,
    whole: Span,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let Some((pattern, behind)) = patterns.split_first() else {
        return match values.first() {
            None => Ok(()),
            Some(value) => {
                Err(attempt.differ(whole, || format!("expected nothing more in {label}, received also {}", render_value(value))))
            }
        };
    };
    match pattern.kind {
        ValueKind::Rest => return Ok(()),
        ValueKind::More => {
            let mut last = None;
            for skipped in 0..=values.len() {
                let mark = attempt.mark();
                match walk(behind, values.get(skipped..).unwrap_or_default(), at + skipped, mode, label, whole, attempt) {
                    Ok(()) => return Ok(()),
                    Err(difference) => {
                        attempt.undo(mark);
                        last.get_or_insert(difference);
                    }
                }
            }
            return Err(last.unwrap_or_default());
        }
        _ => {}
    }
    let Some((value, values)) = values.split_first() else {
        return Err(attempt
            .differ(pattern.span, || format!("expected {} in {label}, received nothing more", described(pattern, attempt))));
    };
    let mailbox = mode == Mode::MailboxAt(at);
    one(pattern, value, mailbox, mode == Mode::OrderedSets, label, attempt)?;
    attempt.hits += 1;
    walk(behind, values, at + 1, mode, label, whole, attempt)
}

/// One value.
fn one(
    pattern: &ValuePattern,
    value: &Value,
    mailbox: bool,
    ordered_sets: bool,
    label: &str,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let fits = match (&pattern.kind, value) {
        (ValueKind::Nil, Value::Nil) => true,
        (ValueKind::List(expected), Value::List(received)) => {
            let mode = if ordered_sets { Mode::OrderedSets } else { Mode::Plain };
            return ordered(expected, received, mode, label, pattern.span, attempt);
        }
        (ValueKind::Atom(parts), _) => match parts.slot() {
            Some(slot) => hole(slot, value, mailbox, ordered_sets, attempt),
            None => atom(parts, value, mailbox, ordered_sets, attempt),
        },
        (ValueKind::Quoted(parts), _) => value.text().is_some_and(|text| {
            let inbox = mailbox && parts.text().is_some_and(|expected| both_inbox(expected, text));
            inbox || fits_string(parts, text, attempt)
        }),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(attempt.differ(pattern.span, || explain(pattern, value, label, attempt)))
}

/// A string may be empty, even where a hole stands for all of it.
fn fits_string(parts: &Parts, text: &[u8], attempt: &mut Attempt<'_>) -> bool {
    match parts.slot() {
        Some(slot) if text.is_empty() => hole(slot, &Value::Quoted(Vec::new()), false, false, attempt),
        _ => parts.fit(text, false, attempt),
    }
}

/// A hole that stands for a whole value.
fn hole(slot: &Slot, value: &Value, mailbox: bool, ordered_sets: bool, attempt: &mut Attempt<'_>) -> bool {
    match attempt.known(slot) {
        Known::Missing => return false,
        Known::Value(known) => return equals_known(&known, value, mailbox, ordered_sets),
        Known::Free => {}
    }
    let (SlotKind::Named(narrowing) | SlotKind::One(narrowing)) = &slot.kind else { return true };
    let accepted = match (narrowing, value) {
        (Narrowing::Open, _) => true,
        // A number or an atom is written without quotes (RFC 9051 §4.1, §4.2).
        (Narrowing::Number | Narrowing::Atom, Value::Atom(text)) => narrowing.accepts(text),
        (Narrowing::Number | Narrowing::Atom, _) => false,
        _ => value.text().is_some_and(|text| narrowing.accepts(text)),
    };
    if accepted {
        attempt.bind(slot, || Rc::from(captured(value)));
    }
    accepted
}

/// The octets a capture keeps: of a list or NIL, its notation.
fn captured(value: &Value) -> Vec<u8> {
    match value.text() {
        Some(text) => text.to_vec(),
        None => render_value(value).into_bytes(),
    }
}

fn equals_known(known: &[u8], value: &Value, mailbox: bool, ordered_sets: bool) -> bool {
    match value.text() {
        Some(text) if mailbox && both_inbox(known, text) => true,
        Some(text) => known == text || same_set(known, text, ordered_sets),
        None => known == captured(value),
    }
}

fn both_inbox(a: &[u8], b: &[u8]) -> bool {
    a.eq_ignore_ascii_case(b"INBOX") && b.eq_ignore_ascii_case(b"INBOX")
}

/// Sequence sets that hold the same numbers.
fn same_set(a: &[u8], b: &[u8], ordered: bool) -> bool {
    if !SequenceSet::is_written_as_set(a) && !SequenceSet::is_written_as_set(b) {
        return false;
    }
    match (SequenceSet::parse(a), SequenceSet::parse(b)) {
        (Some(a), Some(b)) if ordered => a.same_order(&b),
        (Some(a), Some(b)) => a.same_numbers(&b),
        _ => false,
    }
}

/// An atom, perhaps with holes in it. Keywords ignore case; strings and mailbox names do not.
fn atom(parts: &Parts, value: &Value, mailbox: bool, ordered_sets: bool, attempt: &mut Attempt<'_>) -> bool {
    let Some(text) = value.text() else {
        // A mailbox may be named by the atom NIL.
        return false;
    };
    if let Some(expected) = parts.text() {
        if mailbox && both_inbox(expected, text) {
            return true;
        }
        if matches!(value, Value::Atom(_)) && same_set(expected, text, ordered_sets) {
            return true;
        }
    }
    let keyword = matches!(value, Value::Atom(_)) && !mailbox;
    parts.fit(text, keyword, attempt)
}

/// All values in any order, each once. Values left over are allowed with `open`, `...` or `${*}`; `\Recent` where the pattern
/// does not name it is passed over with `ignore_recent` (RFC 3501 §2.3.2: it is the session's, and gone in RFC 9051).
pub(super) fn set(
    patterns: &[ValuePattern],
    values: &[Value],
    open: bool,
    ignore_recent: bool,
    label: &str,
    whole: Span,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let open = open || patterns.iter().any(ValuePattern::is_open);
    let mut elements: Vec<&ValuePattern> = patterns.iter().filter(|pattern| !pattern.is_open()).collect();
    // What is written out is looked for first, so that no hole takes it away.
    elements.sort_by_key(|pattern| match &pattern.kind {
        ValueKind::Atom(parts) | ValueKind::Quoted(parts) => parts.slots().count(),
        _ => 0,
    });
    let mut used = vec![false; values.len()];
    let mut budget = 10_000;
    place(&elements, values, &mut used, label, attempt, &mut budget)?;
    let is_recent = |value: &Value| matches!(value, Value::Atom(text) if text.eq_ignore_ascii_case(br"\Recent"));
    let left_over = values.iter().zip(&used).find(|(value, used)| !**used && !(ignore_recent && is_recent(value)));
    match left_over {
        Some((value, _)) if !open => Err(attempt.differ(whole, || {
            format!("expected nothing more in {label}, received also {}; `...` would allow it", render_value(value))
        })),
        _ => Ok(()),
    }
}

fn place(
    elements: &[&ValuePattern],
    values: &[Value],
    used: &mut [bool],
    label: &str,
    attempt: &mut Attempt<'_>,
    budget: &mut usize,
) -> Result<(), Difference> {
    let Some((element, behind)) = elements.split_first() else { return Ok(()) };
    let mut deeper = None;
    for (index, value) in values.iter().enumerate() {
        if used.get(index) != Some(&false) || *budget == 0 {
            continue;
        }
        *budget -= 1;
        let mark = attempt.mark();
        if one(element, value, false, false, label, attempt).is_err() {
            attempt.undo(mark);
            continue;
        }
        attempt.hits += 1;
        mark_used(used, index, true);
        match place(behind, values, used, label, attempt, budget) {
            Ok(()) => return Ok(()),
            Err(difference) => {
                deeper.get_or_insert(difference);
            }
        }
        mark_used(used, index, false);
        attempt.undo(mark);
    }
    Err(deeper.unwrap_or_else(|| {
        attempt.differ(element.span, || {
            let received = values.iter().map(render_value).collect::<Vec<_>>().join(" ");
            let received = if received.is_empty() { "none".to_owned() } else { plain(received.as_bytes()) };
            format!("expected {} in {label}, received {received}", described(element, attempt))
        })
    }))
}

fn mark_used(used: &mut [bool], index: usize, to: bool) {
    if let Some(mark) = used.get_mut(index) {
        *mark = to;
    }
}

/// Names with values in any order, extra pairs allowed unless `exact`. Names ignore case.
pub(super) fn pairs(
    patterns: &[ValuePattern],
    values: &[Value],
    exact: bool,
    label: &str,
    whole: Span,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let written: Vec<&ValuePattern> = patterns.iter().filter(|pattern| !pattern.is_open()).collect();
    let mut used = vec![false; values.len() / 2];
    let mut differences = Vec::new();
    for pair in written.chunks(2) {
        let (Some(name), Some(expected)) = (pair.first(), pair.last()) else { continue };
        match pair_among(name, expected, values, &mut used, label, attempt) {
            Ok(()) => attempt.hits += 1,
            Err(difference) if attempt.explain => differences.push(difference),
            Err(difference) => return Err(difference),
        }
    }
    let extra = values.chunks(2).zip(&used).find(|(_, used)| !**used).map(|(pair, _)| pair);
    if let Some(pair) = extra
        && exact
        && differences.is_empty()
    {
        let pair = pair.iter().map(render_value).collect::<Vec<_>>().join(" ");
        return Err(attempt.differ(whole, || format!("expected nothing more in {label}, received also {pair}")));
    }
    together(differences)
}

fn pair_among(
    name: &ValuePattern,
    expected: &ValuePattern,
    values: &[Value],
    used: &mut [bool],
    label: &str,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let mut nearest = None;
    for (pair, used) in values.chunks(2).zip(used) {
        let [key, value] = pair else { continue };
        let mark = attempt.mark();
        let named = match (&name.kind, key.text()) {
            (ValueKind::Atom(parts) | ValueKind::Quoted(parts), Some(text)) => parts.fit(text, true, attempt),
            _ => false,
        };
        if !named || *used {
            attempt.undo(mark);
            continue;
        }
        let key = String::from_utf8_lossy(key.text().unwrap_or_default()).into_owned();
        match one(expected, value, false, false, &key, attempt) {
            Ok(()) => {
                *used = true;
                return Ok(());
            }
            Err(difference) => {
                attempt.undo(mark);
                nearest.get_or_insert(difference);
            }
        }
    }
    Err(nearest.unwrap_or_else(|| {
        attempt.differ(name.span, || {
            let keys = values.chunks(2).filter_map(|pair| pair.first()).map(render_value).collect::<Vec<_>>().join(", ");
            let others = if keys.is_empty() { "none".to_owned() } else { format!("only {keys}") };
            format!("expected {} in {label}, received {others}", described(name, attempt))
        })
    }))
}

/// `expected UIDNEXT 5, received 4`, with what a reader needs to see the difference.
fn explain(pattern: &ValuePattern, value: &Value, label: &str, attempt: &Attempt<'_>) -> String {
    let received = render_value(value);
    let expected = described(pattern, attempt);
    let narrowing = match &pattern.kind {
        ValueKind::Atom(parts) => parts.slot().filter(|slot| matches!(attempt.known(slot), Known::Free)),
        _ => None,
    };
    if let Some(SlotKind::Named(narrowing) | SlotKind::One(narrowing)) = narrowing.map(|slot| &slot.kind) {
        return format!("expected {} for {expected} in {label}, received {received}", narrowing.noun());
    }
    let mut message = format!("expected {label} {expected}, received {received}");
    let text = match &pattern.kind {
        ValueKind::Atom(parts) | ValueKind::Quoted(parts) => Some(parts.described(attempt)),
        _ => None,
    };
    if let (Some(expected), Some(received)) = (text, value.text()) {
        if expected.eq_ignore_ascii_case(received) {
            message.push_str(": they differ in the case of letters");
        } else if expected.len().max(received.len()) > 40 {
            let same = expected.iter().zip(received).take_while(|(a, b)| a == b).count();
            let near = |text: &[u8]| quoted(text.get(same..).map_or(&[][..], |rest| rest.get(..24).unwrap_or(rest)));
            let (there, here) = (near(&expected), near(received));
            message.push_str(&format!(": they differ from octet {same} on, {there} against {here}"));
        }
    }
    message
}

/// A pattern with its known values put in.
fn described(pattern: &ValuePattern, attempt: &Attempt<'_>) -> String {
    match &pattern.kind {
        ValueKind::Nil => "NIL".into(),
        ValueKind::More => "...".into(),
        ValueKind::Rest => "${*}".into(),
        ValueKind::Atom(parts) => match parts.slot().map(|slot| attempt.known(slot)) {
            Some(Known::Value(value)) if value.iter().any(|b| !b.is_ascii_graphic()) || value.is_empty() => quoted(&value),
            _ => plain(&parts.described(attempt)),
        },
        ValueKind::Quoted(parts) => quoted(&parts.described(attempt)),
        ValueKind::List(items) => {
            format!("({})", items.iter().map(|item| described(item, attempt)).collect::<Vec<_>>().join(" "))
        }
    }
}
