//! Bringing a connection to its start state. Nothing here is judged: a refusal blocks the case.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Demand, Doing, Engine};
use crate::outcome::Verdict;
use crate::protocol::Reply;
use crate::protocol::start::{self, Credentials, Decision, Ready, Want};
use crate::suite::{ConnectionName, Handshake, Transport};
use crate::transcript::visible;

/// The steps that are left, and the reply that is awaited.
#[derive(Debug)]
pub struct Preparation {
    pub on: ConnectionName,
    steps: VecDeque<Ready>,
    awaited: Option<(Want, String)>,
    pub until: Duration,
}

impl Engine {
    /// Starts to prepare a connection that is open.
    pub(super) fn prepare(&mut self, on: ConnectionName) {
        let Some(state) = self.connections.get(&on) else { return };
        let start = &state.start;
        let environment = &self.scope.environment;
        let account = environment.accounts.get(&start.role);
        let who = account.map(|account| Credentials { login: &account.login, password: &account.password });
        let variable = start.mailbox.clone().or_else(|| self.case.mailboxes.first().map(|seed| seed.variable.clone()));
        let mailbox = variable.as_ref().and_then(|name| environment.mailboxes.get(name)).map_or("INBOX", String::as_str);
        let lmtp = start.service.as_deref() == Some("lmtp");
        let starttls = on.is_empty() && self.case.variant.transport == Some(Transport::StartTls) && !state.tls;
        let steps = start::steps(start.protocol, lmtp, start.state, starttls, who, mailbox);
        let until = self.now + environment.step_timeout;
        self.continue_preparation(Preparation { on, steps: steps.into(), awaited: None, until });
    }

    /// Goes on with the next step; the case goes on when there is none.
    pub(super) fn continue_preparation(&mut self, mut preparation: Preparation) {
        preparation.until = self.now + self.scope.environment.step_timeout;
        let on = preparation.on.clone();
        match preparation.steps.pop_front() {
            None => self.doing = Doing::Stepping,
            Some(Ready::Tls) => {
                self.demands.push_back(Demand::StartTls { connection: on.clone(), inject: Vec::new(), certificate: None });
                self.doing = Doing::Upgrading { on, expect: Handshake::Established, span: None, then: Some(preparation) };
            }
            Some(Ready::Await { want, what }) => {
                preparation.awaited = Some((want, what));
                self.doing = Doing::Preparing(preparation);
                self.pump(&on);
            }
            Some(Ready::Send { mut line, want, what }) => {
                preparation.awaited = Some((want, what));
                self.doing = Doing::Preparing(preparation);
                if let Some(state) = self.connections.get_mut(&on) {
                    state.framer.sent(&line, false);
                }
                line.extend_from_slice(b"\r\n");
                self.write(&on, line);
                self.pump(&on);
            }
        }
    }

    pub(super) fn preparation_reply(&mut self, reply: Reply) {
        let Doing::Preparing(preparation) = std::mem::replace(&mut self.doing, Doing::Stepping) else { return };
        let Some((want, what)) = &preparation.awaited else {
            self.doing = Doing::Preparing(preparation);
            return;
        };
        match want.decide(&reply.raw) {
            Decision::Accepted => self.continue_preparation(preparation),
            Decision::ReadOn => self.doing = Doing::Preparing(preparation),
            Decision::Refused => {
                let shown = visible(reply.raw.get(..200).unwrap_or(&reply.raw).trim_ascii_end());
                let why = format!("the set-up failed at {what}: the server said `{shown}`");
                self.blocked(why);
            }
        }
    }

    pub(super) fn preparation_closed(&mut self, why: &str) {
        let Doing::Preparing(preparation) = &self.doing else { return };
        let what = preparation.awaited.as_ref().map_or("the start", |(_, what)| what);
        let fragment = self.connections.get(&preparation.on).map_or(&[][..], |state| state.framer.pending());
        let unfinished = match fragment.get(..200).unwrap_or(fragment) {
            [] => String::new(),
            shown => format!("; {} octets of an unfinished reply came: `{}`", fragment.len(), visible(shown)),
        };
        let why = format!("the set-up failed at {what}: {why}{unfinished}");
        self.blocked(why);
    }

    /// What does not work now may work at the next attempt of an `eventually`; elsewhere it ends the case.
    fn blocked(&mut self, why: String) {
        if self.try_again() {
            return;
        }
        self.end(Verdict::Blocked, why);
    }

    pub(super) fn preparation_timed_out(&mut self) {
        self.preparation_closed("no answer in time");
    }
}
