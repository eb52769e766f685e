//! ESEARCH, which searches several mailboxes (RFC 7377).

use super::{Command, Outcome, USUAL};
use crate::extensions::Extension;
use crate::imap::context::Context;
use crate::imap::folder::Folder;
use crate::imap::grammar::Cursor;
use crate::imap::grammar::cursor::Parsed;
use crate::imap::grammar::search::Program;
use crate::imap::grammar::search::options::{Extended, ReturnOptions};
use crate::imap::grammar::sources::Source;
use crate::imap::long::Begun;
use crate::imap::mailbox_filter::MailboxFilter;
use crate::imap::response::Status;
use crate::imap::search::run;
use crate::imap::search::several::{Request, Several};
use crate::imap::selected::Naming;
use crate::store::{Mailbox, Right};

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
    let begun = begin(context, &sources, &options, program, out);
    Ok(Outcome::of(Naming::Numbers, begun.map_err(|status| run::refused(status, options.save, context))))
}

fn begin(context: &mut Context, sources: &[Source<'_>], options: &ReturnOptions, program: Program, out: &mut Vec<u8>) -> Begun {
    run::check_charset(context, &program)?;
    let program = context.without_filters(program)?;
    run::check(context, Some(options), &program, false)?;
    check(context, sources, options)?;
    let by_modseq = run::begin(context, &program, out);
    if options.update && !run::can_be_kept_updated(&program) {
        run::refuse_updates(context, out);
    }
    let mailboxes = mailboxes(context, sources)?;
    let request = Request { options: options.clone(), program, by_modseq };
    Ok(Box::new(Several::begin(context, request, mailboxes)?))
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
