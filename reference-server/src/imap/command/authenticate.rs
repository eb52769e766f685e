//! AUTHENTICATE (RFC 3501 §6.2.2) with an initial response (RFC 4959).

use super::{Command, Legal, Outcome, USUAL, login};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::{Code, Status};
use crate::sasl::{self, Exchange, Failure, Mechanism, Progress};

/// ```abnf
/// authenticate = "AUTHENTICATE" SP auth-type [SP (base64 / "=")] *(CRLF base64)     ; RFC 4959 §7
/// ```
pub const COMMAND: Command = Command { name: "AUTHENTICATE", legal: Legal::NotAuthenticated, run, ..USUAL };

/// An exchange that waits for the client's next message.
pub struct Running(Exchange);

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let name = String::from_utf8_lossy(cursor.atom("the name of a mechanism")?).into_owned();
    let initial = match !context.lacks(Extension::ImapSaslIr) && cursor.eat(b' ') {
        false => None,
        true => {
            let Some(message) = sasl::decode_initial(cursor.rest()) else {
                return cursor.expected("an initial response in base64, or \"=\"");
            };
            Some(message)
        }
    };
    if initial.is_none() {
        cursor.end()?;
    }
    let Some(mechanism) = Mechanism::named(&name) else {
        return Ok(Outcome::Done(Status::no(None, "There is no such authentication mechanism here")));
    };
    if mechanism.is_plaintext() && !context.plaintext_allowed() {
        let text = "This mechanism is disabled until TLS is active";
        return Ok(Outcome::Done(Status::no(Code::PrivacyRequired, text)));
    }
    if !mechanism.is_offered(&context.site, &context.peer) {
        return Ok(Outcome::Done(Status::no(None, "This authentication mechanism is not offered now")));
    }
    // "If a client sends an initial response to a mechanism where the server speaks first, the server MUST reject the
    // command with a tagged BAD" (RFC 4959 §3).
    if !mechanism.takes_initial_response() && initial.is_some() {
        return Ok(Outcome::Done(Status::bad("The server speaks first in this mechanism")));
    }
    let mut exchange = Exchange::new(mechanism, &context.site, &context.peer);
    let progress = exchange.start(initial.as_deref());
    Ok(proceed(context, exchange, progress, out))
}

impl Running {
    /// Takes the line the client answers with.
    pub fn answer(mut self, context: &mut Context, line: &[u8], out: &mut Vec<u8>) -> Outcome {
        // "If the client wishes to cancel an authentication exchange, it issues a line consisting of a single "*". […] the
        // server […] MUST reject the AUTHENTICATE command by sending a tagged BAD response" (RFC 3501 §6.2.2).
        if line == b"*" {
            return Outcome::Done(match context.faults().on(Fault::ImapCancelIsNo) {
                true => Status::no(None, "The authentication was cancelled"),
                false => Status::bad("The authentication was cancelled"),
            });
        }
        let Some(message) = sasl::decode(line) else {
            return Outcome::Done(Status::bad("Expected base64, or \"*\" to cancel"));
        };
        let progress = self.0.answer(&message);
        proceed(context, self.0, progress, out)
    }
}

fn proceed(context: &mut Context, exchange: Exchange, progress: Progress, out: &mut Vec<u8>) -> Outcome {
    match progress {
        Progress::Challenge(challenge) => {
            out.extend_from_slice(format!("+ {}\r\n", sasl::encode(&challenge)).as_bytes());
            Outcome::Sasl(Running(exchange))
        }
        Progress::Done(Ok(account)) => Outcome::Done(login::logged_in(context, account, "AUTHENTICATE completed")),
        Progress::Done(Err(Failure::Authorization)) => {
            context.failed_logins += 1;
            Outcome::Done(Status::no(Code::AuthorizationFailed, "Nobody may act for another user here"))
        }
        Progress::Done(Err(Failure::Temporary)) => {
            Outcome::Done(Status::no(Code::Unavailable, "The authentication cannot be done now"))
        }
        Progress::Done(Err(Failure::Credentials | Failure::Malformed | Failure::ChannelBinding)) => {
            Outcome::Done(login::failed(context))
        }
    }
}
