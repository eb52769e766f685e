//! UIDL: unique-ids, of all messages or of one (RFC 1939 §7).

use super::{Command, Run, refuse};
use crate::pop3::opened::Opened;
use crate::pop3::reply::Reply;

pub(super) const COMMAND: Command =
    Command { keyword: "UIDL", usage: "UIDL [msg]", arguments: 0..=1, takes_rest: false, run: Run::Transaction(run) };

fn run(opened: &mut Opened, arguments: &[&[u8]], reply: &mut Reply<'_>) {
    if let Some(argument) = arguments.first() {
        return match opened.named(argument) {
            Ok((number, entry)) => reply.ok(&format!("{number} {}", opened.unique_id(entry))),
            Err(why) => refuse(why, opened, reply),
        };
    }
    reply.ok("unique-ids follow");
    for (number, entry) in opened.listed() {
        reply.line(format!("{number} {}", opened.unique_id(entry)).as_bytes());
    }
    reply.end();
}
