//! TOP: the header of a message and the first lines of its body (RFC 1939 §7).

use super::retr::unsent;
use super::{Command, Run, USUAL, refuse};
use crate::extensions::Extension;
use crate::pop3::opened::{Opened, lines, number};
use crate::pop3::reply::Reply;
use crate::pop3::text::Text;

pub(super) const COMMAND: Command = Command {
    keyword: "TOP",
    usage: "TOP msg n",
    extension: Some(Extension::Pop3Top),
    arguments: 2..=2,
    run: Run::Transaction(run),
    ..USUAL
};

fn run(opened: &mut Opened, arguments: &[&[u8]], reply: &mut Reply<'_>) {
    let (message, count) = (arguments.first().copied(), arguments.get(1).copied());
    let Some(wanted) = number(count.unwrap_or_default()) else {
        return reply.error(Text::LinesForm);
    };
    let entry = match opened.named(message.unwrap_or_default()) {
        Ok((_, entry)) => entry,
        Err(why) => return refuse(why, opened, reply),
    };
    let bytes = match opened.bytes(entry) {
        Ok(bytes) => bytes,
        Err(why) => return unsent(&why, reply),
    };
    let wanted = opened.lines_of_top(wanted);
    reply.ok(Text::TopFollows);
    let mut lines = lines(&bytes);
    for line in lines.by_ref() {
        reply.line(line);
        if line.is_empty() {
            break;
        }
    }
    lines.take(usize::try_from(wanted).unwrap_or(usize::MAX)).for_each(|line| reply.line(line));
    reply.end();
}
