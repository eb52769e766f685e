//! The engine: plays one case as a state machine without sockets or clocks. [`Engine::next`] says what it wants, the runner does it and
//! tells what happened; time is an argument. The same case, bytes and instants give the same outcome, however the bytes were cut.

mod connection;
mod control;
mod demand;
mod ending;
mod exchange;
mod finding;
mod inquiry;
mod peer;
mod prepare;
mod program;
mod record;
pub mod render;
mod sasl;
pub mod scope;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use demand::{Demand, Played};
pub use finding::fingerprint;
pub use scope::{Account, Environment, Peer};

use self::connection::Connection;
use self::program::Program;
use self::scope::Scope;
use crate::outcome::{Finding, FindingKind, Verdict};
use crate::suite::{Case, ConnectionName, Handshake, Span, Start, Transport};
use crate::transcript::{Transcript, What};

/// What the engine is doing between two demands.
#[derive(Debug)]
enum Doing {
    /// Ready for the next step.
    Stepping,
    Opening(ConnectionName),
    Preparing(prepare::Preparation),
    Exchanging(Box<exchange::Running>),
    Upgrading {
        on: ConnectionName,
        expect: Handshake,
        span: Option<Span>,
        then: Option<prepare::Preparation>,
    },
    Authenticating(sasl::Exchange),
    AwaitingClose {
        on: ConnectionName,
        until: Duration,
        span: Span,
    },
    KeepingSilent {
        on: ConnectionName,
        until: Duration,
        span: Span,
    },
    Waiting {
        until: Duration,
    },
    Accepting(peer::Awaited),
    Controlling,
    Inquiring(inquiry::Inquiring),
    Over,
}

/// Plays one case.
#[derive(Debug)]
pub struct Engine {
    case: Arc<Case>,
    scope: Scope,
    strict: bool,
    connections: BTreeMap<ConnectionName, Connection>,
    /// Peers nobody listens for now.
    refused: BTreeSet<String>,
    program: Program,
    doing: Doing,
    demands: VecDeque<Demand>,
    transcript: Transcript,
    findings: Vec<Finding>,
    verdict: Verdict,
    reason: Option<String>,
    now: Duration,
    deadline: Duration,
    /// Replies taken on all connections.
    replies: usize,
}

impl Engine {
    /// A case about to be played. `strict`: a broken SHOULD fails.
    pub fn new(case: Arc<Case>, environment: Environment, strict: bool) -> Engine {
        let deadline = case.timeout;
        let program = Program::new(&case);
        let mut engine = Engine {
            scope: Scope::new(Arc::new(environment)),
            strict,
            connections: BTreeMap::new(),
            refused: BTreeSet::new(),
            program,
            doing: Doing::Stepping,
            demands: VecDeque::new(),
            transcript: Transcript::default(),
            findings: Vec::new(),
            verdict: Verdict::Passed,
            reason: None,
            now: Duration::ZERO,
            deadline,
            replies: 0,
            case,
        };
        engine.listen();
        let start = engine.case.start.clone();
        engine.open(Arc::from(""), start);
        engine
    }

    /// What to do next, at `now` (since the case started).
    pub fn next(&mut self, now: Duration) -> Demand {
        self.now = self.now.max(now);
        loop {
            if let Some(demand) = self.demands.pop_front() {
                return demand;
            }
            match &self.doing {
                Doing::Over => return Demand::Finished,
                Doing::Stepping => self.step(),
                Doing::Opening(_) | Doing::Upgrading { .. } | Doing::Controlling => return Demand::Read { until: self.deadline },
                Doing::Accepting(awaited) => return awaited.demand(self.deadline),
                Doing::Preparing(preparation) => return Demand::Read { until: preparation.until.min(self.deadline) },
                Doing::Exchanging(running) => return Demand::Read { until: running.until.min(self.deadline) },
                Doing::Authenticating(exchange) => return Demand::Read { until: exchange.until.min(self.deadline) },
                Doing::Inquiring(inquiring) => return Demand::Read { until: inquiring.again.min(self.deadline) },
                Doing::AwaitingClose { until, .. } | Doing::KeepingSilent { until, .. } | Doing::Waiting { until } => {
                    return Demand::Read { until: (*until).min(self.deadline) };
                }
            }
        }
    }

    /// Bytes came in.
    pub fn received(&mut self, connection: &str, bytes: &[u8], now: Duration) {
        self.now = self.now.max(now);
        let Some(state) = self.connections.get_mut(connection) else { return };
        state.received += bytes.len() as u64;
        if state.received > self.scope.environment.limits.connection {
            return self.flooded(connection);
        }
        state.framer.push(bytes);
        self.answer(connection);
        self.pump(connection);
        self.closed_by_us(connection);
    }

    /// The server closed, or the connection broke; `why` in words.
    pub fn closed(&mut self, connection: &str, why: &str, now: Duration) {
        self.now = self.now.max(now);
        let Some(state) = self.connections.get_mut(connection).filter(|state| state.open) else { return };
        state.open = false;
        state.end = Some(why.to_owned());
        let name: ConnectionName = Arc::from(connection);
        self.note(&name, why.to_owned());
        self.end_of(connection, why);
    }

    /// Whoever waits for a connection that is closed learns of it.
    fn end_of(&mut self, connection: &str, why: &str) {
        let now = self.now;
        match &self.doing {
            Doing::Preparing(preparation) if *preparation.on == *connection => self.preparation_closed(why),
            Doing::Exchanging(running) if *running.on == *connection => self.exchange_closed(),
            Doing::Authenticating(exchange) if *exchange.on == *connection => self.sasl_closed(why),
            Doing::AwaitingClose { on, .. } if **on == *connection => self.doing = Doing::Stepping,
            // Who has gone says nothing; what needs the connection afterwards fails by itself.
            Doing::KeepingSilent { on, .. } if **on == *connection => self.doing = Doing::Stepping,
            Doing::Upgrading { on, .. } if **on == *connection => self.tls_failed(connection, why, now),
            _ => {}
        }
    }

    /// Time is up, or was not: whoever's deadline has passed ends.
    pub fn deadline_passed(&mut self, now: Duration) {
        self.now = self.now.max(now);
        let whole_case = self.now >= self.deadline;
        match &self.doing {
            Doing::Waiting { until } if self.now >= *until => self.doing = Doing::Stepping,
            Doing::Inquiring(inquiring) if !whole_case && self.now >= inquiring.again => self.ask(),
            Doing::KeepingSilent { until, .. } if self.now >= *until => self.silence_kept(),
            Doing::Exchanging(running) if whole_case || self.now >= running.until => self.exchange_timed_out(),
            Doing::Accepting(awaited) if whole_case || self.now >= awaited.until => self.nobody_came(),
            Doing::Preparing(preparation) if whole_case || self.now >= preparation.until => self.preparation_timed_out(),
            Doing::Authenticating(exchange) if whole_case || self.now >= exchange.until => self.sasl_closed("no answer in time"),
            Doing::AwaitingClose { on, until, span } if whole_case || self.now >= *until => {
                let (on, span) = (on.clone(), *span);
                self.fail(vec![self.connection_finding(&on, span, format!("{} keeps the connection open", self.party(&on)))]);
            }
            Doing::Opening(on) if whole_case => {
                let name = on.clone();
                self.open_failed(&name, "no connection in time", now);
            }
            Doing::Over => {}
            _ if whole_case => {
                let message = format!("the case took longer than {:?}", self.case.timeout);
                self.fail(vec![self.finding(FindingKind::TimedOut, None, "", message)]);
                self.over();
            }
            _ => {}
        }
    }

    /// What the TLS of a connection can be bound to: names of the IANA registry of channel bindings with their data, the best
    /// first. To be told before [`Engine::opened`] or [`Engine::secured`].
    pub fn bound(&mut self, connection: &str, bindings: Vec<(&'static str, Vec<u8>)>) {
        if let Some(state) = self.connections.get_mut(connection) {
            state.bindings = bindings;
        }
    }

    /// A demanded connection is open (and, for implicit TLS, secured).
    pub fn opened(&mut self, connection: &str, tls: bool, now: Duration) {
        self.now = self.now.max(now);
        let Doing::Opening(name) = &self.doing else { return };
        let name = name.clone();
        if let Some(state) = self.connections.get_mut(connection) {
            (state.open, state.tls) = (true, tls);
        }
        self.note(&name, if tls { "connected, TLS" } else { "connected" }.to_owned());
        self.prepare(name);
    }

    /// A demanded connection could not be opened.
    pub fn open_failed(&mut self, connection: &str, why: &str, now: Duration) {
        self.now = self.now.max(now);
        let name: ConnectionName = Arc::from(connection);
        self.note(&name, format!("no connection: {why}"));
        // A server that is coming up may take the connection of the next attempt.
        if self.try_again() {
            return;
        }
        self.end(Verdict::Errored, format!("cannot connect: {why}"));
    }

    /// A demanded TLS handshake is done.
    pub fn secured(&mut self, connection: &str, now: Duration) {
        self.now = self.now.max(now);
        if self.served_is_secured(connection) {
            return;
        }
        let Doing::Upgrading { on, expect, span, then } = std::mem::replace(&mut self.doing, Doing::Stepping) else { return };
        if let Some(state) = self.connections.get_mut(connection) {
            let left = state.framer.secured();
            state.tls = true;
            state.inbox.clear();
            if !left.is_empty() {
                self.note(&on, format!("{} octets of plain text before the handshake are dropped", left.len()));
            }
        }
        self.note(&on, "TLS established".to_owned());
        match then {
            Some(preparation) => self.continue_preparation(preparation),
            None if expect == Handshake::Refused => self.fail(vec![self.finding(
                FindingKind::Tls,
                span,
                &on,
                "the TLS handshake succeeded where it must not".to_owned(),
            )]),
            None => {}
        }
    }

    /// A demanded TLS handshake failed; the connection is gone.
    pub fn tls_failed(&mut self, connection: &str, why: &str, now: Duration) {
        self.now = self.now.max(now);
        if self.served_stays_plain(connection, why) {
            return;
        }
        let Doing::Upgrading { on, expect, span, then } = std::mem::replace(&mut self.doing, Doing::Stepping) else { return };
        if let Some(state) = self.connections.get_mut(connection) {
            (state.open, state.end) = (false, Some(format!("TLS: {why}")));
        }
        self.note(&on, format!("TLS failed: {why}"));
        match then {
            Some(_) => self.end(Verdict::Blocked, format!("the TLS handshake failed: {why}")),
            None if expect == Handshake::Refused => {}
            None if expect == Handshake::Either => self.over(),
            None => self.fail(vec![self.finding(FindingKind::Tls, span, &on, format!("the TLS handshake failed: {why}"))]),
        }
    }

    /// What came of a control.
    pub fn controlled(&mut self, result: Result<(), String>, now: Duration) {
        self.now = self.now.max(now);
        let Doing::Controlling = std::mem::replace(&mut self.doing, Doing::Stepping) else { return };
        if let Err(why) = result {
            self.end(Verdict::Errored, format!("the control did not work: {why}"));
        }
    }

    /// Cuts the case short from outside (Ctrl-C, a dead target).
    pub fn abandon(&mut self, verdict: Verdict, why: String) {
        if !matches!(self.doing, Doing::Over) {
            self.end(verdict, why);
        }
    }

    /// What came of it. Call after [`Demand::Finished`].
    pub fn finish(self) -> Played {
        let fingerprint = self.findings.first().map(|finding| fingerprint(finding, &self.scope));
        Played {
            verdict: self.verdict,
            reason: self.reason,
            findings: self.findings,
            transcript: self.transcript,
            captures: self.scope.captures,
            fingerprint,
            duration: self.now,
        }
    }

    /// Feeds complete replies of a connection to whatever awaits them. One at a time: what ends an exchange must not depend on
    /// how many replies came together.
    fn pump(&mut self, connection: &str) {
        loop {
            let Some(state) = self.connections.get_mut(connection) else { return };
            let waiting = match &self.doing {
                Doing::Preparing(preparation) => *preparation.on == *connection,
                Doing::Exchanging(running) => *running.on == *connection,
                Doing::Authenticating(exchange) => *exchange.on == *connection,
                Doing::KeepingSilent { on, .. } => **on == *connection,
                Doing::AwaitingClose { on, .. } => **on == *connection,
                _ => false,
            };
            if !waiting {
                return;
            }
            if state.inbox.is_empty() {
                // What a served connection says is taken in as it comes.
                if state.served.is_some() {
                    return;
                }
                match state.framer.next() {
                    Some(reply) => {
                        state.numbering.received(&reply);
                        self.replies += 1;
                        if self.replies > self.scope.environment.limits.replies {
                            return self.flooded(connection);
                        }
                        let (bytes, tls) = (reply.raw.clone(), state.tls);
                        state.inbox.push_back(reply);
                        self.record(connection, tls, What::Received(bytes));
                        continue;
                    }
                    None => return,
                }
            }
            let Some(reply) = state.inbox.pop_front() else { return };
            match &self.doing {
                Doing::Preparing(_) => self.preparation_reply(reply),
                Doing::Exchanging(_) => self.exchange_reply(reply),
                Doing::Authenticating(_) => self.sasl_reply(reply),
                Doing::KeepingSilent { .. } => self.silence_broken(reply),
                // BYE and 421 may precede the end (RFC 3501 §7.1.5, RFC 5321 §3.8); what else comes stands in the transcript.
                _ => {}
            }
        }
    }

    fn open(&mut self, name: ConnectionName, start: Start) {
        let limits = self.scope.environment.limits;
        let unnamed = name.is_empty();
        let implicit_tls = unnamed && self.case.variant.transport == Some(Transport::Tls);
        self.demands.push_back(Demand::Open {
            connection: name.clone(),
            protocol: start.protocol,
            service: start.service.clone(),
            server: start.server.clone(),
            implicit_tls,
        });
        self.connections.insert(name.clone(), Connection::new(start, limits));
        self.doing = Doing::Opening(name);
    }
}

#[cfg(test)]
mod tests;
