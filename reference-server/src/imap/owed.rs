//! What a client is owed: the changes of the selected mailbox, what searches that are kept up to date found, and what it asked
//! for with NOTIFY.

use super::command::Command;
use super::context::Context;
use super::grammar::fetch::Item;
use super::response::{Code, Status, write_untagged};
use super::search::updating;
use super::selected::{Naming, Selected};
use super::unasked::Unasked;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::store::{self, Expunges, Telling, Uid};
use std::collections::BTreeMap;

/// What is left when the client was told.
#[derive(Default)]
pub struct Owed {
    /// The modification sequence a client that resynchronises must be told.
    pub highest: Option<u64>,
    /// What is fetched of new messages.
    pub fetches: Option<Unasked>,
}

impl Context {
    /// Tells the client what it is owed, before a command is over: "A server MUST send mailbox size updates automatically if a
    /// mailbox size change is observed during the processing of a command" (RFC 3501 §5.2); or between commands, if it asked
    /// for that.
    pub fn tell_owed(&mut self, command: Option<&Command>, naming: Naming, out: &mut Vec<u8>) -> Owed {
        let name = command.map_or("", |command| command.name);
        let expunges = match command.map_or(Expunges::Withhold, |command| command.expunges) {
            _ if std::mem::take(&mut self.numbers_are_named) => Expunges::Withhold,
            Expunges::Withhold if command.is_some() && self.faults().on(Fault::ImapExpungeDuringFetch) => Expunges::Tell,
            expunges => expunges,
        };
        self.tell_url_resets(out);
        if self.faults().on(Fault::ImapNoExistsAfterAppend) && name == "APPEND" {
            return Owed::default();
        }
        if let Some(mut notify) = self.notify.take() {
            notify.attend(self);
            self.notify = Some(notify);
        }
        let mut owed = Owed::default();
        if let Some(mut selected) = self.selected.take() {
            match self.tell_changes(&mut selected, expunges, naming, out) {
                Ok(told) => owed = told,
                Err(error) => tracing::error!(%error, "changes of a mailbox can not be read"),
            }
            self.selected = Some(selected);
            self.tell_url_resets(out);
        }
        // "the server MUST send exactly the same events as instructed by the client using the NOTIFY command" in IDLE
        // (RFC 5465 §4).
        if !(name == "IDLE" && self.faults().on(Fault::ImapNotifyIdleForgets)) {
            self.tell_notifications(out);
        }
        owed
    }

    fn tell_changes(
        &self,
        selected: &mut Selected,
        expunges: Expunges,
        naming: Naming,
        out: &mut Vec<u8>,
    ) -> store::Result<Owed> {
        selected.learn(&self.store)?;
        let own = std::mem::take(&mut selected.own_expunges);
        let notify = self.notify.as_ref().filter(|_| !self.faults().on(Fault::ImapNotifySelectedAnyway));
        let telling = notify.map_or(Telling::all(expunges), |notify| notify.telling(self, expunges, &own));
        // A change of flags that NOTIFY asks for is told with the UID (RFC 5465 §5.1).
        let naming = match notify.is_some_and(|notify| notify.of_selected().flags) {
            true if !self.faults().on(Fault::ImapNotifyFlagsWithoutUid) => Naming::Uids,
            _ => naming,
        };
        let mut searches = std::mem::take(&mut selected.updating);
        updating::tell_removed(&mut searches, self, &selected.view, out);
        let written = selected.write_updates(out, telling, naming, self.told());
        let mut added = Vec::new();
        let found = updating::tell_added(&mut searches, self, &selected.view, &written.arrived, &mut added);
        selected.updating = searches;
        let items = notify.map_or(&[][..], |notify| notify.fetch(self));
        let fetches = self.fetches(items, &written.arrived, found);
        // "the EXISTS response MUST precede any FETCH responses, and together they MUST precede the ESEARCH response"
        // (RFC 5465 §7); but where NOTIFY asks for data items, too, "The FETCH response(s) MUST follow any ESEARCH ADDTO
        // responses" (RFC 5465 §5.2).
        let late = self.faults().on(Fault::ImapNotifyFetchesBeforeAddTo);
        let before = fetches.is_empty() || !items.is_empty() && !late;
        if before {
            out.append(&mut added);
        }
        let fetches = (!fetches.is_empty()).then(|| Unasked::new(fetches, added));
        Ok(Owed { highest: written.highest, fetches })
    }

    /// What is fetched of which new message, in one response for each: "These attributes SHOULD be combined into a single FETCH
    /// response" (RFC 5465 §5.2).
    fn fetches(&self, items: &[Item], arrived: &[(u32, Uid)], found: Vec<(u32, Vec<Item>)>) -> BTreeMap<u32, Vec<Item>> {
        let mut fetches: BTreeMap<u32, Vec<Item>> = BTreeMap::new();
        let wanted = arrived.iter().filter(|_| !items.is_empty()).map(|(number, _)| (*number, items.to_vec()));
        for (number, items) in wanted.chain(found) {
            let fetched = fetches.entry(number).or_default();
            for item in items {
                if !fetched.contains(&item) {
                    fetched.push(item);
                }
            }
        }
        // With CONDSTORE all of these "MUST automatically include both UID and mod-sequence data" (RFC 7162 §3.2.4), and in
        // IMAP4rev2 the UID (RFC 9051 §7.5.2).
        let condstore = self.enabled.condstore();
        // With UIDONLY they have it anyway (RFC 9586 §3.3).
        let uid = ((condstore || self.enabled.rev2()) && !self.enabled.uid_only()).then_some(Item::Uid);
        let always: Vec<Item> = uid.into_iter().chain(condstore.then_some(Item::ModSeq)).collect();
        for fetched in fetches.values_mut() {
            let missing: Vec<Item> = always.iter().filter(|item| !fetched.contains(item)).cloned().collect();
            fetched.extend(missing);
        }
        fetches
    }

    /// "Any current IMAP session logged in as the user that has the mailbox selected will receive an untagged OK response with
    /// the URLMECH status response code" (RFC 4467 §7).
    fn tell_url_resets(&mut self, out: &mut Vec<u8>) {
        let Some(selected) = self.selected.as_ref() else { return };
        let resets = self.store.url_resets(self.account_name(), selected.mailbox.id);
        if resets != self.url_resets && !self.lacks(Extension::ImapUrlAuth) {
            self.url_resets = resets;
            write_untagged(out, Status::ok("The key of this mailbox is another one now").with(Code::UrlMech));
        }
    }
}
