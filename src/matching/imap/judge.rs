//! IMAP: untagged responses come in any order and unasked, so expectations look for their replies among all of them.

use super::super::attempt::Attempt;
use super::super::{Ending, Exchange, Flaw, Judgement, Values};
use super::assignment::assign;
use super::ending::{End, answers, end, is_continuation, over};
use super::explain::unsatisfied;
use crate::protocol::{Parsed, Reply};
use crate::suite::{Expect, Necessity, Party};

/// Judges what belongs to the exchange.
pub(crate) fn judge(exchange: Exchange<'_>, replies: &[Reply], ending: Ending, values: &dyn Values) -> Judgement {
    let consumed = over(exchange, replies, values).unwrap_or(replies.len());
    let replies = replies.get(..consumed).unwrap_or_default();
    let mut attempt = Attempt::new(values);
    let taken = assign(exchange.expects, Necessity::Must, replies, &mut attempt);
    let optional = assign(exchange.expects, Necessity::May, replies, &mut attempt);
    let mut in_use = vec![false; replies.len()];
    for at in taken.iter().chain(&optional).flatten() {
        in_use.iter_mut().skip(*at).take(1).for_each(|used| *used = true);
    }
    let mut findings = Vec::new();
    let mut told: Vec<usize> = Vec::new();
    for (index, expect) in exchange.expects.iter().enumerate() {
        if expect.necessity != Necessity::Must || taken.get(index).copied().flatten().is_some() {
            continue;
        }
        // A malformed answer is one finding, not two.
        let spoiled = replies.iter().position(|reply| is_spoiled_answer(expect, reply));
        if let Some(at) = spoiled {
            if !told.contains(&at) {
                findings.extend(replies.get(at).and_then(|reply| Flaw::malformed(reply, Some(index))));
                told.push(at);
            }
            continue;
        }
        let is_taken = |at: usize| in_use.get(at) == Some(&true);
        findings.push(unsatisfied(index, expect, replies, is_taken, ending, &mut attempt));
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

/// Whether a malformed reply is what this expectation waited for.
fn is_spoiled_answer(expect: &Expect, reply: &Reply) -> bool {
    if !matches!(reply.parsed, Parsed::Malformed(_)) {
        return false;
    }
    if let Some(tag) = expect.pattern.tag() {
        return answers(reply, &tag);
    }
    if expect.pattern.is_continuation() {
        return is_continuation(reply);
    }
    // Untagged: the name of the response, and the number in front of it, can be read all the same.
    let mut words = reply.raw.split(u8::is_ascii_whitespace).skip(1);
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    reply.raw.starts_with(b"* ") && expect.pattern.imap().is_some_and(|pattern| pattern.names(first, second))
}

/// Tags that no line is about and nothing answered: the server still owes a response.
fn unanswered(exchange: Exchange<'_>, replies: &[Reply], ending: Ending) -> Vec<Flaw> {
    if matches!(end(exchange), End::Continuation(..)) || ending == Ending::Over {
        return Vec::new();
    }
    let expected = |tag: &str| {
        let mut required = exchange.expects.iter().filter(|expect| expect.necessity == Necessity::Must);
        required.any(|expect| expect.pattern.tag().as_deref() == Some(tag))
    };
    let open = exchange.tags.iter().filter(|tag| !expected(tag) && !replies.iter().any(|reply| answers(reply, tag)));
    open.map(|tag| Flaw { expectation: None, ..Flaw::missing(ending, Party::Server, 0, &format!("the tagged response {tag}")) })
        .collect()
}
