//! What became of each recipient of a job so far.

use crate::mail::Address;
use crate::queue::{Diagnosis, Outcome, Waiting};

/// The recipients of a job, by their places in it.
pub(super) struct Ledger {
    lines: Vec<Line>,
}

#[derive(Default)]
struct Line {
    outcome: Option<Outcome>,
    /// It was offered to the server that is being tried; the next one may take it.
    tried_here: bool,
    /// A server had enough recipients in one transaction, and this was one more.
    surplus: bool,
    /// Why it was not taken: by a server that may take it later, and by one that never will.
    for_now: Option<Diagnosis>,
    for_good: Option<Diagnosis>,
}

impl Ledger {
    pub fn new(recipients: usize) -> Self {
        Self { lines: std::iter::repeat_with(Line::default).take(recipients).collect() }
    }

    /// The recipients to offer to the server that is being tried.
    pub fn open(&self) -> Vec<usize> {
        let open = self.lines.iter().enumerate().filter(|(_, line)| line.outcome.is_none() && !line.tried_here);
        open.map(|(place, _)| place).collect()
    }

    /// Whether nothing is left to try.
    pub fn is_settled(&self) -> bool {
        self.lines.iter().all(|line| line.outcome.is_some())
    }

    /// Another server is tried.
    pub fn next_host(&mut self) {
        self.lines.iter_mut().for_each(|line| line.tried_here = false);
    }

    /// This recipient was one too many for a transaction: it is offered in the next.
    pub fn leave_over(&mut self, place: usize) {
        if let Some(line) = self.lines.get_mut(place) {
            line.surplus = true;
        }
    }

    /// Whether it was one too many before.
    pub fn was_left_over(&self, place: usize) -> bool {
        self.lines.get(place).is_some_and(|line| line.surplus)
    }

    /// Nothing more is to be done for this recipient now.
    pub fn settle(&mut self, place: usize, outcome: Outcome) {
        if let Some(line) = self.lines.get_mut(place) {
            line.outcome.get_or_insert(outcome);
        }
    }

    /// This server does not take it; the class of the status says whether it may later (4) or never will (5).
    pub fn pass(&mut self, place: usize, diagnosis: Diagnosis) {
        if let Some(line) = self.lines.get_mut(place) {
            line.tried_here = true;
            if diagnosis.status.starts_with('5') {
                line.for_good = Some(diagnosis);
            } else {
                line.for_now = Some(diagnosis);
            }
        }
    }

    /// This server takes nothing of what is open.
    pub fn pass_open(&mut self, diagnosis: &Diagnosis) {
        for place in self.open() {
            self.pass(place, diagnosis.clone());
        }
    }

    /// The outcomes, after every server was tried. Mail is returned only if no server may take it later.
    pub fn outcomes(self, recipients: &[Waiting], unreachable: bool) -> Vec<(Address, Outcome)> {
        let outcome = |line: Line| match (line.outcome, line.for_now, line.for_good) {
            (Some(outcome), ..) => outcome,
            (None, None, Some(diagnosis)) => Outcome::Refused(diagnosis),
            (None, diagnosis, _) => {
                let untold = || Diagnosis::local("4.4.0", "no server was tried");
                Outcome::Later { diagnosis: diagnosis.unwrap_or_else(untold), unreachable }
            }
        };
        recipients.iter().map(|waiting| waiting.address.clone()).zip(self.lines.into_iter().map(outcome)).collect()
    }

    /// The outcomes of those that are settled, when the work is broken off.
    pub fn settled(self, recipients: &[Waiting]) -> Vec<(Address, Outcome)> {
        let lines = recipients.iter().zip(self.lines);
        lines.filter_map(|(waiting, line)| Some((waiting.address.clone(), line.outcome?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipients(count: usize) -> Vec<Waiting> {
        let waiting = |n| Waiting {
            address: Address::parse(&format!("r{n}@hamburger.edu")).unwrap(),
            notify: None,
            original: None,
            attempts: 0,
        };
        (0..count).map(waiting).collect()
    }

    #[test]
    fn mail_is_returned_only_if_no_server_may_take_it() {
        let mut ledger = Ledger::new(3);
        ledger.pass(0, Diagnosis::local("5.3.2", "first"));
        ledger.pass(1, Diagnosis::local("4.2.0", "first"));
        assert_eq!(ledger.open(), [2]);
        ledger.next_host();
        assert_eq!(ledger.open(), [0, 1, 2]);
        ledger.pass(0, Diagnosis::local("5.3.2", "second"));
        ledger.pass(1, Diagnosis::local("5.3.2", "second"));
        ledger.settle(2, Outcome::Refused(Diagnosis::local("5.1.1", "second")));
        assert!(!ledger.is_settled());
        let outcomes = ledger.outcomes(&recipients(3), true);
        assert!(matches!(&outcomes[0].1, Outcome::Refused(diagnosis) if diagnosis.reason == "second"));
        assert!(matches!(&outcomes[1].1, Outcome::Later { diagnosis, unreachable: true } if diagnosis.status == "4.2.0"));
        assert!(matches!(&outcomes[2].1, Outcome::Refused(diagnosis) if diagnosis.status == "5.1.1"));
    }

    #[test]
    fn what_is_broken_off_names_the_settled_only() {
        let mut ledger = Ledger::new(2);
        ledger.settle(1, Outcome::Refused(Diagnosis::local("5.1.1", "x")));
        assert_eq!(ledger.settled(&recipients(2)).len(), 1);
    }
}
