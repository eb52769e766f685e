//! STAT: how many messages and octets (RFC 1939 §5, the drop listing).

use super::{Command, Run, USUAL};
use crate::pop3::opened::Opened;
use crate::pop3::reply::Reply;

pub(super) const COMMAND: Command = Command { keyword: "STAT", usage: "STAT", run: Run::Transaction(run), ..USUAL };

fn run(opened: &mut Opened, _arguments: &[&[u8]], reply: &mut Reply<'_>) {
    let (count, octets) = opened.drop_listing();
    reply.data(&format!("{count} {octets}"));
}
