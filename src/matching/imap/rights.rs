//! Rights of access control lists (RFC 4314): a string of letters is a set, and so are the entries of a list.

use super::super::Span;
use super::super::attempt::{Attempt, Difference};
use super::groups::Groups;
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
    let groups = Groups { size: 2, response: "ACL", exact, whole };
    groups.compare(patterns, values, attempt, |written, received, attempt| match (written, received) {
        ([identifier, granted], [name, value]) => {
            one(identifier, name, Context::plain("identifier"), attempt).is_ok() && rights(granted, value, attempt).is_ok()
        }
        _ => false,
    })
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
    let groups = Groups { size: 1, response: "LISTRIGHTS", exact: true, whole };
    groups.compare(optional, granted, attempt, |written, received, attempt| {
        let mut pairs = written.iter().zip(received);
        pairs.all(|(pattern, value)| rights(pattern, value, attempt).is_ok())
    })
}
