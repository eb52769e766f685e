//! DELE: marks a message as deleted (RFC 1939 §5); QUIT removes it.

use super::{Command, Run, refuse};
use crate::pop3::opened::Opened;
use crate::pop3::reply::Reply;

pub(super) const COMMAND: Command =
    Command { keyword: "DELE", usage: "DELE msg", arguments: 1..=1, takes_rest: false, run: Run::Transaction(run) };

fn run(opened: &mut Opened, arguments: &[&[u8]], reply: &mut Reply<'_>) {
    match opened.mark(arguments.first().copied().unwrap_or_default()) {
        Ok(number) => reply.ok(&format!("message {number} deleted")),
        Err(why) => refuse(why, opened, reply),
    }
}
