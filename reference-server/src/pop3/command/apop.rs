//! APOP: logs in with a digest of the greeting's timestamp and the shared secret (RFC 1939 §7).

use md5::{Digest, Md5};

use super::{Command, Run, USUAL};
use crate::accounts::saslprep;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::pop3::reply::{Code, Reply};
use crate::pop3::session::Pop3Session;
use crate::pop3::text::Text;
use crate::session::After;

pub(super) const COMMAND: Command = Command {
    keyword: "APOP",
    usage: "APOP name digest",
    extension: Some(Extension::Pop3Apop),
    arguments: 2..=2,
    takes_utf8: true,
    run: Run::Authorization(run),
    ..USUAL
};

fn run(session: &mut Pop3Session, user: Option<String>, arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    let (Some(name), Some(digest), Some(timestamp)) = (arguments.first(), arguments.get(1), &session.timestamp) else {
        reply.error(Text::NoTimestamp);
        return After::Continue;
    };
    // RFC 1939 §7: after the greeting, or after an unsuccessful USER or PASS.
    if user.is_some() {
        reply.error(Text::PassAfterUser);
        return After::Continue;
    }
    // RFC 1939 §7: 16 octets in hexadecimal, lower case.
    if digest.len() != 32 || !digest.iter().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f')) {
        reply.error(Text::DigestForm);
        return After::Continue;
    }
    // RFC 6856 §2.2: the name is a query string and the secret a stored one; without UTF8 the digest is of the secret as it is.
    let prepares = !session.lacks(Extension::Pop3Utf8) && !session.site.faults.on(Fault::Pop3NoSaslprep);
    let name = std::str::from_utf8(name).ok().and_then(|name| if prepares { saslprep::query(name) } else { Some(name.into()) });
    let account = name.and_then(|name| session.site.accounts.login(&name)).cloned();
    let secret = account.as_ref().and_then(|account| account.shared_secret());
    let secret = secret.and_then(|secret| if prepares { saslprep::strict(secret) } else { Some(secret.into()) });
    let known = secret.as_deref().unwrap_or_default();
    let wanted = hexadecimal(&Md5::new().chain_update(timestamp).chain_update(known).finalize());
    // All octets are compared, so that the time taken tells nothing of how many are right.
    let right = wanted.bytes().zip(digest.iter()).fold(0, |differing, (one, two)| differing | (one ^ two)) == 0;
    let right = right && secret.is_some() || session.site.faults.on(Fault::Pop3ApopAnyDigest);
    match account.filter(|_| right) {
        Some(account) => session.open_maildrop(&account, reply),
        None => reply.refuse(Code::Auth, Text::NameOrDigest),
    }
    After::Continue
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}
