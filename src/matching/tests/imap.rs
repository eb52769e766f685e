//! IMAP expectations.

use super::*;

fn check(patterns: &str, wire: &str) -> Came {
    play(Protocol::Imap, &[], &["a1"], patterns, wire.as_bytes())
}

/// One untagged expectation against one untagged response, both without `* `.
fn one(pattern: &str, response: &str) -> Came {
    check(&format!("S: * {pattern}"), &format!("* {response}\r\na1 OK done\r\n"))
}

const SELECT: &str = "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n\
    * OK [PERMANENTFLAGS (\\Deleted \\*)] limited\r\n* 2 EXISTS\r\n* 0 RECENT\r\n\
    * OK [UIDVALIDITY 17] valid\r\n* OK [UIDNEXT 4] next\r\na1 OK [READ-WRITE] done\r\n";

#[test]
fn untagged_responses_match_in_any_order() {
    let came = check(
        "S: * OK [UIDNEXT ${next:number}]
         S: * 2 EXISTS
         S: * FLAGS (\\Seen \\deleted ...)
         S: * OK [PERMANENTFLAGS (\\* \\Deleted)]
         S: a1 OK [READ-WRITE]",
        SELECT,
    );
    assert_eq!(came.consumed, 7);
    holds(came, "next=4");
}

#[test]
fn the_nearest_response_explains_what_is_missing() {
    fails(check("S: * OK [UIDNEXT 5]\nS: a1 OK", SELECT), &["mismatch: expected UIDNEXT 5, received 4 @ 5"]);
    fails(check("S: * 3 EXISTS", SELECT), &["mismatch: expected 3 EXISTS, received 2 EXISTS @ 3"]);
    fails(check("S: * OK [UNSEEN 1]", SELECT), &["missing: expected * OK [UNSEEN 1], but it did not come"]);
    fails(
        check("S: * FLAGS (\\Seen)", SELECT),
        &["mismatch: expected nothing more in FLAGS, received also \\Answered; `...` would allow it @ (\\Seen)"],
    );
    fails(
        check("S: * FLAGS (\\Sene ...)", SELECT),
        &["mismatch: expected \\Sene in FLAGS, received \\Answered \\Flagged \\Deleted \\Seen \\Draft @ \\Sene"],
    );
    fails(check("S: a1 NO|BAD", SELECT), &["mismatch: expected NO or BAD, received OK [READ-WRITE] done @ NO|BAD"]);
    fails(
        check("S: a1 OK [READ-ONLY]", SELECT),
        &["mismatch: expected response code [READ-ONLY], received [READ-WRITE] @ [READ-ONLY]"],
    );
    fails(check("S: a1 OK", "* 1 EXISTS\r\n"), &["timed-out: expected a1 OK, but nothing more came in time"]);
}

#[test]
fn strings_are_one_value_in_any_form() {
    for response in
        ["1 FETCH (BODY[TEXT] \"hi there\")", "1 FETCH (BODY[TEXT] {8}\r\nhi there)", "1 FETCH (BODY[TEXT] ~{8}\r\nhi there)"]
    {
        holds(one("1 FETCH (BODY[TEXT] \"hi there\")", response), "");
    }
    holds(one("1 FETCH (BODY[1] hi)", "1 FETCH (BODY[1] {2}\r\nhi)"), "");
    holds(one("1 FETCH (BODY[1] \"a\\r\\n\\x00b\")", "1 FETCH (BODY[1] ~{5}\r\na\r\n\0b)"), "");
    holds(one("1 FETCH (BODY[] ${literal:plain})", "1 FETCH (BODY[] {26}\r\nSubject: hi\r\n\r\n.dot\r\nend\r\n)"), "");
    fails(one("1 FETCH (BODY[1] NIL)", "1 FETCH (BODY[1] \"NIL\")"), &["mismatch: expected BODY[1] NIL, received \"NIL\" @ NIL"]);
    fails(
        one("1 FETCH (BODY[1] \"NIL\")", "1 FETCH (BODY[1] NIL)"),
        &["mismatch: expected BODY[1] \"NIL\", received NIL @ \"NIL\""],
    );
    fails(
        one("1 FETCH (BODY[1] \"Hi\")", "1 FETCH (BODY[1] \"hi\")"),
        &["mismatch: expected BODY[1] \"Hi\", received \"hi\": they differ in the case of letters @ \"Hi\""],
    );
}

#[test]
fn fetch_items_are_pairs_in_any_order() {
    let response = "1 FETCH (UID 7 FLAGS (\\Seen \\Recent) BODY[HEADER.FIELDS (\"From\" to)]<0> {2}\r\nhi)";
    holds(one("1 FETCH (flags (\\Seen) uid ${uid})", response), "");
    holds(one("1 FETCH (BODY[header.fields (TO FROM)]<0> hi)", response), "");
    holds(one("${n:number} FETCH (BODY[${part}]<0> ${text})", response), "n=1 part=HEADER.FIELDS (From to) text=hi");
    holds(check("S: exact: * 1 FETCH (UID 7)", "* 1 FETCH (UID 7)\r\na1 OK x\r\n"), "");
    fails(
        check("S: exact: * 1 FETCH (UID 7)", "* 1 FETCH (UID 7 FLAGS ())\r\na1 OK x\r\n"),
        &["mismatch: expected no further items, received FLAGS () @ 7"],
    );
    fails(one("1 FETCH (UID 8)", response), &["mismatch: expected UID 8, received 7 @ 8"]);
    fails(one("1 FETCH (MODSEQ (${_}))", "1 FETCH (UID 7)"), &["mismatch: expected the item MODSEQ, received only UID @ MODSEQ"]);
    fails(
        one("1 FETCH (FLAGS (\\Recent))", "1 FETCH (FLAGS ())"),
        &["mismatch: expected \\Recent in FLAGS, received none @ \\Recent"],
    );
}

#[test]
fn one_fetch_response_may_satisfy_several_lines() {
    let both = "* 1 FETCH (UID 7 FLAGS (\\Seen))\r\na1 OK x\r\n";
    holds(check("S: * 1 FETCH (UID 7)\nS: * 1 FETCH (FLAGS (\\Seen))", both), "");
    fails(
        check("S: * 1 FETCH (UID 7)\nS: * 1 FETCH (UID 7)", both),
        &["missing: expected * 1 FETCH (UID 7), but it did not come"],
    );
}
