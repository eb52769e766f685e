//! LIST: scan listings, of all messages or of one (RFC 1939 §5).

use super::{Command, Run, USUAL, refuse};
use crate::pop3::opened::Opened;
use crate::pop3::reply::Reply;
use crate::pop3::text::{Messages, Text};

pub(super) const COMMAND: Command =
    Command { keyword: "LIST", usage: "LIST [msg]", arguments: 0..=1, run: Run::Transaction(run), ..USUAL };

fn run(opened: &mut Opened, arguments: &[&[u8]], reply: &mut Reply<'_>) {
    if let Some(argument) = arguments.first() {
        return match opened.named(argument) {
            Ok((number, entry)) => reply.data(&format!("{number} {}", entry.size)),
            Err(why) => refuse(why, opened, reply),
        };
    }
    let (count, octets) = opened.totals();
    reply.ok(Text::Totals(Messages(count), octets));
    for (number, entry) in opened.listed() {
        reply.line(format!("{number} {}", entry.size).as_bytes());
    }
    reply.end();
}
