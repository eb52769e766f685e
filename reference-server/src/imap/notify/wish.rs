//! What a client wants to hear of, and what of it a server refuses (RFC 5465 §3.1, §5).

use crate::extensions::Extension;
use crate::faults::Fault;
use crate::imap::context::Context;
use crate::imap::grammar::fetch::Item;
use crate::imap::grammar::notify::{Event, Filter, Group};
use crate::imap::mailbox_filter::{Candidate, MailboxFilter};
use crate::imap::response::{Code, Status};
use std::ops::BitOr;

/// What a client wants to hear of.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub selected: OfSelected,
    groups: Vec<(MailboxFilter, Events)>,
    /// For a server that is asked to misbehave.
    means_all: bool,
}

/// What of the mailbox that is selected. Without SELECTED it is nothing: "This is the same as specifying SELECTED NONE"
/// (RFC 5465 §3.1).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OfSelected {
    /// Messages that come and go: MessageNew and MessageExpunge.
    pub messages: bool,
    pub flags: bool,
    /// Expunges wait for a command that allows them: SELECTED-DELAYED (RFC 5465 §6.1.2).
    pub delayed: bool,
    /// What is fetched of each message that comes.
    pub fetch: Vec<Item>,
}

/// Kinds of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Events(u8);

impl Events {
    pub const NONE: Events = Events(0);
    /// MessageNew and MessageExpunge, which are always wanted together.
    pub const MESSAGES: Events = Events(1);
    pub const FLAGS: Events = Events(2);
    pub const NAMES: Events = Events(4);
    pub const SUBSCRIPTIONS: Events = Events(8);
    pub const METADATA: Events = Events(16);
    pub const SERVER_METADATA: Events = Events(32);
    /// Those that STATUS responses tell of.
    pub const OF_MESSAGES: Events = Events(3);

    /// Whether some event is in both.
    pub fn meets(self, others: Events) -> bool {
        self.0 & others.0 != 0
    }

    fn of(event: &Event<'_>) -> Events {
        match event {
            Event::MessageNew(_) | Event::MessageExpunge => Events::MESSAGES,
            Event::FlagChange => Events::FLAGS,
            Event::MailboxName => Events::NAMES,
            Event::SubscriptionChange => Events::SUBSCRIPTIONS,
            Event::MailboxMetadataChange => Events::METADATA,
            Event::ServerMetadataChange => Events::SERVER_METADATA,
            Event::AnnotationChange | Event::Unknown(_) => Events::NONE,
        }
    }
}

impl BitOr for Events {
    type Output = Events;

    fn bitor(self, other: Events) -> Events {
        Events(self.0 | other.0)
    }
}

impl Wish {
    /// What the client wrote, if it may be wanted.
    pub fn of(context: &Context, groups: &[Group<'_>]) -> Result<Wish, Status> {
        let means_all = context.faults().on(Fault::ImapNotifyMeansAllMailboxes);
        let mut wish = Wish { means_all, ..Wish::default() };
        let mut selectors = 0;
        for group in groups {
            check(context, group)?;
            let events = group.events.iter().map(Events::of).fold(Events::NONE, Events::bitor);
            match &group.filter {
                Filter::Selected { delayed } => {
                    selectors += 1;
                    let fetch = group.events.iter().find_map(|event| match event {
                        Event::MessageNew(items) => Some(items.clone()),
                        _ => None,
                    });
                    wish.selected = OfSelected {
                        messages: events.meets(Events::MESSAGES),
                        flags: events.meets(Events::FLAGS),
                        delayed: *delayed,
                        fetch: fetch.unwrap_or_default(),
                    };
                }
                Filter::Other(source) => wish.groups.extend(MailboxFilter::of(context, source).map(|filter| (filter, events))),
            }
        }
        // "Only one of the mailbox specifiers affecting the currently selected mailbox can be specified" (RFC 5465 §6.1).
        if selectors > 1 {
            return Err(Status::bad("SELECTED and SELECTED-DELAYED can be there once, one of them"));
        }
        // "If the client requests information for events of an unsupported type, the server MUST refuse the command with a tagged
        // NO response (not a BAD)" (RFC 5465 §3.1).
        let supported = supported(context);
        let known = |event: &Event<'_>| supported.iter().any(|(_, events)| events.meets(Events::of(event)));
        match groups.iter().flat_map(|group| &group.events).all(known) {
            true => Ok(wish),
            false if context.faults().on(Fault::ImapNotifyBadForUnknownEvent) => Err(Status::bad("There is no such event")),
            false => {
                let names: Vec<&str> = supported.iter().map(|(name, _)| *name).collect();
                Err(Status::no(Code::BadEvent(names.join(" ")), "An event that is asked for is not supported"))
            }
        }
    }

    /// What is wanted of a mailbox that is not selected. "multiple <event-group>s can apply to the same mailbox" (RFC 5465 §6).
    pub fn of_mailbox(&self, candidate: Candidate<'_>) -> Events {
        let groups = self.groups.iter().filter(|(filter, _)| self.means_all || filter.covers(candidate));
        groups.map(|(_, events)| *events).fold(Events::NONE, Events::bitor)
    }

    /// What is wanted of any mailbox that is not selected, and of the server.
    pub fn of_any(&self) -> Events {
        self.groups.iter().map(|(_, events)| *events).fold(Events::NONE, Events::bitor)
    }

    /// Whether subscriptions decide which mailboxes are meant.
    pub fn follows_subscriptions(&self) -> bool {
        self.groups.iter().any(|(filter, _)| *filter == MailboxFilter::Subscribed)
    }
}

/// The events there are here. Those of metadata are "OPTIONAL unless the METADATA extension is also supported" (RFC 5465 §5.6,
/// §5.7); messages have no annotations.
fn supported(context: &Context) -> Vec<(&'static str, Events)> {
    let all = [
        ("MessageNew", Events::MESSAGES, None),
        ("MessageExpunge", Events::MESSAGES, None),
        ("FlagChange", Events::FLAGS, None),
        ("MailboxName", Events::NAMES, None),
        ("SubscriptionChange", Events::SUBSCRIPTIONS, None),
        ("MailboxMetadataChange", Events::METADATA, Some(Extension::ImapMetadata)),
        ("ServerMetadataChange", Events::SERVER_METADATA, Some(Extension::ImapMetadataServer)),
    ];
    let here = all.into_iter().filter(|(_, _, extension)| !extension.is_some_and(|extension| context.lacks(extension)));
    here.map(|(name, events, _)| (name, events)).collect()
}

/// What makes a group BAD although its syntax is right.
fn check(context: &Context, group: &Group<'_>) -> Result<(), Status> {
    let has = |is: fn(&Event<'_>) -> bool| group.events.iter().any(is);
    let new = has(|event| matches!(event, Event::MessageNew(_)));
    let expunge = has(|event| *event == Event::MessageExpunge);
    let change = has(|event| matches!(event, Event::FlagChange | Event::AnnotationChange));
    let lax = context.faults().on(Fault::ImapNotifyTakesHalfAPair);
    // "If one of MessageNew or MessageExpunge is specified, then both events MUST be specified. Otherwise, the server MUST
    // respond with the tagged BAD response", and the same for those that need both (RFC 5465 §5).
    if (new != expunge || change && !new) && !lax {
        return Err(Status::bad("MessageNew and MessageExpunge are only there together, and FlagChange only with them"));
    }
    let of_others = |event: &Event<'_>| !event.is_of_messages() && !matches!(event, Event::Unknown(_));
    match group.filter {
        // "It is an error to specify other types of events with either the SELECTED or the SELECTED-DELAYED selector"
        // (RFC 5465 §6.1).
        Filter::Selected { .. } if group.events.iter().any(of_others) => {
            Err(Status::bad("Only events of messages can be there with SELECTED and SELECTED-DELAYED"))
        }
        // "The fett-att list may only be present for the SELECTED/SELECTED-DELAYED mailbox filter" (RFC 5465 §8).
        Filter::Other(_) if has(|event| matches!(event, Event::MessageNew(items) if !items.is_empty())) => {
            Err(Status::bad("Only messages of the selected mailbox can be fetched"))
        }
        _ => Ok(()),
    }
}
