//! THREAD (RFC 5256 §3).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::{Parsed, SyntaxError};
use crate::imap::grammar::search::{Key, Program};
use crate::imap::long::Begun;
use crate::imap::response::Status;
use crate::imap::search::running::{Purpose, Running};
use crate::imap::search::{Found, program, run as searching};
use crate::imap::selected::Naming;
use crate::imap::thread::{Threaded, ordered_subject, references};
use crate::store::{Expunges, Row, Store};

/// ```abnf
/// thread          = ["UID" SP] "THREAD" SP thread-alg SP search-criteria
/// search-criteria = charset 1*(SP search-key)
/// ```
pub const COMMAND: Command = Command {
    name: "THREAD",
    legal: Legal::Selected,
    by_number: true,
    expunges: Expunges::Withhold,
    run: |context, cursor, out| run(context, cursor, out, Naming::Numbers),
    ..USUAL
};

#[derive(Clone, Copy)]
enum Algorithm {
    OrderedSubject,
    References,
}

/// THREAD, or UID THREAD.
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, naming: Naming) -> Parsed<Outcome> {
    cursor.space()?;
    let algorithm = algorithm(cursor)?;
    cursor.space()?;
    let charset = cursor.charset()?;
    cursor.space()?;
    let program = cursor.search_keys(charset)?;
    cursor.end()?;
    Ok(Outcome::of(naming, begin(context, out, naming, algorithm, program)))
}

fn begin(context: &mut Context, out: &mut Vec<u8>, naming: Naming, algorithm: Algorithm, program: Program) -> Begun {
    let program = context.without_filters(program)?;
    searching::check(context, None, &program, false)?;
    searching::begin(context, &program, out);
    let Some(selected) = &context.selected else { return Err(Status::bad("No mailbox is selected")) };
    // Threads are those of all its messages: "Servers that advertise MESSAGELIMIT N will be unable to execute a THREAD command
    // [RFC5256] in a mailbox with more than N messages" (RFC 9738 §3.3).
    let exists = selected.view.exists() as usize;
    if let Some(limit) = context.message_limit().filter(|limit| limit.is_exceeded_by(exists)) {
        return Err(limit.refusal(None));
    }
    let keys = program::prepared(program, selected, context)?;
    let purpose = Threading { naming, algorithm, messages: Vec::new() };
    Ok(Running::begin(context, selected, keys, Box::new(purpose)))
}

/// The messages that become threads.
struct Threading {
    naming: Naming,
    algorithm: Algorithm,
    messages: Vec<Threaded>,
}

impl Purpose for Threading {
    fn take(&mut self, found: Found, row: &Row, store: &Store) {
        let name = if self.naming == Naming::Uids { found.uid } else { found.number };
        self.messages.push(Threaded::read(&found, name, row, store));
    }

    /// `thread-data = "THREAD" [SP 1*thread-list]`
    fn answer(mut self: Box<Self>, _: Vec<Key>, context: &mut Context, out: &mut Vec<u8>) -> Status {
        if context.faults().on(Fault::ImapThreadIgnoresReferences) {
            self.messages.iter_mut().for_each(|message| message.references.clear());
        }
        let (forest, roots) = match self.algorithm {
            Algorithm::OrderedSubject => ordered_subject::threads(self.messages),
            Algorithm::References => references::threads(self.messages),
        };
        out.extend_from_slice(if roots.is_empty() { b"* THREAD" } else { b"* THREAD " });
        forest.write(&roots, out);
        out.extend_from_slice(b"\r\n");
        Status::ok("THREAD completed")
    }

    fn fail(self: Box<Self>, status: Status, _: &mut Context) -> Status {
        status
    }
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
