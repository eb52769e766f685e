//! UTF8: messages may be sent in UTF-8 from here on (RFC 6856 §2.1).

use super::{Command, Run, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::pop3::reply::Reply;
use crate::pop3::session::{Pop3Session, State};
use crate::pop3::text::Text;
use crate::session::After;

pub(super) const COMMAND: Command =
    Command { keyword: "UTF8", usage: "UTF8", extension: Some(Extension::Pop3Utf8), run: Run::Anytime(run), ..USUAL };

fn run(session: &mut Pop3Session, _arguments: &[&[u8]], reply: &mut Reply<'_>) -> After {
    // RFC 6856 §2: valid in the AUTHORIZATION state.
    if !matches!(session.state, State::Authorization { .. }) && !session.site.faults.on(Fault::Pop3Utf8AfterLogin) {
        reply.error(Text::BeforeLoginOnly);
        return After::Continue;
    }
    session.utf8 = true;
    reply.ok(Text::Utf8Mode);
    After::Continue
}
