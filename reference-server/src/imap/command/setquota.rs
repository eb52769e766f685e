//! SETQUOTA (RFC 9208 §4.1.3). Users change the limits of their own account: this server is there to be tried out.

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::{Parsed, SyntaxError};
use crate::imap::response::{Code, Status};
use crate::store::{NOBODY, Resource};

/// ```abnf
/// setquota          = "SETQUOTA" SP quota-root-name SP setquota-list
/// setquota-list     = "(" [setquota-resource *(SP setquota-resource)] ")"
/// setquota-resource = resource-name SP resource-limit
/// ```
pub const COMMAND: Command = Command { name: "SETQUOTA", extension: Some(Extension::ImapQuotaSet), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let root = cursor.quota_root()?;
    cursor.space()?;
    cursor.need(b'(', "the opening parenthesis of the limits")?;
    let mut limits: Vec<(&[u8], u64)> = Vec::new();
    while !cursor.eat(b')') {
        if !limits.is_empty() {
            cursor.need(b' ', "one space or the closing parenthesis after a limit")?;
        }
        let resource = cursor.atom("the name of a resource")?;
        cursor.space()?;
        limits.push((resource, number64(cursor)?));
    }
    cursor.end()?;
    Ok(Outcome::Done(set(context, &root, &limits, out).unwrap_or_else(|status| status)))
}

/// `number64 = 1*DIGIT ; Unsigned 63-bit integer`
fn number64(cursor: &mut Cursor<'_>) -> Parsed<u64> {
    let offset = cursor.offset();
    let digits = String::from_utf8_lossy(cursor.take_while(|octet| octet.is_ascii_digit())).into_owned();
    match digits.parse::<i64>() {
        Ok(number) => Ok(number.unsigned_abs()),
        Err(_) => Err(SyntaxError { offset, expected: "a number of 63 bits" }),
    }
}

fn set(context: &Context, root: &str, limits: &[(&[u8], u64)], out: &mut Vec<u8>) -> Result<Status, Status> {
    let account = context.own_root(root)?;
    if account == NOBODY && !context.is_administrator() {
        return Err(Status::no(Code::NoPerm, "Administrators limit the shared mailboxes"));
    }
    let mut known = Vec::new();
    for (name, most) in limits {
        let named = |resource: &Resource| name.eq_ignore_ascii_case(resource.name().as_bytes());
        let Some(resource) = Resource::ALL.into_iter().filter(|resource| context.limits(*resource)).find(named) else {
            return Err(Status::no(Code::Cannot, "Only STORAGE and MESSAGE can be limited here"));
        };
        known.push((resource, *most));
    }
    if context.faults().on(Fault::ImapSetQuotaKeepsOthers) {
        let before = context.store.quotas(account).map_err(refusal)?;
        known.extend(before.iter().map(|quota| (quota.resource, quota.most)));
    }
    if !context.faults().on(Fault::ImapSetQuotaIgnored) {
        context.store.set_quotas(account, &known).map_err(refusal)?;
    }
    context.write_quota(out, account)?;
    Ok(Status::ok("SETQUOTA completed"))
}
