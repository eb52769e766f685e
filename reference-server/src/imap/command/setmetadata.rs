//! SETMETADATA (RFC 5464 §4.3).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::mailbox_name::WrittenName;
use crate::imap::metadata_entry::{ADMIN, Annotated};
use crate::imap::response::{Code, Status};
use crate::store::{self, LONGEST_ANNOTATION, THE_SERVER, is_private};

/// ```abnf
/// setmetadata  = "SETMETADATA" SP mailbox SP entry-values
/// entry-values = "(" entry-value *(SP entry-value) ")"
/// entry-value  = entry SP value
/// value        = nstring / literal8
/// ```
pub const COMMAND: Command = Command { name: "SETMETADATA", extension: Some(Extension::ImapMetadataServer), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, _: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.space()?;
    cursor.need(b'(', "the opening parenthesis of the entries")?;
    let mut entries = Vec::new();
    loop {
        let entry = cursor.metadata_entry()?;
        cursor.space()?;
        let value = match cursor.eat(b'~') {
            true => Some(cursor.literal()?.to_vec()),
            false => cursor.nstring("a string or NIL")?.map(|value| value.into_owned()),
        };
        entries.push((entry, value));
        if cursor.eat(b')') {
            break;
        }
        cursor.need(b' ', "one space or the closing parenthesis after a value")?;
    }
    cursor.end()?;
    Ok(Outcome::Done(set(context, &name, entries).unwrap_or_else(|status| status)))
}

fn set(context: &Context, name: &WrittenName<'_>, mut entries: Vec<(String, Option<Vec<u8>>)>) -> Result<Status, Status> {
    let annotated = context.annotated(name)?;
    // "When any one annotation fails to be set […] the server MUST NOT change the values for other annotations specified in the
    // SETMETADATA command" (RFC 5464 §4.3).
    let judged = entries.iter().map(|(entry, value)| check(context, &annotated, entry, value.as_deref()));
    let failing = judged.enumerate().find_map(|(at, judged)| Some((at, judged.err()?)));
    if let Some((at, status)) = failing {
        if context.faults().on(Fault::ImapMetadataHalfDone) {
            entries.truncate(at);
            context.store.set_annotations(annotated.id, context.account_name(), entries).map_err(refusal)?;
        }
        return Err(status);
    }
    if context.faults().on(Fault::ImapMetadataTakesNine) {
        let have = context.store.annotations(annotated.id, context.account_name()).map_err(refusal)?.len();
        if have + entries.len() > 9 {
            return Err(refusal(store::Error::TooManyAnnotations));
        }
    }
    if context.faults().on(Fault::ImapMetadataForgetsNil) {
        entries.retain(|(_, value)| value.is_some());
    }
    match context.store.set_annotations(annotated.id, context.account_name(), entries) {
        Err(store::Error::TooManyAnnotations) if context.faults().on(Fault::ImapMetadataCountUntold) => {
            Err(Status::no(None, "Nothing was changed"))
        }
        // "the server MUST return a tagged NO response with a "[METADATA TOOMANY]" response code" (RFC 5464 §4.3).
        set => set.map(|()| Status::ok("SETMETADATA completed")).map_err(refusal),
    }
}

/// Why an annotation can not be set to this.
fn check(context: &Context, annotated: &Annotated, entry: &str, value: Option<&[u8]>) -> Result<(), Status> {
    let of_server = annotated.id == THE_SERVER;
    // What all users see of the server is for administrators to say: "Servers MAY restrict the creation of private or shared
    // server annotations as appropriate" (RFC 5464 §3.3). How they are reached themselves is "always read-only" (§3.2.1.1).
    if of_server && !is_private(entry) && (entry == ADMIN || !context.is_administrator()) {
        return Err(Status::no(Code::NoPerm, "Shared annotations of the server are for its administrators to change"));
    }
    let Some(value) = value else { return Ok(()) };
    if context.faults().on(Fault::ImapMetadataShortValues) && value.len() > 1000 {
        return Err(Status::no(Code::Metadata("MAXSIZE 1000".to_owned()), "The value is too long; nothing was changed"));
    }
    if value.len() > LONGEST_ANNOTATION {
        if context.faults().on(Fault::ImapMetadataLimitUntold) {
            return Err(Status::no(None, "The value is too long; nothing was changed"));
        }
        let limit = Code::Metadata(format!("MAXSIZE {LONGEST_ANNOTATION}"));
        return Err(Status::no(limit, "The value is too long; nothing was changed"));
    }
    if of_server { context.check_filter(entry, value) } else { Ok(()) }
}
