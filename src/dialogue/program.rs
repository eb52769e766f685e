//! Where in the case the engine is: a stack of step lists, since `eventually` and `when` nest.

use std::time::Duration;

use super::scope::Scope;
use crate::suite::{Action, Case, Step};
use crate::transcript::Transcript;

/// The stack; the top frame says which step is next.
#[derive(Debug)]
pub struct Program {
    frames: Vec<Frame>,
    /// `setup:` is not finished.
    setting_up: bool,
}

#[derive(Debug)]
struct Frame {
    /// Index of the next step.
    next: usize,
    repeat: Option<Repeat>,
}

/// A dialogue that is repeated until it holds.
#[derive(Debug)]
struct Repeat {
    until: Duration,
    /// How many captures and transcript entries stood before it; later ones are undone for a new attempt, lest waiting fill
    /// reports and make snapshots differ.
    captures: usize,
    entries: usize,
}

impl Program {
    /// At the first step of a case.
    pub fn new(case: &Case) -> Program {
        Program { frames: vec![Frame { next: 0, repeat: None }], setting_up: !case.setup.is_empty() }
    }

    /// Whether what is played now belongs to `setup:`.
    pub fn in_setup(&self) -> bool {
        self.setting_up
    }

    /// Takes the next step of `case`; `None` when it is finished.
    pub fn advance<'a>(&mut self, case: &'a Case) -> Option<&'a Step> {
        loop {
            let steps = self.steps(case)?;
            let depth = self.frames.len();
            let frame = self.frames.last_mut()?;
            if let Some(step) = steps.get(frame.next) {
                frame.next += 1;
                return Some(step);
            }
            if depth > 1 {
                self.frames.pop();
            } else if self.setting_up {
                self.setting_up = false;
                frame.next = 0;
            } else {
                return None;
            }
        }
    }

    /// The step list of the top frame: each frame below stands behind the step that opened the next.
    fn steps<'a>(&self, case: &'a Case) -> Option<&'a [Step]> {
        let mut steps: &[Step] = if self.setting_up { &case.setup } else { &case.dialogue };
        for frame in self.frames.get(..self.frames.len().checked_sub(1)?)? {
            steps = match &steps.get(frame.next.checked_sub(1)?)?.action {
                Action::Eventually { dialogue, .. } | Action::When { dialogue, .. } => dialogue,
                _ => return None,
            };
        }
        Some(steps)
    }

    /// Whether the step just taken is the last of the case.
    pub fn at_end(&self, case: &Case) -> bool {
        !self.setting_up && self.frames.len() == 1 && self.frames.iter().all(|frame| frame.next >= case.dialogue.len())
    }

    /// Goes into the dialogue of the step just taken.
    pub fn enter(&mut self) {
        self.frames.push(Frame { next: 0, repeat: None });
    }

    /// Goes into the dialogue of the step just taken, to be repeated until `until`.
    pub fn enter_repeated(&mut self, until: Duration, captures: usize, entries: usize) {
        self.frames.push(Frame { next: 0, repeat: Some(Repeat { until, captures, entries }) });
    }

    /// After a failure: back to the start of the innermost repeated dialogue whose time is not up. `false`: there is none.
    pub fn retry(&mut self, scope: &mut Scope, transcript: &mut Transcript, now: Duration) -> bool {
        let Some(at) = self.frames.iter().rposition(|frame| frame.repeat.as_ref().is_some_and(|repeat| now < repeat.until))
        else {
            return false;
        };
        self.frames.truncate(at + 1);
        if let Some(frame) = self.frames.last_mut() {
            frame.next = 0;
            if let Some(repeat) = &frame.repeat {
                scope.captures.truncate(repeat.captures);
                transcript.entries.truncate(repeat.entries);
            }
        }
        true
    }

    /// Inside `eventually`: by when it must hold.
    pub fn repeated_until(&self) -> Option<Duration> {
        self.frames.iter().filter_map(|frame| frame.repeat.as_ref()).map(|repeat| repeat.until).max()
    }
}
