//! Rights of access control lists (RFC 4314): a string of letters is a set, and so are the entries of a list.

use super::super::Span;
use super::super::attempt::{Attempt, Difference};
use super::super::distinct::distinct;
use super::lists::{Mode, ordered};
use super::value::{Context, described, one};
use super::{ValueKind, ValuePattern};
use crate::protocol::imap::Value;
use crate::protocol::render_value;

/// The rights of a user, as letters in any order.
fn rights(pattern: &ValuePattern, value: &Value, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
    let written = match &pattern.kind {
        ValueKind::Atom(parts) | ValueKind::Quoted(parts) => parts.text(),
        _ => None,
    };
    let (Some(written), Some(received)) = (written, value.text()) else {
        return one(pattern, value, Context::plain("rights"), attempt);
    };
    match letters(written) == letters(received) {
        true => Ok(()),
        false => Err(attempt.differ(pattern.span, || {
            format!("expected rights {}, received {}", described(pattern, attempt), render_value(value))
        })),
    }
}

fn letters(text: &[u8]) -> Vec<u8> {
    let mut letters = text.to_vec();
    letters.sort_unstable();
    letters.dedup();
    letters
}

/// MYRIGHTS, behind the mailbox.
pub(super) fn own_rights(
    patterns: &[ValuePattern],
    values: &[Value],
    whole: Span,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    match (patterns, values) {
        ([pattern], [value]) => rights(pattern, value, attempt),
        _ => ordered(patterns, values, Mode::Plain, "MYRIGHTS", whole, attempt),
    }
}

/// ACL, behind the mailbox: pairs of identifier and rights in any order, others allowed unless `exact`.
pub(super) fn acl_pairs(
    patterns: &[ValuePattern],
    values: &[Value],
    exact: bool,
    whole: Span,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let open = !exact || patterns.iter().any(ValuePattern::is_open);
    let written: Vec<&ValuePattern> = patterns.iter().filter(|pattern| !pattern.is_open()).collect();
    if !written.len().is_multiple_of(2) || !values.len().is_multiple_of(2) {
        return ordered(patterns, values, Mode::Plain, "ACL", whole, attempt);
    }
    let written: Vec<&[&ValuePattern]> = written.chunks(2).collect();
    let received: Vec<&[Value]> = values.chunks(2).collect();
    let fits = |pattern: &&[&ValuePattern], pair: &&[Value], attempt: &mut Attempt<'_>| match (*pattern, *pair) {
        ([identifier, granted], [name, value]) => {
            one(identifier, name, Context::plain("identifier"), attempt).is_ok() && rights(granted, value, attempt).is_ok()
        }
        _ => false,
    };
    let missing = |_, pattern: &&[&ValuePattern], attempt: &Attempt<'_>| {
        let span = pattern.first().map_or(whole, |first| first.span);
        attempt.differ(span, || {
            let expected = pattern.iter().map(|one| described(one, attempt)).collect::<Vec<_>>().join(" ");
            let came = values.iter().map(render_value).collect::<Vec<_>>().join(" ");
            format!("expected {expected} in ACL, received {}", if came.is_empty() { "none" } else { &came })
        })
    };
    let used = distinct(&written, &received, attempt, fits, missing)?;
    match received.iter().zip(&used).find(|(_, used)| !**used) {
        Some((pair, _)) if !open => Err(attempt.differ(whole, || {
            let pair = pair.iter().map(render_value).collect::<Vec<_>>().join(" ");
            format!("expected nothing more in ACL, received also {pair}")
        })),
        _ => Ok(()),
    }
}

/// LISTRIGHTS, behind the mailbox: the identifier, the rights it always has, and those it can be granted, the tied ones in one
/// string, in any order.
pub(super) fn listed_rights(
    patterns: &[ValuePattern],
    values: &[Value],
    whole: Span,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let ([identifier, required, optional @ ..], [name, always, granted @ ..]) = (patterns, values) else {
        return ordered(patterns, values, Mode::Plain, "LISTRIGHTS", whole, attempt);
    };
    one(identifier, name, Context::plain("identifier"), attempt)?;
    rights(required, always, attempt)?;
    let open = optional.iter().any(ValuePattern::is_open);
    let written: Vec<&ValuePattern> = optional.iter().filter(|pattern| !pattern.is_open()).collect();
    let fits = |pattern: &&ValuePattern, value: &Value, attempt: &mut Attempt<'_>| rights(pattern, value, attempt).is_ok();
    let missing = |_, pattern: &&ValuePattern, attempt: &Attempt<'_>| {
        attempt.differ(pattern.span, || {
            let came = granted.iter().map(render_value).collect::<Vec<_>>().join(" ");
            format!("expected {} in LISTRIGHTS, received {came}", described(pattern, attempt))
        })
    };
    let used = distinct(&written, granted, attempt, fits, missing)?;
    match granted.iter().zip(&used).find(|(_, used)| !**used) {
        Some((value, _)) if !open => {
            Err(attempt.differ(whole, || format!("expected nothing more in LISTRIGHTS, received also {}", render_value(value))))
        }
        _ => Ok(()),
    }
}
