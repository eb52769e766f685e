//! DELE: marks a message as deleted (RFC 1939 §5); QUIT removes it.

use super::{Command, Run, USUAL, refuse};
use crate::pop3::opened::Opened;
use crate::pop3::reply::Reply;
use crate::pop3::text::Text;

pub(super) const COMMAND: Command =
    Command { keyword: "DELE", usage: "DELE msg", arguments: 1..=1, run: Run::Transaction(run), ..USUAL };

fn run(opened: &mut Opened, arguments: &[&[u8]], reply: &mut Reply<'_>) {
    match opened.mark(arguments.first().copied().unwrap_or_default()) {
        Ok(number) => reply.ok(Text::Deleted(number)),
        Err(why) => refuse(why, opened, reply),
    }
}
