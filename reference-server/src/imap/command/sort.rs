//! SORT (RFC 5256 §3), with result options (RFC 5267 §3).

use super::{Command, Legal, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::search::options::Extended;
use crate::imap::search::run::Searching;
use crate::imap::selected::Naming;
use crate::store::Expunges;

/// "Untagged EXPUNGE responses are not permitted while the server is responding to a SORT command, but are permitted
/// during a UID SORT command" (RFC 5256 §3).
pub const COMMAND: Command = Command {
    name: "SORT",
    extension: Some(Extension::ImapSort),
    legal: Legal::Selected,
    by_number: true,
    expunges: Expunges::Withhold,
    run: |context, cursor, out| run(context, cursor, out, Naming::Numbers),
    ..USUAL
};

/// SORT, or UID SORT.
///
/// ```abnf
/// sort            = ["UID" SP] "SORT" SP sort-criteria SP search-criteria
/// extended-sort   = ["UID" SP] "SORT" search-return-opts SP sort-criteria SP search-criteria     ; RFC 5267 §5
/// search-criteria = charset 1*(SP search-key)
/// ```
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, naming: Naming) -> Parsed<Outcome> {
    cursor.space()?;
    let options = cursor.return_options(Extended::Sort)?;
    let criteria = cursor.sort_criteria()?;
    cursor.space()?;
    let charset = cursor.charset()?;
    cursor.space()?;
    let program = cursor.search_keys(charset)?;
    cursor.end()?;
    let searching = Searching { naming, options, program, criteria: Some(criteria) };
    Ok(Outcome::of(naming, searching.begin(context, out)))
}
