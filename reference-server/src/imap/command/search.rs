//! SEARCH (RFC 3501 §6.4.4).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::{Parsed, SyntaxError};
use crate::imap::grammar::search::Key;
use crate::imap::response::{Code, Status, write_untagged};
use crate::imap::search::Candidate;
use crate::imap::search_objects;
use crate::imap::selected::Naming;
use crate::store::Expunges;

/// The grammar is at [`Cursor::search`].
pub const COMMAND: Command = Command {
    name: "SEARCH",
    legal: Legal::Selected,
    expunges: Expunges::Withhold,
    run: |context, cursor, out| Ok(Outcome::Done(run(context, cursor, out, Naming::Numbers)?)),
    ..USUAL
};

/// SEARCH, or UID SEARCH.
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, naming: Naming) -> Parsed<Status> {
    cursor.space()?;
    let offset = cursor.offset();
    let mut search = cursor.search()?;
    cursor.end()?;
    let lacked = context.lacks(Extension::ImapObjectId) && search_objects::has_objects(&search.keys)
        || context.lacks(Extension::ImapSaveDate) && search_objects::has_save_dates(&search.keys);
    if lacked {
        return Err(SyntaxError { offset, expected: "search keys that this server has" });
    }
    let by_modseq = search.keys.iter().any(|key| key.any(|key| matches!(key, Key::ModSeq(_))));
    if by_modseq && context.lacks(Extension::ImapCondStore) {
        return Err(SyntaxError { offset, expected: "search keys that this server has" });
    }
    // "If the server does not support the specified [CHARSET], it MUST return a tagged NO response (not a BAD)"
    // (RFC 3501 §6.4.4).
    if search.unknown_charset {
        return Ok(Status::no(Code::BadCharset, "The charset is unknown here"));
    }
    if by_modseq {
        context.enable_condstore(out);
    }
    // "the EXPUNGE response MUST NOT be sent during a UID SEARCH command that contains message numbers" (RFC 7162 §3.2.10.2).
    context.numbers_are_named = search.keys.iter().any(|key| key.any(|key| matches!(key, Key::Numbers(_))));
    let Some(selected) = &context.selected else { return Ok(Status::bad("No mailbox is selected")) };
    if let Err(status) = search_objects::resolve(&mut search.keys, selected, context) {
        return Ok(status);
    }
    let ignores_not = context.faults().on(Fault::ImapSearchIgnoresNot);
    let present = selected.view.rows().filter(|(_, row)| !row.gone);
    let matching = present.filter(|(number, row)| {
        let candidate = Candidate::new(&context.store, &selected.view, *number, row, ignores_not);
        candidate.matches_all(&search.keys)
    });
    let mut answer = "SEARCH".to_owned();
    let mut highest = None;
    for (number, row) in matching {
        let number = if naming == Naming::Uids { row.message.uid } else { number };
        answer.push_str(&format!(" {number}"));
        highest = highest.max(Some(row.message.modseq));
    }
    // "the server MUST also append (to the end of the untagged SEARCH response) the highest mod-sequence for all messages
    // being returned" (RFC 7162 §3.1.5).
    if let Some(modseq) = highest.filter(|_| by_modseq && !context.faults().on(Fault::ImapSearchWithoutModseq)) {
        answer.push_str(&format!(" (MODSEQ {modseq})"));
    }
    write_untagged(out, answer);
    Ok(Status::ok("SEARCH completed"))
}
