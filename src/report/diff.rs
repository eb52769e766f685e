//! Two texts, line by line, with what differs inside a line picked out.

use similar::{ChangeTag, TextDiff};

use super::style::{self, ADDED, QUIET, REMOVED, paint};
use super::text::printable;

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;

/// The difference from `accepted` to `present`: `-` what was accepted, `+` what is there now, three lines of context, gaps as `…`.
/// Empty when the texts are equal.
pub fn diff(accepted: &str, present: &str, colour: bool) -> String {
    let diff = TextDiff::from_lines(accepted, present);
    let mut page = String::new();
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            page.push_str(&format!("{}\n", paint(QUIET, "  …")));
        }
        for change in group.iter().flat_map(|op| diff.iter_inline_changes(op)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ("-", REMOVED),
                ChangeTag::Insert => ("+", ADDED),
                ChangeTag::Equal => (" ", QUIET),
            };
            let mut line = paint(style, format!("{sign} "));
            for (emphasised, text) in change.iter_strings_lossy() {
                let text = printable(text.trim_end_matches('\n'));
                line.push_str(&paint(if emphasised { style.bold().underline() } else { style }, text));
            }
            page.push_str(&format!("{line}\n"));
        }
    }
    style::finish(page, colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_shown_both_ways() {
        insta::assert_snapshot!(diff("C: NOOP\nS: +OK\nS: a\n", "C: NOOP\nS: -ERR no\nS: a\n", false), @r"
          C: NOOP
        - S: +OK
        + S: -ERR no
          S: a
        ");
        assert_eq!(diff("same\n", "same\n", false), "");
    }

    #[test]
    fn what_differs_inside_a_line_is_picked_out() {
        let page = diff("S: 250 one two three\n", "S: 250 one 2 three\n", true);
        let bold = ADDED.bold().underline();
        assert!(page.contains(&format!("{bold}2{bold:#}")), "{page:?}");
    }
}
