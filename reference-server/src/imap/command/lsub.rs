//! LSUB (RFC 3501 §6.3.9).

use super::list::write_listed;
use super::{Command, Outcome, USUAL};
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::list_pattern::{EncodedName, Pattern};
use crate::imap::listing::superiors;
use crate::imap::response::Status;
use std::collections::BTreeSet;

/// `lsub = "LSUB" SP mailbox SP list-mailbox`
pub const COMMAND: Command = Command { name: "LSUB", run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let reference = cursor.astring("a reference name")?;
    cursor.space()?;
    let written = cursor.list_mailbox()?;
    cursor.end()?;
    if written.is_empty() {
        write_listed(out, "LSUB", "\\Noselect", "", false);
        return Ok(Outcome::Done(Status::ok("LSUB completed")));
    }
    let utf8 = context.enabled.utf8();
    let star_for_percent = context.faults().on(Fault::ImapPercentMatchesLikeStar);
    let pattern = Pattern::new(&reference, &written, star_for_percent).in_utf8(utf8);
    let subscribed = match context.store.subscriptions_beginning_with(context.account_name(), pattern.prefix()) {
        Ok(subscribed) => subscribed,
        Err(error) => return Ok(Outcome::Done(refusal(error))),
    };
    for name in subscribed.iter().filter(|name| pattern.matches(&EncodedName::new(name))) {
        write_listed(out, "LSUB", "", name, utf8);
    }
    if pattern.finds_levels() {
        // "if "foo/bar" is subscribed but "foo" is not, a "%" wildcard to LSUB must return foo, not foo/bar, and it MUST be
        // flagged with the \Noselect attribute" (RFC 3501 §6.3.9).
        let levels = subscribed.iter().flat_map(|name| superiors(name)).collect::<BTreeSet<_>>();
        for name in levels.into_iter().filter(|name| pattern.matches(&EncodedName::new(name))) {
            // The names are in order.
            if subscribed.binary_search_by(|known| known.as_str().cmp(name)).is_err() {
                write_listed(out, "LSUB", "\\Noselect", name, utf8);
            }
        }
    }
    Ok(Outcome::Done(Status::ok("LSUB completed")))
}
