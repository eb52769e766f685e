//! ESEARCH, which searches several mailboxes (RFC 7377).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::folder::Folder;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::search::options::{Extended, ReturnOptions};
use crate::imap::grammar::search::{Key, Program};
use crate::imap::grammar::sources::Source;
use crate::imap::mailbox_filter::MailboxFilter;
use crate::imap::response::{Condition, Status};
use crate::imap::search::answer::{Answer, saved};
use crate::imap::search::{Found, find, program, run};
use crate::imap::selected::{Naming, Selected};
use crate::store::{self, Mailbox, Right, View};

/// ```abnf
/// esearch = "ESEARCH" [SP esearch-source-opts] [SP search-return-opts] SP search-program
/// ```
/// It is legal in the authenticated and in the selected state. Its responses have UIDs, like those of UID SEARCH, so that an
/// EXPUNGE may be sent with them.
pub const COMMAND: Command = Command { name: "ESEARCH", extension: Some(Extension::ImapMultisearch), run, ..USUAL };

fn run(context: &mut Context, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Parsed<Outcome> {
    cursor.space()?;
    let sources = cursor.sources()?.unwrap_or_else(|| vec![Source::Selected]);
    // "Presence of a source option in the absence of a result option implies the "ALL" result option" (RFC 7377 §2.1).
    let options = cursor.return_options(Extended::Search)?.unwrap_or_else(ReturnOptions::everything);
    let program = cursor.search_program(context.usual_charset())?;
    cursor.end()?;
    let status = search(context, &sources, &options, program, out);
    if options.save && status.as_ref().is_err_and(|status| status.condition == Condition::No) {
        run::save(context, Vec::new());
    }
    Ok(Outcome::Done(status.unwrap_or_else(|status| status)))
}

fn search(
    context: &mut Context,
    sources: &[Source<'_>],
    options: &ReturnOptions,
    program: Program,
    out: &mut Vec<u8>,
) -> Result<Status, Status> {
    run::check_charset(context, &program)?;
    let program = context.without_filters(program)?;
    run::check(context, Some(options), &program, false)?;
    check(context, sources, options)?;
    let by_modseq = run::begin(context, &program, out);
    if options.update && !run::can_be_kept_updated(&program) {
        run::refuse_updates(context, out);
    }
    for mailbox in mailboxes(context, sources)? {
        let here = context.selected.as_ref().is_some_and(|selected| selected.mailbox.id == mailbox.id);
        let found = match (here, &context.selected) {
            (true, Some(selected)) => searched(context, selected, &program)?,
            _ => match opened(context, mailbox.clone()) {
                Ok(other) => searched(context, &other, &program)?,
                // It was deleted a moment ago.
                Err(store::Error::NoSuchMailbox(_)) => continue,
                Err(error) => return Err(refusal(error)),
            },
        };
        let (keys, found) = found;
        // "An ESEARCH response MUST NOT be returned for mailboxes that contain no matching messages" (RFC 7377 §2.1).
        if options.asks_for_data() && (!found.is_empty() || context.faults().on(Fault::ImapMultisearchTellsOfNothing)) {
            let faults = context.faults();
            let answer = Answer {
                tag: &context.tag,
                mailbox: Some(&mailbox),
                naming: Naming::Uids,
                found: &found,
                by_modseq,
                faults,
                utf8: context.enabled.utf8(),
            };
            answer.write_extended(options, out);
        }
        if here && options.update && run::can_be_kept_updated(&program) {
            run::keep_updated(context, Naming::Uids, keys, options, &found, None, out);
        }
        if options.save {
            run::save(context, saved(&found, options));
        }
    }
    Ok(Status::ok("ESEARCH completed"))
}

fn searched(context: &Context, mailbox: &Selected, program: &Program) -> Result<(Vec<Key>, Vec<Found>), Status> {
    let keys = program::prepared(program.clone(), mailbox, context)?;
    let found = context.store.standing_still(|still| find(context, still, mailbox, &keys)).map_err(refusal)?;
    Ok((keys, found))
}

/// A mailbox that is looked at and not selected: what is recent stays so.
fn opened(context: &Context, mailbox: Mailbox) -> store::Result<Selected> {
    let view = View::new(context.store.snapshot(mailbox.id, false)?);
    Ok(Selected::new(mailbox, view, true))
}

/// What is only legal with the selected mailbox.
fn check(context: &Context, sources: &[Source<'_>], options: &ReturnOptions) -> Result<(), Status> {
    // "If the session is not in a correct state, the ESEARCH command MUST return a "BAD" result", and the same for UPDATE
    // (RFC 7377 §2.2).
    if context.selected.is_none() && (options.update || sources.contains(&Source::Selected)) {
        return Err(Status::bad("No mailbox is selected"));
    }
    // "If any source option other than "selected" is specified, the ESEARCH command MUST return a "BAD" result" (RFC 7377 §2.2).
    if options.save && sources.iter().any(|source| *source != Source::Selected) {
        return Err(Status::bad("SAVE is only valid for the selected mailbox"));
    }
    Ok(())
}

/// The mailboxes that are meant, each once, by the names the user has for them. "Mailboxes matching the source options for
/// which the logged-in user lacks sufficient rights MUST be ignored" (RFC 7377 §2.2), and so are names that no mailbox has.
fn mailboxes(context: &Context, sources: &[Source<'_>]) -> Result<Vec<Mailbox>, Status> {
    let all = context.folders("")?;
    let mut chosen: Vec<Mailbox> = Vec::new();
    for source in sources {
        let Some(filter) = MailboxFilter::of(context, source) else {
            chosen.extend(context.selected.as_ref().map(|selected| selected.mailbox.clone()));
            continue;
        };
        chosen.extend(named(context, filter.named()));
        chosen.extend(all.iter().filter(|folder| filter.covers((*folder).into())).filter_map(visible));
    }
    let mut once = Vec::new();
    for mailbox in chosen {
        if !once.iter().any(|have: &Mailbox| have.id == mailbox.id) {
            once.push(mailbox);
        }
    }
    Ok(once)
}

/// "any mailboxes that are not explicitly named (accessed through "personal" or "subtree", for example) are required to have
/// the "l" right", beside "r" (RFC 7377 §2.2).
fn visible(folder: &Folder) -> Option<Mailbox> {
    let mailbox = folder.selectable().filter(|mailbox| mailbox.rights.has(Right::Lookup))?;
    Some(Mailbox { name: folder.name.clone(), ..mailbox.clone() })
}

/// The mailboxes of these names that the user may read.
fn named(context: &Context, names: &[String]) -> Vec<Mailbox> {
    names.iter().filter_map(|name| Some(Mailbox { name: name.clone(), ..context.selectable(name).ok()? })).collect()
}
