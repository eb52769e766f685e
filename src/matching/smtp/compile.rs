//! From the lines of an SMTP expectation to a [`SmtpPattern`]: `250-first`, `250 2.1.5`, `5xx`, `250|251`.

use super::super::PatternError;
use super::super::glyph::{Glyph, GlyphKind, Reader, glyphs, literal};
use super::super::parts::Parts;
use super::super::slot::Slot;
use super::{Codes, EnhancedPattern, LinePattern, SmtpPattern, Span};

pub(crate) fn compile(lines: &[&str]) -> Result<SmtpPattern, PatternError> {
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
    // RFC 3463 §2: class = "2" / "4" / "5"
    let class = numbers.next()??;
    if !matches!(class, None | Some(2 | 4 | 5)) {
        return None;
    }
    let code = [class, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(EnhancedPattern(code))
}
