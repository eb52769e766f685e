//! SEARCH (RFC 3501 §6.4.4), with result options (RFC 4731) and saved results (RFC 5182).

use super::{Command, Legal, Outcome, USUAL};
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::search::Search;
use crate::imap::grammar::search::options::ReturnOptions;
use crate::imap::response::{Condition, Status};
use crate::imap::search::answer::{Answer, saved};
use crate::imap::search::{find, program};
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
    let Search { options, program } = cursor.search(context.usual_charset())?;
    cursor.end()?;
    // "If no result option is specified or empty list of options is specified as "()", ALL is assumed" (RFC 9051 §6.4.4).
    let rev2 = context.enabled.has("IMAP4rev2");
    let options = options.or_else(|| rev2.then(ReturnOptions::everything));
    let saves = options.as_ref().is_some_and(|options| options.save);
    let Some(selected) = &context.selected else { return Ok(Status::bad("No mailbox is selected")) };
    let found = program::prepared(program, selected).map(|keys| find(context, selected, &keys));
    let status = match &found {
        Ok(found) => {
            let answer = Answer { tag: &context.tag, naming, found, faults: context.faults() };
            match &options {
                None => answer.write_list("SEARCH", out),
                Some(options) if options.asks_for_data() => answer.write_extended(options, out),
                // "In absence of any other SEARCH result option, the SAVE result option also suppresses any SEARCH
                // response" (RFC 5182 §1).
                Some(_) => {}
            }
            Status::ok("SEARCH completed")
        }
        Err(status) => status.clone(),
    };
    if saves && status.condition != Condition::Bad {
        // "A SEARCH command with the SAVE result option that caused the server to return the NO tagged response sets the
        // value of the search result variable to the empty sequence" (RFC 5182 §2.1).
        let kept = found.ok().zip(options).map(|(found, options)| saved(&found, &options));
        save(context, kept.unwrap_or_default());
    }
    Ok(status)
}

/// Sets what `$` means.
fn save(context: &mut Context, uids: Vec<u32>) {
    let keeps_old = uids.is_empty() && context.faults().on(Fault::ImapSaveKeepsOldResult);
    if let Some(selected) = context.selected.as_mut().filter(|_| !keeps_old) {
        selected.saved = uids;
    }
}
