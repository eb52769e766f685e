//! NOOP: nothing, politely (RFC 1939 §5).

use super::{Command, Run, USUAL};
use crate::pop3::text::Text;

pub(super) const COMMAND: Command =
    Command { keyword: "NOOP", usage: "NOOP", run: Run::Transaction(|_, _, reply| reply.ok(Text::Nothing)), ..USUAL };
