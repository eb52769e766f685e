//! USER: the name that PASS gives the password for (RFC 1939 §7).

use super::{Command, Run};
use crate::pop3::reply::Reply;
use crate::pop3::session::{Pop3Session, State};
use crate::session::After;

pub(super) const COMMAND: Command =
    Command { keyword: "USER", usage: "USER name", arguments: 1..=1, takes_rest: false, run: Run::Authorization(run) };

fn run(session: &mut Pop3Session, user: Option<String>, arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    if !session.plaintext() {
        reply.error("passwords need TLS here: give STLS first");
        return After::Continue;
    }
    // RFC 1939 §7: after the greeting, or after an unsuccessful USER or PASS.
    if user.is_some() {
        reply.error("PASS comes after USER");
        return After::Continue;
    }
    // Whether there is such a user is not told: RFC 1939 §7 allows a positive response to any name.
    let name = arguments.first().map(|name| String::from_utf8_lossy(name).into_owned());
    session.state = State::Authorization { user: name };
    reply.ok("now the password");
    After::Continue
}
