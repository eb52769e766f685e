//! RETR: a whole message (RFC 1939 §5).

use super::{Command, Run, refuse};
use crate::pop3::opened::{Opened, lines};
use crate::pop3::reply::Reply;

pub(super) const COMMAND: Command =
    Command { keyword: "RETR", usage: "RETR msg", arguments: 1..=1, takes_rest: false, run: Run::Transaction(run) };

fn run(opened: &mut Opened, arguments: &[&[u8]], reply: &mut Reply<'_>) {
    let entry = match opened.named(arguments.first().copied().unwrap_or_default()) {
        Ok((_, entry)) => entry,
        Err(why) => return refuse(why, opened, reply),
    };
    let bytes = match opened.bytes(entry) {
        Ok(bytes) => bytes,
        Err(error) => return unreadable(&error, reply),
    };
    reply.ok(&format!("{} octets", entry.size));
    lines(&bytes).for_each(|line| reply.line(line));
    reply.end();
}

/// Says that a message is there but cannot be read.
pub(super) fn unreadable(error: &crate::store::Error, reply: &mut Reply<'_>) {
    tracing::error!(%error, "a message cannot be read");
    reply.error("[SYS/TEMP] the message cannot be read now");
}
