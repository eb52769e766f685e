//! RSET: takes back what DELE did (RFC 1939 §5).

use super::{Command, Run};
use crate::pop3::opened::Opened;
use crate::pop3::reply::Reply;
use crate::pop3::session::messages;

pub(super) const COMMAND: Command =
    Command { keyword: "RSET", usage: "RSET", arguments: 0..=0, takes_rest: false, run: Run::Transaction(run) };

fn run(opened: &mut Opened, _arguments: &[&[u8]], reply: &mut Reply<'_>) {
    opened.unmark();
    let (count, octets) = opened.totals();
    reply.ok(&format!("maildrop has {} ({octets} octets)", messages(count)));
}
