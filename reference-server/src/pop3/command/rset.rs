//! RSET: takes back what DELE did (RFC 1939 §5).

use super::{Command, Run, USUAL};
use crate::pop3::opened::Opened;
use crate::pop3::reply::Reply;
use crate::pop3::text::{Messages, Text};

pub(super) const COMMAND: Command = Command { keyword: "RSET", usage: "RSET", run: Run::Transaction(run), ..USUAL };

fn run(opened: &mut Opened, _arguments: &[&[u8]], reply: &mut Reply<'_>) {
    opened.unmark();
    let (count, octets) = opened.totals();
    reply.ok(Text::Maildrop(Messages(count), octets));
}
