//! LOGIN (RFC 3501 §6.2.3).

use super::{Command, Legal, Outcome, USUAL, capability};
use crate::accounts::Account;
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::{Code, Status};
use std::sync::Arc;

/// ```abnf
/// login    = "LOGIN" SP userid SP password
/// userid   = astring
/// password = astring
/// ```
pub const COMMAND: Command = Command { name: "LOGIN", legal: Legal::NotAuthenticated, run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let user = cursor.astring("a user name")?;
    cursor.space()?;
    let password = cursor.astring("a password")?;
    cursor.end()?;
    // "the LOGIN command returns an error even if the password is correct" (RFC 3501 §11.2).
    if !context.plaintext_allowed() && !context.faults().on(Fault::ImapLoginThoughDisabled) {
        return Ok(Outcome::Done(Status::no(Code::PrivacyRequired, "LOGIN is disabled until TLS is active")));
    }
    let accounts = &context.site.accounts;
    let account = std::str::from_utf8(&user).ok().and_then(|user| match context.faults().on(Fault::ImapAcceptsWrongPassword) {
        true => accounts.login(user).cloned(),
        false => accounts.verify(user, &password),
    });
    Ok(Outcome::Done(match account {
        Some(account) => logged_in(context, account, "LOGIN completed"),
        None => failed(context),
    }))
}

/// The client is this account from now on, and is told what it can do.
pub fn logged_in(context: &mut Context, account: Arc<Account>, text: &str) -> Status {
    context.account = Some(account);
    context.failed_logins = 0;
    Status::ok(text).with(Code::Capability(capability::names(context)))
}

/// The same answer for a wrong user and a wrong password (RFC 3501 §11.2).
pub fn failed(context: &mut Context) -> Status {
    context.failed_logins += 1;
    Status::no(Code::AuthenticationFailed, "The user name or the password is wrong")
}
