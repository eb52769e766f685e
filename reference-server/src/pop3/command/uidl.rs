//! UIDL: unique-ids, of all messages or of one (RFC 1939 §7).

use super::{Command, Run, USUAL, refuse};
use crate::extensions::Extension;
use crate::pop3::opened::Opened;
use crate::pop3::reply::Reply;
use crate::pop3::text::Text;

pub(super) const COMMAND: Command = Command {
    keyword: "UIDL",
    usage: "UIDL [msg]",
    extension: Some(Extension::Pop3Uidl),
    arguments: 0..=1,
    run: Run::Transaction(run),
    ..USUAL
};

fn run(opened: &mut Opened, arguments: &[&[u8]], reply: &mut Reply<'_>) {
    if let Some(argument) = arguments.first() {
        return match opened.named(argument) {
            Ok((number, entry)) => reply.data(&format!("{number} {}", opened.unique_id(entry))),
            Err(why) => refuse(why, opened, reply),
        };
    }
    reply.ok(Text::UniqueIdsFollow);
    for (number, entry) in opened.listed() {
        reply.line(format!("{number} {}", opened.unique_id(entry)).as_bytes());
    }
    reply.end();
}
