//! SEARCH (RFC 3501 §6.4.4), with the result options of its extensions.

use super::{Command, Legal, Outcome, USUAL};
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::search::Search;
use crate::imap::search::run::Searching;
use crate::imap::selected::Naming;
use crate::store::Expunges;

/// The grammar is at [`Cursor::search`].
pub const COMMAND: Command = Command {
    name: "SEARCH",
    legal: Legal::Selected,
    by_number: true,
    expunges: Expunges::Withhold,
    run: |context, cursor, out| run(context, cursor, out, Naming::Numbers),
    ..USUAL
};

/// SEARCH, or UID SEARCH.
pub fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>, naming: Naming) -> Parsed<Outcome> {
    cursor.space()?;
    let Search { options, program } = cursor.search(context.usual_charset())?;
    cursor.end()?;
    let searching = Searching { naming, options, program, criteria: None };
    Ok(Outcome::of(naming, searching.begin(context, out)))
}
