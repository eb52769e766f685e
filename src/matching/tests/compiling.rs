//! What the compiler of patterns refuses, where, and what it says; and what the lint learns of patterns.

use super::*;

#[track_caller]
fn refused(protocol: Protocol, lines: &[&str], line: usize, offset: usize, message: &str) {
    let error = Pattern::compile(protocol, lines).unwrap_err();
    assert_eq!((error.line, error.offset, error.message.as_str()), (line, offset, message));
}

#[test]
fn smtp_slips() {
    let smtp = |lines: &[&str], line, offset, message: &str| refused(Protocol::Smtp, lines, line, offset, message);
    smtp(&["25O"], 0, 2, "`25O` has the letter O where a digit belongs: write `0`");
    smtp(&["25"], 0, 0, "`25` is no reply code: it has three digits, of which some may be `x`");
    smtp(&["2500"], 0, 3, "`2500` is longer than a reply code: it has three digits, `250`, `5xx`");
    smtp(&["+OK"], 0, 0, "`+OK` is no reply code: it has three digits, of which some may be `x`");
    smtp(&["250|650"], 0, 4, "`650` is no reply code: it begins with 2, 3, 4 or 5");
    smtp(&["250-a"], 0, 3, "the last line of a reply has a space behind its code, not a hyphen");
    smtp(&["250 a", "250 b"], 0, 3, "a line that is not the last of its reply has a hyphen behind its code");
    smtp(&["250-a", "251 b"], 1, 0, "every line of a reply has the same code: write `250` as on the first line");
    smtp(&[], 0, 0, "an SMTP expectation begins with a reply code, `250`");
}

#[test]
fn slips_in_holes() {
    let smtp = |line: &str, offset, message: &str| refused(Protocol::Smtp, &[line], 0, offset, message);
    smtp(
        "250 ${x:numbr}",
        4,
        "`:numbr` narrows nothing: `:number`, `:atom`, `:date`, `:base64`, `:modseq`, `:/regex/` and `:base64:/regex/` do; did you mean `:number`?",
    );
    smtp("250 $${a} ${x:/(/}", 10, "`/(/` is not a regular expression: unclosed group");
    smtp("250 ${*:number}", 4, "`${*}` is the rest of the line and takes no narrowing");
    smtp("250 ${x", 4, "`${` without its `}`; write `$${` for a literal `${`");
}

#[test]
fn pop3_slips() {
    let pop3 = |lines: &[&str], line, offset, message: &str| refused(Protocol::Pop3, lines, line, offset, message);
    pop3(&["+OKAY"], 0, 0, "`+OKAY` is no status of POP3: `+OK` and `-ERR` are");
    pop3(&["OK"], 0, 0, "`OK` is no status of POP3: `+OK` and `-ERR` are; did you mean `+OK`?");
    pop3(&["+OK|-ERROR"], 0, 4, "`-ERROR` is no status of POP3: `+OK` and `-ERR` are; did you mean `-ERR`?");
    pop3(&["-ERR [IN-USE"], 0, 5, "`[` without its `]`: a response code is `[IN-USE]`");
    pop3(&["+OK", "a"], 1, 1, "the body of a POP3 reply ends with a line `S: .`");
    pop3(&["-ERR", "."], 1, 0, "`-ERR` is not followed by a body; only `+OK` is");
}

#[test]
fn imap_slips() {
    let imap = |line: &str, offset, message: &str| refused(Protocol::Imap, &[line], 0, offset, message);
    imap("", 0, "an IMAP expectation begins with `*`, `+` or a tag");
    imap("OK", 2, "behind a tag comes a status, `a1 OK`; untagged responses begin with `* `");
    imap("a1 OKAY", 3, "`OKAY` is no status (OK, NO, BAD); untagged responses begin with `* `");
    imap("a1 BAF", 3, "`BAF` is no status (OK, NO, BAD); untagged responses begin with `* `; did you mean `BAD`?");
    imap("a1 OK|N", 6, "`N` is no status (OK, NO, BAD); untagged responses begin with `* `; did you mean `NO`?");
    imap("* FLAGS (\\Seen", 8, "`(` without its `)`");
    imap("* FLAGS (\\Seen))", 15, "`)` without its `(`");
    imap("* 1 FETCH (FLAGS (\\Seen)", 10, "`(` without its `)`");
    imap("* 1 FETCH UID 5", 10, "the items of FETCH stand in parentheses, `(UID 5)`");
    imap("* 1 FETCH (UID)", 14, "behind the name of a FETCH item comes a space and its value");
    imap("* 1 FETCH (BODY[1 x)", 15, "`[` without its `]`");
    imap(
        "* 1 FETCH (BODY[1 x] y)",
        11,
        "`BODY[1 x]` is no FETCH item: one is `UID`, `BODY[HEADER.FIELDS (FROM)]` or `BODY[1]<0>`",
    );
    imap("* LIST () \"/\" \"a", 14, "`\"` without the `\"` that ends the string");
    imap(
        "* X \"\\q\"",
        5,
        "a backslash in a string stands before `\"`, `\\`, `r`, `n`, `t`, `0` or `xHH`; write `\\\\` for itself",
    );
    imap("* X {5}", 4, "write what a literal holds as a quoted string: strings and literals are the same value");
    imap("* OK [UIDNEXT 5", 5, "`[` without its `]`");
    imap(
        "* STATUS a (MESSAGES)",
        11,
        "the list of STATUS has names with values, `(MESSAGES 2 UIDNEXT 5)`; one of them is missing",
    );
    imap("* X  y", 4, "a value belongs here: an atom, a quoted string, a list or a hole");
    refused(Protocol::Imap, &["* OK", "* NO"], 0, 0, "an IMAP expectation is one line");
}

#[test]
fn patterns_tell_what_they_are() {
    let imap = |line: &str| Pattern::compile(Protocol::Imap, &[line]).unwrap();
    assert_eq!(imap("a1 OK [READ-WRITE]").tag().as_deref(), Some("a1"));
    assert_eq!(imap("* OK").tag(), None);
    assert!(imap("+").is_continuation() && imap("+ ${*}").is_continuation() && !imap("+a OK").is_continuation());
    let names = |pattern: &Pattern| pattern.holes().map(|(line, hole)| format!("{line}{}", hole.name)).collect::<Vec<_>>();
    assert_eq!(names(&imap("* ${n} FETCH (UID ${uid} BODY[${part}] \"${a}/${_}\")")), ["0n", "0uid", "0part", "0a", "0_"]);
    let body = Pattern::compile(Protocol::Pop3, &["+OK ${a}", "${b}", "...", "."]).unwrap();
    assert_eq!(names(&body), ["0a", "1b"]);
    assert!(body.has_body());
    let ehlo = Pattern::compile(Protocol::Smtp, &["250-${host}", "250 SIZE ${*}"]).unwrap();
    assert_eq!(names(&ehlo), ["0host", "1*"]);
    assert_eq!(ehlo, ehlo.clone());
}
