//! From the lines of a POP3 expectation to a [`Pop3Pattern`]: `+OK`, `-ERR [IN-USE]`, `+ text`, and a body that ends with `.`.

use super::super::glyph::{Reader, glyphs, literal};
use super::super::nearest::nearest;
use super::super::parts::Parts;
use super::super::slot::Slot;
use super::super::{PatternError, body};
use super::{Pop3Pattern, Span, StatusPattern};

pub(crate) fn compile(lines: &[&str]) -> Result<Pop3Pattern, PatternError> {
    let fail = |line, offset, message: &str| Err(PatternError { line, offset, message: message.into() });
    let Some((first, body)) = lines.split_first() else {
        return fail(0, 0, "a POP3 expectation begins with `+OK`, `-ERR` or `+`");
    };
    let mut pattern = status_line(first)?;
    let Some((last, body)) = body.split_last() else { return Ok(pattern) };
    if *last != "." {
        return fail(lines.len() - 1, last.len(), "the body of a POP3 reply ends with a line `S: .`");
    }
    let Pop3Pattern::Status(status) = &mut pattern else {
        return fail(1, 0, "only `+OK` is followed by a body");
    };
    if !status.ok {
        return fail(1, 0, "`-ERR` is not followed by a body; only `+OK` is");
    }
    status.body = Some(body::compile(body, 1)?);
    Ok(pattern)
}

fn status_line(line: &str) -> Result<Pop3Pattern, PatternError> {
    let glyphs = glyphs(line)?;
    let mut reader = Reader::new(&glyphs, line);
    if reader.slot().is_some() {
        reader.advance(1);
        return if reader.is_at_end() {
            Ok(Pop3Pattern::Any)
        } else {
            reader.fail("a POP3 expectation begins with `+OK`, `-ERR` or `+`; a hole alone accepts any reply")
        };
    }
    let word = reader.until(|octet| octet == b' ');
    let written = literal(word).map(|word| String::from_utf8_lossy(&word).into_owned());
    let status_span = reader.span(0);
    let Some(written) = written else {
        return Err(PatternError { line: 0, offset: 0, message: "the status is `+OK`, `-ERR` or `+`, without holes".into() });
    };
    if written == "+" {
        reader.eat(b' ');
        return Ok(Pop3Pattern::Continuation { text: text(&mut reader) });
    }
    let (mut ok, mut err) = (false, false);
    let mut offset = 0;
    for alternative in written.split('|') {
        match alternative {
            "+OK" => ok = true,
            "-ERR" => err = true,
            _ => {
                let near = nearest(alternative, ["+OK", "-ERR"]).map(|near| format!("; did you mean `{near}`?"));
                let message = format!("`{alternative}` is no status of POP3: `+OK` and `-ERR` are{}", near.unwrap_or_default());
                return Err(PatternError { line: 0, offset, message });
            }
        }
        offset += alternative.len() + 1;
    }
    reader.eat(b' ');
    let code = code(&mut reader)?;
    Ok(Pop3Pattern::Status(StatusPattern { ok, err, status_span, code, text: text(&mut reader), body: None }))
}

fn code(reader: &mut Reader<'_>) -> Result<Option<(Parts, Span)>, PatternError> {
    if reader.octet() != Some(b'[') {
        return Ok(None);
    }
    let start = reader.offset();
    reader.advance(1);
    let inside = reader.until(|octet| octet == b']');
    if !reader.eat(b']') {
        return Err(PatternError {
            line: 0,
            offset: start,
            message: "`[` without its `]`: a response code is `[IN-USE]`".into(),
        });
    }
    let span = reader.span(start);
    reader.eat(b' ');
    Ok(Some((Parts::new(inside), span)))
}

fn text(reader: &mut Reader<'_>) -> Option<(Parts, Span)> {
    let start = reader.offset();
    let parts = Parts::new(reader.rest());
    let is_rest = parts.slot().is_some_and(Slot::is_rest);
    (!parts.0.is_empty() && !is_rest).then(|| (parts, reader.span(start)))
}
