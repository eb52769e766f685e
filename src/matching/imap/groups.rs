//! Values that come in groups: the pairs of ACL, the triplets of QUOTA.

use super::super::Span;
use super::super::attempt::{Attempt, Difference};
use super::super::distinct::distinct;
use super::ValuePattern;
use super::lists::{Mode, ordered};
use super::value::described;
use crate::protocol::imap::Value;
use crate::protocol::render_value;

/// Values in groups of the same size. The groups may come in any order, and others beside them.
#[derive(Clone, Copy)]
pub(super) struct Groups {
    /// How many values make a group.
    pub size: usize,
    /// The response they are in.
    pub response: &'static str,
    /// No others may come.
    pub exact: bool,
    /// The whole expectation.
    pub whole: Span,
}

impl Groups {
    /// Whether each group of patterns has one of values of its own, as `fits` says. What cannot be cut into groups is compared
    /// value by value.
    pub(super) fn compare(
        self,
        patterns: &[ValuePattern],
        values: &[Value],
        attempt: &mut Attempt<'_>,
        fits: impl Fn(&[&ValuePattern], &[Value], &mut Attempt<'_>) -> bool,
    ) -> Result<(), Difference> {
        let Groups { size, response, exact, whole } = self;
        let open = !exact || patterns.iter().any(ValuePattern::is_open);
        let written: Vec<&ValuePattern> = patterns.iter().filter(|pattern| !pattern.is_open()).collect();
        if !written.len().is_multiple_of(size) || !values.len().is_multiple_of(size) {
            return ordered(patterns, values, Mode::Plain, response, whole, attempt);
        }
        let written: Vec<&[&ValuePattern]> = written.chunks(size).collect();
        let received: Vec<&[Value]> = values.chunks(size).collect();
        let fits = |group: &&[&ValuePattern], values: &&[Value], attempt: &mut Attempt<'_>| fits(group, values, attempt);
        let missing = |_, group: &&[&ValuePattern], attempt: &Attempt<'_>| {
            let span = group.first().map_or(whole, |first| first.span);
            attempt.differ(span, || {
                let expected = group.iter().map(|one| described(one, attempt)).collect::<Vec<_>>().join(" ");
                let came = rendered(values);
                format!("expected {expected} in {response}, received {}", if came.is_empty() { "none" } else { &came })
            })
        };
        let used = distinct(&written, &received, attempt, fits, missing)?;
        match received.iter().zip(&used).find(|(_, used)| !**used) {
            Some((group, _)) if !open => {
                Err(attempt.differ(whole, || format!("expected nothing more in {response}, received also {}", rendered(group))))
            }
            _ => Ok(()),
        }
    }
}

fn rendered(values: &[Value]) -> String {
    values.iter().map(render_value).collect::<Vec<_>>().join(" ")
}
