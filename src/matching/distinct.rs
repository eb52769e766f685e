//! Patterns that carry no order: each takes a value of its own, and captures may make one try after another necessary.

use super::attempt::{Attempt, Difference};

/// How many comparisons one search may take.
const BUDGET: usize = 20_000;

/// Finds a value for each pattern. `fits` binds captures; `missing` words the difference of a pattern (by its place) that
/// finds no value. Gives which values were taken.
pub(super) fn distinct<P, V>(
    patterns: &[P],
    values: &[V],
    attempt: &mut Attempt<'_>,
    fits: impl Fn(&P, &V, &mut Attempt<'_>) -> bool,
    missing: impl Fn(usize, &P, &Attempt<'_>) -> Difference,
) -> Result<Vec<bool>, Difference> {
    let mut search = Search { values, fits: &fits, missing: &missing, used: vec![false; values.len()], budget: BUDGET };
    search.place(patterns, 0, attempt)?;
    Ok(search.used)
}

struct Search<'s, V, F, M> {
    values: &'s [V],
    fits: &'s F,
    missing: &'s M,
    used: Vec<bool>,
    budget: usize,
}

impl<V, F, M> Search<'_, V, F, M> {
    fn place<P>(&mut self, patterns: &[P], place: usize, attempt: &mut Attempt<'_>) -> Result<(), Difference>
    where
        F: Fn(&P, &V, &mut Attempt<'_>) -> bool,
        M: Fn(usize, &P, &Attempt<'_>) -> Difference,
    {
        let Some((pattern, behind)) = patterns.split_first() else { return Ok(()) };
        let mut deepest = None;
        for (index, value) in self.values.iter().enumerate() {
            if self.used.get(index) != Some(&false) || self.budget == 0 {
                continue;
            }
            self.budget -= 1;
            let mark = attempt.mark();
            if !(self.fits)(pattern, value, attempt) {
                attempt.undo(mark);
                continue;
            }
            attempt.hits += 1;
            self.mark(index, true);
            match self.place(behind, place + 1, attempt) {
                Ok(()) => return Ok(()),
                Err(difference) => {
                    deepest.get_or_insert(difference);
                }
            }
            self.mark(index, false);
            attempt.undo(mark);
        }
        Err(deepest.unwrap_or_else(|| (self.missing)(place, pattern, attempt)))
    }

    fn mark(&mut self, index: usize, used: bool) {
        if let Some(mark) = self.used.get_mut(index) {
            *mark = used;
        }
    }
}
