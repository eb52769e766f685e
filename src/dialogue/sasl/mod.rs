//! The `authenticate:` action: a whole SASL exchange in the profile of each protocol (RFC 4954, RFC 5034, RFC 3501 §6.2.2).

mod mechanism;
mod scram;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use self::mechanism::{Answer, Side};
use super::{Doing, Engine, render};
use crate::outcome::FindingKind;
use crate::protocol::Reply;
use crate::suite::{Authentication, ConnectionName, Protocol, RawTemplate, Span};
use crate::transcript::visible;

/// An exchange that is under way.
#[derive(Debug)]
pub struct Exchange {
    pub on: ConnectionName,
    pub until: Duration,
    span: Span,
    protocol: Protocol,
    tag: String,
    side: Side,
    /// The server must refuse it.
    refused: bool,
    /// How the last message is written, where the suite writes it.
    last: Option<RawTemplate>,
}

/// What a reply means to an exchange.
enum Said {
    /// A challenge, still in base64.
    Challenge(Vec<u8>),
    Success,
    Refusal,
    /// It has nothing to do with the exchange.
    Other,
}

impl Engine {
    /// Sends the command that begins the exchange.
    pub(super) fn begin_sasl(&mut self, on: &ConnectionName, asked: &Authentication, span: Span) {
        let Some(state) = self.connections.get(on) else { return };
        let protocol = state.start.protocol;
        let bindings = state.bindings.clone();
        let side = match Side::new(asked, &self.scope, bindings) {
            Ok(side) => side,
            Err(why) => return self.fail(vec![self.finding(FindingKind::Missing, Some(span), on, why)]),
        };
        let tag = format!("sasl{}", self.transcript.entries.len());
        let line = match protocol {
            Protocol::Smtp | Protocol::Pop3 => format!("AUTH {}", asked.mechanism),
            Protocol::Imap => format!("{tag} AUTHENTICATE {}", asked.mechanism),
        };
        let until = self.now + self.scope.environment.step_timeout;
        let (refused, last) = (asked.refused, asked.last.clone());
        self.doing = Doing::Authenticating(Exchange { on: on.clone(), until, span, protocol, tag, side, refused, last });
        self.send_sasl(on, line);
    }

    fn send_sasl(&mut self, on: &ConnectionName, line: String) {
        if let Some(state) = self.connections.get_mut(on) {
            state.framer.sent(line.as_bytes(), false);
        }
        self.write(on, format!("{line}\r\n").into_bytes());
        let on = on.clone();
        self.pump(&on);
    }

    pub(super) fn sasl_reply(&mut self, reply: Reply) {
        let Doing::Authenticating(mut exchange) = std::mem::replace(&mut self.doing, Doing::Stepping) else { return };
        let raw = reply.raw.trim_ascii_end();
        match said(&exchange, raw) {
            // Untagged responses may come at any time (RFC 3501 §7).
            Said::Other => self.doing = Doing::Authenticating(exchange),
            Said::Refusal if exchange.refused => {}
            Said::Refusal => self.sasl_failed(&exchange, "the server refused the authentication", Some(raw)),
            Said::Success if exchange.refused => {
                self.sasl_failed(&exchange, "the server accepts an authentication that must fail", Some(raw));
            }
            Said::Success => {
                if let Err(why) = exchange.side.finish() {
                    self.sasl_failed(&exchange, &why, Some(raw));
                }
            }
            Said::Challenge(challenge) => match self.sasl_answer(&mut exchange, &challenge) {
                Ok(answer) => {
                    let on = exchange.on.clone();
                    self.doing = Doing::Authenticating(exchange);
                    self.send_sasl(&on, BASE64.encode(answer));
                }
                Err(why) => self.sasl_failed(&exchange, &why, Some(raw)),
            },
        }
    }

    /// What the client answers to a challenge; the error says what is wrong with it.
    fn sasl_answer(&mut self, exchange: &mut Exchange, challenge: &[u8]) -> Result<Vec<u8>, String> {
        let challenge = BASE64.decode(challenge).map_err(|error| format!("the challenge is not base64: {error}"))?;
        match exchange.side.answer(&challenge) {
            Answer::Say(message) => Ok(message),
            Answer::Last { nonce, without_proof } => {
                let without_proof = match &exchange.last {
                    None => without_proof,
                    Some(written) => {
                        // `${nonce}` is the server's, and only here.
                        self.scope.captures.push(("nonce".to_owned(), nonce.into_bytes()));
                        let rendered = render::raw(written, &self.scope);
                        self.scope.captures.pop();
                        rendered.map_err(|unknown| unknown.message)?
                    }
                };
                Ok(exchange.side.prove(without_proof))
            }
            // Someone who must be refused goes on to the end: an error the server sends is not its outcome yet.
            Answer::Refused(_) if exchange.refused => Ok(Vec::new()),
            Answer::Refused(why) | Answer::Wrong(why) => Err(why),
        }
    }

    fn sasl_failed(&mut self, exchange: &Exchange, message: &str, received: Option<&[u8]>) {
        let mut finding = self.finding(FindingKind::Mismatch, Some(exchange.span), &exchange.on, message.to_owned());
        finding.received = received.map(visible);
        self.fail(vec![finding]);
    }

    pub(super) fn sasl_closed(&mut self, why: &str) {
        let Doing::Authenticating(exchange) = std::mem::replace(&mut self.doing, Doing::Stepping) else { return };
        let finding = self.connection_finding(&exchange.on, exchange.span, format!("the authentication did not finish: {why}"));
        self.fail(vec![finding]);
    }
}

fn said(exchange: &Exchange, raw: &[u8]) -> Said {
    let challenge = match exchange.protocol {
        Protocol::Smtp => raw.strip_prefix(b"334"),
        Protocol::Pop3 | Protocol::Imap => raw.strip_prefix(b"+").filter(|rest| rest.first().is_none_or(|b| *b == b' ')),
    };
    if let Some(challenge) = challenge {
        return Said::Challenge(challenge.trim_ascii().to_vec());
    }
    let done = match exchange.protocol {
        Protocol::Smtp => raw.starts_with(b"235"),
        Protocol::Pop3 => raw.starts_with(b"+OK"),
        Protocol::Imap => match raw.strip_prefix(exchange.tag.as_bytes()) {
            None => return Said::Other,
            Some(status) => status.to_ascii_uppercase().starts_with(b" OK"),
        },
    };
    if done { Said::Success } else { Said::Refusal }
}
