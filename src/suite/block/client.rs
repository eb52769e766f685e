//! Where the server under test is the client: which `C:` lines are commands, and which make a message.

use super::{Spoken, expectation};
use crate::matching::Pattern;
use crate::suite::problem::Problem;
use crate::suite::{Expect, Necessity};

/// Compiles `C:` lines of an accepted connection: a line is a command, and the lines behind a 354 (or, where the harness answers by
/// itself, behind DATA) up to a dot are a message, and so are those behind the last BDAT of a message. `before` is the last line we
/// sent before them.
pub(super) fn expectations(
    file: &str,
    served: bool,
    before: &str,
    lines: &[Spoken<'_>],
    problems: &mut Vec<Problem>,
) -> Vec<Expect> {
    let mut expects = Vec::new();
    let mut rest = lines;
    let asked = before.starts_with("354");
    let mut message_next = asked;
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|s| s.necessity == first.necessity).count();
        let dot = rest.iter().take(same).position(|s| s.text == ".");
        let again = rest.iter().position(|s| is(s.text, "DATA")).filter(|_| served);
        // A message forbidden line by line stands wherever the message may.
        let here = message_next || first.necessity != Necessity::Must || first.text == ".";
        if dot.is_none() && message_next && asked && expects.is_empty() {
            let problem = Problem::error(file, first.span, "behind a 354 the client sends a message");
            let hint = "write it line by line with `...` for any lines, and end it with `C[…]: .`; the dot alone is any message";
            problems.push(problem.with_hint(hint));
            return expects;
        }
        let count = match dot {
            Some(dot) if here && again.is_none_or(|again| dot < again) => dot + 1,
            _ => 1,
        };
        let (said, after) = rest.split_at(count);
        rest = after;
        if first.necessity == Necessity::Must {
            message_next = (served && is(first.text, "DATA"))
                || (is(first.text, "BDAT") && first.text.to_ascii_uppercase().ends_with(" LAST"));
        }
        expects.extend(expectation(file, said, Pattern::compile_client, problems));
    }
    expects
}

/// Whether a line is about this command.
fn is(text: &str, verb: &str) -> bool {
    let text = text.strip_prefix("exact: ").unwrap_or(text);
    text.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(verb))
}
