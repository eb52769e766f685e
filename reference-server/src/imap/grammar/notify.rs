//! What NOTIFY asks for (RFC 5465 §8).

use super::cursor::{Cursor, Parsed, SyntaxError};
use super::fetch::Item;
use super::sources::Source;
use crate::extensions::Extension;

/// What follows the name of the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notify<'a> {
    /// The client wants to hear of nothing.
    None,
    /// It wants to hear of these events, in place of those before.
    Set {
        /// The state of the mailboxes is told first.
        status: bool,
        groups: Vec<Group<'a>>,
    },
}

/// Mailboxes, and what a client wants to know of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    pub filter: Filter<'a>,
    pub events: Vec<Event<'a>>,
}

/// Which mailboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter<'a> {
    /// The one that is selected.
    Selected {
        /// Of expunges it is told with the commands that allow it.
        delayed: bool,
    },
    /// These, while they are not selected.
    Other(Source<'a>),
}

/// Something a client wants to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Messages come, of which these data items are told.
    MessageNew(Vec<Item>),
    MessageExpunge,
    FlagChange,
    AnnotationChange,
    MailboxName,
    SubscriptionChange,
    MailboxMetadataChange,
    ServerMetadataChange,
    /// Of some extension.
    Unknown(&'a [u8]),
}

impl Event<'_> {
    /// Whether it is about messages: one of those that SELECTED takes.
    pub fn is_of_messages(&self) -> bool {
        matches!(self, Event::MessageNew(_) | Event::MessageExpunge | Event::FlagChange | Event::AnnotationChange)
    }
}

impl<'a> Cursor<'a> {
    /// ```abnf
    /// notify-set       = "SET" [status-indicator] SP event-groups
    /// notify-none      = "NONE"
    /// status-indicator = SP "STATUS"
    /// event-groups     = event-group *(SP event-group)
    /// ```
    pub fn notify(&mut self) -> Parsed<Notify<'a>> {
        if self.eat_word("NONE") {
            return Ok(Notify::None);
        }
        if !self.eat_word("SET") {
            return self.expected("SET or NONE");
        }
        self.space()?;
        let status = self.eat_word("STATUS");
        if status {
            self.space()?;
        }
        let mut groups = vec![self.event_group()?];
        while self.eat(b' ') {
            groups.push(self.event_group()?);
        }
        Ok(Notify::Set { status, groups })
    }

    /// ```abnf
    /// event-group               = "(" filter-mailboxes SP events ")"
    /// filter-mailboxes          = filter-mailboxes-selected / filter-mailboxes-other
    /// filter-mailboxes-selected = "selected" / "selected-delayed"
    /// ```
    fn event_group(&mut self) -> Parsed<Group<'a>> {
        self.need(b'(', "the opening parenthesis of an event group")?;
        let filter = if self.eat_word("SELECTED") {
            Filter::Selected { delayed: false }
        } else if self.eat_word("SELECTED-DELAYED") {
            Filter::Selected { delayed: true }
        } else {
            Filter::Other(self.other_mailboxes()?)
        };
        self.space()?;
        let events = self.events()?;
        self.need(b')', "the closing parenthesis of the event group")?;
        Ok(Group { filter, events })
    }

    /// `events = ( "(" event *(SP event) ")" ) / "NONE"`
    fn events(&mut self) -> Parsed<Vec<Event<'a>>> {
        if self.eat_word("NONE") {
            return Ok(Vec::new());
        }
        self.need(b'(', "events in parentheses, or NONE")?;
        let mut events = Vec::new();
        loop {
            events.push(self.event()?);
            if self.eat(b')') {
                return Ok(events);
            }
            self.need(b' ', "one space or the closing parenthesis after an event")?;
        }
    }

    /// ```abnf
    /// event         = message-event / mailbox-event / user-event / event-ext
    /// message-event = ( "MessageNew" [SP "(" fetch-att *(SP fetch-att) ")" ] ) / "MessageExpunge" / "FlagChange" /
    ///                 "AnnotationChange"
    /// mailbox-event = "MailboxName" / "SubscriptionChange" / "MailboxMetadataChange"
    /// user-event    = "ServerMetadataChange"
    /// event-ext     = atom
    /// ```
    fn event(&mut self) -> Parsed<Event<'a>> {
        let name = self.atom("an event")?;
        Ok(match name.to_ascii_lowercase().as_slice() {
            b"messagenew" if self.eat_text(" (") => Event::MessageNew(self.fetch_atts()?),
            b"messagenew" => Event::MessageNew(Vec::new()),
            b"messageexpunge" => Event::MessageExpunge,
            b"flagchange" => Event::FlagChange,
            b"annotationchange" => Event::AnnotationChange,
            b"mailboxname" => Event::MailboxName,
            b"subscriptionchange" => Event::SubscriptionChange,
            b"mailboxmetadatachange" => Event::MailboxMetadataChange,
            b"servermetadatachange" => Event::ServerMetadataChange,
            _ => Event::Unknown(name),
        })
    }

    /// `fetch-att *(SP fetch-att) ")"`, of extensions this server has: behind the opening parenthesis.
    pub fn fetch_atts(&mut self) -> Parsed<Vec<Item>> {
        let offset = self.offset();
        let items = self.rest_of_fetch_items()?;
        match items.iter().filter_map(Item::extension).any(|extension: Extension| self.lacks(extension)) {
            true => Err(SyntaxError { offset, expected: "data items of FETCH that this server has" }),
            false => Ok(items),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("NONE", 0)]
    #[case("SET (selected NONE)", 1)]
    #[case("set status (SELECTED-DELAYED (MessageNew (UID BODY.PEEK[HEADER.FIELDS (From To)]) messageexpunge))", 1)]
    #[case("SET (personal (MailboxName SubscriptionChange)) (mailboxes (a b) (MessageNew MessageExpunge FlagChange))", 2)]
    #[case("SET (subtree \"a b\" (X-UNKNOWN)) (subtree (a) NONE) (inboxes NONE) (subscribed (AnnotationChange))", 4)]
    #[case("SET (mailboxes INBOX (MailboxMetadataChange ServerMetadataChange))", 1)]
    fn accepted(#[case] text: &str, #[case] groups: usize) {
        let mut cursor = Cursor::new(text.as_bytes());
        let found = match cursor.notify().unwrap() {
            Notify::None => 0,
            Notify::Set { groups, status } => {
                assert_eq!(status, text.contains("status"));
                groups.len()
            }
        };
        assert_eq!(found, groups);
        cursor.end().unwrap();
    }

    #[rstest]
    #[case("", 0)]
    #[case("SET", 3)]
    #[case("SET STATUS", 10)]
    #[case("SET ()", 5)]
    #[case("SET (selected)", 13)]
    #[case("SET (selected ())", 15)]
    #[case("SET (selected MessageNew)", 14)]
    #[case("SET (everything NONE)", 5)]
    #[case("SET (mailboxes NONE)", 19)]
    #[case("SET (mailboxes () NONE)", 16)]
    #[case("SET (selected (MessageNew ()))", 27)]
    #[case("SET (selected (MessageNew (ALL)))", 27)]
    #[case("SET (selected (MessageExpunge (UID)))", 30)]
    #[case("SET (personal NONE) ", 20)]
    fn refused(#[case] text: &str, #[case] offset: usize) {
        assert_eq!(Cursor::new(text.as_bytes()).notify().unwrap_err().offset, offset);
    }
}
