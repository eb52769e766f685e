//! CAPA: what the server can do (RFC 2449 §5).

use super::{Command, Run, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::pop3::reply::Reply;
use crate::pop3::session::{Pop3Session, State};
use crate::pop3::text::Text;
use crate::sasl::Mechanism;
use crate::session::After;

pub(super) const COMMAND: Command =
    Command { keyword: "CAPA", usage: "CAPA", extension: Some(Extension::Pop3Capa), run: Run::Anytime(run), ..USUAL };

fn run(session: &mut Pop3Session, _arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    reply.ok(Text::CapabilitiesFollow);
    for capability in capabilities(session) {
        reply.line(capability.as_bytes());
    }
    if !session.site.faults.on(Fault::Pop3CapaWithoutEnd) {
        reply.end();
    }
    After::Continue
}

/// RFC 2449 §5: what is announced before the login is announced after it too. STLS is the exception: its presence means
/// that the command is permitted in the current state (RFC 2595 §4).
fn capabilities(session: &Pop3Session) -> Vec<String> {
    let faults = session.site.faults;
    let before_login = matches!(session.state, State::Authorization { .. });
    let undeclared = faults.on(Fault::Pop3UndeclaredCommands) || faults.on(Fault::Pop3CapaShrinks) && !before_login;
    let mechanisms = Mechanism::offered(&session.site, &session.peer);
    let sasl = || mechanisms.iter().map(|mechanism| mechanism.name()).collect::<Vec<_>>().join(" ");
    let all = [
        (Extension::Pop3Top, (!undeclared).then(String::new)),
        (Extension::Pop3Uidl, (!undeclared).then(String::new)),
        (Extension::Pop3User, session.plaintext().then(String::new)),
        (Extension::Pop3Sasl, (!mechanisms.is_empty()).then(sasl)),
        // RFC 6856 §2.1: not behind UTF8.
        (Extension::Pop3Stls, (!session.peer.tls && before_login && !session.utf8).then(String::new)),
        (Extension::Pop3RespCodes, Some(String::new())),
        (Extension::Pop3AuthRespCode, Some(String::new())),
        (Extension::Pop3Pipelining, Some(String::new())),
        // RFC 6856 §2.2: names and passwords may be UTF-8.
        (Extension::Pop3Utf8, Some("USER".to_owned())),
        (Extension::Pop3Lang, Some(String::new())),
        (Extension::Pop3LoginDelay, session.login_delay().map(|delay| delay.as_secs().to_string())),
        (Extension::Pop3Expire, Some(session.expire().to_string())),
        (Extension::Pop3Implementation, Some(IMPLEMENTATION.to_owned())),
    ];
    let here = all.into_iter().filter(|(extension, _)| !session.lacks(*extension));
    let line = |(extension, arguments): (Extension, Option<String>)| {
        let space = if arguments.as_ref()?.is_empty() { "" } else { " " };
        Some(format!("{}{space}{}", extension.keyword(), arguments?))
    };
    here.filter_map(line).collect()
}

/// RFC 2449 §6.9: one token.
const IMPLEMENTATION: &str = concat!("mailspec-reference-server-", env!("CARGO_PKG_VERSION"));
