//! Patterns whose values move: relative sequence numbers, which follow EXPUNGE, and mod-sequences, which grow.

use super::*;

fn check(patterns: &str, wire: &str) -> Came {
    let wire: String = wire.lines().map(|line| format!("{}\r\n", line.trim())).collect();
    play(Protocol::Imap, &[], &["a1"], patterns, wire.as_bytes())
}

const DONE: &str = "a1 OK done";

#[test]
fn expunge_is_matched_by_the_message_it_takes() {
    let ascending = "* 2 EXPUNGE\n* 2 EXPUNGE\na1 OK done";
    let descending = "* 3 EXPUNGE\n* 2 EXPUNGE\na1 OK done";
    for wire in [ascending, descending] {
        holds(check("S: * $2 EXPUNGE\nS: * $3 EXPUNGE\nS! * $1 EXPUNGE\nS! * $4 EXPUNGE\nS: a1 OK", wire), "");
        holds(check("S: * $3 EXPUNGE\nS: * $2 EXPUNGE\nS: a1 OK", wire), "");
        fails(
            check("S: * $2 EXPUNGE\nS! * $3 EXPUNGE\nS: a1 OK", wire),
            &[&format!("forbidden: must not come, but did: `* {} EXPUNGE`", if wire == ascending { 2 } else { 3 })],
        );
    }
    // Numbers 2 and 3 read as they stand are other messages: 3 is $4 once $2 is gone.
    let others = "* 2 EXPUNGE\n* 3 EXPUNGE\na1 OK done";
    holds(check("S: * $2 EXPUNGE\nS: * $4 EXPUNGE\nS! * $3 EXPUNGE\nS: a1 OK", others), "");
    fails(
        check("S: * $2 EXPUNGE\nS: * $3 EXPUNGE\nS: a1 OK", others),
        &["mismatch: expected $3 (now 2) EXPUNGE, received 3 EXPUNGE @ $3"],
    );
}

#[test]
fn each_response_is_read_with_the_numbers_of_its_moment() {
    let wire = "* 3 FETCH (UID 13)\n* 2 EXPUNGE\n* 2 FETCH (FLAGS (\\Seen))\n* 1 EXPUNGE\n* 1 FETCH (UID 13)\na1 OK done";
    let patterns = "S: * $3 FETCH (FLAGS (\\Seen))\nS: * $3 FETCH (UID 13)\nS: * $2 EXPUNGE\nS! * $2 FETCH (UID ${_})\nS: a1 OK";
    holds(check(patterns, wire), "");
    fails(
        check("S! * $3 FETCH ${*}\nS: a1 OK", wire),
        &[
            "forbidden: must not come, but did: `* 3 FETCH (UID 13)`",
            "forbidden: must not come, but did: `* 2 FETCH (FLAGS (\\Seen))`",
            "forbidden: must not come, but did: `* 1 FETCH (UID 13)`",
        ],
    );
}

#[test]
fn what_is_expunged_is_never_matched() {
    let wire = "* 2 EXPUNGE\n* 2 FETCH (UID 13)\n* SEARCH 1 2\na1 OK done";
    fails(check("S: * $2 FETCH (UID 13)\nS: a1 OK", wire), &["mismatch: expected $2 (expunged) FETCH, received 2 FETCH @ $2"]);
    fails(check("S: * SEARCH $1 $2\nS: a1 OK", wire), &["mismatch: expected $2 (expunged) in SEARCH, received 1 2 @ $2"]);
    holds(check("S! * $2 FETCH ${*}\nS: * $3 FETCH (UID 13)\nS: a1 OK", wire), "");
    // Its own EXPUNGE is the last that is said of it.
    fails(
        check("S: * $2 EXPUNGE\nS: * $2 EXPUNGE\nS: a1 OK", "* 2 EXPUNGE\n* 2 EXPUNGE\na1 OK done"),
        &["mismatch: expected $2 (expunged) EXPUNGE, received 2 EXPUNGE @ $2"],
    );
}

#[test]
fn results_and_sets_hold_relative_numbers() {
    let after = |response: &str| format!("* 2 EXPUNGE\n* {response}\n{DONE}");
    for (pattern, response) in [
        ("SEARCH $1 $4 $3", "SEARCH 2 3 1"),
        ("SEARCH $4 ...", "SEARCH 1 2 3"),
        ("ESEARCH (TAG \"a1\") MIN $1 ALL $3:$4,$1", "ESEARCH (TAG \"a1\") ALL 1:3 MIN 1"),
        ("ESEARCH ALL $3:${uid}", "ESEARCH ALL 2:7"),
        ("OK [MODIFIED $4,$1] done", "OK [MODIFIED 1,3] done"),
        ("OK it costs $4", "OK it costs $4"),
        ("1 FETCH (FLAGS ($$4 $Junk))", "1 FETCH (FLAGS ($4 $Junk))"),
        ("1 FETCH (BODY[1] \"$4\")", "1 FETCH (BODY[1] \"$4\")"),
        ("X $ $$ $4x", "X $ $$ $4x"),
    ] {
        holds(check(&format!("S: * {pattern}"), &after(response)), "");
    }
    fails(check("S: * SEARCH $1 $3", &after("SEARCH 1 3")), &["mismatch: expected $3 (now 2) in SEARCH, received 1 3 @ $3"]);
}

#[test]
fn numbers_no_message_has_are_refused() {
    for (line, offset, message) in [
        ("* $2 EXISTS", 2, "`$2` is a message, and the number in front of EXISTS is not one's; write the number"),
        ("* $0 EXPUNGE", 2, "a message sequence number counts from 1 and has 32 bits"),
        ("* SEARCH 1 $9999999999", 11, "a message sequence number counts from 1 and has 32 bits"),
    ] {
        let error = Pattern::compile(Protocol::Imap, &[line]).unwrap_err();
        assert_eq!((error.offset, error.message.as_str()), (offset, message), "{line}");
    }
}

#[test]
fn other_protocols_have_no_relative_numbers() {
    holds(play(Protocol::Smtp, &["NOOP"], &[], "S: 250 it costs $2 or $$2", b"250 it costs $2 or $$2\r\n"), "");
    holds(play(Protocol::Pop3, &["RETR 1"], &[], "S: +OK\n| $2\n| .", b"+OK\r\n$2\r\n.\r\n"), "");
}

#[test]
fn mod_sequences_grow_from_capture_to_capture() {
    let fetched = |first: &str, second: &str| {
        format!("* 1 FETCH (MODSEQ ({first}))\n* 2 FETCH (MODSEQ ({second}))\n* OK [HIGHESTMODSEQ {second}] x\n{DONE}")
    };
    let growing =
        "S: * 1 FETCH (MODSEQ (${m:modseq}))\nS: * 2 FETCH (MODSEQ (${m:modseq}))\nS: * OK [HIGHESTMODSEQ ${m}]\nS: a1 OK";
    // As numbers, not as text.
    holds(check(growing, &fetched("9", "10")), "m=9 m=10");
    fails(
        check(growing, &fetched("9", "9")),
        &["mismatch: expected a mod-sequence greater than 9 for ${m:modseq} in MODSEQ, received 9 @ ${m:modseq}"],
    );
    let held = |value: &str| {
        check("S: * STATUS x (HIGHESTMODSEQ ${held:modseq})", &format!("* STATUS x (HIGHESTMODSEQ {value})\n{DONE}"))
    };
    holds(held("41"), "held=41");
    fails(
        held("40"),
        &["mismatch: expected a mod-sequence greater than 40 for ${held:modseq} in HIGHESTMODSEQ, received 40 @ ${held:modseq}"],
    );
    for (value, fits) in
        [("1", true), ("9223372036854775807", true), ("0", false), ("9223372036854775808", false), ("\"5\"", false)]
    {
        let came = check("S: * OK [HIGHESTMODSEQ ${_:modseq}]", &format!("* OK [HIGHESTMODSEQ {value}] x\n{DONE}"));
        assert_eq!(came.findings.is_empty(), fits, "{value}: {came:?}");
    }
}

#[test]
fn a_mod_sequence_captured_in_vain_is_forgotten() {
    // The first response would do for the first line, but then none is left that is greater.
    let wire = "* OK [HIGHESTMODSEQ 50] x\n* OK [HIGHESTMODSEQ 45] x\na1 OK done";
    let patterns = "S: * OK [HIGHESTMODSEQ ${m:modseq}]\nS: * OK [HIGHESTMODSEQ ${m:modseq}]\nS: a1 OK";
    holds(check(patterns, wire), "m=45 m=50");
    // FETCH items that fail behind the mod-sequence undo it.
    let wire = "* 1 FETCH (MODSEQ (90) FLAGS ())\n* 1 FETCH (MODSEQ (60) FLAGS (\\Seen))\n* OK [HIGHESTMODSEQ 70] x\na1 OK done";
    let patterns = "S: * 1 FETCH (MODSEQ (${m:modseq}) FLAGS (\\Seen))\nS: * OK [HIGHESTMODSEQ ${m:modseq}]\nS: a1 OK";
    holds(check(patterns, wire), "m=60 m=70");
}
