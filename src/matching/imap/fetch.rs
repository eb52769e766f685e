//! FETCH items against FETCH items.

use super::super::Span;
use super::super::attempt::{Attempt, Difference};
use super::lists::{Mode, ordered, set, together};
use super::{ItemPattern, ValueKind};
use crate::protocol::imap::{Key, Value};
use crate::protocol::{plain, render_value};

/// FETCH items are pairs in any order, extra pairs allowed.
pub(super) fn compare_items(
    patterns: &[ItemPattern],
    items: &[(Key, Value)],
    exact: bool,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let mut differences = Vec::new();
    let mut used = vec![false; items.len()];
    for pattern in patterns {
        match compare_item(pattern, items, &mut used, attempt) {
            Ok(()) => attempt.hits += 1,
            Err(difference) if attempt.thorough => differences.push(difference),
            Err(difference) => return Err(difference),
        }
    }
    if exact && differences.is_empty() {
        let extra = items.iter().zip(&used).find(|(_, used)| !**used).map(|((key, value), _)| (key, value));
        if let Some((key, value)) = extra {
            let part = patterns.last().map_or(Span::default(), |p| p.value.span);
            return Err(attempt.differ(part, || format!("expected no further items, received {key} {}", render_value(value))));
        }
    }
    together(differences)
}

fn compare_item(
    pattern: &ItemPattern,
    items: &[(Key, Value)],
    used: &mut [bool],
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let mut nearest: Option<Difference> = None;
    for ((key, value), used) in items.iter().zip(used) {
        let mark = attempt.mark();
        let same_key = match &pattern.normal {
            Some(normal) => *normal == key.normal(),
            None => pattern.key.fit(key.to_string().as_bytes(), true, attempt),
        };
        if !same_key || *used {
            attempt.undo(mark);
            continue;
        }
        let label = key.normal();
        let compared = match (&pattern.value.kind, value) {
            (ValueKind::List(expected), Value::List(received)) if key.name.eq_ignore_ascii_case("FLAGS") => {
                set(expected, received, false, true, "FLAGS", pattern.value.span, attempt)
            }
            _ => ordered(
                std::slice::from_ref(&pattern.value),
                std::slice::from_ref(value),
                Mode::Plain,
                label,
                pattern.value.span,
                attempt,
            ),
        };
        match compared {
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
        attempt.differ(pattern.key_span, || {
            let keys = items.iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>().join(", ");
            let others = if keys.is_empty() { "no items".to_owned() } else { format!("only {keys}") };
            format!("expected the item {}, received {others}", pattern.key.described(plain, attempt))
        })
    }))
}
