//! The harness as a peer of the server under test: it waits for the server's connections, and answers on them by itself where the suite
//! says `serve:`.

use std::sync::Arc;
use std::time::Duration;

use super::connection::{Connection, Served};
use super::{Demand, Doing, Engine};
use crate::outcome::FindingKind;
use crate::protocol::smtp::client::Said;
use crate::protocol::smtp::usual::Peer;
use crate::protocol::{Parsed, Reply};
use crate::suite::template::{Piece, Template};
use crate::suite::{Certificate, ConnectionName, Handshake, Serve, Span};
use crate::transcript::What;

/// A connection that must come, or must not.
#[derive(Debug)]
pub struct Awaited {
    on: ConnectionName,
    peer: String,
    pub until: Duration,
    span: Span,
    /// It must not come.
    forbidden: bool,
}

impl Awaited {
    pub(super) fn demand(&self, deadline: Duration) -> Demand {
        Demand::Accept { connection: self.on.clone(), peer: self.peer.clone(), until: self.until.min(deadline) }
    }
}

impl Engine {
    /// Listens for every peer from the start, since nobody knows when the server sends.
    pub(super) fn listen(&mut self) {
        for (name, peer) in &self.scope.environment.peers {
            self.demands.push_back(Demand::Listen { peer: name.clone(), address: peer.address });
        }
    }

    /// Listens no more, until the peer is to accept again.
    pub(super) fn refuse(&mut self, peer: &str) {
        if self.refused.insert(peer.to_owned()) {
            self.demands.push_back(Demand::Refuse { peer: peer.to_owned() });
        }
    }

    pub(super) fn begin_accepting(
        &mut self,
        name: &ConnectionName,
        peer: &str,
        within: Duration,
        serve: Option<Arc<Serve>>,
        span: Span,
    ) {
        let Some(known) = self.scope.environment.peers.get(peer).cloned() else {
            let finding = self.finding(FindingKind::Missing, Some(span), name, format!("no peer is leased for `{peer}`"));
            return self.fail(vec![finding]);
        };
        if self.refused.remove(peer) {
            self.demands.push_back(Demand::Listen { peer: peer.to_owned(), address: known.address });
        }
        let served = match serve.map(|serve| self.served(serve, known.domain)).transpose() {
            Ok(served) => served,
            Err(message) => return self.fail(vec![self.finding(FindingKind::Missing, Some(span), name, message)]),
        };
        if self.connections.get(name).is_some_and(|state| state.open) {
            self.demands.push_back(Demand::Close { connection: name.clone() });
        }
        self.connections.insert(name.clone(), Connection::accepted(peer, served, self.scope.environment.limits));
        let until = self.now + within;
        self.doing = Doing::Accepting(Awaited { on: name.clone(), peer: peer.to_owned(), until, span, forbidden: false });
    }

    pub(super) fn begin_unvisited(&mut self, peer: &str, lasting: Duration, span: Span) {
        // A name no suite can give: what comes is closed at once.
        let on: ConnectionName = Arc::from(format!("({peer})"));
        let until = self.now + lasting;
        self.doing = Doing::Accepting(Awaited { on, peer: peer.to_owned(), until, span, forbidden: true });
    }

    /// The demanded connection came.
    pub fn accepted(&mut self, connection: &str, now: Duration) {
        self.now = self.now.max(now);
        let Doing::Accepting(awaited) = &self.doing else { return };
        let (on, span, forbidden) = (awaited.on.clone(), awaited.span, awaited.forbidden);
        let domain = self.domain_of(&awaited.peer);
        self.doing = Doing::Stepping;
        if forbidden {
            self.note(&on, format!("the server connects to {domain}"));
            self.demands.push_back(Demand::Close { connection: on.clone() });
            let message = format!("the server connects to {domain}, where it must not");
            return self.fail(vec![self.finding(FindingKind::Forbidden, Some(span), "", message)]);
        }
        let Some(state) = self.connections.get_mut(connection) else { return };
        state.open = true;
        let greeting = state.served.as_ref().map(|served| (served.by.greeting.clone(), served.usual.greeting()));
        self.note(&on, format!("the server connects to {domain}"));
        if let Some((written, usual)) = greeting {
            let text = written.and_then(|template| self.filled(&template)).unwrap_or(usual);
            self.reply(&on, &text);
            self.close_behind(&on, &text);
        }
    }

    /// Time is up and nobody came.
    pub(super) fn nobody_came(&mut self) {
        let Doing::Accepting(awaited) = std::mem::replace(&mut self.doing, Doing::Stepping) else { return };
        if awaited.forbidden && self.now >= awaited.until {
            return;
        }
        let domain = self.domain_of(&awaited.peer);
        let message = format!("the server did not connect to {domain}");
        let mut finding = self.connection_finding(&awaited.on, awaited.span, message);
        if let Some(peer) = self.scope.environment.peers.get(&awaited.peer) {
            finding
                .hints
                .push(format!("we listened at {}, where the target's file says that mail for {domain} goes", peer.address));
        }
        self.fail(vec![finding]);
    }

    fn domain_of(&self, peer: &str) -> String {
        self.scope.environment.peers.get(peer).map_or(peer.to_owned(), |peer| peer.domain.clone())
    }

    /// The handshake as server, after the client's STARTTLS was answered.
    pub(super) fn accept_tls(&mut self, on: &ConnectionName, certificate: Certificate, expect: Handshake, span: Span) {
        let domain = self.connections.get(on).map(|state| self.domain_of(&state.peer)).unwrap_or_default();
        self.demands.push_back(Demand::AcceptTls { connection: on.clone(), certificate, domain });
        self.doing = Doing::Upgrading { on: on.clone(), expect, span: Some(span), then: None };
    }

    fn served(&self, by: Arc<Serve>, domain: String) -> Result<Served, String> {
        let filled = |template: &Template| self.filled(template).ok_or_else(|| format!("`{}` has no value here", template.text));
        let capabilities = by.capabilities.iter().map(filled).collect::<Result<_, _>>()?;
        let used = vec![0; by.rules.len()];
        Ok(Served { by, usual: Peer { domain, capabilities, ..Peer::default() }, used, securing: false })
    }

    /// Takes in and answers everything that has come on a served connection. Each thing is answered before the next is looked at, so
    /// that neither the answers nor the transcript depend on how the bytes were cut.
    pub(super) fn answer(&mut self, connection: &str) {
        let name: ConnectionName = Arc::from(connection);
        loop {
            let Some(state) = self.connections.get_mut(connection).filter(|state| state.open) else { return };
            if !state.served.as_ref().is_some_and(|served| !served.securing) {
                return;
            }
            let Some(said) = state.framer.next() else { return };
            let (bytes, tls) = (said.raw.clone(), state.tls);
            state.inbox.push_back(said.clone());
            self.replies += 1;
            if self.replies > self.scope.environment.limits.replies {
                return self.flooded(connection);
            }
            // The message behind the last BDAT is told by its chunks.
            if !bytes.is_empty() {
                self.record(connection, tls, What::Received(bytes));
            }
            self.answer_one(&name, &said);
        }
    }

    fn answer_one(&mut self, on: &ConnectionName, reply: &Reply) {
        let said = match &reply.parsed {
            Parsed::Client(Said::Message(message)) if !message.dotted => return,
            Parsed::Client(said) => said,
            // What no grammar accepts is a finding; the client hears that it was not understood (RFC 5321 §4.2.4).
            _ => return self.reply(on, "500 not understood"),
        };
        let Some(text) = self.answer_to(on, reply, said) else { return };
        self.reply(on, &text);
        let Some(state) = self.connections.get_mut(on) else { return };
        let Some(served) = &mut state.served else { return };
        served.usual.answered(said, &text);
        let command = match said {
            Said::Command(command) => command.verb(),
            Said::Message(_) => Vec::new(),
        };
        if command == b"STARTTLS" && text.starts_with("220") {
            served.securing = true;
            let (certificate, domain) = (served.by.certificate, served.usual.domain.clone());
            self.demands.push_back(Demand::AcceptTls { connection: on.clone(), certificate, domain });
        } else {
            self.close_behind(on, &text);
        }
    }

    /// RFC 5321 §3.8: a server closes behind 221 and 421.
    fn close_behind(&mut self, on: &ConnectionName, reply: &str) {
        if !reply.starts_with("221") && !reply.starts_with("421") {
            return;
        }
        let why = "we close the connection";
        if let Some(state) = self.connections.get_mut(on) {
            (state.open, state.end) = (false, Some(why.to_owned()));
        }
        self.note(on, why.to_owned());
        self.demands.push_back(Demand::Close { connection: on.clone() });
    }

    /// The reply of the first rule that fits, or the usual one.
    fn answer_to(&mut self, on: &ConnectionName, reply: &Reply, said: &Said) -> Option<String> {
        let served = self.connections.get(on)?.served.as_ref()?;
        let rule = served.by.rules.iter().position(|rule| rule.pattern.accepts(reply, &self.scope));
        let Some(index) = rule else { return Some(served.usual.answer(said)) };
        let by = Arc::clone(&served.by);
        let times = *served.used.get(index)?;
        let replies = &by.rules.get(index)?.replies;
        let template = replies.get(times).or(replies.last())?;
        let text = self.filled(template);
        if let Some(used) = self.connections.get_mut(on)?.served.as_mut()?.used.get_mut(index) {
            *used += 1;
        }
        text.or_else(|| Some("451 the suite's reply has no value here".to_owned()))
    }

    /// Sends a reply; its lines are separated by `\n`.
    fn reply(&mut self, on: &ConnectionName, text: &str) {
        if let Some(state) = self.connections.get_mut(on) {
            state.framer.sent(text.as_bytes(), false);
        }
        let bytes = text.lines().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
        self.write(on, bytes);
    }

    /// Where the answer to what came closed the connection, nobody need wait for more.
    pub(super) fn closed_by_us(&mut self, connection: &str) {
        let served = self.connections.get(connection).filter(|state| state.served.is_some() && !state.open);
        if let Some(why) = served.and_then(|state| state.end.clone()) {
            self.end_of(connection, &why);
        }
    }

    /// The handshake of a served connection is done. `false`: it is another connection's.
    pub(super) fn served_is_secured(&mut self, connection: &str) -> bool {
        let Some(state) = self.connections.get_mut(connection) else { return false };
        let Some(served) = state.served.as_mut().filter(|served| served.securing) else { return false };
        (served.securing, served.usual.tls, state.tls) = (false, true, true);
        let left = state.framer.secured();
        let name: ConnectionName = Arc::from(connection);
        if !left.is_empty() {
            self.note(&name, format!("{} octets of plain text before the handshake are dropped", left.len()));
        }
        self.note(&name, "TLS established".to_owned());
        true
    }

    /// The handshake of a served connection failed. `false`: it is another connection's.
    pub(super) fn served_stays_plain(&mut self, connection: &str, why: &str) -> bool {
        let Some(state) = self.connections.get_mut(connection) else { return false };
        if !state.served.as_ref().is_some_and(|served| served.securing) {
            return false;
        }
        let now = self.now;
        self.closed(connection, &format!("the TLS handshake failed: {why}"), now);
        true
    }

    /// A template with its values put in; `None`: one has none.
    fn filled(&self, template: &Template) -> Option<String> {
        let mut text = String::new();
        for piece in &template.pieces {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Hole(hole) => {
                    let value = crate::matching::Values::value(&self.scope, &hole.name, hole.argument.as_deref())?;
                    text.push_str(&String::from_utf8_lossy(&value));
                }
            }
        }
        Some(text)
    }
}
