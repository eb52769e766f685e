//! When an exchange is over: IMAP says so itself, with tagged responses and continuation requests, so nothing waits for a
//! time-out.

use super::super::attempt::Attempt;
use super::super::{Exchange, Values};
use super::ImapPattern;
use super::assignment::assign;
use crate::protocol::imap::Response;
use crate::protocol::{Parsed, Reply};
use crate::suite::Necessity;

/// What ends an exchange.
pub(super) enum End<'a> {
    /// These tags are answered.
    Tags(Vec<&'a str>),
    /// So many continuation requests have come, or these tags were answered instead (none: any tag).
    Continuation(usize, Vec<&'a str>),
    /// Every `S:` line is satisfied.
    AllMatched,
}

pub(super) fn end(exchange: Exchange<'_>) -> End<'_> {
    let required = || exchange.expects.iter().filter(|expect| expect.necessity == Necessity::Must);
    let mut tags: Vec<&str> = exchange.tags.iter().map(String::as_str).collect();
    // A tag that was left open by an earlier exchange (IDLE, AUTHENTICATE) is awaited where its answer is expected.
    for expect in required() {
        if let Some(tag) = expect.pattern.imap().and_then(ImapPattern::tag).and_then(|tag| std::str::from_utf8(tag).ok())
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

/// Whether a reply answers a tag, well or badly formed.
pub(super) fn answers(reply: &Reply, tag: &str) -> bool {
    match &reply.parsed {
        Parsed::Imap(Response::Tagged { tag: answered, .. }) => answered == tag,
        Parsed::Malformed(_) => {
            let rest = reply.raw.strip_prefix(tag.as_bytes());
            rest.is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))
        }
        _ => false,
    }
}

pub(super) fn is_continuation(reply: &Reply) -> bool {
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

/// Whether a reply could satisfy a line, captures aside.
fn is_wanted(exchange: Exchange<'_>, reply: &Reply, values: &dyn Values) -> bool {
    let mut attempt = Attempt::new(values);
    attempt.wildcards = true;
    let mut required = exchange.expects.iter().filter(|expect| expect.necessity == Necessity::Must);
    required.any(|expect| expect.pattern.compare(reply, &mut attempt).is_ok())
}

/// How many of the replies belong to the exchange, if it is over.
pub(super) fn over(exchange: Exchange<'_>, replies: &[Reply], values: &dyn Values) -> Option<usize> {
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

/// Whether the last reply ended the exchange; asked after each of them.
pub(crate) fn is_over(exchange: Exchange<'_>, replies: &[Reply], values: &dyn Values) -> bool {
    // A reply that no line is about brings nothing nearer. To search all replies again for each would make long answers slow.
    if let (End::AllMatched, Some(last)) = (end(exchange), replies.last())
        && exchange.expects.iter().any(|expect| expect.necessity == Necessity::Must)
        && !is_fatal(last)
        && !is_wanted(exchange, last, values)
    {
        return false;
    }
    over(exchange, replies, values).is_some()
}
