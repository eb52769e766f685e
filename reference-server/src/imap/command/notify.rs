//! NOTIFY (RFC 5465): the client says what it wants to hear of without asking.

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::notify::{Group, Notify as Asked};
use crate::imap::notify::{Notify, Wish};
use crate::imap::response::Status;

/// `notify = "NOTIFY" SP (notify-set / notify-none)`. It is legal once logged in: `command-auth =/ notify` (RFC 5465 §8).
pub const COMMAND: Command = Command { name: "NOTIFY", extension: Some(Extension::ImapNotify), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let asked = cursor.notify()?;
    cursor.end()?;
    let status = match asked {
        Asked::None if context.faults().on(Fault::ImapNotifyNoneGoesOn) => Status::ok("NOTIFY completed"),
        Asked::None => {
            context.notify = Some(Box::new(Notify::new(context, Wish::default())));
            Status::ok("NOTIFY completed")
        }
        Asked::Set { status, groups } => set(context, &groups, status, out).unwrap_or_else(|status| status),
    };
    Ok(Outcome::Done(status))
}

/// "NOTIFY SET replaces the current list of interesting events with a new list of events" (RFC 5465 §3.1), if nothing is wrong
/// with it. What accumulated in the selected mailbox is told at the end of the command.
fn set(context: &mut Context, groups: &[Group<'_>], status: bool, out: &mut Vec<u8>) -> Result<Status, Status> {
    let wish = Wish::of(context, groups)?;
    let mut notify = Notify::new(context, wish);
    notify.begin(context, status, out)?;
    context.notify = Some(Box::new(notify));
    Ok(Status::ok("NOTIFY completed"))
}
