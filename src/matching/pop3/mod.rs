//! POP3 expectations: status, response code, text, and the lines of a body.

mod compile;

pub(super) use compile::compile;

use super::Span;
use super::attempt::{Attempt, Difference};
use super::body::{self, BodyLine};
use super::parts::Parts;
use super::slot::Slot;
use crate::protocol::plain;
use crate::protocol::pop3::{Reply, StatusReply};

/// A compiled POP3 expectation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pop3Pattern {
    /// `${*}`
    Any,
    /// `+ text`
    Continuation {
        text: Option<(Parts, Span)>,
    },
    Status(StatusPattern),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct StatusPattern {
    ok: bool,
    err: bool,
    status_span: Span,
    code: Option<(Parts, Span)>,
    text: Option<(Parts, Span)>,
    body: Option<Vec<BodyLine>>,
}

impl Pop3Pattern {
    pub fn slots(&self) -> Vec<(usize, &Slot)> {
        let first_line = match self {
            Pop3Pattern::Any => [None, None],
            Pop3Pattern::Continuation { text } => [text.as_ref(), None],
            Pop3Pattern::Status(status) => [status.code.as_ref(), status.text.as_ref()],
        };
        let mut slots: Vec<(usize, &Slot)> =
            first_line.into_iter().flatten().flat_map(|(parts, _)| parts.slots()).map(|slot| (0, slot)).collect();
        if let Pop3Pattern::Status(StatusPattern { body: Some(body), .. }) = self {
            slots.extend(body::slots(body).map(|(index, slot)| (index + 1, slot)));
        }
        slots
    }

    /// The pattern has a body.
    pub fn has_body(&self) -> bool {
        matches!(self, Pop3Pattern::Status(status) if status.body.is_some())
    }

    pub fn compare(&self, reply: &Reply, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        let start = Span { start: 0, length: 1 };
        match (self, reply) {
            (Pop3Pattern::Any, _) => Ok(()),
            (Pop3Pattern::Continuation { text }, Reply::Continuation { text: received }) => {
                compare_text(text, received, received, attempt)
            }
            (Pop3Pattern::Continuation { .. }, Reply::Status(status)) => {
                Err(attempt.differ(start, || format!("expected a continuation `+`, received {}", status_text(status))))
            }
            (Pop3Pattern::Status(pattern), Reply::Continuation { text }) => {
                let expected = pattern.status_word();
                Err(attempt.differ(pattern.status_span, || format!("expected {expected}, received + {}", plain(text))))
            }
            (Pop3Pattern::Status(pattern), Reply::Status(status)) => pattern.compare(status, attempt),
        }
    }
}

fn status_text(status: &StatusReply) -> String {
    format!("{} {}", if status.ok { "+OK" } else { "-ERR" }, plain(&status.text)).trim_end().to_owned()
}

impl StatusPattern {
    fn status_word(&self) -> &'static str {
        match (self.ok, self.err) {
            (true, true) => "+OK or -ERR",
            (true, false) => "+OK",
            _ => "-ERR",
        }
    }

    fn compare(&self, reply: &StatusReply, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        if !(if reply.ok { self.ok } else { self.err }) {
            return Err(
                attempt.differ(self.status_span, || format!("expected {}, received {}", self.status_word(), status_text(reply)))
            );
        }
        attempt.hits += 1;
        if let Some((parts, span)) = &self.code {
            // RFC 2449 §8: response codes ignore case.
            let fits = reply.code.as_ref().is_some_and(|code| parts.fit(code, true, attempt));
            if !fits {
                return Err(attempt.differ(*span, || {
                    let received = reply.code.as_ref().map_or("none".to_owned(), |code| format!("[{}]", plain(code)));
                    format!("expected response code [{}], received {received}", parts.described(plain, attempt))
                }));
            }
            attempt.hits += 1;
        }
        compare_text(&self.text, reply.remark(), &reply.text, attempt)?;
        let Some(body) = &self.body else { return Ok(()) };
        // `+OK|-ERR` with a body: it belongs to `+OK`.
        if !reply.ok {
            return Ok(());
        }
        let Some(lines) = &reply.body else {
            return Err(Difference {
                line: 1,
                part: None,
                ..attempt.differ(Span::default(), || "expected a body, received none".into())
            });
        };
        let compared =
            if reply.capabilities { body::in_any_order(body, lines, attempt) } else { body::in_order(body, lines, attempt) };
        // The status line stands above.
        compared.map_err(|difference| Difference { line: difference.line + 1, ..difference })
    }
}

/// Text that is not written is not compared. Text that is written may or may not repeat the response code.
fn compare_text(text: &Option<(Parts, Span)>, remark: &[u8], whole: &[u8], attempt: &mut Attempt<'_>) -> Result<(), Difference> {
    let Some((parts, span)) = text else { return Ok(()) };
    if parts.fit(remark, false, attempt) || (remark != whole && parts.fit(whole, false, attempt)) {
        attempt.hits += 1;
        return Ok(());
    }
    let message = || format!("expected text `{}`, received `{}`", parts.described(plain, attempt), plain(remark));
    Err(Difference { hints: parts.known_values(attempt), ..attempt.differ(*span, message) })
}
