//! SMTP expectations: reply code, enhanced status code, text, and the keyword lines of a multi-line reply in any order.

use super::PatternError;
use super::Span;
use super::attempt::{Attempt, Difference};
use super::glyph::{Glyph, GlyphKind, Reader, glyphs, literal};
use super::parts::Parts;
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

pub(super) fn compile(lines: &[&str]) -> Result<SmtpPattern, PatternError> {
    let mut pattern: Option<SmtpPattern> = None;
    let mut code_text = "";
    for (index, line) in lines.iter().enumerate() {
        let at_line = |error: PatternError| PatternError { line: index, ..error };
        let glyphs = glyphs(line).map_err(at_line)?;
        let mut reader = Reader::new(&glyphs, line);
        let (codes, code_span) = codes(&mut reader).map_err(at_line)?;
        let last = index + 1 == lines.len();
        separator(&mut reader, last).map_err(at_line)?;
        let this_code = line.get(..code_span.length).unwrap_or_default();
        let line_pattern = line_pattern(&mut reader);
        match &mut pattern {
            None => {
                code_text = this_code;
                pattern = Some(SmtpPattern { codes, code_span, lines: vec![line_pattern] });
            }
            Some(_) if this_code != code_text => {
                let message = format!("every line of a reply has the same code: write `{code_text}` as on the first line");
                return Err(PatternError { line: index, offset: 0, message });
            }
            Some(pattern) => pattern.lines.push(line_pattern),
        }
    }
    pattern.ok_or_else(|| PatternError {
        line: 0,
        offset: 0,
        message: "an SMTP expectation begins with a reply code, `250`".into(),
    })
}

fn codes(reader: &mut Reader<'_>) -> Result<(Codes, Span), PatternError> {
    if let Some(slot) = reader.slot() {
        reader.advance(1);
        let codes = if slot.is_rest() { Codes::Any } else { Codes::Slot(slot.clone()) };
        return Ok((codes, reader.span(0)));
    }
    let mut codes = Vec::new();
    loop {
        let word = reader.until(|octet| matches!(octet, b' ' | b'-' | b'|'));
        codes.push(code(reader, word)?);
        if !reader.eat(b'|') {
            return Ok((Codes::OneOf(codes), reader.span(0)));
        }
    }
}

/// `250`, `25x`, `5xx`.
fn code(reader: &Reader<'_>, word: &[Glyph]) -> Result<[Option<u8>; 3], PatternError> {
    let start = word.first().map_or(reader.offset(), |glyph| glyph.at);
    let fail = |offset: usize, message: String| Err(PatternError { line: 0, offset, message });
    let written = literal(word).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    let mut digits = [None; 3];
    for (index, glyph) in word.iter().enumerate() {
        let Some(digit) = digits.get_mut(index) else {
            return fail(glyph.at, format!("`{written}` is longer than a reply code: it has three digits, `250`, `5xx`"));
        };
        *digit = match glyph.kind {
            GlyphKind::Octet(octet) if octet.is_ascii_digit() => Some(octet),
            GlyphKind::Octet(b'x' | b'X') => None,
            GlyphKind::Octet(b'o' | b'O') if index > 0 => {
                return fail(glyph.at, format!("`{written}` has the letter O where a digit belongs: write `0`"));
            }
            _ => return fail(glyph.at, format!("`{written}` is no reply code: it has three digits, of which some may be `x`")),
        };
    }
    if word.len() < 3 {
        return fail(start, format!("`{written}` is no reply code: it has three digits, of which some may be `x`"));
    }
    if let Some(Some(first)) = digits.first()
        && !(b'2'..=b'5').contains(first)
    {
        return fail(start, format!("`{written}` is no reply code: it begins with 2, 3, 4 or 5"));
    }
    Ok(digits)
}

fn separator(reader: &mut Reader<'_>, last: bool) -> Result<(), PatternError> {
    if reader.octet() == Some(b'-') {
        if last {
            return reader.fail("the last line of a reply has a space behind its code, not a hyphen");
        }
        reader.advance(1);
        return Ok(());
    }
    if !last {
        return reader.fail("a line that is not the last of its reply has a hyphen behind its code");
    }
    if !reader.is_at_end() && !reader.eat(b' ') {
        return reader.fail("behind a reply code comes a space or a hyphen");
    }
    Ok(())
}

fn line_pattern(reader: &mut Reader<'_>) -> LinePattern {
    let start = reader.offset();
    let glyphs = reader.rest();
    let whole = reader.span(start);
    let word_length = glyphs.iter().take_while(|g| !matches!(g.kind, GlyphKind::Octet(b' '))).count();
    let word = glyphs.get(..word_length).unwrap_or_default();
    let enhanced = literal(word).and_then(|word| enhanced(&word));
    let length = word.last().map_or(0, |g| g.at + g.length - start);
    let text = match enhanced {
        Some(_) => glyphs.get(word_length + 1..).unwrap_or_default(),
        None => glyphs,
    };
    let text_start = text.first().map_or(start, |glyph| glyph.at);
    let text_span = Span { start: text_start, length: (whole.start + whole.length).saturating_sub(text_start) };
    let is_rest = Parts::new(text).slot().is_some_and(Slot::is_rest);
    LinePattern {
        enhanced: enhanced.map(|code| (code, Span { start, length })),
        text: (!text.is_empty() && !is_rest).then(|| (Parts::new(text), text_span)),
        whole,
    }
}

/// `5.1.1`, `5.x.x`.
fn enhanced(word: &[u8]) -> Option<EnhancedPattern> {
    let mut numbers = word.split(|b| *b == b'.').map(|number| match number {
        b"x" | b"X" => Some(None),
        digits if digits.iter().all(u8::is_ascii_digit) && digits.len() <= 3 => {
            std::str::from_utf8(digits).ok()?.parse().ok().map(Some)
        }
        _ => None,
    });
    let code = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(EnhancedPattern(code))
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
                assign(others, rest, &mut vec![false; rest.len()], attempt)
                    .map_err(|difference| Difference { line: difference.line + 1, ..difference })
            }
            [] => Ok(()),
        }
    }

    fn compare_code(&self, reply: &Reply, attempt: &mut Attempt<'_>) -> Result<(), Difference> {
        let digits = reply.code.to_string();
        let fits = match &self.codes {
            Codes::Any => true,
            Codes::Slot(slot) => Parts(vec![super::parts::Part::Slot(slot.clone())]).fit(digits.as_bytes(), false, attempt),
            Codes::OneOf(codes) => codes.iter().any(|code| {
                code.iter().zip(digits.bytes()).all(|(expected, digit)| expected.is_none_or(|expected| expected == digit))
            }),
        };
        if fits {
            return Ok(());
        }
        let expected = match &self.codes {
            Codes::Any => String::new(),
            Codes::Slot(slot) => {
                String::from_utf8_lossy(&Parts(vec![super::parts::Part::Slot(slot.clone())]).described(attempt)).into_owned()
            }
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
    for line in lines {
        match pattern.compare(line, false, attempt) {
            Ok(()) => return Ok(()),
            Err(difference) => {
                first_difference.get_or_insert(difference);
            }
        }
    }
    Err(first_difference.unwrap_or_default())
}

/// Gives each pattern a line of its own, in any order; lines left over are allowed.
fn assign(patterns: &[LinePattern], lines: &[Line], used: &mut [bool], attempt: &mut Attempt<'_>) -> Result<(), Difference> {
    let Some((pattern, behind)) = patterns.split_first() else { return Ok(()) };
    let mut difference: Option<Difference> = None;
    for (index, line) in lines.iter().enumerate() {
        if used.get(index) != Some(&false) {
            continue;
        }
        let mark = attempt.mark();
        if pattern.compare(line, true, attempt).is_err() {
            continue;
        }
        set(used, index, true);
        match assign(behind, lines, used, attempt) {
            Ok(()) => return Ok(()),
            Err(deeper) => {
                difference.get_or_insert(Difference { line: deeper.line + 1, ..deeper });
            }
        }
        set(used, index, false);
        attempt.undo(mark);
    }
    Err(difference.unwrap_or_else(|| pattern.missing(lines, attempt)))
}

fn set(used: &mut [bool], index: usize, to: bool) {
    if let Some(slot) = used.get_mut(index) {
        *slot = to;
    }
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
        Err(attempt.differ(*span, || {
            format!("expected text `{}`, received `{}`", plain(&parts.described(attempt)), plain(line.remark()))
        }))
    }

    /// No line is as expected: the one with the same keyword says most.
    fn missing(&self, lines: &[Line], attempt: &Attempt<'_>) -> Difference {
        let expected = self.text.as_ref().map(|(parts, _)| parts.described(attempt)).unwrap_or_default();
        let keyword = |text: &[u8]| text.split(|b| *b == b' ').next().map(<[u8]>::to_ascii_uppercase);
        let near = lines.iter().find(|line| keyword(&line.text) == keyword(&expected));
        attempt.differ(self.whole, || match near {
            Some(line) => format!("expected a line `{}`, received `{}`", plain(&expected), plain(&line.text)),
            None => format!("expected a line `{}`, received none", plain(&expected)),
        })
    }
}
