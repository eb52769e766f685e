//! THREAD (RFC 5256 §3).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::{Parsed, SyntaxError};
use crate::imap::response::Status;
use crate::imap::search::{find, program, run as searching};
use crate::imap::selected::Naming;
use crate::imap::thread::{Threaded, ordered_subject, references};
use crate::store::Expunges;

/// ```abnf
/// thread          = ["UID" SP] "THREAD" SP thread-alg SP search-criteria
/// search-criteria = charset 1*(SP search-key)
/// ```
pub const COMMAND: Command = Command {
    name: "THREAD",
    legal: Legal::Selected,
    by_number: true,
    expunges: Expunges::Withhold,
    run: |context, cursor, out| Ok(Outcome::Done(run(context, cursor, out, Naming::Numbers)?)),
    ..USUAL
};

#[derive(Clone, Copy)]
enum Algorithm {
    OrderedSubject,
    References,
}

/// THREAD, or UID THREAD.
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, naming: Naming) -> Parsed<Status> {
    cursor.space()?;
    let algorithm = algorithm(cursor)?;
    cursor.space()?;
    let charset = cursor.charset()?;
    cursor.space()?;
    let program = cursor.search_keys(charset)?;
    cursor.end()?;
    let program = match context.without_filters(program) {
        Ok(program) => program,
        Err(status) => return Ok(status),
    };
    if let Err(status) = searching::check(context, None, &program, false) {
        return Ok(status);
    }
    searching::begin(context, &program, out);
    let Some(selected) = &context.selected else { return Ok(Status::bad("No mailbox is selected")) };
    // Threads are those of all its messages: "Servers that advertise MESSAGELIMIT N will be unable to execute a THREAD command
    // [RFC5256] in a mailbox with more than N messages" (RFC 9738 §3.3).
    let exists = selected.view.exists() as usize;
    if let Some(limit) = context.message_limit().filter(|limit| limit.is_exceeded_by(exists)) {
        return Ok(limit.refusal(None));
    }
    let keys = match program::prepared(program, selected, context) {
        Ok(keys) => keys,
        Err(status) => return Ok(status),
    };
    let threaded = context.store.standing_still(|still| {
        let found = find(context, still, selected, &keys);
        let named = found.iter().map(|found| (found, if naming == Naming::Uids { found.uid } else { found.number }));
        named.filter_map(|(found, name)| Threaded::read(found, name, selected, still)).collect::<Vec<_>>()
    });
    let mut messages = match threaded {
        Ok(messages) => messages,
        Err(error) => return Ok(refusal(error)),
    };
    if context.faults().on(Fault::ImapThreadIgnoresReferences) {
        messages.iter_mut().for_each(|message| message.references.clear());
    }
    let (forest, roots) = match algorithm {
        Algorithm::OrderedSubject => ordered_subject::threads(messages),
        Algorithm::References => references::threads(messages),
    };
    // `thread-data = "THREAD" [SP 1*thread-list]`
    out.extend_from_slice(if roots.is_empty() { b"* THREAD" } else { b"* THREAD " });
    forest.write(&roots, out);
    out.extend_from_slice(b"\r\n");
    Ok(Status::ok("THREAD completed"))
}

/// `thread-alg = "ORDEREDSUBJECT" / "REFERENCES" / thread-alg-ext`
fn algorithm(cursor: &mut Cursor<'_>) -> Parsed<Algorithm> {
    let offset = cursor.offset();
    let name = cursor.atom("a threading algorithm")?.to_ascii_uppercase();
    match name.as_slice() {
        b"ORDEREDSUBJECT" if !cursor.lacks(Extension::ImapThreadOrderedSubject) => Ok(Algorithm::OrderedSubject),
        b"REFERENCES" if !cursor.lacks(Extension::ImapThreadReferences) => Ok(Algorithm::References),
        _ => Err(SyntaxError { offset, expected: "a threading algorithm" }),
    }
}
