//! PASS: the password for the name that USER gave (RFC 1939 §7).

use super::{Command, Run};
use crate::faults::Fault;
use crate::pop3::reply::Reply;
use crate::pop3::session::Pop3Session;
use crate::session::After;

/// RFC 1939 §7: PASS has exactly one argument, so spaces in it are part of the password.
pub(super) const COMMAND: Command =
    Command { keyword: "PASS", usage: "PASS string", arguments: 1..=1, takes_rest: true, run: Run::Authorization(run) };

fn run(session: &mut Pop3Session, user: Option<String>, arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    let Some(user) = user else {
        reply.error("USER comes immediately before PASS");
        return After::Continue;
    };
    let accounts = &session.site.accounts;
    let mut account = accounts.verify(&user, arguments.first().copied().unwrap_or_default());
    if session.site.faults.on(Fault::Pop3AcceptsWrongPassword) {
        account = accounts.login(&user).cloned();
    }
    match account {
        Some(account) => session.open_maildrop(&account, reply),
        None => reply.error("[AUTH] name or password is wrong"),
    }
    After::Continue
}
