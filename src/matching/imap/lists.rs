//! Several values against several: in order, as a set, or as pairs.

use super::super::Span;
use super::super::attempt::{Attempt, Difference};
use super::super::distinct::distinct;
use super::groups::Groups;
use super::value::{Context, described, one};
use super::{ValueKind, ValuePattern};
use crate::protocol::imap::Value;
use crate::protocol::{plain, render_value};

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
    let name = match mode {
        Mode::MailboxAt(place) if place == at => "mailbox",
        Mode::MailboxAt(1) if at == 0 => "hierarchy delimiter",
        _ => label,
    };
    let context = Context { label: name, mailbox, ordered_sets: mode == Mode::OrderedSets };
    one(pattern, value, context, attempt)?;
    attempt.hits += 1;
    walk(behind, values, at + 1, mode, label, whole, attempt)
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
    let fits = |element: &&ValuePattern, value: &Value, attempt: &mut Attempt<'_>| {
        one(element, value, Context::plain(label), attempt).is_ok()
    };
    let missing = |_, element: &&ValuePattern, attempt: &Attempt<'_>| {
        attempt.differ(element.span, || {
            let received = values.iter().map(render_value).collect::<Vec<_>>().join(" ");
            let received = if received.is_empty() { "none".to_owned() } else { plain(received.as_bytes()) };
            format!("expected {} in {label}, received {received}", described(element, attempt))
        })
    };
    let used = distinct(&elements, values, attempt, fits, missing)?;
    let is_recent = |value: &Value| matches!(value, Value::Atom(text) if text.eq_ignore_ascii_case(br"\Recent"));
    let passed_over = |value: &Value| ignore_recent && is_recent(value);
    let left_over = values.iter().zip(&used).find(|(value, used)| !**used && !passed_over(value));
    match left_over {
        Some((value, _)) if !open => Err(attempt.differ(whole, || {
            format!("expected nothing more in {label}, received also {}; `...` would allow it", render_value(value))
        })),
        _ => Ok(()),
    }
}

/// How pairs are compared.
#[derive(Clone, Copy)]
pub(super) struct Pairs {
    /// No extra pairs.
    pub exact: bool,
    /// Sets of numbers keep their order.
    pub ordered_sets: bool,
}

/// Names with values in any order, extra pairs allowed unless `exact`. Names ignore case. What is no list of pairs is compared in order.
pub(super) fn pairs(
    patterns: &[ValuePattern],
    values: &[Value],
    how: Pairs,
    label: &str,
    whole: Span,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    if !are_pairs(values) {
        return ordered(patterns, values, Mode::Plain, label, whole, attempt);
    }
    let written: Vec<&ValuePattern> = patterns.iter().filter(|pattern| !pattern.is_open()).collect();
    let mut used = vec![false; values.len() / 2];
    let mut differences = Vec::new();
    for pair in written.chunks(2) {
        let (Some(name), Some(expected)) = (pair.first(), pair.last()) else { continue };
        match pair_among((name, expected), values, &mut used, how.ordered_sets, label, attempt) {
            Ok(()) => attempt.hits += 1,
            Err(difference) if attempt.thorough => differences.push(difference),
            Err(difference) => return Err(difference),
        }
    }
    let extra = values.chunks(2).zip(&used).find(|(_, used)| !**used).map(|(pair, _)| pair);
    if let Some(pair) = extra
        && how.exact
        && differences.is_empty()
    {
        let pair = pair.iter().map(render_value).collect::<Vec<_>>().join(" ");
        return Err(attempt.differ(whole, || format!("expected nothing more in {label}, received also {pair}")));
    }
    together(differences)
}

/// Resources of QUOTA: a name, what is used and what may be (RFC 9208 §4.2.1), in any order, others allowed unless `exact`.
pub(super) fn triplets(
    patterns: &[ValuePattern],
    values: &[Value],
    exact: bool,
    whole: Span,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let groups = Groups { size: 3, response: "QUOTA", exact, whole };
    groups.compare(patterns, values, attempt, |written, received, attempt| {
        let mut pairs = written.iter().zip(received);
        pairs.all(|(pattern, value)| one(pattern, value, Context::plain("QUOTA"), attempt).is_ok())
    })
}

fn are_pairs(values: &[Value]) -> bool {
    values.len().is_multiple_of(2) && values.iter().step_by(2).all(|name| name.text().is_some())
}

fn pair_among(
    (name, expected): (&ValuePattern, &ValuePattern),
    values: &[Value],
    used: &mut [bool],
    ordered_sets: bool,
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
        let context = Context { label: &key, mailbox: key.eq_ignore_ascii_case("MAILBOX"), ordered_sets };
        match one(expected, value, context, attempt) {
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

/// The first difference speaks, the others are hints.
pub(super) fn together(differences: Vec<Difference>) -> Result<(), Difference> {
    let mut differences = differences.into_iter();
    let Some(mut first) = differences.next() else { return Ok(()) };
    first.hints.extend(differences.map(|difference| format!("also: {}", difference.message)));
    Err(first)
}
