//! LSUB (RFC 3501 §6.3.9).

use super::list::{arguments, write_listed};
use super::{Command, Outcome, USUAL};
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::Status;
use crate::store::DELIMITER;
use std::collections::BTreeSet;

/// `lsub = "LSUB" SP mailbox SP list-mailbox`
pub const COMMAND: Command = Command { name: "LSUB", run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    let Some(pattern) = arguments(context, cursor)? else {
        write_listed(out, "LSUB", "\\Noselect", "");
        return Ok(Outcome::Done(Status::ok("LSUB completed")));
    };
    let subscribed = match context.store.subscriptions(context.account_name()) {
        Ok(subscribed) => subscribed,
        Err(error) => return Ok(Outcome::Done(refusal(error))),
    };
    for name in subscribed.iter().filter(|name| pattern.matches(name)) {
        write_listed(out, "LSUB", "", name);
    }
    if pattern.finds_levels() {
        // "if "foo/bar" is subscribed but "foo" is not, a "%" wildcard to LSUB must return foo, not foo/bar, and it MUST be
        // flagged with the \Noselect attribute" (RFC 3501 §6.3.9).
        let levels = subscribed.iter().flat_map(|name| levels_above(name)).collect::<BTreeSet<_>>();
        for name in levels.into_iter().filter(|name| pattern.matches(name)) {
            if !subscribed.iter().any(|subscribed| subscribed == name) {
                write_listed(out, "LSUB", "\\Noselect", name);
            }
        }
    }
    Ok(Outcome::Done(Status::ok("LSUB completed")))
}

fn levels_above(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices(DELIMITER).filter_map(|(at, _)| name.get(..at))
}
