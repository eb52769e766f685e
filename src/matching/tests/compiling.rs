//! What the compiler of patterns refuses, where, and what it says.

use super::*;

#[track_caller]
fn refused(protocol: Protocol, lines: &[&str], line: usize, offset: usize, message: &str) {
    let error = Pattern::compile(protocol, lines).unwrap_err();
    assert_eq!((error.line, error.offset, error.message.as_str()), (line, offset, message));
}

#[test]
fn smtp_slips() {
    refused(Protocol::Smtp, &["25O"], 0, 2, "`25O` has the letter O where a digit belongs: write `0`");
    refused(Protocol::Smtp, &["25"], 0, 0, "`25` is no reply code: it has three digits, of which some may be `x`");
    refused(Protocol::Smtp, &["250|650"], 0, 4, "`650` is no reply code: it begins with 2, 3, 4 or 5");
    refused(Protocol::Smtp, &["250-a"], 0, 3, "the last line of a reply has a space behind its code, not a hyphen");
    refused(Protocol::Smtp, &["250 a", "250 b"], 0, 3, "a line that is not the last of its reply has a hyphen behind its code");
    refused(
        Protocol::Smtp,
        &["250-a", "251 b"],
        1,
        0,
        "every line of a reply has the same code: write `250` as on the first line",
    );
    refused(
        Protocol::Smtp,
        &["250 ${x:numbr}"],
        0,
        4,
        "`:numbr` narrows nothing: `:number`, `:atom`, `:date`, `:base64` and `:/regex/` do; did you mean `:number`?",
    );
}
