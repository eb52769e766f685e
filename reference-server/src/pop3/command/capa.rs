//! CAPA: what the server can do (RFC 2449 §5).

use super::{Command, Run};
use crate::faults::Fault;
use crate::pop3::reply::Reply;
use crate::pop3::session::{Pop3Session, State};
use crate::sasl::Mechanism;
use crate::session::After;

pub(super) const COMMAND: Command =
    Command { keyword: "CAPA", usage: "CAPA", arguments: 0..=0, takes_rest: false, run: Run::Anytime(run) };

fn run(session: &mut Pop3Session, reply: &mut Reply<'_>) -> After {
    reply.ok("capabilities follow");
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
    let mut capabilities = Vec::new();
    if !session.site.faults.on(Fault::Pop3UndeclaredCommands) {
        capabilities.extend(["TOP", "UIDL"].map(str::to_owned));
    }
    if session.plaintext() {
        capabilities.push("USER".to_owned());
    }
    let mechanisms = Mechanism::offered(&session.site, &session.peer);
    if !mechanisms.is_empty() {
        let names: Vec<&str> = mechanisms.into_iter().map(Mechanism::name).collect();
        capabilities.push(format!("SASL {}", names.join(" ")));
    }
    if !session.peer.tls && matches!(session.state, State::Authorization { .. }) {
        capabilities.push("STLS".to_owned());
    }
    // RFC 2449 §6.7: messages are kept until the client deletes them.
    let fixed = ["RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER"];
    capabilities.extend(fixed.map(str::to_owned));
    capabilities.push(concat!("IMPLEMENTATION mailspec-reference-server-", env!("CARGO_PKG_VERSION")).to_owned());
    capabilities
}
