//! STLS: TLS on this connection (RFC 2595 §4).

use super::{Command, Run, USUAL};
use crate::extensions::Extension;
use crate::pop3::reply::Reply;
use crate::pop3::session::Pop3Session;
use crate::pop3::text::Text;
use crate::session::After;

pub(super) const COMMAND: Command =
    Command { keyword: "STLS", usage: "STLS", extension: Some(Extension::Pop3Stls), run: Run::Authorization(run), ..USUAL };

fn run(session: &mut Pop3Session, _user: Option<String>, _arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    if session.peer.tls {
        reply.error(Text::TlsIsOn);
        return After::Continue;
    }
    // RFC 6856 §2.1: a client must not do that, and may be told.
    if session.utf8 {
        reply.error(Text::StlsBeforeUtf8);
        return After::Continue;
    }
    reply.ok(Text::BeginTls);
    After::StartTls
}
