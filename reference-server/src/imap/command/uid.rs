//! The UID prefix of COPY, FETCH, SEARCH, STORE (RFC 3501 §6.4.8), EXPUNGE (RFC 4315 §2.1), MOVE (RFC 6851 §3.2), REPLACE
//! (RFC 8508 §3.3), SORT and THREAD (RFC 5256 §3).

use super::{Command, Legal, Outcome, USUAL, copy, expunge, fetch, moving, replace, search, sort, store, thread};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::{Parsed, SyntaxError};
use crate::imap::selected::Naming;

/// `uid = "UID" SP (copy / fetch / search / store)`. An EXPUNGE response may be sent: UID FETCH, UID STORE and UID SEARCH
/// are other commands than FETCH, STORE and SEARCH (RFC 3501 §7.4.1).
pub const COMMAND: Command = Command { name: "UID", legal: Legal::Selected, run, ..USUAL };

/// What may stand behind it.
const COMMANDS: &str = "COPY, EXPUNGE, FETCH, MOVE, REPLACE, SEARCH, SORT, STORE or THREAD";

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let offset = cursor.offset();
    let name = cursor.atom(COMMANDS)?.to_ascii_uppercase();
    match name.as_slice() {
        b"COPY" => copy::run(context, cursor, Naming::Uids),
        b"EXPUNGE" if !context.lacks(Extension::ImapUidPlus) => expunge::run_by_uid(context, cursor),
        b"FETCH" => fetch::run(context, cursor, out, Naming::Uids),
        b"MOVE" if !context.lacks(Extension::ImapMove) => moving::run(context, cursor, Naming::Uids),
        b"REPLACE" if !context.lacks(Extension::ImapReplace) => replace::run(context, cursor, Naming::Uids),
        b"SEARCH" => search::run(context, cursor, out, Naming::Uids),
        b"SORT" if !context.lacks(Extension::ImapSort) => sort::run(context, cursor, out, Naming::Uids),
        b"STORE" => store::run(context, cursor, out, Naming::Uids),
        b"THREAD" => thread::run(context, cursor, out, Naming::Uids),
        _ => Err(SyntaxError { offset, expected: COMMANDS }),
    }
}
