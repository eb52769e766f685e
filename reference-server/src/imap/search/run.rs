//! SEARCH and SORT from the parsed command to the status, but for the way through the mailbox, which [`running`](super::running) goes.
//! They differ in the order of what they find.

use super::answer::{Answer, saved};
use super::running::{Purpose, Running};
use super::updating::{MOST, Updating};
use super::{Found, find, program};
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::enabled::UTF8_ACCEPT;
use crate::imap::grammar::search::options::ReturnOptions;
use crate::imap::grammar::search::{Key, Program};
use crate::imap::grammar::sort::{Criterion, SortKey};
use crate::imap::long::Begun;
use crate::imap::message_limit::{Cut, completed};
use crate::imap::response::{Code, Condition, Status, write_untagged};
use crate::imap::selected::{Naming, Selected};
use crate::imap::sort::{Sortable, sort};
use crate::store::{Row, Store};

/// A search that is to be made in the selected mailbox.
pub struct Searching {
    pub naming: Naming,
    pub options: Option<ReturnOptions>,
    pub program: Program,
    /// In which order; that of the mailbox if there is none.
    pub criteria: Option<Vec<Criterion>>,
}

impl Searching {
    /// Settles what is asked of each message.
    pub fn begin(mut self, context: &mut Context, out: &mut Vec<u8>) -> Begun {
        // "If no result option is specified or empty list of options is specified as "()", ALL is assumed" (RFC 9051 §6.4.4);
        // SORT is no command of that protocol.
        if self.options.is_none() && self.criteria.is_none() && context.enabled.has("IMAP4rev2") {
            self.options = Some(ReturnOptions::everything());
        }
        let saves = saves(self.options.as_ref());
        self.begun(context, out).map_err(|status| refused(status, saves, context))
    }

    fn begun(mut self, context: &mut Context, out: &mut Vec<u8>) -> Begun {
        check_charset(context, &self.program)?;
        self.program = context.without_filters(self.program)?;
        self.check(context)?;
        let by_modseq = begin(context, &self.program, out);
        let Some(selected) = &context.selected else { return Err(Status::bad("No mailbox is selected")) };
        let lasting = can_be_kept_updated(&self.program);
        let mut keys = program::prepared(self.program, selected, context)?;
        let cut = limited(context, selected, &mut keys);
        if let (Some(cut), true) = (&cut, self.criteria.is_some()) {
            return Err(cut.refusal());
        }
        let Searching { naming, options, criteria, .. } = self;
        let (found, sortable) = (Vec::new(), Vec::new());
        let gathering = Gathering { naming, options, criteria, by_modseq, lasting, cut, found, sortable };
        Ok(Running::begin(context, selected, keys, Box::new(gathering)))
    }

    /// What makes a command BAD although its syntax is right.
    fn check(&self, context: &Context) -> Result<(), Status> {
        let sorted_by_relevancy = self.criteria.iter().flatten().any(|criterion| criterion.key == SortKey::Relevancy);
        check(context, self.options.as_ref(), &self.program, sorted_by_relevancy)
    }
}

/// "A SEARCH command with the SAVE result option that caused the server to return the NO tagged response sets the value of the
/// search result variable to the empty sequence" (RFC 5182 §2.1).
pub fn refused(status: Status, saves: bool, context: &mut Context) -> Status {
    if saves && status.condition == Condition::No {
        save(context, Vec::new());
    }
    status
}

/// A search that has begun, and what it found so far.
struct Gathering {
    naming: Naming,
    options: Option<ReturnOptions>,
    criteria: Option<Vec<Criterion>>,
    by_modseq: bool,
    /// Whether the criteria can be asked of messages that come later.
    lasting: bool,
    /// There are more messages to look at than one command may be about.
    cut: Option<Cut>,
    found: Vec<Found>,
    /// In place of those, if the search is sorted.
    sortable: Vec<Sortable>,
}

impl Purpose for Gathering {
    fn take(&mut self, found: Found, row: &Row, store: &Store) {
        match &self.criteria {
            Some(criteria) => self.sortable.push(Sortable::of_row(found, criteria, row, store)),
            None => self.found.push(found),
        }
    }

    /// Answers, keeps what is to be kept, and gives the status.
    fn answer(self: Box<Self>, mut keys: Vec<Key>, context: &mut Context, out: &mut Vec<u8>) -> Status {
        let Gathering { naming, options, criteria, by_modseq, lasting, cut, found, mut sortable } = *self;
        let name = if criteria.is_some() { "SORT" } else { "SEARCH" };
        let sorted = criteria.map(|criteria| {
            sort(&mut sortable, &criteria, context.faults());
            (criteria, sortable)
        });
        let found = match &sorted {
            Some((_, sorted)) => sorted.iter().map(|sortable| sortable.found.clone()).collect(),
            None => found,
        };
        let answer = Answer {
            tag: &context.tag,
            mailbox: None,
            naming,
            found: &found,
            by_modseq,
            faults: context.faults(),
            utf8: context.enabled.utf8(),
        };
        let status = Status::ok(format!("{name} completed"));
        let Some(options) = options else {
            answer.write_list(name, out);
            return completed(status, cut, out);
        };
        if options.asks_for_data() {
            answer.write_extended(&options, out);
        }
        if options.save {
            let kept = match (cut, &context.selected) {
                (Some(_), Some(selected)) if context.faults().on(Fault::ImapMessageLimitSavesAll) => {
                    keys.pop();
                    saved(&find(context, &context.store, selected, &keys), &options)
                }
                // "Servers that support both MESSAGELIMIT and SEARCHRES extensions [RFC5182] MUST truncate SEARCH SAVE result"
                // (RFC 9738 §3.4).
                _ => saved(&found, &options),
            };
            save(context, kept);
        }
        // What a search did not look at is not told of later, either.
        if options.update && lasting && cut.is_none() {
            keep_updated(context, naming, keys, &options, &found, sorted, out);
        } else if options.update {
            refuse_updates(context, out);
        }
        completed(status, cut, out)
    }

    fn fail(self: Box<Self>, status: Status, context: &mut Context) -> Status {
        refused(status, saves(self.options.as_ref()), context)
    }
}

fn saves(options: Option<&ReturnOptions>) -> bool {
    options.is_some_and(|options| options.save)
}

/// Restricts a search that would look at too many messages: "The total number of searched messages (note, NOT the number of
/// matched messages) exceeds the server's published 1000-message limit" (RFC 9738 §3.1). Looked at are those that the sets of the
/// criteria leave.
fn limited(context: &Context, selected: &Selected, keys: &mut Vec<Key>) -> Option<Cut> {
    let limit = context.message_limit()?;
    let counted = match context.faults().on(Fault::ImapMessageLimitCountsMatches) {
        true => keys.clone(),
        false => keys.iter().flat_map(Key::sets).cloned().collect(),
    };
    let mut searched = find(context, &context.store, selected, &counted);
    let cut = limit.cut(&mut searched, |found| found.uid)?;
    keys.push(Key::Among(vec![cut.lowest()..=searched.last().map_or(0, |found| found.uid)]));
    Some(cut)
}

/// What a search means for the session: by MODSEQ it is a CONDSTORE enabling command (RFC 7162 §3.1), which it gives; and "the
/// EXPUNGE response MUST NOT be sent during a UID SEARCH command that contains message numbers" (RFC 7162 §3.2.10.2).
pub fn begin(context: &mut Context, program: &Program, out: &mut Vec<u8>) -> bool {
    let has = |is: fn(&Key) -> bool| program.keys.iter().any(|key| key.any(is));
    let by_modseq = has(|key| matches!(key, Key::ModSeq(_)));
    // A charset that is unknown is refused before anything happens.
    if by_modseq && program.charset_is_known() {
        context.enable_condstore(out);
    }
    context.numbers_are_named = has(|key| matches!(key, Key::Numbers(_)));
    by_modseq
}

/// "Once an IMAP client has enabled UTF-8 support with the "ENABLE UTF8=ACCEPT" command, it MUST NOT issue a "SEARCH" command that
/// contains a charset specification. If an IMAP server receives such a "SEARCH" command in that situation, it SHOULD reject the
/// command with a "BAD" response (due to the conflicting charset labels)" (RFC 6855 §3).
pub fn check_charset(context: &Context, program: &Program) -> Result<(), Status> {
    let conflicts = program.names_charset && context.enabled.has(UTF8_ACCEPT);
    match conflicts && !context.faults().on(Fault::ImapUtf8SearchTakesCharset) {
        true => Err(Status::bad("With UTF8=ACCEPT a search names no charset")),
        false => Ok(()),
    }
}

/// What makes any search BAD although its syntax is right.
pub fn check(
    context: &Context,
    options: Option<&ReturnOptions>,
    program: &Program,
    sorted_by_relevancy: bool,
) -> Result<(), Status> {
    let is_fuzzy = program.keys.iter().any(|key| key.any(|key| matches!(key, Key::Fuzzy(_))));
    // "The RELEVANCY return option MUST NOT be used unless a FUZZY search key is also given" (RFC 6203 §4).
    if (sorted_by_relevancy || options.is_some_and(|options| options.relevancy)) && !is_fuzzy {
        return Err(Status::bad("RELEVANCY is only there with the search key FUZZY"));
    }
    // "The "<sequence set>" UID SEARCH criterion is prohibited (and results in a tagged BAD response) once UIDONLY is enabled"
    // (RFC 9586 §3.5); "$" alone is such a set by its grammar (RFC 5182 §3), and "UID $" means the same.
    if program.keys.iter().any(|key| key.any(|key| matches!(key, Key::Numbers(_)))) {
        context.may_use_numbers(Fault::ImapUidOnlySearchesNumbers)?;
    }
    // "An attempt to use UPDATE where a tag is already in use with a previous searching command that itself used UPDATE SHALL
    // result in the server rejecting the searching command with a BAD response" (RFC 5267 §4.3).
    let contexts = context.selected.as_ref().map_or(&[][..], |selected| &selected.updating);
    if options.is_some_and(|options| options.update) && contexts.iter().any(|updating| updating.tag == context.tag) {
        return Err(Status::bad("Another search that is kept up to date has this tag"));
    }
    Ok(())
}

/// Which messages have an object identifier is looked up once, and not again for each that comes.
pub fn can_be_kept_updated(program: &Program) -> bool {
    !program.keys.iter().any(|key| key.any(|key| matches!(key, Key::EmailId(_) | Key::ThreadId(_))))
}

/// "the server MAY refuse to provide updates [...] In such a case, an untagged NO is generated during processing of the
/// command with a response-code of NOUPDATE" (RFC 5267 §4.3.1).
pub fn refuse_updates(context: &Context, out: &mut Vec<u8>) {
    let code = Code::NoUpdate(context.tag.clone());
    write_untagged(out, Status::no(code, "This search is not kept up to date"));
}

/// Begins to tell of changes, or says that it will not.
pub fn keep_updated(
    context: &mut Context,
    naming: Naming,
    keys: Vec<Key>,
    options: &ReturnOptions,
    found: &[Found],
    sorted: Option<(Vec<Criterion>, Vec<Sortable>)>,
    out: &mut Vec<u8>,
) {
    if context.selected.as_ref().is_some_and(|selected| selected.updating.len() >= MOST) {
        return refuse_updates(context, out);
    }
    let Some(selected) = &mut context.selected else { return };
    let (tag, view) = (&context.tag, &selected.view);
    let updating = match sorted {
        None => Updating::searched(tag, naming, keys, found, view),
        Some((criteria, messages)) => Updating::sorted(tag, naming, keys, criteria, messages, view),
    };
    selected.updating.push(updating.fetching(options.update_fetch.clone()));
}

/// Sets what `$` means.
pub fn save(context: &mut Context, uids: Vec<u32>) {
    let keeps_old = uids.is_empty() && context.faults().on(Fault::ImapSaveKeepsOldResult);
    if let Some(selected) = context.selected.as_mut().filter(|_| !keeps_old) {
        selected.saved = uids;
    }
}
