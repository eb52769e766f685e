//! The `authenticate:` action: a whole SASL exchange in the profile of each protocol (RFC 4954, RFC 5034, RFC 3501 §6.2.2).

use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};

use super::{Doing, Engine};
use crate::outcome::FindingKind;
use crate::protocol::Reply;
use crate::suite::{ConnectionName, Protocol, Span};
use crate::transcript::visible;

/// What is still to be answered to challenges.
#[derive(Debug)]
pub struct Exchange {
    pub on: ConnectionName,
    pub until: Duration,
    span: Span,
    protocol: Protocol,
    tag: String,
    answers: VecDeque<Answer>,
}

/// An answer to one challenge.
#[derive(Debug)]
enum Answer {
    Fixed(Vec<u8>),
    /// RFC 2195 §2: login, a blank, and the HMAC-MD5 of the challenge in hexadecimal.
    CramMd5 {
        login: String,
        password: String,
    },
}

impl Engine {
    /// Sends the command that begins the exchange.
    pub(super) fn begin_sasl(&mut self, on: &ConnectionName, role: &str, mechanism: &str, span: Span) {
        let environment = &self.scope.environment;
        let (Some(account), Some(state)) = (environment.accounts.get(role), self.connections.get(on)) else {
            let finding =
                self.finding(FindingKind::Missing, Some(span), on, format!("no account is leased for the role `{role}`"));
            return self.fail(vec![finding]);
        };
        let protocol = state.start.protocol;
        let answers = match mechanism {
            "PLAIN" => vec![Answer::Fixed(self.scope.sasl_plain(role).unwrap_or_default())],
            "LOGIN" => {
                vec![Answer::Fixed(account.login.clone().into_bytes()), Answer::Fixed(account.password.clone().into_bytes())]
            }
            _ => vec![Answer::CramMd5 { login: account.login.clone(), password: account.password.clone() }],
        };
        let tag = format!("sasl{}", self.transcript.entries.len());
        let line = match protocol {
            Protocol::Smtp | Protocol::Pop3 => format!("AUTH {mechanism}"),
            Protocol::Imap => format!("{tag} AUTHENTICATE {mechanism}"),
        };
        let until = self.now + environment.step_timeout;
        let exchange = Exchange { on: on.clone(), until, span, protocol, tag, answers: answers.into() };
        self.doing = Doing::Authenticating(exchange);
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
        let challenge = match exchange.protocol {
            Protocol::Smtp => raw.strip_prefix(b"334"),
            Protocol::Pop3 | Protocol::Imap => raw.strip_prefix(b"+").filter(|rest| rest.first().is_none_or(|b| *b == b' ')),
        };
        let done = match exchange.protocol {
            Protocol::Smtp => raw.starts_with(b"235"),
            Protocol::Pop3 => raw.starts_with(b"+OK"),
            Protocol::Imap => {
                let status = raw.strip_prefix(exchange.tag.as_bytes());
                if status.is_none() && challenge.is_none() {
                    // Untagged responses may come at any time (RFC 3501 §7).
                    self.doing = Doing::Authenticating(exchange);
                    return;
                }
                status.is_some_and(|status| status.to_ascii_uppercase().starts_with(b" OK"))
            }
        };
        if done {
            return;
        }
        match (challenge, exchange.answers.pop_front()) {
            (Some(challenge), Some(answer)) => {
                let line = BASE64.encode(answer.to(challenge.trim_ascii()));
                let on = exchange.on.clone();
                self.doing = Doing::Authenticating(exchange);
                self.send_sasl(&on, line);
            }
            (challenge, _) => {
                let message = if challenge.is_some() {
                    "the server asks for more than the mechanism has"
                } else {
                    "the server refused the authentication"
                };
                let mut finding = self.finding(FindingKind::Mismatch, Some(exchange.span), &exchange.on, message.to_owned());
                finding.received = Some(visible(raw));
                self.fail(vec![finding]);
            }
        }
    }

    pub(super) fn sasl_closed(&mut self, why: &str) {
        let Doing::Authenticating(exchange) = std::mem::replace(&mut self.doing, Doing::Stepping) else { return };
        let finding = self.connection_finding(&exchange.on, exchange.span, format!("the authentication did not finish: {why}"));
        self.fail(vec![finding]);
    }
}

impl Answer {
    fn to(&self, challenge: &[u8]) -> Vec<u8> {
        match self {
            Answer::Fixed(bytes) => bytes.clone(),
            Answer::CramMd5 { login, password } => {
                let challenge = BASE64.decode(challenge).unwrap_or_default();
                let digest = Hmac::<md5::Md5>::new_from_slice(password.as_bytes())
                    .map(|mac| mac.chain_update(&challenge).finalize().into_bytes().to_vec());
                let hex: String = digest.unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{login} {hex}").into_bytes()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cram_md5_gives_the_digest_of_the_rfc() {
        // RFC 2195 §2.
        let answer = Answer::CramMd5 { login: "tim".into(), password: "tanstaaftanstaaf".into() };
        let challenge = b"PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+";
        assert_eq!(answer.to(challenge), b"tim b913a602c7eda7a495b4e6e7334d3890");
    }
}
