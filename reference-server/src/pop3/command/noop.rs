//! NOOP: nothing, politely (RFC 1939 §5).

use super::{Command, Run};

pub(super) const COMMAND: Command = Command {
    keyword: "NOOP",
    usage: "NOOP",
    arguments: 0..=0,
    takes_rest: false,
    run: Run::Transaction(|_, _, reply| reply.ok("")),
};
