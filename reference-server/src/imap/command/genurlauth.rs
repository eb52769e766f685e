//! GENURLAUTH (RFC 4467 §7).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::response::{Status, write_string};
use crate::imap::url::{Access, Url};
use crate::imap::url_auth::{MECHANISM, new_key, token};

/// `genurlauth = "GENURLAUTH" 1*(SP url-rump SP mechanism)`
pub const COMMAND: Command = Command { name: "GENURLAUTH", extension: Some(Extension::ImapUrlAuth), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    let mut rumps = Vec::new();
    loop {
        cursor.space()?;
        let rump = cursor.astring("a URL")?;
        cursor.space()?;
        let mechanism = cursor.atom("a mechanism")?;
        rumps.push((rump, mechanism));
        if cursor.rest().is_empty() {
            break;
        }
    }
    let mut answer = b"* GENURLAUTH".to_vec();
    for (rump, mechanism) in rumps {
        match authorized(context, &String::from_utf8_lossy(&rump), mechanism) {
            Ok(url) => {
                answer.push(b' ');
                write_string(&mut answer, url.as_bytes());
            }
            Err(status) => return Ok(Outcome::Done(status)),
        }
    }
    answer.extend_from_slice(b"\r\n");
    out.append(&mut answer);
    Ok(Outcome::Done(Status::ok("GENURLAUTH completed")))
}

/// The URL with its proof. "If any of the above checks fail, the server MUST return a tagged BAD response" (RFC 4467 §7).
fn authorized(context: &Context, rump: &str, mechanism: &[u8]) -> Result<String, Status> {
    let bad = |why: &str| Status::bad(format!("The URL {why}"));
    if !mechanism.eq_ignore_ascii_case(MECHANISM.as_bytes()) {
        return Err(Status::bad("The only mechanism here is INTERNAL"));
    }
    let url = Url::parse(rump).map_err(bad)?;
    let Some(server) = &url.server else { return Err(bad("is not absolute")) };
    if server.user.is_none() {
        return Err(bad("has no user name of the owner"));
    }
    let owner = context.url_owner(server).ok_or_else(|| bad("names a user or a server that is not known here"))?;
    // "If not, then the logged in userid and server MUST have owner-type access to the mailbox access key table"
    // (RFC 4467 §7), which nobody else has.
    if owner.name() != context.account_name() {
        return Err(bad("is about mailboxes of another user"));
    }
    match &url.access {
        None => return Err(bad("has no access identifier")),
        Some(Access::Submit(user) | Access::User(user)) if context.site.accounts.login(user).is_none() => {
            return Err(bad("has an access identifier with a user that is not known here"));
        }
        Some(_) => {}
    }
    // "URLAUTH does not apply to, and MUST NOT be used with, any IMAP URL that refers to an entire IMAP server, a list of
    // mailboxes, an entire IMAP mailbox, or IMAP search results" (RFC 4467 §3).
    if url.uid.is_none() || url.proof.is_some() {
        return Err(bad("names no message, or is authorized already"));
    }
    let name = url.mailbox.ok_or_else(|| bad("names no mailbox"))?;
    let mailbox = context.selectable(&name).map_err(|_| bad("names a mailbox that is not there"))?;
    let key = match context.store.url_key(owner.name(), mailbox.id).map_err(refusal)? {
        Some(key) => key,
        // "If there is currently no mailbox access key for the given mailbox […], one is automatically generated."
        None => context.store.make_url_key(owner.name(), mailbox.id, new_key()?).map_err(refusal)?,
    };
    Ok(format!("{rump}:{}:{}", MECHANISM.to_ascii_lowercase(), token(rump, &key)))
}
