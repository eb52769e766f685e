//! SORT (RFC 5256 §3), with result options (RFC 5267 §3).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::search::options::Extended;
use crate::imap::response::Status;
use crate::imap::search::answer::{Answer, saved};
use crate::imap::search::{Found, find, program};
use crate::imap::selected::Naming;
use crate::imap::sort::sorted;
use crate::store::Expunges;

/// ```abnf
/// sort            = ["UID" SP] "SORT" SP sort-criteria SP search-criteria
/// extended-sort   = ["UID" SP] "SORT" search-return-opts SP sort-criteria SP search-criteria     ; RFC 5267 §5
/// search-criteria = charset 1*(SP search-key)
/// ```
/// "Untagged EXPUNGE responses are not permitted while the server is responding to a SORT command, but are permitted
/// during a UID SORT command" (RFC 5256 §3).
pub const COMMAND: Command = Command {
    name: "SORT",
    extension: Some(Extension::ImapSort),
    legal: Legal::Selected,
    expunges: Expunges::Withhold,
    run: |context, cursor, out| Ok(Outcome::Done(run(context, cursor, out, Naming::Numbers)?)),
    ..USUAL
};

/// SORT, or UID SORT.
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, naming: Naming) -> Parsed<Status> {
    cursor.space()?;
    let options = cursor.return_options(Extended::Sort)?;
    let criteria = cursor.sort_criteria()?;
    cursor.space()?;
    let charset = cursor.charset()?;
    cursor.space()?;
    let program = cursor.search_keys(charset)?;
    cursor.end()?;
    let Some(selected) = &context.selected else { return Ok(Status::bad("No mailbox is selected")) };
    let found = program::prepared(program, selected).map(|keys| {
        let found = find(context, selected, &keys);
        let sorted = sorted(found, &criteria, selected, &context.store, context.faults());
        sorted.into_iter().map(|sortable| sortable.found).collect::<Vec<Found>>()
    });
    let status = match &found {
        Ok(found) => {
            let answer = Answer { tag: &context.tag, naming, found, faults: context.faults() };
            match &options {
                None => answer.write_list("SORT", out),
                Some(options) if options.asks_for_data() => answer.write_extended(options, out),
                Some(_) => {}
            }
            Status::ok("SORT completed")
        }
        Err(status) => status.clone(),
    };
    if let (Some(options), Some(selected)) = (options.filter(|options| options.save), &mut context.selected) {
        selected.saved = found.map(|found| saved(&found, &options)).unwrap_or_default();
    }
    Ok(status)
}
