//! Tells of what happened: STATUS for messages of mailboxes that are not selected, LIST for names and subscriptions, METADATA
//! for annotations (RFC 5465 §5).

use super::pile::{Cause, Heap};
use super::wish::{Events, Wish};
use super::{Notify, has_modseqs, observable};
use crate::faults::Fault;
use crate::imap::command::list::write_news;
use crate::imap::context::{Context, refusal};
use crate::imap::listing::superiors;
use crate::imap::mailbox_filter::Candidate;
use crate::imap::metadata_entry::write_changed_entry;
use crate::imap::namespace::shown_to_others;
use crate::imap::response::{Code, Status, write_untagged};
use crate::imap::status_item::{items_named, tell_status};
use crate::store::{self, Happening, Kinds, MailboxId, Place, Right};
use std::collections::HashSet;

/// Something to be told, once.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// What a name stands for now.
    Name {
        name: String,
        denied: bool,
    },
    Renamed {
        from: String,
        to: String,
    },
    /// An annotation changed: of the server, if the name is empty.
    Entry {
        name: String,
        entry: String,
    },
}

impl Context {
    /// Tells of what has piled up, but for the messages of the selected mailbox.
    pub fn tell_notifications(&mut self, out: &mut Vec<u8>) {
        let Some(mut notify) = self.notify.take() else { return };
        let heap = notify.pile.take();
        if heap.over {
            // "It MUST notify these clients by sending an untagged "OK [NOTIFICATIONOVERFLOW]" response and behave as if a
            // NOTIFY NONE command had just been received" (RFC 5465 §5.8).
            if !self.faults().on(Fault::ImapNotifyOverflowsSilently) {
                let status = Status::ok("Too much happened; nothing is told any more");
                write_untagged(out, status.with(Code::NotificationOverflow));
            }
            *notify = Notify::new(self, Wish::default());
        } else if let Err(status) = notify.tell(self, heap, out) {
            tracing::error!(%status, "what happened to mailboxes can not be told");
        }
        notify.settled = true;
        self.notify = Some(notify);
    }
}

impl Notify {
    /// Begins to watch the mailboxes that are meant, and tells of those the client has no access to and, if it asked for it, of
    /// the state of all others (RFC 5465 §3.1).
    pub fn begin(&mut self, context: &Context, status: bool, out: &mut Vec<u8>) -> Result<(), Status> {
        let folders = context.folders("")?;
        self.refresh(context, &folders);
        for folder in folders {
            let wanted = self.wish.of_mailbox((&folder).into()) != Events::NONE;
            let lists = folder.mailbox.as_ref().is_some_and(|mailbox| mailbox.selectable && mailbox.rights.has(Right::Lookup));
            if wanted && lists && observable(&folder).is_none() && !context.faults().on(Fault::ImapNotifyHidesNoAccess) {
                write_news(context, &folder.name, NO_ACCESS, None, out)?;
                self.denied.insert(folder.name);
            }
        }
        if !status || context.faults().on(Fault::ImapNotifyWithoutStatus) {
            return Ok(());
        }
        let mut watched: Vec<(MailboxId, &str, Events)> =
            self.watched.iter().map(|(mailbox, watched)| (*mailbox, watched.name.as_str(), watched.events)).collect();
        watched.sort_unstable_by_key(|(_, name, _)| *name);
        for (mailbox, name, events) in watched {
            let mut items = vec!["MESSAGES", "UIDNEXT", "UIDVALIDITY"];
            // "the STATUS response MUST contain UIDVALIDITY and HIGHESTMODSEQ" where flags are wanted (RFC 5465 §3.1).
            if has_modseqs(context) && (events.meets(Events::FLAGS) || context.enabled.condstore()) {
                items.push("HIGHESTMODSEQ");
            }
            if !is_selected(context, mailbox) {
                write_status(context, mailbox, name, &items, out)?;
            }
        }
        Ok(())
    }

    fn tell(&mut self, context: &Context, heap: Heap, out: &mut Vec<u8>) -> Result<(), Status> {
        let Heap { events, mut touched, stale, .. } = heap;
        if let Some(cause) = stale.filter(|_| !context.faults().on(Fault::ImapNotifyForgetsNewMailboxes)) {
            for mailbox in self.refresh(context, &context.folders("")?) {
                // What came into it before it was watched would never be told of. Who moved a mailbox into view itself knows.
                let uidnext = context.store.status(mailbox).map(|status| status.uidnext);
                if cause == Cause::Others && uidnext.is_ok_and(|uidnext| uidnext > 1) {
                    touched.insert(mailbox, Kinds::MESSAGES);
                }
            }
        }
        let mut news: Vec<News> = Vec::new();
        if !events.is_empty() {
            let subscribed = match self.wish.follows_subscriptions() {
                true => context.store.subscriptions(context.account_name()).map_err(refusal)?.into_iter().collect(),
                false => HashSet::new(),
            };
            for event in &events {
                for one in self.news_of(context, &event.what, &subscribed) {
                    if !news.contains(&one) {
                        news.push(one);
                    }
                }
            }
        }
        for one in news {
            match one {
                News::Name { name, denied } => {
                    let also = if denied { NO_ACCESS } else { "" };
                    write_news(context, &name, also, None, out)?;
                }
                News::Renamed { from, to } => write_news(context, &to, "", Some(&from), out)?,
                News::Entry { name, entry } => write_changed_entry(context, out, &name, &entry),
            }
        }
        for (mailbox, kinds) in touched {
            let Some(watched) = self.watched.get(&mailbox).filter(|_| !is_selected(context, mailbox)) else { continue };
            let items = items_of(context, watched.events, kinds);
            if !items.is_empty() {
                write_status(context, mailbox, &watched.name, &items, out)?;
            }
        }
        Ok(())
    }

    /// What is told of an event.
    fn news_of(&mut self, context: &Context, what: &Happening, subscribed: &HashSet<String>) -> Vec<News> {
        let user = context.account_name();
        let shown = |owner: &str, name: &str| if owner == user { name.to_owned() } else { shown_to_others(owner, name) };
        let name_of = |place: &Place| shown(&place.owner, &place.name);
        let wanted = |name: &str| self.wish.of_mailbox(candidate(context, name, subscribed));
        let sees = |place: &Place| place.rights(user).has(Right::Lookup) || context.faults().on(Fault::ImapNotifyShowsHidden);
        match what {
            Happening::Created(place) | Happening::Deleted(place) if sees(place) => affected(context, &name_of(place), wanted),
            Happening::Renamed { from, to } if sees(to) => {
                let (from, to) = (shown(&to.owner, from), name_of(to));
                match wanted(&from).meets(Events::NAMES) || wanted(&to).meets(Events::NAMES) {
                    true => vec![News::Renamed { from, to }],
                    false => Vec::new(),
                }
            }
            // "granting or revocation of the 'l' right to the current user on the affected mailbox MUST be considered mailbox
            // creation or deletion, respectively" (RFC 5465 §5.4).
            Happening::Granted { mailbox, before } => {
                let name = name_of(mailbox);
                let had = mailbox.rights_by(before, user).has(Right::Lookup);
                let has = mailbox.rights(user).has(Right::Lookup);
                let mut news = if had != has { affected(context, &name, wanted) } else { Vec::new() };
                let denied = had && !has && wanted(&name) != Events::NONE;
                if denied {
                    // "The server SHOULD return the LIST response with the \NoAccess name attribute if and when the mailbox
                    // loses the 'l' right" (RFC 5465 §5.9).
                    news.retain(|one| *one != News::Name { name: name.clone(), denied: false });
                    news.insert(0, News::Name { name: name.clone(), denied: true });
                    self.denied.insert(name);
                } else if has && mailbox.rights(user).has(Right::Read) && self.denied.remove(&name) {
                    // "Similarly, the server SHOULD return the LIST response with no \NoAccess name attribute if the mailbox was
                    // previously reported as having \NoAccess" (RFC 5465 §5.9).
                    let back = News::Name { name, denied: false };
                    if !news.contains(&back) {
                        news.push(back);
                    }
                }
                news
            }
            Happening::Annotated { mailbox: Some(place), entry, .. } => {
                let name = name_of(place);
                let told = observes(place, user) && wanted(&name).meets(Events::METADATA);
                if told { vec![News::Entry { name, entry: entry.clone() }] } else { Vec::new() }
            }
            Happening::Annotated { mailbox: None, entry, .. } => {
                vec![News::Entry { name: String::new(), entry: entry.clone() }]
            }
            Happening::Subscription { name, .. } => {
                // Among what is subscribed to is what was until now.
                let among = Candidate { subscribed: true, ..candidate(context, name, subscribed) };
                match self.wish.of_mailbox(among).meets(Events::SUBSCRIPTIONS) {
                    true => vec![News::Name { name: name.clone(), denied: false }],
                    false => Vec::new(),
                }
            }
            Happening::Created(_) | Happening::Deleted(_) | Happening::Renamed { .. } => Vec::new(),
        }
    }
}

const NO_ACCESS: &str = "\\NoAccess";

/// A mailbox that was made or is gone: "the mailbox itself and its direct parent (whether it is an existing mailbox or not) are
/// considered to be affected" (RFC 5465 §5.4).
fn affected(context: &Context, name: &str, wanted: impl Fn(&str) -> Events) -> Vec<News> {
    let parent = superiors(name).last().filter(|_| !context.faults().on(Fault::ImapNotifyForgetsParents));
    let names = std::iter::once(name).chain(parent);
    let told = names.filter(|name| wanted(name).meets(Events::NAMES));
    told.map(|name| News::Name { name: name.to_owned(), denied: false }).collect()
}

fn observes(place: &Place, user: &str) -> bool {
    let rights = place.rights(user);
    rights.has(Right::Lookup) && rights.has(Right::Read)
}

/// A name, whether there is such a mailbox or not.
fn candidate<'a>(context: &Context, name: &'a str, subscribed: &HashSet<String>) -> Candidate<'a> {
    let own = context.place(name).is_ok_and(|place| context.is_own(&place));
    Candidate { name, own, subscribed: subscribed.contains(name) }
}

fn is_selected(context: &Context, mailbox: MailboxId) -> bool {
    context.selected.as_ref().is_some_and(|selected| selected.mailbox.id == mailbox)
}

/// The data items that tell of such changes; none, if they are not told.
fn items_of(context: &Context, wanted: Events, kinds: Kinds) -> Vec<&'static str> {
    let mut items = Vec::new();
    let condstore = context.enabled.condstore();
    // "an unsolicited STATUS (UIDNEXT MESSAGES) response" (RFC 5465 §5.2, §5.3).
    if kinds.meets(Kinds::MESSAGES) && wanted.meets(Events::MESSAGES) {
        items.extend(["UIDNEXT", "MESSAGES", "UIDVALIDITY"]);
    }
    if wanted.meets(Events::FLAGS) {
        // "When this event is requested, the server MUST notify the client about mailbox UIDVALIDITY changes" (RFC 5465 §5.1).
        let flags = kinds.meets(Kinds::FLAGS) && (condstore || kinds.meets(Kinds::SEEN));
        if (flags || kinds.meets(Kinds::VALIDITY)) && items.is_empty() {
            items.push("UIDVALIDITY");
        }
        // "If the number of messages with the \Seen flag changes, the server MAY also include the UNSEEN data item".
        if kinds.meets(Kinds::SEEN) {
            items.push("UNSEEN");
        }
    }
    // "If the CONDSTORE extension and/or the QRESYNC extension is enabled, the HIGHESTMODSEQ status data item MUST be included"
    // (RFC 5465 §5.2).
    if !items.is_empty() && condstore && !context.faults().on(Fault::ImapNotifyWithoutModseq) {
        items.push("HIGHESTMODSEQ");
    }
    items
}

/// A mailbox that is gone by now has no state: of that LIST tells.
fn write_status(context: &Context, mailbox: MailboxId, name: &str, items: &[&str], out: &mut Vec<u8>) -> Result<(), Status> {
    match tell_status(context, mailbox, name, &items_named(items), out) {
        Err(store::Error::NoSuchMailbox(_)) => Ok(()),
        told => told.map_err(refusal),
    }
}
