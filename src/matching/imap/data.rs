//! Untagged data by name: which of its values are sets, pairs or mailbox names.

use super::super::Span;
use super::super::attempt::{Attempt, Difference};
use super::lists::{Mode, Pairs, ordered, pairs, set, triplets};
use super::rights::{acl_pairs, listed_rights, own_rights};
use super::{ValueKind, ValuePattern};
use crate::protocol::imap::Value;

/// What stands in front of the pattern.
#[derive(Clone, Copy)]
pub(super) struct Strictness {
    /// Nothing more than what is written.
    pub exact: bool,
    /// Numbers in the order that is written.
    pub ordered: bool,
}

/// Compares the values of a response by what RFC 9051 §7 says of it.
pub(super) fn compare_data(
    name: &str,
    name_span: Span,
    expected: &[ValuePattern],
    received: &[Value],
    strictness: Strictness,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let Strictness { exact, ordered: in_order } = strictness;
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
                        .and_then(|()| extended_items(items, extended, exact, *span, attempt))
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
            pairs(items, received, Pairs { exact, ordered_sets: false }, name, *span, attempt)
        }
        ("ID", [ValuePattern { kind: ValueKind::List(items), span }], [Value::List(received)]) => {
            pairs(items, received, Pairs { exact, ordered_sets: false }, name, *span, attempt)
        }
        ("SEARCH", _, _) => {
            let named = expected.iter().any(|value| matches!(value.kind, ValueKind::List(_)));
            let numbers = match received {
                // RFC 7162 §3.1.5: (MODSEQ n) is no result.
                [numbers @ .., Value::List(_)] if !named && !exact => numbers,
                numbers => numbers,
            };
            match in_order {
                true => ordered(expected, numbers, Mode::Plain, name, name_span, attempt),
                false => set(expected, numbers, false, false, name, name_span, attempt),
            }
        }
        ("SORT", _, [numbers @ .., Value::List(_)])
            if !exact && !expected.iter().any(|value| matches!(value.kind, ValueKind::List(_))) =>
        {
            ordered(expected, numbers, Mode::Plain, name, name_span, attempt)
        }
        ("ESEARCH", _, _) => compare_esearch(name_span, expected, received, strictness, attempt),
        ("ACL" | "MYRIGHTS" | "LISTRIGHTS", [mailbox, rights @ ..], [m, received_rights @ ..]) => {
            ordered(std::slice::from_ref(mailbox), std::slice::from_ref(m), Mode::MailboxAt(0), name, mailbox.span, attempt)?;
            attempt.hits += 4;
            match name {
                "ACL" => acl_pairs(rights, received_rights, exact, name_span, attempt),
                "MYRIGHTS" => own_rights(rights, received_rights, name_span, attempt),
                _ => listed_rights(rights, received_rights, name_span, attempt),
            }
        }
        ("QUOTAROOT", [mailbox, roots @ ..], [m, received_roots @ ..]) => {
            ordered(std::slice::from_ref(mailbox), std::slice::from_ref(m), Mode::MailboxAt(0), name, mailbox.span, attempt)?;
            set(roots, received_roots, false, false, name, name_span, attempt)
        }
        ("QUOTA", [root, ValuePattern { kind: ValueKind::List(resources), span }], [r, Value::List(received)]) => {
            ordered(std::slice::from_ref(root), std::slice::from_ref(r), Mode::Plain, name, root.span, attempt)?;
            attempt.hits += 4;
            triplets(resources, received, exact, *span, attempt)
        }
        _ => ordered(expected, received, Mode::Plain, name, name_span, attempt),
    }
}

/// `("CHILDINFO" ("SUBSCRIBED"))`: pairs, of which the values of CHILDINFO have no order (RFC 5258 §6).
fn extended_items(
    expected: &[ValuePattern],
    received: &[Value],
    exact: bool,
    span: Span,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let [tag, ValuePattern { kind: ValueKind::List(criteria), span: of_criteria }] = expected else {
        return pairs(expected, received, Pairs { exact, ordered_sets: false }, "LIST", span, attempt);
    };
    let is_child_info = |text: Option<&[u8]>| text.is_some_and(|text| text.eq_ignore_ascii_case(b"CHILDINFO"));
    let written = match &tag.kind {
        ValueKind::Atom(parts) | ValueKind::Quoted(parts) => is_child_info(parts.text()),
        _ => false,
    };
    let came = received.chunks(2).find(|pair| pair.first().is_some_and(|tag| is_child_info(tag.text())));
    match came {
        Some([_, Value::List(came)]) if written && (received.len() == 2 || !exact) => {
            set(criteria, came, false, false, "CHILDINFO", *of_criteria, attempt)
        }
        _ => pairs(expected, received, Pairs { exact, ordered_sets: false }, "LIST", span, attempt),
    }
}

/// `ESEARCH [(TAG "a1")] [UID] pairs` (RFC 9051 §7.3.4). The correlator is compared if it is written, as pairs too, for MAILBOX
/// and UIDVALIDITY may stand in it (RFC 7377 §4); UID says what the numbers are and always counts. The order of a set counts
/// with `ordered:`, which is for sorted results (RFC 5267 §3.1).
fn compare_esearch(
    span: Span,
    expected: &[ValuePattern],
    received: &[Value],
    strictness: Strictness,
    attempt: &mut Attempt<'_>,
) -> Result<(), Difference> {
    let Strictness { exact, ordered: ordered_sets } = strictness;
    let (tag, expected) = match expected {
        [tag @ ValuePattern { kind: ValueKind::List(_), .. }, rest @ ..] => (Some(tag), rest),
        rest => (None, rest),
    };
    let (received_tag, received) = match received {
        [tag @ Value::List(_), rest @ ..] => (Some(tag), rest),
        rest => (None, rest),
    };
    if let Some(tag) = tag {
        match (&tag.kind, received_tag) {
            (ValueKind::List(expected), Some(Value::List(received))) => {
                let how = Pairs { exact, ordered_sets: false };
                pairs(expected, received, how, "the correlator of ESEARCH", tag.span, attempt)?;
            }
            _ => ordered(std::slice::from_ref(tag), &[], Mode::Plain, "ESEARCH", tag.span, attempt)?,
        }
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
    pairs(expected, received, Pairs { exact, ordered_sets }, "ESEARCH", span, attempt)
}
