//! STLS: TLS on this connection (RFC 2595 §4).

use super::{Command, Run};
use crate::pop3::reply::Reply;
use crate::pop3::session::Pop3Session;
use crate::session::After;

pub(super) const COMMAND: Command =
    Command { keyword: "STLS", usage: "STLS", arguments: 0..=0, takes_rest: false, run: Run::Authorization(run) };

fn run(session: &mut Pop3Session, _user: Option<String>, _arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    if session.peer.tls {
        reply.error("TLS is active already");
        return After::Continue;
    }
    reply.ok("begin the TLS handshake");
    After::StartTls
}
