//! One exchange being played: what is still to be sent, what has come, and when it is judged.

use std::collections::VecDeque;
use std::time::Duration;

use super::control::unfinished;
use super::finding::located;
use super::render::{self, Chunk};
use super::scope::OnConnection;
use super::{Doing, Engine};
use crate::matching::{self, Ending};
use crate::outcome::{Finding, FindingKind};
use crate::protocol::{Parsed, Reply};
use crate::suite::{ConnectionName, Exchange, Expect, Literals, Necessity, Party, Protocol, Send, Span};
use crate::transcript::visible;

/// Chunks still to be sent, each with the tag of the command it belongs to.
type Pending = VecDeque<(Chunk, Option<String>)>;

/// An exchange that is not over.
#[derive(Debug)]
pub struct Running {
    pub on: ConnectionName,
    pub until: Duration,
    protocol: Protocol,
    party: Party,
    expects: Vec<Expect>,
    span: Span,
    /// IMAP: tags that must be answered before it is over.
    tags: Vec<String>,
    /// What is sent when the server asks for it, with the tag of the command it belongs to.
    pending: Pending,
    replies: Vec<Reply>,
    /// How many lines were sent.
    lines: usize,
}

impl Running {
    /// What it awaits.
    fn exchange(&self) -> matching::Exchange<'_> {
        matching::Exchange { protocol: self.protocol, party: self.party, expects: &self.expects, tags: &self.tags }
    }

    /// Where it stands in the file.
    pub(super) fn span(&self) -> Span {
        self.span
    }
}

impl Engine {
    /// Starts an exchange: sends what can be sent, and awaits what is expected.
    pub(super) fn begin_exchange(&mut self, exchange: &Exchange, span: Span) {
        let on = exchange.on.clone();
        let Some(state) = self.connections.get(&on) else { return };
        let (protocol, party) = (state.start.protocol, state.party);
        if !state.open && !exchange.sends.is_empty() {
            let why = state.end.clone().unwrap_or_else(|| "not open".to_owned());
            let finding = self.connection_finding(&on, span, format!("cannot send: {why}"));
            return self.fail(vec![finding]);
        }
        let (pending, tags) = match self.rendered(&on, protocol, exchange) {
            Ok(rendered) => rendered,
            Err(finding) => return self.fail(vec![*finding]),
        };
        let environment = &self.scope.environment;
        let mut until = self.now + environment.step_timeout;
        if exchange.sends.is_empty()
            && let Some(repeated) = self.program.repeated_until()
        {
            until = until.min(repeated.max(self.now + Duration::from_millis(200)));
        }
        let mut running = Running {
            on: on.clone(),
            until,
            protocol,
            party,
            expects: exchange.expects.clone(),
            span,
            tags,
            pending,
            replies: Vec::new(),
            lines: exchange.sends.len(),
        };
        if !exchange.sends.is_empty() || self.ends_open_tags(exchange) {
            self.claim_open_tags(&mut running, exchange);
        }
        self.send_pending(&mut running);
        // Where nothing is expected and more follows, the replies belong to what follows.
        let last = self.program.at_end(&self.case) && party == Party::Server;
        let unheard = exchange.expects.is_empty() && running.tags.is_empty() && !last;
        if exchange.answered_later || unheard {
            return;
        }
        let over = self.exchange_is_over(&running);
        let closed = self.connections.get(&on).is_some_and(|state| !state.open);
        self.doing = Doing::Exchanging(Box::new(running));
        match over {
            true => self.judge_exchange(Ending::Over),
            false => {
                self.pump(&on);
                if closed && matches!(&self.doing, Doing::Exchanging(_)) {
                    self.judge_exchange(Ending::Closed);
                }
            }
        }
    }

    /// The chunks of all `C:` lines and the tags of the commands they start.
    fn rendered(
        &mut self,
        on: &ConnectionName,
        protocol: Protocol,
        exchange: &Exchange,
    ) -> Result<(Pending, Vec<String>), Box<Finding>> {
        let literals = self.case.variant.literals.unwrap_or(Literals::Sync);
        let mut pending = VecDeque::new();
        let mut tags: Vec<String> = Vec::new();
        for (index, send) in exchange.sends.iter().enumerate() {
            let chunks = match self.connections.get(on) {
                Some(state) => render::line(protocol, literals, send, &self.scope, state),
                None => continue,
            };
            let chunks = chunks.map_err(|unknown| Box::new(self.unknown_value(on, send, unknown)))?;
            let whole: Vec<u8> = chunks
                .iter()
                .flat_map(|chunk| if let Chunk::Bytes(bytes) = chunk { bytes.as_slice() } else { &[] })
                .copied()
                .collect();
            let Some(state) = self.connections.get_mut(on) else { continue };
            let tag = state.tag_of(&whole);
            if let Some(tag) = &tag {
                tags.push(tag.clone());
                state.open_tags.push(tag.clone());
            }
            // The reply to the n-th pipelined line is the n-th that must come.
            let expect = exchange.expects.iter().filter(|expect| expect.necessity == Necessity::Must).nth(index);
            let body = expect.is_some_and(|expect| expect.pattern.has_body());
            state.framer.sent(whole.strip_suffix(b"\r\n").unwrap_or(&whole), body);
            let owner = tag.or_else(|| tags.last().cloned());
            pending.extend(chunks.into_iter().map(|chunk| (chunk, owner.clone())));
        }
        Ok((pending, tags))
    }

    fn unknown_value(&self, on: &ConnectionName, send: &Send, unknown: render::Unknown) -> Finding {
        let before = send.template.text.get(..unknown.offset).map_or(0, |text| text.chars().count());
        let span = Span { column: send.span.column + before, length: unknown.length, ..send.span };
        self.finding(FindingKind::Missing, Some(span), on, unknown.message)
    }

    /// What holes and relative numbers stand for on a connection.
    fn known_on(&self, on: &ConnectionName) -> OnConnection<'_> {
        OnConnection { scope: &self.scope, numbering: self.connections.get(on).map(|state| &state.numbering) }
    }

    /// Whether the exchange expects a tagged reply to a command of an earlier one.
    fn ends_open_tags(&self, exchange: &Exchange) -> bool {
        let open = self.connections.get(&exchange.on).map_or(&[][..], |state| state.open_tags.as_slice());
        exchange
            .expects
            .iter()
            .any(|expect| expect.necessity == Necessity::Must && expect.pattern.tag().is_some_and(|tag| open.contains(&tag)))
    }

    /// An exchange that does not end with a continuation request answers the commands left open before it, too, if it sends
    /// something to them or names their tags.
    fn claim_open_tags(&mut self, running: &mut Running, exchange: &Exchange) {
        let ends_with_continuation =
            exchange.expects.iter().rev().find(|e| e.necessity == Necessity::Must).is_some_and(|e| e.pattern.is_continuation());
        let Some(state) = self.connections.get(&running.on).filter(|_| !ends_with_continuation) else { return };
        for tag in &state.open_tags {
            let named = exchange.expects.iter().any(|expect| expect.pattern.tag().as_ref() == Some(tag));
            if named && !running.tags.contains(tag) {
                running.tags.push(tag.clone());
            }
        }
    }

    /// Writes up to the next place where the client must wait. Chunks that may go together go in one write.
    fn send_pending(&mut self, running: &mut Running) {
        let mut bytes = Vec::new();
        while let Some((Chunk::Bytes(chunk), _)) = running.pending.front() {
            bytes.extend_from_slice(chunk);
            running.pending.pop_front();
        }
        if !bytes.is_empty() {
            self.write(&running.on, bytes);
        }
    }

    fn exchange_is_over(&self, running: &Running) -> bool {
        let exchange = running.exchange();
        if running.pending.iter().any(|(chunk, _)| *chunk == Chunk::AwaitContinuation) {
            return false;
        }
        if running.expects.is_empty() && running.protocol != Protocol::Imap {
            // The snapshot is the assertion: a reply to each line ends it.
            return running.replies.len() >= running.lines;
        }
        matching::is_over(exchange, &running.replies, &self.known_on(&running.on))
    }

    pub(super) fn exchange_reply(&mut self, reply: Reply) {
        let Doing::Exchanging(mut running) = std::mem::replace(&mut self.doing, Doing::Stepping) else { return };
        let (answered, asked_for_more) = match self.connections.get_mut(&running.on) {
            Some(state) if running.protocol == Protocol::Imap => {
                let tag: Vec<u8> = reply.raw.iter().copied().take_while(|b| *b != b' ').collect();
                let answered =
                    state.open_tags.iter().position(|open| open.as_bytes() == tag).map(|at| state.open_tags.remove(at));
                let more = reply.raw.starts_with(b"+");
                if answered.is_some() || more {
                    state.continuing = more;
                }
                (answered, more)
            }
            _ => (None, false),
        };
        if let Some((Chunk::AwaitContinuation, owner)) = running.pending.front() {
            if asked_for_more {
                running.pending.pop_front();
                if let Some(state) = self.connections.get_mut(&running.on) {
                    state.continuing = false;
                }
                self.send_pending(&mut running);
                self.doing = Doing::Exchanging(running);
                return;
            }
            if answered.is_some() && answered == *owner {
                // The command was refused before its literal: nothing that belongs to it may be sent any more (RFC 3501 §2.2.1).
                let refused = running.tags.iter().position(|tag| Some(tag) == answered.as_ref());
                running.tags.truncate(refused.map_or(running.tags.len(), |at| at + 1));
                running.pending.clear();
            }
        }
        // Untagged data answers no command; looking through all of it again for each would make long answers slow.
        let ends_nothing = !running.tags.is_empty()
            && reply.raw.starts_with(b"* ")
            && !matches!(&reply.parsed, Parsed::Malformed(malformed) if malformed.fatal);
        running.replies.push(reply);
        let over = !ends_nothing && self.exchange_is_over(&running);
        self.doing = Doing::Exchanging(running);
        if over {
            self.judge_exchange(Ending::Over);
        }
    }

    pub(super) fn exchange_closed(&mut self) {
        self.judge_exchange(Ending::Closed);
    }

    pub(super) fn exchange_timed_out(&mut self) {
        self.judge_exchange(Ending::TimedOut);
    }

    fn judge_exchange(&mut self, ending: Ending) {
        let Doing::Exchanging(mut running) = std::mem::replace(&mut self.doing, Doing::Stepping) else { return };
        let exchange = running.exchange();
        let judgement = matching::judge(exchange, &running.replies, ending, &self.known_on(&running.on));
        if running.protocol != Protocol::Imap && !running.expects.is_empty() {
            let left = running.replies.split_off(judgement.consumed.min(running.replies.len()));
            if let Some(state) = self.connections.get_mut(&running.on) {
                for reply in left.into_iter().rev() {
                    state.inbox.push_front(reply);
                }
            }
        }
        if judgement.findings.is_empty() {
            self.scope.captures.extend(judgement.bindings);
            return;
        }
        let mut findings: Vec<Finding> =
            judgement.findings.into_iter().map(|flaw| located(flaw, &running.expects, &running.on, running.span)).collect();
        // What made the rest unreadable explains why the rest is missing.
        let fatal = running.replies.iter().find_map(|reply| match &reply.parsed {
            Parsed::Malformed(malformed) if malformed.fatal => Some(malformed.offset),
            _ => None,
        });
        findings.sort_by_key(|finding| fatal.is_none() || finding.offset != fatal);
        if let Some(first) = findings.first_mut() {
            self.explain_ending(first, &running, ending);
        }
        self.fail(findings);
    }

    /// Says what the server left unsaid.
    fn explain_ending(&self, finding: &mut Finding, running: &Running, ending: Ending) {
        let Some(state) = self.connections.get(&running.on) else { return };
        match ending {
            Ending::Over => {}
            Ending::Closed => finding.hints.push(format!("then {}", state.end.as_deref().unwrap_or("the connection ended"))),
            Ending::TimedOut => {
                let waited = self.scope.environment.step_timeout;
                let (party, what) = match running.party {
                    Party::Server => (running.party, "replies"),
                    Party::Client => (running.party, "commands"),
                };
                finding.hints.push(match running.replies.len() {
                    0 if state.framer.pending().is_empty() => format!("{party} said nothing for {waited:?}"),
                    0 => format!("{party} finished no {} in {waited:?}", unfinished(running.party)),
                    1 if party == Party::Server => format!("1 reply came in {waited:?}, and it does not end the exchange"),
                    count => format!("{count} {what} came in {waited:?}, and none that ends the exchange"),
                });
            }
        }
        let fragment = state.framer.pending();
        if !fragment.is_empty() && ending != Ending::Over {
            let shown = visible(fragment.get(..200).unwrap_or(fragment));
            finding.hints.push(format!(
                "{} octets of an unfinished {} came: `{shown}`",
                fragment.len(),
                unfinished(running.party)
            ));
        }
    }
}
