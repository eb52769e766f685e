//! Which reply each expectation takes, where replies carry no order.

use super::super::attempt::Attempt;
use super::Body;
use crate::protocol::Reply;
use crate::suite::{Expect, Necessity};

/// How many comparisons the search for an assignment may take before it settles for the first that comes.
const BUDGET: usize = 100_000;

/// The reply each expectation takes, by its index; `None` for those that find none, and for those of another necessity.
pub(super) fn assign(
    expects: &[Expect],
    necessity: Necessity,
    replies: &[Reply],
    attempt: &mut Attempt<'_>,
) -> Vec<Option<usize>> {
    let mut search = Search { expects, replies, candidates: Vec::new(), users: vec![Vec::new(); replies.len()], budget: BUDGET };
    let mut wanted = Vec::new();
    for (index, expect) in expects.iter().enumerate() {
        attempt.wildcards = true;
        let fits = |reply: &Reply, attempt: &mut Attempt<'_>| expect.pattern.compare(reply, attempt).is_ok();
        let candidates: Vec<usize> = match expect.necessity == necessity {
            true => replies.iter().enumerate().filter(|(_, reply)| fits(reply, attempt)).map(|(at, _)| at).collect(),
            false => Vec::new(),
        };
        attempt.wildcards = false;
        if !candidates.is_empty() {
            wanted.push(index);
        }
        search.candidates.push(candidates);
    }
    let mut taken = vec![None; expects.len()];
    let mark = attempt.mark();
    // As few as possible stay without a reply; those without candidates are not even tried.
    for misses in 0..=wanted.len() {
        if search.place(&wanted, misses, &mut taken, attempt) {
            return taken;
        }
        attempt.undo(mark);
        taken.fill(None);
        search.users.iter_mut().for_each(Vec::clear);
        if search.budget == 0 {
            break;
        }
    }
    search.budget = usize::MAX;
    search.first_come(&wanted, &mut taken, attempt);
    taken
}

struct Search<'a> {
    expects: &'a [Expect],
    replies: &'a [Reply],
    /// By expectation: the replies it could take, captures aside.
    candidates: Vec<Vec<usize>>,
    /// By reply: the expectations it satisfies.
    users: Vec<Vec<usize>>,
    budget: usize,
}

impl Search<'_> {
    /// Finds a reply for each of `wanted` but `misses`.
    fn place(&mut self, wanted: &[usize], misses: usize, taken: &mut [Option<usize>], attempt: &mut Attempt<'_>) -> bool {
        let Some((index, behind)) = wanted.split_first() else { return true };
        for at in self.candidates.get(*index).cloned().unwrap_or_default() {
            if self.budget == 0 {
                return false;
            }
            self.budget -= 1;
            let mark = attempt.mark();
            if !self.take(*index, at, taken, attempt) {
                continue;
            }
            if self.place(behind, misses, taken, attempt) {
                return true;
            }
            self.give_back(*index, at, taken);
            attempt.undo(mark);
        }
        misses > 0 && self.place(behind, misses - 1, taken, attempt)
    }

    /// Gives each the first reply that is left and fits.
    fn first_come(&mut self, wanted: &[usize], taken: &mut [Option<usize>], attempt: &mut Attempt<'_>) {
        for index in wanted {
            let candidates = self.candidates.get(*index).cloned().unwrap_or_default();
            candidates.into_iter().any(|at| self.take(*index, at, taken, attempt));
        }
    }

    fn take(&mut self, index: usize, at: usize, taken: &mut [Option<usize>], attempt: &mut Attempt<'_>) -> bool {
        let (Some(expect), Some(reply), Some(users)) = (self.expects.get(index), self.replies.get(at), self.users.get_mut(at))
        else {
            return false;
        };
        // One FETCH response may satisfy several lines about its message, one METADATA response several about its mailbox, but
        // lines that are alike need one each.
        let shares = users
            .iter()
            .filter_map(|user| self.expects.get(*user))
            .all(|user| can_share(expect) && can_share(user) && user.pattern.lines != expect.pattern.lines);
        if !shares || expect.pattern.compare(reply, attempt).is_err() {
            return false;
        }
        users.push(index);
        if let Some(taken) = taken.get_mut(index) {
            *taken = Some(at);
        }
        true
    }

    fn give_back(&mut self, index: usize, at: usize, taken: &mut [Option<usize>]) {
        if let Some(users) = self.users.get_mut(at) {
            users.pop();
        }
        if let Some(taken) = taken.get_mut(index) {
            *taken = None;
        }
    }
}

/// Whether the expectation is about a response that tells of several things, where servers may send one or several: of a message
/// FETCH, of a mailbox METADATA (RFC 5464 §4.4).
pub(super) fn can_share(expect: &Expect) -> bool {
    expect.pattern.imap().is_some_and(|pattern| match &pattern.body {
        Body::Fetch { .. } => true,
        Body::Data { name: Some((name, _)), .. } => name == "METADATA",
        _ => false,
    })
}
