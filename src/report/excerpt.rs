//! The lines of a suite that a finding is about, with the place underlined, as compilers show it.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::style;
use crate::suite::Span;

/// How far above the place the line is looked for that sent the command.
const REACH: usize = 12;

/// The excerpt of `source` around `span`, headed by `file:line:column`, with `label` at the underlined place. Beside the line
/// itself it shows the `C:` line that provoked the answer. `None` when the source has no such line.
pub fn excerpt(file: &str, source: &str, span: Span, label: &str, colour: bool) -> Option<String> {
    let lines: Vec<Range<usize>> = line_ranges(source);
    let at = span.line.checked_sub(1)?;
    let line = lines.get(at)?.clone();
    let mut snippet = Snippet::source(source)
        .path(file)
        .annotation(AnnotationKind::Primary.span(place(source, line, span)).label(super::text::one_line(label)));
    for shown in context(source, &lines, at) {
        snippet = snippet.annotation(AnnotationKind::Visible.span(shown));
    }
    let group = Group::with_level(Level::ERROR).element(snippet);
    let page = Renderer::styled().decor_style(DecorStyle::Unicode).render(&[group]);
    Some(style::finish(page, colour))
}

/// The byte range of every line, without its end.
fn line_ranges(source: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut lines = Vec::new();
    for line in source.split_inclusive('\n') {
        lines.push(start..start + line.trim_end_matches(['\n', '\r']).len());
        start += line.len();
    }
    lines
}

/// The bytes to underline: the span, or what is written on the line when the span has no length or lies outside.
fn place(source: &str, line: Range<usize>, span: Span) -> Range<usize> {
    let text = source.get(line.clone()).unwrap_or("");
    let byte = |chars: usize| text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
    let start = byte(span.column.saturating_sub(1));
    let end = if span.length == 0 { text.trim_end().len() } else { byte(span.column.saturating_sub(1) + span.length) };
    if start < end { line.start + start..line.start + end } else { line }
}

/// The lines from the nearest command above, and that one alone when it is far away.
fn context(source: &str, lines: &[Range<usize>], at: usize) -> Vec<Range<usize>> {
    let text = |index: usize| lines.get(index).and_then(|line| source.get(line.clone())).unwrap_or("").trim_start();
    let sends = |index: &usize| text(*index).starts_with("C:") || text(*index).starts_with("C[");
    let command = (at.saturating_sub(REACH)..at).rev().find(sends);
    let before = at.checked_sub(1);
    [command, before].into_iter().flatten().filter_map(|index| lines.get(index).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "cases:\n  - id: x\n    dialogue: |\n      C: NOOP\n      S: 250 grün ok\n      S: 251\n";

    fn shown(line: usize, column: usize, length: usize) -> Option<String> {
        excerpt("suites/a.yaml", SOURCE, Span { line, column, length }, "differs", false)
    }

    #[test]
    fn the_place_is_underlined_below_the_command_that_provoked_it() {
        insta::assert_snapshot!(shown(5, 14, 4).unwrap(), @r"
         ╭▸ suites/a.yaml:5:14
         │
       4 │       C: NOOP
       5 │       S: 250 grün ok
         ╰╴             ━━━━ differs
        ");
    }

    #[test]
    fn a_span_without_length_underlines_the_rest_of_the_line() {
        assert!(shown(5, 7, 0).unwrap().contains("━━━━━━━━━━━━━━ differs"));
    }

    #[test]
    fn places_that_do_not_exist_are_met() {
        assert_eq!(shown(0, 1, 1), None);
        assert_eq!(shown(99, 1, 1), None);
        assert!(shown(6, 400, 3).unwrap().contains("251"), "the whole line stands in for a column outside of it");
    }
}
