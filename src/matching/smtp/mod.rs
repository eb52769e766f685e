//! SMTP expectations: reply code, enhanced status code, text, and the keyword lines of a multi-line reply in any order.

mod client;
mod compile;
mod compile_client;

pub(super) use client::ClientPattern;
pub(super) use compile::compile;
pub(super) use compile_client::compile as compile_client;

use super::Span;
use super::attempt::{Attempt, Difference};
use super::distinct::distinct;
use super::parts::{Part, Parts};
use super::slot::Slot;
use crate::protocol::plain;
use crate::protocol::smtp::{Enhanced, Line, Reply};

/// A compiled SMTP expectation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SmtpPattern {
    codes: Codes,
    code_span: Span,
    lines: Vec<LinePattern>,
}

#[derive(Clone, Debug, PartialEq)]
enum Codes {
    Any,
    Slot(Slot),
    OneOf(Vec<[Option<u8>; 3]>),
}

#[derive(Clone, Debug, PartialEq)]
struct LinePattern {
    enhanced: Option<(EnhancedPattern, Span)>,
    text: Option<(Parts, Span)>,
    whole: Span,
}

/// Three numbers, any of which may be left open.
#[derive(Clone, Debug, PartialEq)]
struct EnhancedPattern([Option<u16>; 3]);

impl EnhancedPattern {
    fn matches(&self, code: Enhanced) -> bool {
        let numbers = [code.class, code.subject, code.detail];
        self.0.iter().zip(numbers).all(|(expected, number)| expected.is_none_or(|expected| expected == number))
    }
}

impl SmtpPattern {
    pub fn slots(&self) -> Vec<(usize, &Slot)> {
        let code = match &self.codes {
            Codes::Slot(slot) => Some((0, slot)),
            _ => None,
        };
        let texts = self.lines.iter().enumerate().filter_map(|(index, line)| Some((index, &line.text.as_ref()?.0)));
        code.into_iter().chain(texts.flat_map(|(index, parts)| parts.slots().map(move |slot| (index, slot)))).collect()
    }

    pub fn compare(&self, reply: &Reply, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        self.compare_code(reply, attempt)?;
        attempt.hits += 1;
        match self.lines.as_slice() {
            [line] => compare_any(line, &reply.lines, attempt),
            [first, others @ ..] => {
                let (head, rest) = reply.lines.split_first().ok_or_else(Difference::default)?;
                first.compare(head, false, attempt)?;
                let fits =
                    |pattern: &LinePattern, line: &Line, attempt: &mut Attempt<'_>| pattern.compare(line, true, attempt).is_ok();
                let missing = |place, pattern: &LinePattern, attempt: &Attempt<'_>| Difference {
                    line: place + 1,
                    ..pattern.missing(rest, attempt)
                };
                distinct(others, rest, attempt, fits, missing).map(|_| ())
            }
            [] => Ok(()),
        }
    }

    fn compare_code(&self, reply: &Reply, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        let digits = reply.code.to_string();
        let fits = match &self.codes {
            Codes::Any => true,
            Codes::Slot(slot) => Parts(vec![Part::Slot(slot.clone())]).fit(digits.as_bytes(), false, attempt),
            Codes::OneOf(codes) => codes.iter().any(|code| {
                code.iter().zip(digits.bytes()).all(|(expected, digit)| expected.is_none_or(|expected| expected == digit))
            }),
        };
        if fits {
            return Ok(());
        }
        let expected = match &self.codes {
            Codes::Any => String::new(),
            Codes::Slot(slot) => Parts(vec![Part::Slot(slot.clone())]).described(plain, attempt),
            Codes::OneOf(codes) => {
                let code = |code: &[Option<u8>; 3]| code.iter().map(|d| d.map_or('x', char::from)).collect::<String>();
                codes.iter().map(code).collect::<Vec<_>>().join(" or ")
            }
        };
        let text = reply.lines.first().map(|line| plain(&line.text)).unwrap_or_default();
        Err(attempt
            .differ(self.code_span, || format!("expected reply code {expected}, received {digits} {text}").trim_end().into()))
    }
}

/// A pattern of one line accepts a multi-line reply, if any of its lines is as expected.
fn compare_any(pattern: &LinePattern, lines: &[Line], attempt: &mut Attempt<'_>) -> Result<(), Difference> {
    let mut first_difference = None;
    for (index, line) in lines.iter().enumerate() {
        match pattern.compare(line, index > 0, attempt) {
            Ok(()) => return Ok(()),
            Err(difference) => {
                first_difference.get_or_insert(difference);
            }
        }
    }
    Err(first_difference.unwrap_or_default())
}

impl LinePattern {
    /// Keyword lines ignore the case of letters (RFC 5321 §2.4, §4.1.1.1).
    fn compare(&self, line: &Line, keyword: bool, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        if let Some((expected, span)) = &self.enhanced
            && !line.enhanced.is_some_and(|code| expected.matches(code))
        {
            return Err(attempt.differ(*span, || {
                let number = |n: &Option<u16>| n.map_or("x".to_owned(), |n| n.to_string());
                let expected = expected.0.iter().map(number).collect::<Vec<_>>().join(".");
                let received = line.enhanced.map_or("none".to_owned(), |code| code.to_string());
                format!("expected enhanced status code {expected}, received {received}")
            }));
        }
        let Some((parts, span)) = &self.text else { return Ok(()) };
        // An enhanced status code that the pattern does not write is no part of the text.
        let whole_too = self.enhanced.is_none() && line.enhanced.is_some();
        if parts.fit(line.remark(), keyword, attempt) || (whole_too && parts.fit(&line.text, keyword, attempt)) {
            attempt.hits += 1;
            return Ok(());
        }
        let message = || format!("expected text `{}`, received `{}`", parts.described(plain, attempt), plain(line.remark()));
        Err(Difference { hints: parts.known_values(attempt), ..attempt.differ(*span, message) })
    }

    /// No line is as expected: the one with the same keyword says most.
    fn missing(&self, lines: &[Line], attempt: &Attempt<'_>) -> Difference {
        let expected = self.text.as_ref().map(|(parts, _)| parts.described(plain, attempt)).unwrap_or_default();
        let keyword = |text: &[u8]| text.split(|b| *b == b' ').next().map(<[u8]>::to_ascii_uppercase);
        let near = lines.iter().find(|line| keyword(&line.text) == keyword(expected.as_bytes()));
        attempt.differ(self.whole, || match near {
            Some(line) => format!("expected a line `{expected}`, received `{}`", plain(&line.text)),
            None => format!("expected a line `{expected}`, received none"),
        })
    }
}
