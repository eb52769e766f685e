//! NOOP: nothing, politely (RFC 1939 §5).

use super::{Command, Run, USUAL};

pub(super) const COMMAND: Command =
    Command { keyword: "NOOP", usage: "NOOP", run: Run::Transaction(|_, _, reply| reply.data("")), ..USUAL };
