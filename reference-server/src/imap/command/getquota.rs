//! GETQUOTA (RFC 9208 §4.1.1).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::Status;

/// `getquota = "GETQUOTA" SP quota-root-name`
pub const COMMAND: Command = Command { name: "GETQUOTA", extension: Some(Extension::ImapQuota), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let root = cursor.quota_root()?;
    cursor.end()?;
    let told = context.own_root(&root).and_then(|account| context.write_quota(out, account));
    Ok(Outcome::Done(told.map_or_else(|status| status, |()| Status::ok("GETQUOTA completed"))))
}
