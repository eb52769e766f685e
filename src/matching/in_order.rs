//! SMTP and POP3: replies keep their order, so expectations are compared with them one after the other.

use super::attempt::Attempt;
use super::{Ending, Exchange, Flaw, Judgement, Values};
use crate::protocol::{Parsed, Reply};
use crate::suite::Necessity;

/// Over when each expected reply has come. Where only `S!` lines stand, one reply is awaited: without it they would say nothing.
pub(super) fn is_over(exchange: Exchange<'_>, replies: &[Reply], values: &dyn Values) -> bool {
    if replies.iter().any(is_fatal) {
        return true;
    }
    let required = exchange.expects.iter().filter(|expect| expect.necessity == Necessity::Must).count();
    if required == 0 {
        let only_forbids = exchange.expects.iter().all(|expect| expect.necessity == Necessity::MustNot);
        return exchange.expects.is_empty() || !only_forbids || !replies.is_empty();
    }
    if replies.len() < required {
        return false;
    }
    let mut attempt = Attempt::new(values);
    let plays = align(exchange, replies, &mut attempt);
    plays.iter().filter(|play| matches!(play, Play::Taken { .. })).count() >= required
}

fn is_fatal(reply: &Reply) -> bool {
    matches!(&reply.parsed, Parsed::Malformed(malformed) if malformed.fatal)
}

/// What became of an expectation.
enum Play {
    /// `S:` took this reply, which satisfies it or not.
    Taken { reply: usize, fits: bool },
    /// `S?` took this reply, or none.
    Optional(Option<usize>),
    /// No reply was left for `S:`.
    Missing,
    /// `S!` takes none.
    Forbids,
}

/// Goes through expectations and replies side by side. A reply that is not as expected is taken all the same: the next
/// expectation is about the next reply.
fn align(exchange: Exchange<'_>, replies: &[Reply], attempt: &mut Attempt<'_>) -> Vec<Play> {
    let mut next = 0;
    let mut plays = Vec::with_capacity(exchange.expects.len());
    for expect in exchange.expects {
        let reply = replies.get(next);
        let fits = |attempt: &mut Attempt<'_>| reply.is_some_and(|reply| expect.pattern.compare(reply, attempt).is_ok());
        plays.push(match (expect.necessity, reply) {
            (Necessity::MustNot, _) => Play::Forbids,
            (Necessity::Must, None) => Play::Missing,
            (Necessity::Must, Some(_)) => {
                next += 1;
                Play::Taken { reply: next - 1, fits: fits(attempt) }
            }
            (Necessity::May, _) => {
                let taken = fits(attempt).then_some(next);
                next += usize::from(taken.is_some());
                Play::Optional(taken)
            }
        });
    }
    plays
}

pub(super) fn judge(exchange: Exchange<'_>, replies: &[Reply], ending: Ending, values: &dyn Values) -> Judgement {
    let mut attempt = Attempt::new(values);
    let plays = align(exchange, replies, &mut attempt);
    let mut findings = Vec::new();
    let mut consumed = 0;
    for (index, (play, expect)) in plays.iter().zip(exchange.expects).enumerate() {
        match play {
            Play::Forbids => {}
            Play::Missing => findings.push(Flaw::missing(ending, exchange.party, index, &expect.pattern.headline())),
            Play::Optional(taken) => consumed = taken.map_or(consumed, |reply| reply + 1),
            Play::Taken { reply, fits } => {
                consumed = reply + 1;
                let Some(reply) = replies.get(*reply).filter(|_| !fits) else { continue };
                let flaw = Flaw::malformed(reply, Some(index)).unwrap_or_else(|| {
                    attempt.explain = true;
                    let difference = expect.pattern.compare(reply, &mut attempt).err().unwrap_or_default();
                    attempt.explain = false;
                    Flaw::mismatch(index, difference, reply)
                });
                findings.push(flaw);
            }
        }
    }
    // `S!` lines alone are about the reply that ended the wait; a malformed reply nobody takes would block what follows.
    let required = exchange.expects.iter().any(|expect| expect.necessity == Necessity::Must);
    if !required && consumed == 0 && exchange.expects.iter().any(|e| e.necessity == Necessity::MustNot) {
        consumed = replies.len().min(1);
    }
    for (position, reply) in replies.iter().enumerate() {
        let taken = plays.iter().any(|play| matches!(play, Play::Taken { reply, .. } if *reply == position));
        if !taken
            && (position < consumed || is_fatal(reply))
            && let Some(flaw) = Flaw::malformed(reply, None)
        {
            consumed = consumed.max(position + 1);
            findings.push(flaw);
        }
    }
    attempt.wildcards = true;
    for (index, expect) in exchange.expects.iter().enumerate().filter(|(_, e)| e.necessity == Necessity::MustNot) {
        for reply in replies.get(..consumed).unwrap_or_default() {
            if expect.pattern.compare(reply, &mut attempt).is_ok() {
                findings.push(Flaw::forbidden(index, reply));
            }
        }
    }
    Judgement { bindings: attempt.bindings(), findings, consumed }
}
