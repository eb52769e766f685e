//! IMAP: untagged responses come in any order and unasked; the tagged ones and a continuation request end an exchange.

use super::attempt::{Attempt, Difference};
use super::imap::Body;
use super::{Compiled, Ending, Exchange, Flaw, Judgement, Values, rendered};
use crate::outcome::FindingKind;
use crate::protocol::imap::{Response, Status};
use crate::protocol::{Parsed, Reply};
use crate::suite::{Expect, Necessity};

/// How many comparisons the search for an assignment may take before it settles for the first that comes.
const BUDGET: usize = 100_000;

/// What ends an exchange.
enum End<'a> {
    /// These tags are answered.
    Tags(Vec<&'a str>),
    /// So many continuation requests have come, or these tags were answered instead (none: any tag).
    Continuation(usize, Vec<&'a str>),
    /// Every `S:` line is satisfied.
    AllMatched,
}

fn end<'a>(exchange: Exchange<'a>) -> End<'a> {
    let required = || exchange.expects.iter().filter(|expect| expect.necessity == Necessity::Must);
    let mut tags: Vec<&str> = exchange.tags.iter().map(String::as_str).collect();
    // A tag that was left open by an earlier exchange (IDLE, AUTHENTICATE) is awaited where its answer is expected.
    for expect in required() {
        if let Some(tag) = pattern(expect).tag().and_then(|tag| std::str::from_utf8(tag).ok())
            && !tags.contains(&tag)
        {
            tags.push(tag);
        }
    }
    let continuations = required().filter(|expect| expect.pattern.is_continuation()).count();
    if required().next_back().is_some_and(|expect| expect.pattern.is_continuation()) {
        return End::Continuation(continuations, tags);
    }
    if tags.is_empty() { End::AllMatched } else { End::Tags(tags) }
}

/// The compiled pattern; patterns of another protocol cannot stand in an IMAP exchange and match nothing.
fn pattern(expect: &Expect) -> &super::imap::ImapPattern {
    static NOTHING: std::sync::OnceLock<super::imap::ImapPattern> = std::sync::OnceLock::new();
    match &expect.pattern.compiled {
        Compiled::Imap(pattern) => pattern,
        _ => NOTHING.get_or_init(|| super::imap::ImapPattern {
            exact: true,
            body: Body::Data { name: Some(Default::default()), values: Vec::new() },
        }),
    }
}

/// Whether a reply answers a tag, well or badly formed.
fn answers(reply: &Reply, tag: &str) -> bool {
    match &reply.parsed {
        Parsed::Imap(Response::Tagged { tag: answered, .. }) => answered == tag,
        Parsed::Malformed(_) => {
            let rest = reply.raw.strip_prefix(tag.as_bytes());
            rest.is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
        }
        _ => false,
    }
}

fn is_continuation(reply: &Reply) -> bool {
    match &reply.parsed {
        Parsed::Imap(Response::Continuation { .. }) => true,
        Parsed::Malformed(_) => reply.raw.starts_with(b"+"),
        _ => false,
    }
}

fn is_fatal(reply: &Reply) -> bool {
    matches!(&reply.parsed, Parsed::Malformed(malformed) if malformed.fatal)
}

fn is_tagged(reply: &Reply) -> bool {
    matches!(&reply.parsed, Parsed::Imap(Response::Tagged { .. }))
}

/// How many replies there are when all tags are answered; `None`: not yet.
fn until_answered(tags: &[&str], replies: &[Reply]) -> Option<usize> {
    let mut open: Vec<&str> = tags.to_vec();
    for (index, reply) in replies.iter().enumerate() {
        // Untagged data, most of what comes, answers nothing.
        if matches!(&reply.parsed, Parsed::Imap(response) if !matches!(response, Response::Tagged { .. })) {
            continue;
        }
        open.retain(|tag| !answers(reply, tag));
        if open.is_empty() {
            return Some(index + 1);
        }
    }
    None
}

/// How many of the replies belong to the exchange, if it is over.
fn over(exchange: Exchange<'_>, replies: &[Reply], values: &dyn Values) -> Option<usize> {
    let fatal = replies.iter().position(is_fatal).map(|index| index + 1);
    let ended = match end(exchange) {
        End::Tags(tags) => until_answered(&tags, replies),
        End::Continuation(count, tags) => {
            let come = replies.iter().enumerate().filter(|(_, reply)| is_continuation(reply)).nth(count - 1);
            let come = come.map(|(index, _)| index + 1);
            let answered = match tags.is_empty() {
                true => replies.iter().position(is_tagged).map(|index| index + 1),
                false => until_answered(&tags, replies),
            };
            match (come, answered) {
                (Some(come), Some(answered)) => Some(come.min(answered)),
                (come, answered) => come.or(answered),
            }
        }
        End::AllMatched => matched_by(exchange, replies, values),
    };
    ended.or(fatal)
}

/// The least number of replies that satisfies every `S:` line.
fn matched_by(exchange: Exchange<'_>, replies: &[Reply], values: &dyn Values) -> Option<usize> {
    let required = exchange.expects.iter().filter(|expect| expect.necessity == Necessity::Must).count();
    if required == 0 {
        return Some(0);
    }
    let satisfied = |count: usize| {
        let mut attempt = Attempt::new(values);
        let replies = replies.get(..count).unwrap_or_default();
        assign(exchange.expects, Necessity::Must, replies, &mut attempt).iter().flatten().count() == required
    };
    if !satisfied(replies.len()) {
        return None;
    }
    // More replies never satisfy less, so the least number is found by halving.
    let (mut low, mut high) = (0, replies.len());
    while low < high {
        let middle = low.midpoint(high);
        if satisfied(middle) { high = middle } else { low = middle + 1 }
    }
    Some(low)
}

pub(super) fn is_over(exchange: Exchange<'_>, replies: &[Reply], values: &dyn Values) -> bool {
    over(exchange, replies, values).is_some()
}

/// The reply each expectation takes, by its index; `None` for those that find none, and for those of another necessity.
fn assign(expects: &[Expect], necessity: Necessity, replies: &[Reply], attempt: &mut Attempt<'_>) -> Vec<Option<usize>> {
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
        // One FETCH response may satisfy several lines about its message, but lines that are alike need one each.
        let shares = users
            .iter()
            .filter_map(|user| self.expects.get(*user))
            .all(|user| is_fetch(expect) && is_fetch(user) && user.pattern.lines != expect.pattern.lines);
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

fn is_fetch(expect: &Expect) -> bool {
    matches!(pattern(expect).body, Body::Fetch { .. })
}

pub(super) fn judge(exchange: Exchange<'_>, replies: &[Reply], ending: Ending, values: &dyn Values) -> Judgement {
    let consumed = over(exchange, replies, values).unwrap_or(replies.len());
    let replies = replies.get(..consumed).unwrap_or_default();
    let mut attempt = Attempt::new(values);
    let taken = assign(exchange.expects, Necessity::Must, replies, &mut attempt);
    let optional = assign(exchange.expects, Necessity::May, replies, &mut attempt);
    let mut findings = Vec::new();
    let mut told: Vec<usize> = Vec::new();
    for (index, expect) in exchange.expects.iter().enumerate() {
        if expect.necessity != Necessity::Must || taken.get(index).copied().flatten().is_some() {
            continue;
        }
        // A malformed answer is one finding, not two.
        let spoiled = replies.iter().position(|reply| is_spoiled_answer(pattern(expect), reply));
        if let Some(at) = spoiled {
            findings.extend(replies.get(at).and_then(|reply| Flaw::malformed(reply, Some(index))));
            told.push(at);
            continue;
        }
        findings.push(unsatisfied(exchange, index, expect, replies, &taken, &optional, ending, &mut attempt));
    }
    let malformed = replies.iter().enumerate().filter(|(at, _)| !told.contains(at));
    findings.extend(malformed.filter_map(|(_, reply)| Flaw::malformed(reply, None)));
    findings.extend(unanswered(exchange, replies, ending));
    attempt.wildcards = true;
    for (index, expect) in exchange.expects.iter().enumerate().filter(|(_, e)| e.necessity == Necessity::MustNot) {
        let forbidden = replies.iter().filter(|reply| expect.pattern.compare(reply, &mut attempt).is_ok());
        findings.extend(forbidden.map(|reply| Flaw::forbidden(index, reply)));
    }
    Judgement { bindings: attempt.bindings(), findings, consumed }
}

fn is_spoiled_answer(pattern: &super::imap::ImapPattern, reply: &Reply) -> bool {
    if !matches!(reply.parsed, Parsed::Malformed(_)) {
        return false;
    }
    match &pattern.body {
        Body::Tagged { .. } => {
            let tag = pattern.tag().and_then(|tag| std::str::from_utf8(tag).ok());
            tag.is_some_and(|tag| answers(reply, tag))
        }
        Body::Continuation { .. } => is_continuation(reply),
        _ => false,
    }
}

/// Tags that no line is about and nothing answered: the server still owes a response.
fn unanswered(exchange: Exchange<'_>, replies: &[Reply], ending: Ending) -> Vec<Flaw> {
    if matches!(end(exchange), End::Continuation(..)) || ending == Ending::Over {
        return Vec::new();
    }
    let expected = |tag: &str| {
        let mut required = exchange.expects.iter().filter(|expect| expect.necessity == Necessity::Must);
        required.any(|expect| pattern(expect).tag() == Some(tag.as_bytes()))
    };
    let open = exchange.tags.iter().filter(|tag| !expected(tag) && !replies.iter().any(|reply| answers(reply, tag)));
    open.map(|tag| Flaw { expectation: None, ..Flaw::missing(ending, 0, &format!("the tagged response {tag}")) }).collect()
}

/// Says what comes nearest to an expectation that found no reply, and how they differ.
#[allow(clippy::too_many_arguments)]
fn unsatisfied(
    exchange: Exchange<'_>,
    index: usize,
    expect: &Expect,
    replies: &[Reply],
    taken: &[Option<usize>],
    optional: &[Option<usize>],
    ending: Ending,
    attempt: &mut Attempt<'_>,
) -> Flaw {
    let wanted = pattern(expect);
    let mut best: Option<(usize, &Reply, Difference)> = None;
    attempt.explain = true;
    attempt.wildcards = true;
    for (at, reply) in replies.iter().enumerate() {
        let Parsed::Imap(response) = &reply.parsed else { continue };
        let is_taken = taken.iter().chain(optional).any(|taken| *taken == Some(at));
        let shareable = is_fetch(expect) && matches!(response, Response::Fetch { .. });
        if !wanted.is_akin(response) || (is_taken && !shareable) {
            continue;
        }
        attempt.hits = 0;
        if let Err(difference) = expect.pattern.compare(reply, attempt)
            && best.as_ref().is_none_or(|(hits, _, _)| attempt.hits > *hits)
        {
            best = Some((attempt.hits, reply, difference));
        }
    }
    (attempt.explain, attempt.wildcards) = (false, false);
    let mut flaw = match best {
        Some((_, reply, difference)) => Flaw::mismatch(index, difference, reply),
        None => Flaw::missing(ending, index, &expect.pattern.lines.join(" / ")),
    };
    if flaw.kind != FindingKind::Mismatch || wanted.tag().is_none() {
        flaw.hints.extend(refusals(exchange, replies));
    }
    if flaw.kind == FindingKind::TimedOut {
        let asked = replies.iter().find(|reply| is_continuation(reply)).filter(|_| !expect.pattern.is_continuation());
        flaw.hints.extend(asked.map(|reply| format!("the server asks for more: `{}`", rendered(reply))));
    }
    flaw
}

/// Commands of the exchange that were refused: often the reason why data did not come.
fn refusals(exchange: Exchange<'_>, replies: &[Reply]) -> Vec<String> {
    let refusal = |reply: &Reply| match &reply.parsed {
        Parsed::Imap(Response::Tagged { tag, status: Status::No | Status::Bad, .. }) if exchange.tags.contains(tag) => {
            let line = rendered(reply);
            Some(format!("{tag} was answered {}", line.strip_prefix(tag.as_str()).unwrap_or(&line).trim_start()))
        }
        Parsed::Imap(Response::Untagged { status: Status::Bye, .. }) => Some(format!("the server said `{}`", rendered(reply))),
        _ => None,
    };
    replies.iter().filter_map(refusal).collect()
}
