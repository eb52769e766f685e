//! Expectations on what an SMTP client says: a command with its path and parameters, or a message line by line.

use super::super::attempt::{Attempt, Difference};
use super::super::body::{self, BodyLine};
use super::super::distinct::distinct;
use super::super::parts::Parts;
use super::super::slot::Slot;
use super::super::{Span, Values};
use crate::protocol::plain;
use crate::protocol::smtp::client::{Command, Said};

/// A compiled expectation.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum ClientPattern {
    /// `${*}`: whatever is said.
    Any,
    /// A line that begins with a hole: no command, but the answer to a challenge of AUTH.
    Line(Parts, Span),
    Command(CommandPattern),
    /// The lines of a message; `None`: a dot alone, any message.
    Message(Option<Vec<BodyLine>>),
}

#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct CommandPattern {
    /// In capitals; several are alternatives.
    pub verbs: Vec<String>,
    pub verb_span: Span,
    pub argument: Option<Argument>,
    /// `exact:`: no parameters but those that are written.
    pub exact: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Argument {
    Text(Parts, Span),
    /// Of MAIL and RCPT (RFC 5321 §4.1.1.2, §4.1.1.3).
    Path {
        path: Parts,
        span: Span,
        parameters: Vec<Parameter>,
    },
}

/// `SIZE=1000` (RFC 5321 §4.1.2, `esmtp-param`).
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Parameter {
    pub keyword: Parts,
    pub value: Option<Parts>,
    pub span: Span,
}

impl ClientPattern {
    pub fn slots(&self) -> Vec<(usize, &Slot)> {
        match self {
            ClientPattern::Any | ClientPattern::Message(None) => Vec::new(),
            ClientPattern::Line(parts, _) => parts.slots().map(|slot| (0, slot)).collect(),
            ClientPattern::Message(Some(lines)) => body::slots(lines).collect(),
            ClientPattern::Command(CommandPattern { argument, .. }) => match argument {
                None => Vec::new(),
                Some(Argument::Text(parts, _)) => parts.slots().map(|slot| (0, slot)).collect(),
                Some(Argument::Path { path, parameters, .. }) => {
                    let values = parameters.iter().flat_map(|p| [Some(&p.keyword), p.value.as_ref()]).flatten();
                    std::iter::once(path).chain(values).flat_map(Parts::slots).map(|slot| (0, slot)).collect()
                }
            },
        }
    }

    pub fn compare(&self, said: &Said, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        let start = Span { start: 0, length: 1 };
        match (self, said) {
            (ClientPattern::Any, _) | (ClientPattern::Message(None), Said::Message(_)) => Ok(()),
            (ClientPattern::Message(Some(lines)), Said::Message(message)) => body::in_order(lines, &message.lines, attempt),
            (ClientPattern::Message(_), Said::Command(command)) => {
                Err(attempt.differ(start, || format!("expected a message, received `{}`", plain(&command.line))))
            }
            (_, Said::Message(message)) => {
                let lines = message.lines.len();
                Err(attempt.differ(start, || format!("expected a command, received a message of {lines} lines")))
            }
            (ClientPattern::Line(parts, span), Said::Command(command)) => text(parts, *span, &command.line, attempt),
            (ClientPattern::Command(pattern), Said::Command(command)) => pattern.compare(command, attempt),
        }
    }
}

fn text(parts: &Parts, span: Span, received: &[u8], attempt: &mut Attempt<'_>) -> Result<(), Difference> {
    if parts.fit(received, false, attempt) {
        attempt.hits += 1;
        return Ok(());
    }
    let message = || format!("expected `{}`, received `{}`", parts.described(plain, attempt), plain(received));
    Err(Difference { hints: parts.known_values(attempt), ..attempt.differ(span, message) })
}

impl CommandPattern {
    fn compare(&self, command: &Command, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        let verb = command.verb();
        if !self.verbs.iter().any(|expected| expected.as_bytes() == verb) {
            let expected = self.verbs.join(" or ");
            return Err(attempt.differ(self.verb_span, || format!("expected {expected}, received `{}`", plain(&command.line))));
        }
        attempt.hits += 1;
        match &self.argument {
            None if self.exact && !command.argument().is_empty() => Err(attempt.differ(self.verb_span, || {
                format!("expected nothing behind the command, received `{}`", plain(command.argument()))
            })),
            None => Ok(()),
            Some(Argument::Text(parts, span)) => text(parts, *span, command.argument(), attempt),
            Some(Argument::Path { path, span, parameters }) => {
                let (received, behind) = path_and_parameters(command.argument());
                let keyword = if verb == b"MAIL" { "FROM:" } else { "TO:" };
                let address = received
                    .split_at_checked(keyword.len())
                    .filter(|(word, _)| word.eq_ignore_ascii_case(keyword.as_bytes()))
                    .map(|(_, address)| address);
                if !address.is_some_and(|address| path.fit(address, false, attempt)) {
                    let message =
                        || format!("expected the path {}, received `{}`", path.described(plain, attempt), plain(received));
                    return Err(Difference { hints: path.known_values(attempt), ..attempt.differ(*span, message) });
                }
                self.compare_parameters(parameters, &behind, *span, attempt)
            }
        }
    }

    /// Parameters have no order (RFC 5321 §4.1.2), and those that are not written may come too.
    fn compare_parameters(
        &self,
        parameters: &[Parameter],
        received: &[&[u8]],
        span: Span,
        attempt: &mut Attempt<'_>,
    ) -> Result<(), Difference> {
        let fits = |parameter: &Parameter, received: &&[u8], attempt: &mut Attempt<'_>| parameter.fit(received, attempt);
        let missing = |_, parameter: &Parameter, attempt: &Attempt<'_>| {
            let keyword = parameter.keyword.described(plain, attempt);
            let near = received.iter().find(|received| {
                received.split(|b| *b == b'=').next().is_some_and(|word| word.eq_ignore_ascii_case(keyword.as_bytes()))
            });
            let shown = near.map_or("none".to_owned(), |near| format!("`{}`", plain(near)));
            attempt
                .differ(parameter.span, || format!("expected the parameter {}, received {shown}", parameter.described(attempt)))
        };
        let used = distinct(parameters, received, attempt, fits, missing)?;
        let extra = received.iter().zip(used).find(|(_, used)| !used).filter(|_| self.exact);
        match extra {
            Some((extra, _)) => {
                Err(attempt.differ(span, || format!("expected no other parameters, received `{}`", plain(extra))))
            }
            None => Ok(()),
        }
    }
}

impl Parameter {
    /// Keywords ignore case (RFC 5321 §2.4); values are the business of each extension, so they do not.
    fn fit(&self, received: &[u8], attempt: &mut Attempt<'_>) -> bool {
        let mut halves = received.splitn(2, |b| *b == b'=');
        let (keyword, value) = (halves.next().unwrap_or_default(), halves.next());
        self.keyword.fit(keyword, true, attempt)
            && match (&self.value, value) {
                (None, None) => true,
                (Some(parts), Some(value)) => parts.fit(value, false, attempt),
                _ => false,
            }
    }

    fn described(&self, attempt: &Attempt<'_>) -> String {
        let value = self.value.as_ref().map(|value| format!("={}", value.described(plain, attempt)));
        format!("`{}{}`", self.keyword.described(plain, attempt), value.unwrap_or_default())
    }
}

/// The path with the word in front of it, and the parameters behind it: they are parted by the first space that stands neither in
/// angle brackets nor in a quoted local part.
fn path_and_parameters(argument: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let end = path_length(argument.iter().map(|octet| Some(*octet)));
    let (path, rest) = argument.split_at(end.min(argument.len()));
    (path, rest.split(|b| *b == b' ').filter(|word| !word.is_empty()).collect())
}

/// How many octets (`None`: a hole of a pattern) belong to the path.
pub(super) fn path_length(octets: impl Iterator<Item = Option<u8>>) -> usize {
    let (mut angle, mut quoted, mut escaped) = (false, false, false);
    let mut length = 0;
    for octet in octets {
        match octet {
            _ if std::mem::take(&mut escaped) => {}
            Some(b'\\') if quoted => escaped = true,
            Some(b'"') => quoted = !quoted,
            Some(b'<') if !quoted => angle = true,
            Some(b'>') if !quoted => angle = false,
            Some(b' ') if !quoted && !angle => break,
            _ => {}
        }
        length += 1;
    }
    length
}

impl super::super::Pattern {
    /// Whether what a client said is as written, with the values known now; nothing is captured.
    pub fn accepts(&self, reply: &crate::protocol::Reply, values: &dyn Values) -> bool {
        let mut attempt = Attempt::new(values);
        attempt.wildcards = true;
        self.compare(reply, &mut attempt).is_ok()
    }
}
