//! A pattern against a response: the kind of response, its status, its code, and the way its values are to be compared.

use super::super::Span;
use super::super::attempt::{Attempt, Difference};
use super::super::parts::{Part, Parts};
use super::lists::{Mode, ordered, pairs, set};
use super::{Body, CodePattern, ImapPattern, ItemPattern, StatusPattern, Statuses, ValueKind, ValuePattern};
use crate::protocol::imap::{Code, Key, Response, Status, Text, Value};
use crate::protocol::{plain, render_code, render_value};

/// What kind of response: only those of one kind can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Tagged(&'a [u8]),
    /// By the name of the response code, if the pattern names one.
    Status(Option<&'a [u8]>),
    Continuation,
    Fetch,
    Numbered(&'a str),
    Data(&'a str),
}

impl ImapPattern {
    /// The kind of response it awaits; `None`: any.
    pub fn kind(&self) -> Option<Kind<'_>> {
        Some(match &self.body {
            Body::Any | Body::Data { name: None, .. } => return None,
            Body::Continuation { .. } => Kind::Continuation,
            Body::Tagged { tag, .. } => Kind::Tagged(tag.text().unwrap_or_default()),
            Body::Untagged(text) => Kind::Status(text.code.as_ref().and_then(|code| code.name.text())),
            Body::Fetch { .. } => Kind::Fetch,
            Body::Numbered { name, .. } => Kind::Numbered(&name.0),
            Body::Data { name: Some((name, _)), .. } => Kind::Data(name),
        })
    }

    /// Whether a response is of the pattern's kind, so that comparing the two says something.
    pub fn is_akin(&self, response: &Response) -> bool {
        match (self.kind(), response) {
            (None, _) => true,
            (Some(Kind::Tagged(expected)), Response::Tagged { tag, .. }) => expected.is_empty() || tag.as_bytes() == expected,
            (Some(Kind::Status(None)), Response::Untagged { .. }) => true,
            (Some(Kind::Status(Some(name))), Response::Untagged { text, .. }) => {
                text.code.as_ref().is_some_and(|code| code.name.as_bytes().eq_ignore_ascii_case(name))
            }
            (Some(Kind::Continuation), Response::Continuation { .. }) | (Some(Kind::Fetch), Response::Fetch { .. }) => true,
            (Some(Kind::Numbered(expected)), Response::Numbered { name, .. })
            | (Some(Kind::Data(expected)), Response::Data { name, .. }) => expected == name,
            _ => false,
        }
    }

    pub fn compare(&self, response: &Response, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        match (&self.body, response) {
            (Body::Any, _) => Ok(()),
            (Body::Data { name: None, .. }, response) => match response {
                Response::Tagged { .. } | Response::Continuation { .. } => Err(Difference::default()),
                _ => Ok(()),
            },
            (Body::Continuation { text }, Response::Continuation { text: received }) => compare_text(text, received, attempt),
            (Body::Tagged { tag, tag_span, text }, Response::Tagged { tag: received, status, text: received_text }) => {
                if !tag.fit(received.as_bytes(), false, attempt) {
                    return Err(attempt.differ(*tag_span, || format!("expected the tag of this line, received {received}")));
                }
                attempt.hits += 1;
                text.compare(*status, received_text, self.exact, attempt)
            }
            (Body::Untagged(pattern), Response::Untagged { status, text }) => pattern.compare(*status, text, self.exact, attempt),
            (Body::Fetch { number, items, .. }, Response::Fetch { number: received, items: received_items }) => {
                compare_number(number, *received, "FETCH", attempt)?;
                attempt.hits += 4;
                compare_items(items, received_items, self.exact, attempt)
            }
            (
                Body::Numbered { number, name, values },
                Response::Numbered { number: received, name: received_name, values: v },
            ) if name.0 == *received_name => {
                compare_number(number, *received, received_name, attempt)?;
                attempt.hits += 1;
                ordered(values, v, Mode::Plain, received_name, name.1, attempt)
            }
            (Body::Data { name: Some((name, span)), values }, Response::Data { name: received, values: v })
                if name == received =>
            {
                compare_data(name, *span, values, v, self.exact, attempt)
            }
            _ => Err(Difference::default()),
        }
    }
}

fn compare_number(pattern: &(Parts, Span), received: u64, name: &str, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
    if pattern.0.fit(received.to_string().as_bytes(), false, attempt) {
        return Ok(());
    }
    Err(attempt
        .differ(pattern.1, || format!("expected {} {name}, received {received} {name}", plain(&pattern.0.described(attempt)))))
}

fn compare_text(pattern: &Option<(Parts, Span)>, received: &[u8], attempt: &mut Attempt<'_>) -> Result<(), Difference> {
    let Some((parts, span)) = pattern else { return Ok(()) };
    if parts.fit(received, false, attempt) {
        attempt.hits += 1;
        return Ok(());
    }
    Err(attempt.differ(*span, || format!("expected text `{}`, received `{}`", plain(&parts.described(attempt)), plain(received))))
}

impl StatusPattern {
    fn compare(&self, status: Status, text: &Text, exact: bool, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        let fits = match &self.statuses {
            Statuses::OneOf(statuses) => statuses.contains(&status),
            Statuses::Slot(slot) => Parts(vec![Part::Slot(slot.clone())]).fit(status.word().as_bytes(), true, attempt),
        };
        if !fits {
            return Err(attempt.differ(self.status_span, || {
                let expected = match &self.statuses {
                    Statuses::OneOf(statuses) => statuses.iter().map(|s| s.word()).collect::<Vec<_>>().join(" or "),
                    Statuses::Slot(slot) => slot.text(),
                };
                let code = text.code.as_ref().map(|code| format!("{} ", render_code(code))).unwrap_or_default();
                format!("expected {expected}, received {} {code}{}", status.word(), plain(&text.remark)).trim_end().to_owned()
            }));
        }
        attempt.hits += 1;
        if let Some(code) = &self.code {
            code.compare(text.code.as_ref(), exact, attempt)?;
        }
        compare_text(&self.text, &text.remark, attempt)
    }
}

impl CodePattern {
    fn compare(&self, received: Option<&Code>, exact: bool, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        let Some(code) = received.filter(|code| self.name.fit(code.name.as_bytes(), true, attempt)) else {
            return Err(attempt.differ(self.span, || {
                let received = received.map_or("none".to_owned(), render_code);
                format!("expected response code [{}], received {received}", plain(&self.name.described(attempt)))
            }));
        };
        attempt.hits += 4;
        let whole = self.span;
        match (code.name.as_str(), self.values.as_slice(), code.values.as_slice()) {
            ("CAPABILITY", expected, received) => set(expected, received, !exact, false, &code.name, whole, attempt),
            (
                "PERMANENTFLAGS" | "BADCHARSET",
                [ValuePattern { kind: ValueKind::List(expected), span }],
                [Value::List(received)],
            ) => set(expected, received, false, false, &code.name, *span, attempt),
            // RFC 4315 §3: the first UID of one set belongs to the first of the other.
            ("COPYUID", expected, received) => ordered(expected, received, Mode::OrderedSets, &code.name, whole, attempt),
            (name, expected, received) => ordered(expected, received, Mode::Plain, name, whole, attempt),
        }
    }
}

/// FETCH items are pairs in any order, extra pairs allowed.
fn compare_items(
    patterns: &[ItemPattern],
    items: &[(Key, Value)],
    exact: bool,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let mut differences = Vec::new();
    let mut used = vec![false; items.len()];
    for pattern in patterns {
        match compare_item(pattern, items, &mut used, attempt) {
            Ok(()) => attempt.hits += 1,
            Err(difference) if attempt.explain => differences.push(difference),
            Err(difference) => return Err(difference),
        }
    }
    if exact && differences.is_empty() {
        let extra = items.iter().zip(&used).find(|(_, used)| !**used).map(|((key, value), _)| (key, value));
        if let Some((key, value)) = extra {
            let part = patterns.last().map_or(Span::default(), |p| p.value.span);
            return Err(attempt.differ(part, || format!("expected no further items, received {key} {}", render_value(value))));
        }
    }
    together(differences)
}

fn compare_item(
    pattern: &ItemPattern,
    items: &[(Key, Value)],
    used: &mut [bool],
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let mut nearest: Option<Difference> = None;
    for ((key, value), used) in items.iter().zip(used) {
        let mark = attempt.mark();
        let same_key = match &pattern.normal {
            Some(normal) => *normal == key.normal(),
            None => pattern.key.fit(key.to_string().as_bytes(), true, attempt),
        };
        if !same_key || *used {
            attempt.undo(mark);
            continue;
        }
        let label = key.to_string();
        let compared = match (&pattern.value.kind, value) {
            (ValueKind::List(expected), Value::List(received)) if key.name.eq_ignore_ascii_case("FLAGS") => {
                set(expected, received, false, true, "FLAGS", pattern.value.span, attempt)
            }
            _ => ordered(
                std::slice::from_ref(&pattern.value),
                std::slice::from_ref(value),
                Mode::Plain,
                &label,
                pattern.value.span,
                attempt,
            ),
        };
        match compared {
            Ok(()) => {
                *used = true;
                return Ok(());
            }
            Err(difference) => {
                attempt.undo(mark);
                nearest.get_or_insert(difference);
            }
        }
    }
    Err(nearest.unwrap_or_else(|| {
        attempt.differ(pattern.key_span, || {
            let keys = items.iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>().join(", ");
            let others = if keys.is_empty() { "no items".to_owned() } else { format!("only {keys}") };
            format!("expected the item {}, received {others}", plain(&pattern.key.described(attempt)))
        })
    }))
}

/// The first difference speaks, the others are hints.
pub(super) fn together(differences: Vec<Difference>) -> Result<(), Difference> {
    let mut differences = differences.into_iter();
    let Some(mut first) = differences.next() else { return Ok(()) };
    first.hints.extend(differences.map(|difference| format!("also: {}", difference.message)));
    Err(first)
}

/// Untagged data by name (RFC 9051 §7): which values are sets, pairs or mailbox names.
fn compare_data(
    name: &str,
    name_span: Span,
    expected: &[ValuePattern],
    received: &[Value],
    exact: bool,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    attempt.hits += 1;
    match (name, expected, received) {
        ("CAPABILITY" | "ENABLED", _, _) => set(expected, received, !exact, false, name, name_span, attempt),
        ("FLAGS", [ValuePattern { kind: ValueKind::List(flags), span }], [Value::List(received)]) => {
            set(flags, received, false, false, name, *span, attempt)
        }
        ("LIST" | "LSUB" | "XLIST", [attributes, rest @ ..], [Value::List(received), received_rest @ ..]) => {
            let compared_rest = match (rest, received_rest) {
                (_, [_, _]) => ordered(rest, received_rest, Mode::MailboxAt(1), name, name_span, attempt),
                // RFC 5258 §4: extended data items are pairs; they are extras unless written.
                ([delimiter, mailbox], [d, m, _]) if !exact => {
                    let pattern = [delimiter.clone(), mailbox.clone()];
                    ordered(&pattern, &[d.clone(), m.clone()], Mode::MailboxAt(1), name, name_span, attempt)
                }
                ([delimiter, mailbox, ValuePattern { kind: ValueKind::List(items), span }], [d, m, Value::List(extended)]) => {
                    let pattern = [delimiter.clone(), mailbox.clone()];
                    ordered(&pattern, &[d.clone(), m.clone()], Mode::MailboxAt(1), name, name_span, attempt)
                        .and_then(|()| pairs(items, extended, exact, name, *span, attempt))
                }
                _ => ordered(rest, received_rest, Mode::MailboxAt(1), name, name_span, attempt),
            };
            // The mailbox comes first: it says which response is meant.
            compared_rest?;
            attempt.hits += 4;
            match &attributes.kind {
                ValueKind::List(expected) => set(expected, received, false, false, "attributes", attributes.span, attempt),
                _ => ordered(
                    std::slice::from_ref(attributes),
                    &[Value::List(received.clone())],
                    Mode::Plain,
                    name,
                    name_span,
                    attempt,
                ),
            }
        }
        ("STATUS" | "METADATA", [mailbox, ValuePattern { kind: ValueKind::List(items), span }], [m, Value::List(received)]) => {
            ordered(std::slice::from_ref(mailbox), std::slice::from_ref(m), Mode::MailboxAt(0), name, mailbox.span, attempt)?;
            attempt.hits += 4;
            pairs(items, received, exact, name, *span, attempt)
        }
        ("ID", [ValuePattern { kind: ValueKind::List(items), span }], [Value::List(received)]) => {
            pairs(items, received, exact, name, *span, attempt)
        }
        ("SEARCH", _, _) => {
            let named = expected.iter().any(|value| matches!(value.kind, ValueKind::List(_)));
            let numbers = match received {
                // RFC 7162 §3.1.5: (MODSEQ n) is no result.
                [numbers @ .., Value::List(_)] if !named && !exact => numbers,
                numbers => numbers,
            };
            set(expected, numbers, false, false, name, name_span, attempt)
        }
        ("SORT", _, [numbers @ .., Value::List(_)])
            if !exact && !expected.iter().any(|value| matches!(value.kind, ValueKind::List(_))) =>
        {
            ordered(expected, numbers, Mode::Plain, name, name_span, attempt)
        }
        ("ESEARCH", _, _) => compare_esearch(name_span, expected, received, exact, attempt),
        ("ACL" | "MYRIGHTS" | "LISTRIGHTS" | "QUOTAROOT", _, _) => {
            ordered(expected, received, Mode::MailboxAt(0), name, name_span, attempt)
        }
        _ => ordered(expected, received, Mode::Plain, name, name_span, attempt),
    }
}

/// `ESEARCH [(TAG "a1")] [UID] pairs` (RFC 9051 §7.3.4). The correlator is compared if it is written; UID says what the
/// numbers are and always counts.
fn compare_esearch(
    span: Span,
    expected: &[ValuePattern],
    received: &[Value],
    exact: bool,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let (tag, expected) = match expected {
        [tag @ ValuePattern { kind: ValueKind::List(_), .. }, rest @ ..] => (Some(tag), rest),
        rest => (None, rest),
    };
    let (received_tag, received) = match received {
        [tag @ Value::List(_), rest @ ..] => (Some(tag), rest),
        rest => (None, rest),
    };
    if let Some(tag) = tag {
        let received = received_tag.map(std::slice::from_ref).unwrap_or_default();
        ordered(std::slice::from_ref(tag), received, Mode::Plain, "ESEARCH", tag.span, attempt)?;
        attempt.hits += 2;
    }
    let is_uid = |text: Option<&[u8]>| text.is_some_and(|text| text.eq_ignore_ascii_case(b"UID"));
    let uid_written = matches!(expected, [ValuePattern { kind: ValueKind::Atom(parts), .. }, ..] if is_uid(parts.text()));
    let uid_received = matches!(received, [Value::Atom(text), ..] if is_uid(Some(text)));
    let any = matches!(expected, [ValuePattern { kind: ValueKind::Rest, .. }]);
    if uid_written != uid_received && !any {
        let span = if uid_written { expected.first().map_or(span, |value| value.span) } else { span };
        return Err(attempt.differ(span, || {
            let (wanted, got) = if uid_written { ("UIDs", "message numbers") } else { ("message numbers", "UIDs") };
            format!("expected {wanted} in ESEARCH, received {got}")
        }));
    }
    let without_uid = |uid: bool| usize::from(uid);
    let expected = expected.get(without_uid(uid_written)..).unwrap_or_default();
    let received = received.get(without_uid(uid_received)..).unwrap_or_default();
    pairs(expected, received, exact, "ESEARCH", span, attempt)
}
