//! What is wrong with a suite, where it stands and how to mend it. All problems of all files are shown at once.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::model::Span;

/// Whether a problem stops a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The suite cannot be used.
    Error,
    /// It can, but somebody should look.
    Warning,
}

/// One problem of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    pub file: String,
    /// Line 0: no place is known.
    pub span: Span,
    pub message: String,
    pub hint: Option<String>,
}

impl Problem {
    /// An error at a place.
    pub fn error(file: &str, span: Span, message: impl Into<String>) -> Problem {
        Problem { severity: Severity::Error, file: file.to_owned(), span, message: message.into(), hint: None }
    }

    /// A warning at a place.
    pub fn warning(file: &str, span: Span, message: impl Into<String>) -> Problem {
        Problem { severity: Severity::Warning, ..Problem::error(file, span, message) }
    }

    /// The same problem with a word on how to mend it.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }

    /// Renders the problem with an excerpt of `source`, the text of its file.
    pub fn render(&self, source: &str, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let message = self.message.chars().map(printable).collect::<String>();
        let hint = self.hint.clone().unwrap_or_default();
        let mut group = match byte_range(source, self.span) {
            Some(range) => level
                .primary_title(message)
                .element(Snippet::source(source).path(self.file.as_str()).annotation(AnnotationKind::Primary.span(range))),
            None if self.span.line > 0 => {
                Group::with_title(level.primary_title(format!("{}:{}: {message}", self.file, self.span.line)))
            }
            None => Group::with_title(level.primary_title(format!("{}: {message}", self.file))),
        };
        if self.hint.is_some() {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        renderer.render(&[group])
    }
}

/// Control characters escaped: no file steers the terminal.
fn printable(c: char) -> String {
    if c.is_control() { c.escape_default().to_string() } else { c.to_string() }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.span.line, self.span.column, self.message)
    }
}

/// The bytes of `source` a span covers, at least one where the line has any; `None` if the source has no such place.
pub fn byte_range(source: &str, span: Span) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    for (index, line) in source.split_inclusive('\n').enumerate() {
        if index + 1 == span.line {
            let text = line.trim_end_matches(['\n', '\r']);
            let at = |column: usize| text.char_indices().nth(column).map_or(text.len(), |(at, _)| at);
            let from = at(span.column.saturating_sub(1));
            let to = at(span.column.saturating_sub(1) + span.length.max(1));
            return Some(start + from..start + to.max(from));
        }
        start += line.len();
    }
    None
}

/// The known name nearest to a mistyped one, if one is near enough to be meant.
pub fn did_you_mean<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (edit_distance(&typed.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(typed.len()) / 4)
        .min()
        .map(|(_, name)| name)
}

/// How many letters must be changed, dropped or added (Levenshtein).
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested() {
        assert_eq!(did_you_mean("titel", ["title", "cases"]), Some("title"));
        assert_eq!(did_you_mean("zzz", ["title", "cases"]), None);
    }

    #[test]
    fn the_excerpt_points_at_the_place() {
        let source = "a: 1\nb: \u{e4}two\n";
        let problem = Problem::error("x.yaml", Span { line: 2, column: 4, length: 4 }, "bad").with_hint("mend it");
        let text = problem.render(source, false);
        assert!(text.contains("x.yaml:2:4") && text.contains("^^^^") && text.contains("mend it"), "{text}");
        assert!(
            Problem::error("x.yaml", Span { line: 99, column: 1, length: 1 }, "bad").render(source, false).contains("x.yaml:99")
        );
    }
}
