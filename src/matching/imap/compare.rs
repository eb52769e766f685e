//! A pattern against a response: the kind of response, its status, its code, and the way its values are to be compared.

use super::super::Span;
use super::super::attempt::{Attempt, Difference};
use super::super::parts::{Part, Parts};
use super::data::{Strictness, compare_data};
use super::fetch::compare_items;
use super::lists::{Mode, ordered, set};
use super::{Body, CodePattern, ImapPattern, StatusPattern, Statuses, ValueKind, ValuePattern};
use crate::protocol::imap::{Code, FetchName, Response, Status, Text, Value};
use crate::protocol::{plain, render_code};

/// What kind of response: only those of one kind can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Tagged(&'a [u8]),
    /// By the name of the response code, if the pattern names one.
    Status(Option<&'a [u8]>),
    Continuation,
    Fetch(FetchName),
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
            Body::Fetch { name, .. } => Kind::Fetch(*name),
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
            (Some(Kind::Continuation), Response::Continuation { .. }) => true,
            (Some(Kind::Fetch(expected)), Response::Fetch { name, .. }) => expected == *name,
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
            (
                Body::Fetch { number, name, items, .. },
                Response::Fetch { number: received, name: received_name, items: received_items },
            ) if name == received_name => {
                compare_number(number, *received, name.word(), attempt)?;
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
                compare_data(name, *span, values, v, Strictness { exact: self.exact, ordered: self.ordered }, attempt)
            }
            _ => Err(Difference::default()),
        }
    }
}

/// A number written without a heap: most comparisons end with it.
struct Digits {
    octets: [u8; 20],
    start: usize,
}

impl Digits {
    fn new(number: u64) -> Digits {
        let mut digits = Digits { octets: [b'0'; 20], start: 20 };
        let mut rest = number;
        for (place, octet) in digits.octets.iter_mut().enumerate().rev() {
            *octet = b'0' + (rest % 10) as u8;
            digits.start = place;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        digits
    }

    fn as_bytes(&self) -> &[u8] {
        self.octets.get(self.start..).unwrap_or_default()
    }
}

fn compare_number(pattern: &(Parts, Span), received: u64, name: &str, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
    let digits = Digits::new(received);
    if pattern.0.fit(digits.as_bytes(), false, attempt) {
        return Ok(());
    }
    Err(attempt
        .differ(pattern.1, || format!("expected {} {name}, received {received} {name}", pattern.0.described(plain, attempt))))
}

fn compare_text(pattern: &Option<(Parts, Span)>, received: &[u8], attempt: &mut Attempt<'_>) -> Result<(), Difference> {
    let Some((parts, span)) = pattern else { return Ok(()) };
    if parts.fit(received, false, attempt) {
        attempt.hits += 1;
        return Ok(());
    }
    let message = || format!("expected text `{}`, received `{}`", parts.described(plain, attempt), plain(received));
    Err(Difference { hints: parts.known_values(attempt), ..attempt.differ(*span, message) })
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
                format!("expected response code [{}], received {received}", self.name.described(plain, attempt))
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
