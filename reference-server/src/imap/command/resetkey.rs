//! RESETKEY (RFC 4467 §7).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::response::{Code, Status};
use crate::imap::url_auth::{MECHANISM, new_key};

/// `resetkey = "RESETKEY" [SP mailbox *(SP mechanism)]`
pub const COMMAND: Command = Command { name: "RESETKEY", extension: Some(Extension::ImapUrlAuth), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    if cursor.rest().is_empty() {
        return Ok(Outcome::Done(match forget_all(context) {
            Ok(()) => Status::ok("All keys are removed"),
            Err(status) => status,
        }));
    }
    cursor.space()?;
    let name = cursor.mailbox()?;
    let mut known = true;
    while cursor.eat(b' ') {
        known &= cursor.atom("a mechanism")?.eq_ignore_ascii_case(MECHANISM.as_bytes());
    }
    cursor.end()?;
    if !known {
        return Ok(Outcome::Done(Status::bad("The only mechanism here is INTERNAL")));
    }
    Ok(Outcome::Done(renew(context, &name).unwrap_or_else(|status| status)))
}

fn forget_all(context: &Context) -> Result<(), Status> {
    match context.faults().on(Fault::ImapResetKeyKeepsKeys) {
        true => Ok(()),
        false => context.store.remove_url_keys(context.account_name()).map_err(refusal),
    }
}

/// "generates a new mailbox access key for the given mailbox […], replacing any previous mailbox access key (and revoking any
/// URLs that were authorized with a URLAUTH using that key)" (RFC 4467 §7).
fn renew(context: &Context, name: &WrittenName<'_>) -> Result<Status, Status> {
    let mailbox = context.selectable(&name.decoded(context)?)?;
    if !context.faults().on(Fault::ImapResetKeyKeepsKeys) {
        context.store.reset_url_key(context.account_name(), mailbox.id, new_key()?).map_err(refusal)?;
    }
    Ok(Status::ok("RESETKEY completed").with(Code::UrlMech))
}
