//! USER: the name that PASS gives the password for (RFC 1939 §7).

use super::{Command, Run, USUAL};
use crate::accounts::saslprep;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::pop3::reply::Reply;
use crate::pop3::session::{Pop3Session, State};
use crate::pop3::text::Text;
use crate::session::After;

pub(super) const COMMAND: Command = Command {
    keyword: "USER",
    usage: "USER name",
    extension: Some(Extension::Pop3User),
    arguments: 1..=1,
    takes_utf8: true,
    run: Run::Authorization(run),
    ..USUAL
};

fn run(session: &mut Pop3Session, user: Option<String>, arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    if !session.plaintext() {
        reply.error(Text::NeedsTls);
        return After::Continue;
    }
    // RFC 1939 §7: after the greeting, or after an unsuccessful USER or PASS.
    if user.is_some() {
        reply.error(Text::PassAfterUser);
        return After::Continue;
    }
    // Whether there is such a user is not told: RFC 1939 §7 allows a positive response to any name.
    let name = std::str::from_utf8(arguments.first().copied().unwrap_or_default()).unwrap_or_default();
    let name = if session.lacks(Extension::Pop3Utf8) || session.site.faults.on(Fault::Pop3NoSaslprep) {
        name.to_owned()
    } else {
        // RFC 6856 §2.2: prepared as a query string; prohibited characters are rejected.
        let Some(name) = saslprep::query(name) else {
            reply.error(Text::MalformedName);
            return After::Continue;
        };
        name.into_owned()
    };
    if session.tells_delay_early(&name, reply) {
        return After::Continue;
    }
    session.state = State::Authorization { user: Some(name) };
    reply.ok(Text::NowThePassword);
    After::Continue
}
