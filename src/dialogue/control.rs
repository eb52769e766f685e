//! Carries out one step: exchanges go to `exchange.rs`, everything else is here.

use std::sync::Arc;

use super::{Demand, Doing, Engine, render};
use crate::outcome::FindingKind;
use crate::protocol::Reply;
use crate::suite::topology::Control;
use crate::suite::{Action, CapabilityNeed, ConnectionName, Handshake, Party, RawTemplate, Span, Step};
use crate::transcript::visible;

impl Engine {
    /// Takes the next step of the case, or ends it.
    pub(super) fn step(&mut self) {
        let case = Arc::clone(&self.case);
        match self.program.advance(&case) {
            Some(step) => self.carry_out(step),
            None => {
                let open: Vec<ConnectionName> =
                    self.connections.iter().filter(|(_, state)| state.open).map(|(name, _)| name.clone()).collect();
                self.over();
                self.demands.extend(open.into_iter().map(|connection| Demand::Close { connection }));
            }
        }
    }

    fn carry_out(&mut self, step: &Step) {
        let span = step.span;
        match &step.action {
            Action::Exchange(exchange) => self.begin_exchange(exchange, span),
            Action::Raw { on, bytes } => self.send_raw(on, bytes, span),
            Action::Connect { name, start } => self.open(name.clone(), start.clone()),
            Action::Reconnect { on, start } => {
                let Some(state) = self.connections.get(on) else { return };
                let mut begin = state.start.clone();
                if let Some(start) = start {
                    begin.state = *start;
                }
                if state.open {
                    self.demands.push_back(Demand::Close { connection: on.clone() });
                }
                self.open(on.clone(), begin);
            }
            Action::Close { on } => {
                self.note(on, "we half-close the connection".to_owned());
                self.demands.push_back(Demand::HalfClose { connection: on.clone() });
            }
            Action::Compress { on, active } => {
                let what = if *active { "both sides compress from here on" } else { "nobody compresses any more" };
                self.note(on, what.to_owned());
                self.demands.push_back(Demand::Compress { connection: on.clone(), active: *active });
            }
            Action::Reset { on } => {
                self.note(on, "we reset the connection".to_owned());
                if let Some(state) = self.connections.get_mut(on) {
                    (state.open, state.end) = (false, Some("we reset the connection".to_owned()));
                }
                self.demands.push_back(Demand::Reset { connection: on.clone() });
            }
            Action::Accept { name, peer, within, serve } => self.begin_accepting(name, peer, *within, serve.clone(), span),
            Action::Refuse { peer } => self.refuse(peer),
            Action::Unvisited { peer, lasting } => self.begin_unvisited(peer, *lasting, span),
            Action::Tls { on, expect, certificate, .. } if self.party(on) == Party::Client => {
                self.accept_tls(on, *certificate, *expect, span);
            }
            Action::Tls { on, inject, role, expect, .. } => self.start_tls(on, inject.as_ref(), role.as_deref(), *expect, span),
            Action::Authenticate { on, asked } => self.begin_sasl(on, asked, span),
            Action::Closed { on, within } => {
                if self.connections.get(on).is_some_and(|state| state.open) {
                    self.doing = Doing::AwaitingClose { on: on.clone(), until: self.now + *within, span };
                    let on = on.clone();
                    self.pump(&on);
                }
            }
            Action::Silence { on, lasting } => {
                self.doing = Doing::KeepingSilent { on: on.clone(), until: self.now + *lasting, span };
                let on = on.clone();
                self.pump(&on);
            }
            Action::Wait(lasting) => self.doing = Doing::Waiting { until: self.now + *lasting },
            Action::Eventually { within, .. } => {
                let (captures, entries) = (self.scope.captures.len(), self.transcript.entries.len());
                self.program.enter_repeated(self.now + *within, captures, entries);
            }
            Action::When { capability, .. } => {
                if self.offers(capability) {
                    self.program.enter();
                }
            }
            Action::Control(control) => self.control(control.clone()),
            Action::Inquire(inquiry) => self.inquire(inquiry, span),
        }
    }

    /// Whether any protocol of the case announces it; the unnamed connection's counts first.
    fn offers(&self, capability: &CapabilityNeed) -> bool {
        self.scope.environment.offers(self.case.start.protocol, capability)
    }

    fn control(&mut self, control: Control) {
        self.note(&ConnectionName::from(""), control.to_string());
        self.demands.push_back(Demand::Control(control));
        self.doing = Doing::Controlling;
    }

    fn send_raw(&mut self, on: &ConnectionName, bytes: &RawTemplate, span: Span) {
        match render::raw(bytes, &self.scope) {
            Ok(bytes) => {
                if let Some(state) = self.connections.get_mut(on) {
                    if !state.open {
                        let why = state.end.clone().unwrap_or_else(|| "not open".to_owned());
                        let finding = self.connection_finding(on, span, format!("cannot send: {why}"));
                        return self.fail(vec![finding]);
                    }
                    for line in lines(&bytes) {
                        state.framer.sent(line, false);
                        state.numbering.sent(line);
                    }
                }
                self.write(on, bytes);
            }
            Err(unknown) => self.fail(vec![self.finding(FindingKind::Missing, Some(span), on, unknown.message)]),
        }
    }

    fn start_tls(
        &mut self,
        on: &ConnectionName,
        inject: Option<&RawTemplate>,
        role: Option<&str>,
        expect: Handshake,
        span: Span,
    ) {
        let certificate = match role.map(|role| self.scope.certificate(role)) {
            None => None,
            Some(Ok(certificate)) => Some(certificate),
            Some(Err(why)) => return self.fail(vec![self.finding(FindingKind::Missing, Some(span), on, why)]),
        };
        let inject = match inject.map(|bytes| render::raw(bytes, &self.scope)).transpose() {
            Ok(inject) => inject.unwrap_or_default(),
            Err(unknown) => return self.fail(vec![self.finding(FindingKind::Missing, Some(span), on, unknown.message)]),
        };
        if !inject.is_empty() {
            self.write_note(on, &inject);
        }
        self.demands.push_back(Demand::StartTls { connection: on.clone(), inject, certificate });
        self.doing = Doing::Upgrading { on: on.clone(), expect, span: Some(span), then: None };
    }

    fn write_note(&mut self, on: &ConnectionName, bytes: &[u8]) {
        self.note(on, format!("before the handshake, in clear: `{}`", visible(bytes)));
    }

    /// A whole reply came where nothing may come.
    pub(super) fn silence_broken(&mut self, reply: Reply) {
        let Doing::KeepingSilent { on, span, .. } = &self.doing else { return };
        let (on, span) = (on.clone(), *span);
        let mut finding =
            self.finding(FindingKind::Forbidden, Some(span), &on, format!("{} speaks where it must be silent", self.party(&on)));
        finding.received = Some(crate::protocol::render(&reply).join("\n"));
        self.doing = Doing::Stepping;
        self.fail(vec![finding]);
    }

    /// Time is up and no whole reply came; a part of one breaks the silence, too. It is judged only now, since how much of a reply
    /// has come at an earlier instant is the network's doing.
    pub(super) fn silence_kept(&mut self) {
        let Doing::KeepingSilent { on, span, .. } = std::mem::replace(&mut self.doing, Doing::Stepping) else { return };
        let fragment = self.connections.get(&on).map_or(&[][..], |state| state.framer.pending());
        if fragment.is_empty() {
            return;
        }
        let mut finding =
            self.finding(FindingKind::Forbidden, Some(span), &on, format!("{} speaks where it must be silent", self.party(&on)));
        let shown = visible(fragment.get(..200).unwrap_or(fragment));
        finding.hints.push(format!("{} octets of an unfinished {} came: `{shown}`", fragment.len(), unfinished(self.party(&on))));
        self.fail(vec![finding]);
    }
}

/// What it is of which only a part came.
pub(super) fn unfinished(party: Party) -> &'static str {
    match party {
        Party::Server => "reply",
        Party::Client => "command or message",
    }
}

/// The complete lines of raw bytes, for framers that must know which commands were sent.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|b| *b == b'\n').filter_map(|line| line.strip_suffix(b"\r\n"))
}
