//! A search that goes through several mailboxes, and answers for each (RFC 7377).

use super::answer::{Answer, saved};
use super::walk::{Tally, Walk};
use super::{Found, program, run};
use crate::faults::Fault;
use crate::imap::context::{Context, refusal};
use crate::imap::grammar::search::Program;
use crate::imap::grammar::search::options::ReturnOptions;
use crate::imap::long::{Long, Step};
use crate::imap::progress::completion;
use crate::imap::response::Status;
use crate::imap::selected::{Naming, Selected};
use crate::store::{self, Mailbox, View};
use std::collections::VecDeque;

/// What is asked of the mailboxes.
pub struct Request {
    pub options: ReturnOptions,
    pub program: Program,
    pub by_modseq: bool,
}

/// The search, as far as it is.
pub struct Several {
    request: Request,
    left: VecDeque<Mailbox>,
    /// The mailbox it is in.
    here: Option<Here>,
    tally: Tally,
}

struct Here {
    mailbox: Mailbox,
    /// The mailbox as it was opened for the search; `None`: it is the selected one.
    other: Option<Box<Selected>>,
    walk: Walk,
    found: Vec<Found>,
}

impl Several {
    /// A search that begins now. The messages of all mailboxes are counted before, for the goal "SHOULD NOT change between
    /// successive notifications for the same command tag" (RFC 9585 §4).
    pub fn begin(context: &Context, request: Request, mailboxes: Vec<Mailbox>) -> Result<Several, Status> {
        let ids: Vec<_> = mailboxes.iter().map(|mailbox| mailbox.id).collect();
        let statuses = context.store.statuses(&ids).map_err(refusal)?;
        let all = statuses.values().map(|status| status.messages).fold(0, u32::saturating_add);
        Ok(Several { request, left: VecDeque::from(mailboxes), here: None, tally: Tally::begin(context, all) })
    }

    /// Searches on until there is progress to tell, or to the end; gives whether there is more.
    fn search(&mut self, context: &mut Context, out: &mut Vec<u8>) -> Result<bool, Status> {
        loop {
            let mut here = match self.here.take() {
                Some(here) => here,
                None => {
                    let Some(mailbox) = self.left.pop_front() else { return Ok(false) };
                    let Some(here) = Here::enter(context, mailbox, &self.request.program)? else { continue };
                    here
                }
            };
            let Here { other, walk, found, .. } = &mut here;
            let more = match other.as_deref().or(context.selected.as_ref()) {
                Some(selected) => walk.on(context, selected, &mut self.tally, out, |one, _, _| found.push(one))?,
                None => false,
            };
            match more {
                true => {
                    self.here = Some(here);
                    return Ok(true);
                }
                false => here.answer(context, &self.request, out),
            }
        }
    }
}

impl Long for Several {
    fn step(mut self: Box<Self>, context: &mut Context, out: &mut Vec<u8>) -> Step {
        match self.search(context, out) {
            Ok(true) => Step::More(self),
            Ok(false) => Step::Done(completion(context, Status::ok("ESEARCH completed"), self.tally.all)),
            Err(status) => Step::Done(run::refused(status, self.request.options.save, context)),
        }
    }
}

impl Here {
    /// Begins to search a mailbox; `None` if it was deleted a moment ago.
    fn enter(context: &Context, mailbox: Mailbox, program: &Program) -> Result<Option<Here>, Status> {
        let selected = context.selected.as_ref().filter(|selected| selected.mailbox.id == mailbox.id);
        let other = match selected {
            Some(_) => None,
            None => match opened(context, mailbox.clone()) {
                Ok(other) => Some(Box::new(other)),
                Err(store::Error::NoSuchMailbox(_)) => return Ok(None),
                Err(error) => return Err(refusal(error)),
            },
        };
        let Some(opened) = other.as_deref().or(selected) else { return Ok(None) };
        let keys = program::prepared(program.clone(), opened, context)?;
        Ok(Some(Here { mailbox, other, walk: Walk::begin(context, keys), found: Vec::new() }))
    }

    /// All its messages were looked at: answers, and keeps what is to be kept.
    fn answer(self, context: &mut Context, request: &Request, out: &mut Vec<u8>) {
        let Request { options, program, by_modseq } = request;
        let Here { mailbox, other, walk, found } = self;
        // "An ESEARCH response MUST NOT be returned for mailboxes that contain no matching messages" (RFC 7377 §2.1).
        if options.asks_for_data() && (!found.is_empty() || context.faults().on(Fault::ImapMultisearchTellsOfNothing)) {
            let answer = Answer {
                tag: &context.tag,
                mailbox: Some(&mailbox),
                naming: Naming::Uids,
                found: &found,
                by_modseq: *by_modseq,
                faults: context.faults(),
                utf8: context.enabled.utf8(),
            };
            answer.write_extended(options, out);
        }
        if other.is_none() && options.update && run::can_be_kept_updated(program) {
            run::keep_updated(context, Naming::Uids, walk.keys, options, &found, None, out);
        }
        if options.save {
            run::save(context, saved(&found, options));
        }
    }
}

/// A mailbox that is looked at and not selected: what is recent stays so.
fn opened(context: &Context, mailbox: Mailbox) -> store::Result<Selected> {
    let view = View::new(context.store.snapshot(mailbox.id, false)?);
    Ok(Selected::new(mailbox, view, true))
}
