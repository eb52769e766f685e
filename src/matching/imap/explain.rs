//! Why an expectation found no reply: the nearest candidate and the difference, or what the server said instead.

use super::super::attempt::Attempt;
use super::super::{Ending, Flaw, rendered};
use super::ImapPattern;
use super::assignment::can_share;
use super::ending::is_continuation;
use crate::outcome::FindingKind;
use crate::protocol::imap::{Response, Status};
use crate::protocol::{Parsed, Reply};
use crate::suite::{Expect, Party};

/// How many candidates besides the nearest are worth telling.
const OTHERS: usize = 3;

/// Says what comes nearest to an expectation that found no reply, and how they differ.
pub(super) fn unsatisfied(
    index: usize,
    expect: &Expect,
    replies: &[Reply],
    is_taken: impl Fn(usize) -> bool,
    ending: Ending,
    attempt: &mut Attempt<'_>,
) -> Flaw {
    let is_akin = |response: &Response| expect.pattern.imap().is_some_and(|wanted| wanted.is_akin(response));
    (attempt.wildcards, attempt.thorough) = (true, true);
    let mut best: Option<(usize, &Reply)> = None;
    let mut akin: Vec<&Reply> = Vec::new();
    for (at, reply) in replies.iter().enumerate() {
        let Parsed::Imap(response) = &reply.parsed else { continue };
        let shareable = can_share(expect) && matches!(response, Response::Fetch { .. } | Response::Data { .. });
        if !is_akin(response) || (is_taken(at) && !shareable) {
            continue;
        }
        attempt.hits = 0;
        let differs = expect.pattern.compare(reply, attempt).is_err();
        akin.push(reply);
        if differs && best.is_none_or(|(hits, _)| attempt.hits > hits) {
            best = Some((attempt.hits, reply));
        }
    }
    let mut flaw = match best {
        Some((_, reply)) => {
            attempt.explain = true;
            let difference = expect.pattern.compare(reply, attempt).err().unwrap_or_default();
            let mut flaw = Flaw::mismatch(index, difference, reply);
            let others = akin.iter().filter(|other| !std::ptr::eq(**other, reply)).take(OTHERS);
            flaw.hints.extend(others.map(|other| format!("also came: `{}`", rendered(other))));
            flaw
        }
        None => {
            // What was expected is not compared with any reply: the numbers of messages are those at the end.
            attempt.at = u64::MAX;
            let mut flaw = Flaw::missing(ending, Party::Server, index, &expect.pattern.headline());
            let messages = expect.pattern.imap().and_then(ImapPattern::message);
            flaw.hints.extend(messages.map(|number| match attempt.message_number(number) {
                Some(now) => format!("${number} is message {now}"),
                None => format!("${number} is expunged, so nothing can be said of it any more"),
            }));
            flaw
        }
    };
    (attempt.explain, attempt.wildcards, attempt.thorough) = (false, false, false);
    if flaw.kind != FindingKind::Mismatch || expect.pattern.tag().is_none() {
        flaw.hints.extend(refusals(replies));
    }
    if flaw.kind == FindingKind::TimedOut {
        let asked = replies.iter().find(|reply| is_continuation(reply)).filter(|_| !expect.pattern.is_continuation());
        flaw.hints.extend(asked.map(|reply| format!("the server asks for more: `{}`", rendered(reply))));
    }
    flaw
}

/// Commands of the exchange that were refused: often the reason why data did not come.
fn refusals(replies: &[Reply]) -> Vec<String> {
    let refusal = |reply: &Reply| match &reply.parsed {
        Parsed::Imap(Response::Tagged { tag, status: Status::No | Status::Bad, .. }) => {
            let line = rendered(reply);
            Some(format!("{tag} was answered {}", line.strip_prefix(tag.as_str()).unwrap_or(&line).trim_start()))
        }
        Parsed::Imap(Response::Untagged { status: Status::Bye, .. }) => Some(format!("the server said `{}`", rendered(reply))),
        _ => None,
    };
    replies.iter().filter_map(refusal).collect()
}
