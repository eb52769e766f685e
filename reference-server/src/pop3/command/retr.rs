//! RETR: a whole message (RFC 1939 §5).

use super::{Command, Run, USUAL, refuse};
use crate::pop3::opened::{Opened, Unsent, lines};
use crate::pop3::reply::{Code, Reply};
use crate::pop3::session::fault_code;
use crate::pop3::text::Text;

pub(super) const COMMAND: Command =
    Command { keyword: "RETR", usage: "RETR msg", arguments: 1..=1, run: Run::Transaction(run), ..USUAL };

fn run(opened: &mut Opened, arguments: &[&[u8]], reply: &mut Reply<'_>) {
    let (number, entry) = match opened.named(arguments.first().copied().unwrap_or_default()) {
        Ok(named) => named,
        Err(why) => return refuse(why, opened, reply),
    };
    let bytes = match opened.bytes(entry) {
        Ok(bytes) => bytes,
        Err(why) => return unsent(&why, reply),
    };
    reply.ok(Text::Octets(entry.size));
    lines(&bytes).for_each(|line| reply.line(line));
    reply.end();
    opened.note_retrieved(number);
}

/// Says that a message is there but is not sent.
pub(super) fn unsent(why: &Unsent, reply: &mut Reply<'_>) {
    match why {
        Unsent::NeedsUtf8 => reply.refuse(Code::Utf8, Text::NeedsUtf8),
        Unsent::Unreadable(error) => {
            tracing::error!(%error, "a message cannot be read");
            match fault_code(error) {
                Code::SysTemp => reply.refuse(Code::SysTemp, Text::UnreadableNow),
                code => reply.refuse(code, Text::Unreadable),
            }
        }
    }
}
