//! AUTH: logs in by SASL (RFC 5034).

use super::{Command, Run, USUAL};
use crate::extensions::Extension;
use crate::pop3::reply::{Code, Reply};
use crate::pop3::session::{Pop3Session, State};
use crate::pop3::text::Text;
use crate::sasl::{self, Exchange, Failure, Mechanism, Progress};
use crate::session::After;

pub(super) const COMMAND: Command = Command {
    keyword: "AUTH",
    usage: "AUTH mechanism [initial-response]",
    extension: Some(Extension::Pop3Sasl),
    arguments: 1..=2,
    run: Run::Authorization(run),
    ..USUAL
};

fn run(session: &mut Pop3Session, _user: Option<String>, arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    let named = arguments.first().and_then(|name| Mechanism::named(std::str::from_utf8(name).ok()?));
    let Some(mechanism) = named.filter(|mechanism| mechanism.is_offered(&session.site, &session.peer)) else {
        let plaintext = named.is_some_and(Mechanism::is_plaintext) && !session.plaintext();
        reply.error(if plaintext { Text::NeedsTls } else { Text::NoSuchMechanism });
        return After::Continue;
    };
    let initial = match arguments.get(1) {
        None => None,
        Some(text) => match sasl::decode_initial(text) {
            Some(initial) => Some(initial),
            None => {
                reply.error(Text::InitialNotBase64);
                return After::Continue;
            }
        },
    };
    let mut exchange = Exchange::new(mechanism, &session.site, &session.peer);
    let progress = exchange.start(initial.as_deref());
    go_on(session, exchange, progress, reply)
}

/// A line that came within the exchange.
pub(in crate::pop3) fn response(session: &mut Pop3Session, line: &[u8], reply: &mut Reply<'_>) -> After {
    // Whatever happens, the exchange is over unless it asks for more: RFC 5034 §4, as if AUTH had not been given.
    let awaited = std::mem::replace(&mut session.state, State::Authorization { user: None });
    let State::Exchange(mut exchange) = awaited else {
        session.state = awaited;
        return After::Continue;
    };
    if line == b"*" {
        reply.error(Text::Cancelled);
        return After::Continue;
    }
    let Some(message) = sasl::decode(line) else {
        reply.error(Text::NotBase64);
        return After::Continue;
    };
    let progress = exchange.answer(&message);
    go_on(session, exchange, progress, reply)
}

fn go_on(session: &mut Pop3Session, exchange: Exchange, progress: Progress, reply: &mut Reply<'_>) -> After {
    match progress {
        Progress::Challenge(challenge) => {
            reply.challenge(&sasl::encode(&challenge));
            session.state = State::Exchange(exchange);
        }
        Progress::Done(Ok(account)) => session.open_maildrop(&account, reply),
        Progress::Done(Err(Failure::Malformed)) => reply.error(Text::OtherMechanism),
        // RFC 3206 §5: the credentials are the problem.
        Progress::Done(Err(Failure::Credentials)) => reply.refuse(Code::Auth, Text::NameOrPassword),
        Progress::Done(Err(Failure::Authorization)) => reply.refuse(Code::Auth, Text::MayNotAct),
        Progress::Done(Err(Failure::ChannelBinding)) => reply.refuse(Code::Auth, Text::ChannelBinding),
        // RFC 3206 §4: nothing is wrong with the credentials.
        Progress::Done(Err(Failure::Temporary)) => reply.refuse(Code::SysTemp, Text::NotNow),
    }
    After::Continue
}
