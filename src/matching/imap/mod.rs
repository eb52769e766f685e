//! IMAP expectations: parsed like responses, compared as data.

mod assignment;
mod compare;
mod compile;
mod data;
mod ending;
mod explain;
mod fetch;
mod groups;
mod judge;
mod lists;
mod rights;
mod value;
mod values;

pub(super) use compile::compile;
pub(super) use ending::is_over;
pub(super) use judge::judge;

use super::Span;
use super::parts::Parts;
use super::slot::Slot;
use crate::protocol::imap::{FetchName, Status};

/// A compiled IMAP expectation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ImapPattern {
    /// `exact:` stands in front: nothing more than what is written.
    pub exact: bool,
    /// `ordered:` stands in front: numbers that are a set otherwise are compared in their order.
    pub ordered: bool,
    pub body: Body,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    /// `${*}`: any response.
    Any,
    /// `+ text`
    Continuation { text: Option<(Parts, Span)> },
    /// `a1 OK [CODE] text`
    Tagged { tag: Parts, tag_span: Span, text: StatusPattern },
    /// `* OK [CODE] text`
    Untagged(StatusPattern),
    /// `* 1 FETCH (UID 5)`, `* 5 UIDFETCH (FLAGS ())`
    Fetch { number: (Parts, Span), name: FetchName, name_span: Span, items: Vec<ItemPattern> },
    /// `* 2 EXISTS`
    Numbered { number: (Parts, Span), name: (String, Span), values: Vec<ValuePattern> },
    /// `* LIST () "/" box`; without a name: `* ${*}`.
    Data { name: Option<(String, Span)>, values: Vec<ValuePattern> },
}

/// Statuses, response code and text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StatusPattern {
    pub statuses: Statuses,
    pub status_span: Span,
    pub code: Option<CodePattern>,
    pub text: Option<(Parts, Span)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Statuses {
    OneOf(Vec<Status>),
    Slot(Slot),
}

/// `[UIDNEXT 5]`
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CodePattern {
    pub name: Parts,
    pub values: Vec<ValuePattern>,
    pub span: Span,
}

/// A FETCH item.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ItemPattern {
    pub key: Parts,
    /// The key in its one spelling, when no hole is in it.
    pub normal: Option<String>,
    pub key_span: Span,
    pub value: ValuePattern,
}

/// What a value has to be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ValuePattern {
    pub kind: ValueKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum ValueKind {
    Nil,
    /// An atom, or a hole that stands for any value.
    Atom(Parts),
    Quoted(Parts),
    List(Vec<ValuePattern>),
    /// `...`: any further values.
    More,
    /// `${*}`: the rest.
    Rest,
}

impl ImapPattern {
    pub fn slots(&self) -> Vec<&Slot> {
        let mut slots = Vec::new();
        match &self.body {
            Body::Any => {}
            Body::Continuation { text } => slots.extend(text.iter().flat_map(|(parts, _)| parts.slots())),
            Body::Tagged { tag, text, .. } => {
                slots.extend(tag.slots());
                text.collect_slots(&mut slots);
            }
            Body::Untagged(text) => text.collect_slots(&mut slots),
            Body::Fetch { number, items, .. } => {
                slots.extend(number.0.slots());
                for item in items {
                    slots.extend(item.key.slots());
                    item.value.collect_slots(&mut slots);
                }
            }
            Body::Numbered { number, values, .. } => {
                slots.extend(number.0.slots());
                values.iter().for_each(|value| value.collect_slots(&mut slots));
            }
            Body::Data { values, .. } => values.iter().for_each(|value| value.collect_slots(&mut slots)),
        }
        slots
    }

    /// Whether the pattern is about an untagged response that begins with these words.
    pub fn names(&self, first: &[u8], second: &[u8]) -> bool {
        let named = |number: &Parts, name: &str| {
            number.text().is_none_or(|number| number == first) && second.eq_ignore_ascii_case(name.as_bytes())
        };
        match &self.body {
            Body::Fetch { number, name, .. } => named(&number.0, name.word()),
            Body::Numbered { number, name, .. } => named(&number.0, &name.0),
            Body::Data { name: Some((name, _)), .. } => first.eq_ignore_ascii_case(name.as_bytes()),
            _ => false,
        }
    }

    /// The relative number in front, `$2` in `* $2 EXPUNGE`.
    pub fn message(&self) -> Option<u32> {
        match &self.body {
            Body::Fetch { number, .. } | Body::Numbered { number, .. } => number.0.messages().next(),
            _ => None,
        }
    }

    /// The tag of a tagged pattern, when no hole is in it.
    pub fn tag(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Tagged { tag, .. } => tag.text(),
            _ => None,
        }
    }
}

impl StatusPattern {
    fn collect_slots<'p>(&'p self, slots: &mut Vec<&'p Slot>) {
        if let Statuses::Slot(slot) = &self.statuses {
            slots.push(slot);
        }
        if let Some(code) = &self.code {
            slots.extend(code.name.slots());
            code.values.iter().for_each(|value| value.collect_slots(slots));
        }
        slots.extend(self.text.iter().flat_map(|(parts, _)| parts.slots()));
    }
}

impl ValuePattern {
    fn collect_slots<'p>(&'p self, slots: &mut Vec<&'p Slot>) {
        match &self.kind {
            ValueKind::Atom(parts) | ValueKind::Quoted(parts) => slots.extend(parts.slots()),
            ValueKind::List(items) => items.iter().for_each(|item| item.collect_slots(slots)),
            ValueKind::Nil | ValueKind::More | ValueKind::Rest => {}
        }
    }

    /// Stands for any number of values.
    pub fn is_open(&self) -> bool {
        matches!(self.kind, ValueKind::More | ValueKind::Rest)
    }
}
