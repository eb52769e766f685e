//! IMAP expectations.

use super::*;

fn check(patterns: &str, wire: &str) -> Came {
    play(Protocol::Imap, &[], &["a1"], patterns, wire.as_bytes())
}

/// One untagged expectation (without `S: * `) against one untagged response (without `* `).
fn one(pattern: &str, response: &str) -> Came {
    let (strictness, pattern) = match ["exact: ", "ordered: "].iter().find(|word| pattern.starts_with(**word)) {
        Some(word) => pattern.split_at(word.len()),
        None => ("", pattern),
    };
    let pattern = format!("S: {strictness}* {pattern}");
    check(&pattern, &format!("* {response}\r\na1 OK done\r\n"))
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
    holds(check("S: * ${n:number} EXISTS\nS: ${_}", SELECT), "n=2");
    holds(check("S: * ${*}\nS: a1 ${status} ${*}", SELECT), "status=OK");
    holds(check("S: a1 OK [${code}] done", SELECT), "code=READ-WRITE");
}

#[test]
fn the_nearest_response_explains_what_is_missing() {
    fails(check("S: * OK [UIDNEXT 5]\nS: a1 OK", SELECT), &["mismatch: expected UIDNEXT 5, received 4 @ 5"]);
    fails(check("S: * 3 EXISTS", SELECT), &["mismatch: expected 3 EXISTS, received 2 EXISTS @ 3"]);
    fails(check("S: * OK [UNSEEN 1]", SELECT), &["missing: expected `* OK [UNSEEN 1]`, but it did not come"]);
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
    fails(check("S: a1 OK well", SELECT), &["mismatch: expected text `well`, received `done` @ well"]);
    fails(check("S: a1 OK", "* 1 EXISTS\r\n"), &["timed-out: expected `a1 OK`, but nothing more came in time"]);
    fails(
        check("S: * OK [UIDVALIDITY ${v:atom}]\nS: * OK [UIDNEXT ${v}]", SELECT),
        &["mismatch: expected UIDNEXT 17, received 4 @ ${v}"],
    );
    fails(check("S: * OK [UIDNEXT ${uid}]", SELECT), &["mismatch: expected UIDNEXT 7, received 4 @ ${uid}"]);
}

#[test]
fn hints_say_what_the_message_cannot() {
    let refused = "* LIST () \"/\" other\r\na1 NO [TRYCREATE] no such mailbox\r\n";
    assert_eq!(hints("S: * 2 EXISTS", refused), ["a1 was answered NO [TRYCREATE] no such mailbox"]);
    assert_eq!(hints("S: * OK [UIDNEXT ${uid}]", SELECT), ["${uid} is 7"]);
    let waits = "+ go on\r\n";
    assert_eq!(hints("S: a1 OK", waits), ["the server asks for more: `+ go on`"]);
    let fetched = "* 1 FETCH (UID 5 FLAGS (\\Seen))\r\na1 OK x\r\n";
    assert_eq!(
        hints("S: * 1 FETCH (UID 6 FLAGS ())", fetched),
        ["also: expected nothing more in FLAGS, received also \\Seen; `...` would allow it",]
    );
}

/// The hints of the only finding.
fn hints(patterns: &str, wire: &str) -> Vec<String> {
    let expects = expects(Protocol::Imap, patterns);
    let mut framer = framer(Protocol::Imap, Limits::default());
    framer.push(wire.as_bytes());
    let replies: Vec<Reply> = std::iter::from_fn(|| framer.next()).collect();
    let exchange = Exchange { protocol: Protocol::Imap, party: Party::Server, expects: &expects, tags: &["a1".to_owned()] };
    let ending = if is_over(exchange, &replies, &Known) { Ending::Over } else { Ending::TimedOut };
    let mut findings = judge(exchange, &replies, ending, &Known).findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0).hints
}

#[test]
fn strings_are_one_value_in_any_form() {
    for text in ["\"hi there\"", "{8}\r\nhi there", "~{8}\r\nhi there"] {
        holds(one("1 FETCH (BODY[TEXT] \"hi there\")", &format!("1 FETCH (BODY[TEXT] {text})")), "");
    }
    holds(one("5 UIDFETCH (FLAGS () MODSEQ (7))", "5 UIDFETCH (MODSEQ (7) UID 5 FLAGS (\\Recent))"), "");
    fails(
        one("5 UIDFETCH (FLAGS ())", "5 FETCH (FLAGS ())"),
        &["missing: expected `* 5 UIDFETCH (FLAGS ())`, but it did not come"],
    );
    holds(one("1 FETCH (BODY[1] hi)", "1 FETCH (BODY[1] {2}\r\nhi)"), "");
    holds(one("1 FETCH (BODY[1] \"a\\r\\n\\x00b\")", "1 FETCH (BODY[1] ~{5}\r\na\r\n\0b)"), "");
    holds(one("1 FETCH (BODY[] ${literal:plain})", "1 FETCH (BODY[] {26}\r\nSubject: hi\r\n\r\n.dot\r\nend\r\n)"), "");
    holds(one("1 FETCH (RFC822.SIZE ${size:plain})", "1 FETCH (RFC822.SIZE 26)"), "");
    fails(one("1 FETCH (BODY[1] NIL)", "1 FETCH (BODY[1] \"NIL\")"), &["mismatch: expected BODY[1] NIL, received \"NIL\" @ NIL"]);
    fails(
        one("1 FETCH (BODY[1] \"NIL\")", "1 FETCH (BODY[1] NIL)"),
        &["mismatch: expected BODY[1] \"NIL\", received NIL @ \"NIL\""],
    );
    fails(
        one("1 FETCH (BODY[1] \"Hi\")", "1 FETCH (BODY[1] \"hi\")"),
        &["mismatch: expected BODY[1] \"Hi\", received \"hi\": they differ in the case of letters @ \"Hi\""],
    );
    let long = "x".repeat(60);
    fails(
        one(&format!("1 FETCH (BODY[1] \"{long}.\")"), &format!("1 FETCH (BODY[1] \"{long}..\")")),
        &[&format!(
            "mismatch: expected BODY[1] \"{long}.\", received \"{long}..\": they differ from octet 61 on, \"\" against \".\" @ \"{long}.\""
        )],
    );
}

#[test]
fn fetch_items_are_pairs_in_any_order() {
    let response = "1 FETCH (UID 7 FLAGS (\\Seen \\Recent) BODY[HEADER.FIELDS (\"From\" to)]<0> {2}\r\nhi)";
    holds(one("1 FETCH (flags (\\Seen) uid ${new})", response), "new=7");
    holds(one("1 FETCH (UID ${uid})", response), "");
    holds(one("1 FETCH (BODY[header.fields (TO FROM)]<0> hi)", response), "");
    holds(one("${n:number} FETCH (BODY[${part}]<0> ${text})", response), "n=1 part=HEADER.FIELDS (From to) text=hi");
    holds(one("1 FETCH ${*}", response), "");
    holds(one("1 FETCH (UID 7 ...)", response), "");
    holds(one("exact: 1 FETCH (UID 7)", "1 FETCH (UID 7)"), "");
    fails(
        one("exact: 1 FETCH (UID 7)", "1 FETCH (UID 7 FLAGS ())"),
        &["mismatch: expected no further items, received FLAGS () @ 7"],
    );
    fails(one("1 FETCH (UID 8)", response), &["mismatch: expected UID 8, received 7 @ 8"]);
    fails(one("1 FETCH (MODSEQ (${_}))", "1 FETCH (UID 7)"), &["mismatch: expected the item MODSEQ, received only UID @ MODSEQ"]);
    fails(
        one("1 FETCH (FLAGS (\\Recent))", "1 FETCH (FLAGS ())"),
        &["mismatch: expected \\Recent in FLAGS, received none @ \\Recent"],
    );
    fails(one("2 FETCH (UID 7)", response), &["mismatch: expected 2 FETCH, received 1 FETCH @ 2"]);
    fails(
        one("1 FETCH (UID ${x:number})", "1 FETCH (UID \"7\")"),
        &["mismatch: expected a number for ${x:number} in UID, received \"7\" @ ${x:number}"],
    );
}

#[test]
fn one_fetch_response_may_satisfy_several_lines() {
    let both = "* 1 FETCH (UID 7 FLAGS (\\Seen))\r\na1 OK x\r\n";
    holds(check("S: * 1 FETCH (UID 7)\nS: * 1 FETCH (FLAGS (\\Seen))", both), "");
    fails(
        check("S: * 1 FETCH (UID 7)\nS: * 1 FETCH (UID 7)", both),
        &["missing: expected `* 1 FETCH (UID 7)`, but it did not come"],
    );
    holds(check("S: * 1 EXPUNGE\nS: * 1 EXPUNGE", "* 1 EXPUNGE\r\n* 1 EXPUNGE\r\na1 OK x\r\n"), "");
    fails(
        check("S: * 1 EXPUNGE\nS: * 1 EXPUNGE", "* 1 EXPUNGE\r\na1 OK x\r\n"),
        &["missing: expected `* 1 EXPUNGE`, but it did not come"],
    );
}

#[test]
fn captures_may_need_another_assignment() {
    let wire = "* 1 FETCH (UID 5 FLAGS (\\Seen))\r\n* 2 FETCH (UID 6 FLAGS ())\r\n* SEARCH 6\r\na1 OK x\r\n";
    holds(check("S: * ${n:number} FETCH (UID ${u})\nS: * SEARCH ${u}", wire), "n=2 u=6");
    holds(check("S: * ${n} FETCH (UID ${u})\nS: * ${m} FETCH (UID ${v})\nS: * SEARCH ${u}", wire), "n=2 u=6 m=1 v=5");
    fails(check("S: * 1 FETCH (UID ${u})\nS: * SEARCH ${u}", wire), &["mismatch: expected 5 in SEARCH, received 6 @ ${u}"]);
}

#[test]
fn sets_of_numbers() {
    holds(one("SEARCH 3 2 1", "SEARCH 1 2 3 (MODSEQ 5)"), "");
    holds(one("SEARCH 1 ...", "SEARCH 1 2 3"), "");
    holds(one("SEARCH", "SEARCH"), "");
    holds(one("SEARCH 1 (MODSEQ ${m:number})", "SEARCH 1 (MODSEQ 5)"), "m=5");
    fails(
        one("SEARCH", "SEARCH 4"),
        &["mismatch: expected nothing more in SEARCH, received also 4; `...` would allow it @ SEARCH"],
    );
    fails(one("SEARCH 1 2", "SEARCH 1"), &["mismatch: expected 2 in SEARCH, received 1 @ 2"]);
    holds(one("ESEARCH (TAG \"a1\") UID ALL 1:3,5 COUNT 4", "ESEARCH (TAG \"a1\") UID COUNT 4 ALL 5,3:2,1 MAX 5"), "");
    holds(one("ESEARCH UID COUNT 4", "ESEARCH (TAG \"a1\") UID COUNT 4"), "");
    holds(one("ESEARCH ${*}", "ESEARCH (TAG \"a1\") UID COUNT 4"), "");
    fails(
        one("ESEARCH UID COUNT 4", "ESEARCH (TAG \"a1\") COUNT 4"),
        &["mismatch: expected UIDs in ESEARCH, received message numbers @ UID"],
    );
    fails(one("ESEARCH ALL 1:3", "ESEARCH ALL 1:4"), &["mismatch: expected ALL 1:3, received 1:4 @ 1:3"]);
    fails(one("ESEARCH MIN 1", "ESEARCH MAX 1"), &["mismatch: expected MIN in ESEARCH, received only MAX @ MIN"]);
    fails(
        one("exact: ESEARCH ALL 1", "ESEARCH ALL 1 COUNT 1"),
        &["mismatch: expected nothing more in ESEARCH, received also COUNT 1 @ ESEARCH"],
    );
    // The order of a sorted result counts, that of the ranges in it does not (RFC 5267 §3.2).
    holds(one("ordered: ESEARCH ALL 5,3:4,1", "ESEARCH (TAG \"a1\") ALL 5,3,4,1"), "");
    holds(one("ordered: ESEARCH ALL 10:12", "ESEARCH ALL 12:10"), "");
    fails(
        one("ordered: ESEARCH ALL 5,3:4,1", "ESEARCH ALL 1,3:5"),
        &["mismatch: expected ALL 5,3:4,1, received 1,3:5 @ 5,3:4,1"],
    );
    fails(one("ordered: SEARCH 1 2", "SEARCH 2 1"), &["mismatch: expected SEARCH 1, received 2 @ 1"]);
    // Known values make a set.
    holds(one("ESEARCH MIN ${a:number} ALL ${a},${a}:4", "ESEARCH MIN 3 ALL 3:4"), "a=3");
    // Correlators are pairs, and a mailbox is one (RFC 7377 §4).
    let correlated = "ESEARCH (UIDVALIDITY 7 TAG \"a1\" MAILBOX inbox) UID ALL 3";
    holds(one("ESEARCH (TAG \"a1\") UID ALL 3", correlated), "");
    holds(one("ESEARCH (MAILBOX \"INBOX\" TAG \"a1\" UIDVALIDITY ${v:number}) UID ALL 3", correlated), "v=7");
    fails(
        one("ESEARCH (TAG \"a1\" MAILBOX other) UID ALL 3", correlated),
        &["mismatch: expected MAILBOX other, received inbox @ other"],
    );
    fails(
        one("ESEARCH (TAG \"a1\")", "ESEARCH"),
        &["mismatch: expected (TAG \"a1\") in ESEARCH, received nothing more @ (TAG \"a1\")"],
    );
    holds(one("SORT 3 1 2", "SORT 3 1 2"), "");
    fails(one("SORT 1 2 3", "SORT 3 1 2"), &["mismatch: expected SORT 1, received 3 @ 1"]);
    holds(check("S: a1 OK [COPYUID 1 1:3 5,6,7]", "a1 OK [COPYUID 1 1,2,3 5:7] x\r\n"), "");
    fails(
        check("S: a1 OK [COPYUID 1 1:3 5:7]", "a1 OK [COPYUID 1 1:3 7,5:6] x\r\n"),
        &["mismatch: expected COPYUID 5:7, received 7,5:6 @ 5:7"],
    );
    holds(one("VANISHED (EARLIER) 1:3", "VANISHED (EARLIER) 3,1:2"), "");
}

#[test]
fn mailboxes_and_their_attributes() {
    holds(one("LIST (...) \"/\" inbox", "LIST (\\HasNoChildren) \"/\" INBOX"), "");
    holds(one("LIST (\\hasnochildren) \"/\" ${box}", "LIST (\\HasNoChildren) \"/\" \"box.1\""), "");
    holds(one("LIST () ${_} ${name}", "LIST () NIL {1}\r\na (\"CHILDINFO\" (\"SUBSCRIBED\"))"), "name=a");
    holds(
        one("LIST () \"/\" a (CHILDINFO (\"SUBSCRIBED\"))", "LIST () \"/\" a (\"OLDNAME\" (b) \"CHILDINFO\" (\"SUBSCRIBED\"))"),
        "",
    );
    holds(one("LIST () \"/\" \"${box}/sub\"", "LIST () \"/\" box.1/sub"), "");
    fails(
        one("LIST () \"/\" Work", "LIST () \"/\" work"),
        &["mismatch: expected mailbox Work, received work: they differ in the case of letters @ Work"],
    );
    fails(
        one("LIST () \"/\" a", "LIST (\\Marked) \"/\" a"),
        &["mismatch: expected nothing more in attributes, received also \\Marked; `...` would allow it @ ()"],
    );
    fails(one("LIST () \".\" a", "LIST () \"/\" a"), &["mismatch: expected hierarchy delimiter \".\", received \"/\" @ \".\""]);
    let two = "* LIST () \"/\" b\r\n* LIST (\\Marked) \"/\" a\r\na1 OK x\r\n";
    fails(
        check("S: * LIST (\\Unmarked) \"/\" a", two),
        &["mismatch: expected \\Unmarked in attributes, received \\Marked @ \\Unmarked"],
    );
    holds(one("STATUS inbox (UIDNEXT ${n} MESSAGES 2)", "STATUS INBOX (MESSAGES 2 UIDNEXT 5 UNSEEN 0)"), "n=5");
    fails(one("STATUS a (MESSAGES 3)", "STATUS a (MESSAGES 2)"), &["mismatch: expected MESSAGES 3, received 2 @ 3"]);
    fails(
        one("STATUS a (UNSEEN 3)", "STATUS a (MESSAGES 2)"),
        &["mismatch: expected UNSEEN in STATUS, received only MESSAGES @ UNSEEN"],
    );
}

#[test]
fn other_data() {
    holds(one("CAPABILITY imap4rev1 IDLE", "CAPABILITY IDLE UIDPLUS IMAP4rev1"), "");
    holds(check("S: a1 OK [CAPABILITY IDLE]", "a1 OK [CAPABILITY IMAP4rev1 IDLE] x\r\n"), "");
    holds(one("ENABLED CONDSTORE", "ENABLED CONDSTORE QRESYNC"), "");
    fails(
        one("exact: ENABLED CONDSTORE", "ENABLED CONDSTORE QRESYNC"),
        &["mismatch: expected nothing more in ENABLED, received also QRESYNC; `...` would allow it @ ENABLED"],
    );
    holds(one("NAMESPACE ((\"\" ${sep})) NIL NIL", "NAMESPACE ((\"\" \"/\")) NIL NIL"), "sep=/");
    fails(
        one("NAMESPACE NIL NIL NIL", "NAMESPACE ((\"\" \"/\")) NIL NIL"),
        &["mismatch: expected NAMESPACE NIL, received ((\"\" \"/\")) @ NIL"],
    );
    holds(one("THREAD (2)(3 6 (4 23)(44 7 96))", "THREAD (2)(3 6 (4 23)(44 7 96))"), "");
    holds(one("THREAD ... (3 ${*})", "THREAD (1)(2)(3 6)"), "");
    // Siblings have an order: that of their dates (RFC 5256 §3).
    fails(one("THREAD (2)(3)", "THREAD (3)(2)"), &["mismatch: expected THREAD 2, received 3 @ 2"]);
    holds(one("ID (VERSION ${v} name \"x\")", "ID (\"name\" \"x\" \"version\" \"1\" \"os\" NIL)"), "v=1");
    holds(one("QUOTA \"\" (STORAGE ${used:number} 512)", "QUOTA \"\" (STORAGE 10 512)"), "used=10");
    holds(one("QUOTA \"\" (STORAGE 10 512)", "QUOTA \"\" (MESSAGE 3 20 STORAGE 10 512)"), "");
    holds(one("QUOTA \"\" (MESSAGE 3 20 STORAGE 10 512)", "QUOTA \"\" (STORAGE 10 512 message 3 20)"), "");
    fails(
        one("exact: QUOTA \"\" (STORAGE 10 512)", "QUOTA \"\" (MESSAGE 3 20 STORAGE 10 512)"),
        &["mismatch: expected nothing more in QUOTA, received also MESSAGE 3 20 @ (STORAGE 10 512)"],
    );
    fails(
        one("QUOTA \"\" (STORAGE 10 512)", "QUOTA \"\" (STORAGE 10 511)"),
        &["mismatch: expected STORAGE 10 512 in QUOTA, received STORAGE 10 511 @ STORAGE"],
    );
    holds(one("QUOTAROOT INBOX one two", "QUOTAROOT inbox two one"), "");
    holds(one("1 FETCH (ENVELOPE ${env})", "1 FETCH (ENVELOPE (NIL \"a\"))"), "env=(NIL \"a\")");
}

#[test]
fn composite_atoms() {
    holds(
        one("1 FETCH (INTERNALDATE ${d:date})", "1 FETCH (INTERNALDATE \" 7-Jul-1996 02:44:25 -0700\")"),
        "d= 7-Jul-1996 02:44:25 -0700",
    );
    holds(check("S: a1 OK [APPENDUID ${v:number} ${a:number}:${b:number}]", "a1 OK [APPENDUID 1 2:3] x\r\n"), "v=1 a=2 b=3");
    holds(one("1 FETCH (BODY[1] \"<${uid}@${host}>\")", "1 FETCH (BODY[1] \"<7@x.org>\")"), "host=x.org");
    fails(
        one("1 FETCH (BODY[1] \"<${uid}@x>\")", "1 FETCH (BODY[1] \"<8@x>\")"),
        &["mismatch: expected BODY[1] \"<7@x>\", received \"<8@x>\" @ \"<${uid}@x>\""],
    );
    holds(one("1 FETCH (BODY[1] ${x:/a.c/})", "1 FETCH (BODY[1] \"a\\\"c\")"), "x=a\"c");
    fails(
        one("1 FETCH (BODY[1] ${x:/abc/})", "1 FETCH (BODY[1] \"abcd\")"),
        &["mismatch: expected what the regular expression matches for ${x:/abc/} in BODY[1], received \"abcd\" @ ${x:/abc/}"],
    );
}

#[test]
fn optional_and_forbidden_responses() {
    holds(check("S? * OK [UIDNEXT ${next}]\nS: a1 OK", SELECT), "next=4");
    holds(check("S? * OK [UNSEEN ${unseen}]\nS: a1 OK", SELECT), "");
    fails(check("S! * ${_} RECENT\nS: a1 OK", SELECT), &["forbidden: must not come, but did: `* 0 RECENT`"]);
    fails(check("S! * OK [UIDNEXT ${new}]\nS: a1 OK", SELECT), &["forbidden: must not come, but did: `* OK [UIDNEXT 4] next`"]);
    holds(check("S! * 3 EXISTS\nS: a1 OK", SELECT), "");
    // What comes behind the tagged response belongs to the next exchange.
    let came = check("S! * 3 EXISTS\nS: a1 OK", "a1 OK x\r\n* 3 EXISTS\r\n");
    assert_eq!(came.consumed, 1);
    holds(came, "");
}

#[test]
fn continuation_requests_end_an_exchange_and_leave_the_tag_open() {
    let came = check("S: +", "+ idling\r\n* 1 EXISTS\r\n");
    assert_eq!(came.consumed, 1);
    holds(came, "");
    holds(check("S: + ${challenge:base64}", "+ AAAA\r\n"), "challenge=AAAA");
    fails(check("S: +", "a1 NO no\r\n"), &["missing: expected `+`, but it did not come"]);
    let idle = |patterns: &str, wire: &str| play(Protocol::Imap, &[], &[], patterns, wire.as_bytes());
    holds(idle("S: a1 OK", "* 1 EXISTS\r\na1 OK x\r\n"), "");
    fails(idle("S: a1 OK", "a1 BAD x\r\n"), &["mismatch: expected OK, received BAD x @ OK"]);
    let pushed = idle("S: * 3 EXISTS", "* 2 EXISTS\r\n* 3 EXISTS\r\n* 1 RECENT\r\n");
    assert_eq!(pushed.consumed, 2);
    holds(pushed, "");
    fails(idle("S: * 3 EXISTS", "* 2 EXISTS\r\n"), &["mismatch: expected 3 EXISTS, received 2 EXISTS @ 3"]);
    fails(idle("S: +", "a1 NO no\r\n"), &["missing: expected `+`, but it did not come"]);
}

#[test]
fn every_tag_is_awaited() {
    let two = |patterns: &str, wire: &str| play(Protocol::Imap, &[], &["a1", "a2"], patterns, wire.as_bytes());
    let came = two("S: a2 OK\nS: a1 OK", "a2 OK x\r\na1 OK x\r\n");
    assert_eq!(came.consumed, 2);
    holds(came, "");
    fails(two("S: a1 OK", "a1 OK x\r\n"), &["timed-out: expected the tagged response a2, but nothing more came in time"]);
    fails(two("", "a1 OK x\r\na2 BAD x\r\n"), &[]);
}

#[test]
fn malformed_responses_are_findings_and_end_what_they_answer() {
    fails(check("S: a1 OK", "a1 OK\r\n"), &["malformed: expected a space behind OK, found the end of the line"]);
    fails(check("S: +", "+\r\n"), &["malformed: expected a space behind `+`, found the end of the line"]);
    fails(
        check("S: * 1 EXISTS\nS: a1 OK", "* FLAGS x\r\n* 1 EXISTS\r\na1 OK x\r\n"),
        &["malformed: expected one list of flags behind FLAGS"],
    );
}

#[test]
fn a_regular_expression_may_leave_the_case_of_letters_open() {
    let response = "1 FETCH (BODY (\"Text\" plain NIL))";
    holds(one("1 FETCH (BODY (${_:/(?i)text/} PLAIN ...))", response), "");
    fails(
        one("1 FETCH (BODY (text ...))", response),
        &["mismatch: expected BODY text, received \"Text\": they differ in the case of letters @ text"],
    );
}

#[test]
fn rights_are_sets_of_letters() {
    holds(one("MYRIGHTS box lrs", "MYRIGHTS box srl"), "");
    fails(one("MYRIGHTS box lrs", "MYRIGHTS box lr"), &["mismatch: expected rights lrs, received lr @ lrs"]);
    fails(one("MYRIGHTS box lrs", "MYRIGHTS box lrS"), &["mismatch: expected rights lrs, received lrS @ lrs"]);
    holds(one("MYRIGHTS box ${rights}", "MYRIGHTS box lr"), "rights=lr");
    holds(one("ACL box bob lr", "ACL box alice lrswipkxteacd bob rl"), "");
    holds(one("ACL box ${who} rl", "ACL box alice a bob lr"), "who=bob");
    fails(
        one("ACL box bob lrs", "ACL box alice a bob lr"),
        &["mismatch: expected bob lrs in ACL, received alice a bob lr @ bob"],
    );
    fails(
        one("exact: ACL box bob lr", "ACL box alice a bob lr"),
        &["mismatch: expected nothing more in ACL, received also alice a @ ACL"],
    );
    holds(one("LISTRIGHTS box bob la r tesw", "LISTRIGHTS box bob al swte r"), "");
    holds(one("LISTRIGHTS box bob la ...", "LISTRIGHTS box bob al swte r"), "");
    fails(
        one("LISTRIGHTS box bob la r", "LISTRIGHTS box bob al swte r"),
        &["mismatch: expected nothing more in LISTRIGHTS, received also swte @ LISTRIGHTS"],
    );
}

#[test]
fn childinfo_has_no_order() {
    let received = "LIST () \"/\" box (\"CHILDINFO\" (\"SUBSCRIBED\" \"SPECIAL-USE\"))";
    holds(one("LIST () \"/\" box (CHILDINFO (SPECIAL-USE SUBSCRIBED))", received), "");
    fails(
        one("LIST () \"/\" box (CHILDINFO (SUBSCRIBED))", received),
        &["mismatch: expected nothing more in CHILDINFO, received also \"SPECIAL-USE\"; `...` would allow it @ (SUBSCRIBED)"],
    );
}

#[test]
fn a_metadata_response_satisfies_lines_about_its_mailbox() {
    let lines = "S: * METADATA box (/shared/comment \"a\")\nS: * METADATA box (/private/comment \"b\")\nS: a1 OK";
    holds(check(lines, "* METADATA box (/private/comment \"b\" /shared/comment \"a\")\r\na1 OK x\r\n"), "");
    holds(check(lines, "* METADATA box (/private/comment \"b\")\r\n* METADATA box (/shared/comment \"a\")\r\na1 OK x\r\n"), "");
    let came = check(lines, "* METADATA box (/private/comment \"b\")\r\na1 OK x\r\n");
    assert_eq!(came.findings.len(), 1);
}
