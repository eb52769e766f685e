//! APOP: logs in with a digest of the greeting's timestamp and the shared secret (RFC 1939 §7).

use md5::{Digest, Md5};

use super::{Command, Run};
use crate::pop3::reply::Reply;
use crate::pop3::session::Pop3Session;
use crate::session::After;

pub(super) const COMMAND: Command =
    Command { keyword: "APOP", usage: "APOP name digest", arguments: 2..=2, takes_rest: false, run: Run::Authorization(run) };

fn run(session: &mut Pop3Session, user: Option<String>, arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    let (Some(name), Some(digest), Some(timestamp)) = (arguments.first(), arguments.get(1), &session.timestamp) else {
        reply.error("APOP is not possible here: the greeting has no timestamp");
        return After::Continue;
    };
    // RFC 1939 §7: after the greeting, or after an unsuccessful USER or PASS.
    if user.is_some() {
        reply.error("PASS comes after USER");
        return After::Continue;
    }
    // RFC 1939 §7: 16 octets in hexadecimal, lower case.
    if digest.len() != 32 || !digest.iter().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f')) {
        reply.error("a digest is 32 hexadecimal digits in lower case");
        return After::Continue;
    }
    let account = std::str::from_utf8(name).ok().and_then(|name| session.site.accounts.login(name)).cloned();
    let secret = account.as_ref().and_then(|account| account.shared_secret()).unwrap_or_default();
    let wanted = hexadecimal(&Md5::new().chain_update(timestamp).chain_update(secret).finalize());
    // All octets are compared, so that the time taken tells nothing of how many are right.
    let right = wanted.bytes().zip(digest.iter()).fold(0, |differing, (one, two)| differing | (one ^ two)) == 0;
    match account.filter(|account| right && account.shared_secret().is_some()) {
        Some(account) => session.open_maildrop(&account, reply),
        None => reply.error("[AUTH] name or digest is wrong"),
    }
    After::Continue
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}
