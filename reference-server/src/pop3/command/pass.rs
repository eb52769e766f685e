//! PASS: the password for the name that USER gave (RFC 1939 §7).

use super::{Command, Run, USUAL};
use crate::accounts::saslprep;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::pop3::reply::{Code, Reply};
use crate::pop3::session::Pop3Session;
use crate::pop3::text::Text;
use crate::session::After;

/// RFC 1939 §7: PASS has exactly one argument, so spaces in it are part of the password.
pub(super) const COMMAND: Command = Command {
    keyword: "PASS",
    usage: "PASS string",
    extension: Some(Extension::Pop3User),
    arguments: 1..=1,
    takes_rest: true,
    run: Run::Authorization(run),
    ..USUAL
};

fn run(session: &mut Pop3Session, user: Option<String>, arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    let Some(user) = user else {
        reply.error(Text::UserBeforePass);
        return After::Continue;
    };
    let accounts = &session.site.accounts;
    let password = arguments.first().copied().unwrap_or_default();
    let prepared = std::str::from_utf8(password).ok().and_then(saslprep::query);
    let mut account = match prepared {
        Some(prepared) if !session.lacks(Extension::Pop3Utf8) => {
            let typed = prepared.as_bytes() == password || !session.site.faults.on(Fault::Pop3NoSaslprep);
            accounts.verify(&user, prepared.as_bytes()).filter(|_| typed)
        }
        // RFC 6856 §2.2: what is not UTF-8, and what SASLprep prohibits, is rejected.
        None if !session.lacks(Extension::Pop3Utf8) => None,
        _ => accounts.verify(&user, password),
    };
    if session.site.faults.on(Fault::Pop3AcceptsWrongPassword) {
        account = accounts.login(&user).cloned();
    }
    match account {
        Some(account) => session.open_maildrop(&account, reply),
        None => reply.refuse(Code::Auth, Text::NameOrPassword),
    }
    After::Continue
}
