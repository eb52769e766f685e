//! One value against one: kinds, holes, the case of letters, mailbox names and sequence sets.

use std::borrow::Cow;
use std::rc::Rc;

use super::super::attempt::{Attempt, Difference, Known};
use super::super::parts::{Part, Parts};
use super::super::slot::{Narrowing, Slot, SlotKind};
use super::lists::{Mode, ordered};
use super::{ValueKind, ValuePattern};
use crate::protocol::imap::{SequenceSet, Value};
use crate::protocol::{plain, quotable, quoted, render_value};

/// What is known of a value from where it stands.
#[derive(Clone, Copy)]
pub(super) struct Context<'l> {
    /// What messages call it.
    pub label: &'l str,
    /// It is a mailbox name: its letters count, but for INBOX (RFC 9051 §5.1).
    pub mailbox: bool,
    /// A set keeps its order.
    pub ordered_sets: bool,
}

impl<'l> Context<'l> {
    pub fn plain(label: &'l str) -> Context<'l> {
        Context { label, mailbox: false, ordered_sets: false }
    }
}

/// One value.
pub(super) fn one(
    pattern: &ValuePattern,
    value: &Value,
    context: Context<'_>,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let fits = match (&pattern.kind, value) {
        (ValueKind::Nil, Value::Nil) => true,
        (ValueKind::List(expected), Value::List(received)) => {
            let mode = if context.ordered_sets { Mode::OrderedSets } else { Mode::Plain };
            return ordered(expected, received, mode, context.label, pattern.span, attempt);
        }
        (ValueKind::Atom(parts), _) => match parts.slot() {
            Some(slot) => hole(slot, value, context, attempt),
            None => atom(parts, value, context, attempt),
        },
        (ValueKind::Quoted(parts), _) => value.text().is_some_and(|text| {
            let inbox = context.mailbox && parts.text().is_some_and(|expected| both_inbox(expected, text));
            inbox || fits_string(parts, text, attempt)
        }),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let hints = match &pattern.kind {
        ValueKind::Atom(parts) | ValueKind::Quoted(parts) => parts.known_values(attempt),
        _ => Vec::new(),
    };
    Err(Difference { hints, ..attempt.differ(pattern.span, || explain(pattern, value, context.label, attempt)) })
}

/// A string may be empty, even where a hole stands for all of it.
fn fits_string(parts: &Parts, text: &[u8], attempt: &mut Attempt<'_>) -> bool {
    match parts.slot() {
        Some(slot) if text.is_empty() => hole(slot, &Value::Quoted(Vec::new()), Context::plain(""), attempt),
        _ => parts.fit(text, false, attempt),
    }
}

/// A hole that stands for a whole value.
fn hole(slot: &Slot, value: &Value, context: Context<'_>, attempt: &mut Attempt<'_>) -> bool {
    match attempt.known(slot) {
        Known::Missing => return false,
        Known::Value(known) => return equals_known(&known, value, context),
        Known::Free => {}
    }
    let (SlotKind::Named(narrowing) | SlotKind::One(narrowing)) = &slot.kind else { return true };
    let accepted = match (narrowing, value) {
        (Narrowing::Open, _) => true,
        // A number or an atom is written without quotes (RFC 9051 §4.1, §4.2).
        (Narrowing::Number | Narrowing::Atom | Narrowing::Modseq, Value::Atom(text)) => attempt.accepts(slot, narrowing, text),
        (Narrowing::Number | Narrowing::Atom | Narrowing::Modseq, _) => false,
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

fn equals_known(known: &[u8], value: &Value, context: Context<'_>) -> bool {
    match value.text() {
        Some(text) if context.mailbox && both_inbox(known, text) => true,
        Some(text) => known == text || same_set(known, text, context.ordered_sets),
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
fn atom(parts: &Parts, value: &Value, context: Context<'_>, attempt: &mut Attempt<'_>) -> bool {
    let Some(text) = value.text() else { return false };
    // What is known already makes sets too: `${a},${b}` is the same as `3:4`.
    let expected = match parts.text() {
        Some(expected) => Some(Cow::Borrowed(expected)),
        None => parts.octets(attempt).map(Cow::Owned),
    };
    if let Some(expected) = expected.as_deref() {
        if context.mailbox && both_inbox(expected, text) {
            return true;
        }
        if matches!(value, Value::Atom(_)) && same_set(expected, text, context.ordered_sets) {
            return true;
        }
    }
    // What is not known yet may be any number of a set, grouped in any way.
    if attempt.wildcards && matches!(value, Value::Atom(_)) && may_be_set(parts) && SequenceSet::parse(text).is_some() {
        return true;
    }
    let keyword = matches!(value, Value::Atom(_)) && !context.mailbox;
    parts.fit(text, keyword, attempt)
}

/// Whether several numbers are written, some of them as holes: `${a},${b}:9`.
fn may_be_set(parts: &Parts) -> bool {
    let of_set = |text: &[u8]| text.iter().all(|octet| octet.is_ascii_digit() || matches!(octet, b',' | b':' | b'*'));
    let separated =
        parts.0.iter().any(|part| matches!(part, Part::Text(text) if text.iter().any(|octet| matches!(octet, b',' | b':'))));
    let open = parts.0.iter().any(|part| matches!(part, Part::Slot(_)));
    open && separated && parts.0.iter().all(|part| !matches!(part, Part::Text(text) if !of_set(text)))
}

/// `expected UIDNEXT 5, received 4`, with what a reader needs to see the difference.
fn explain(pattern: &ValuePattern, value: &Value, label: &str, attempt: &Attempt<'_>) -> String {
    let received = render_value(value);
    let expected = described(pattern, attempt);
    let free = match &pattern.kind {
        ValueKind::Atom(parts) => parts.slot().filter(|slot| matches!(attempt.known(slot), Known::Free)),
        _ => None,
    };
    if let Some(slot) = free
        && let SlotKind::Named(narrowing) | SlotKind::One(narrowing) = &slot.kind
    {
        let held = attempt.held_modseq(slot).map(|held| format!(" greater than {held}")).unwrap_or_default();
        return format!("expected {}{held} for {expected} in {label}, received {received}", narrowing.noun());
    }
    let mut message = format!("expected {label} {expected}, received {received}");
    let text = match &pattern.kind {
        ValueKind::Atom(parts) | ValueKind::Quoted(parts) => parts.octets(attempt),
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
pub(super) fn described(pattern: &ValuePattern, attempt: &Attempt<'_>) -> String {
    match &pattern.kind {
        ValueKind::Nil => "NIL".into(),
        ValueKind::More => "...".into(),
        ValueKind::Rest => "${*}".into(),
        ValueKind::Atom(parts) => match parts.slot().map(|slot| attempt.known(slot)) {
            Some(Known::Value(value)) if value.iter().any(|b| !b.is_ascii_graphic()) || value.is_empty() => quoted(&value),
            _ => parts.described(plain, attempt),
        },
        ValueKind::Quoted(parts) => format!("\"{}\"", parts.described(quotable, attempt)),
        ValueKind::List(items) => {
            format!("({})", items.iter().map(|item| described(item, attempt)).collect::<Vec<_>>().join(" "))
        }
    }
}
