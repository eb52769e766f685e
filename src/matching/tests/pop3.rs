//! POP3 expectations.

use super::*;

fn check(command: &str, patterns: &str, wire: &str) -> Came {
    play(Protocol::Pop3, &[command], &[], patterns, wire.as_bytes())
}

#[test]
fn status_code_and_text() {
    holds(check("DELE 1", "S: +OK", "+OK deleted\r\n"), "");
    holds(check("PASS x", "S: -ERR [IN-USE]", "-ERR [in-use] try later\r\n"), "");
    holds(check("PASS x", "S: -ERR [SYS/${kind}] ${*}", "-ERR [SYS/TEMP] try later\r\n"), "kind=TEMP");
    holds(check("STAT", "S: +OK ${count:number} ${size:number}", "+OK 2 320\r\n"), "count=2 size=320");
    holds(check("XYZ", "S: +OK|-ERR", "-ERR what?\r\n"), "");
    holds(check("AUTH PLAIN", "S: + ${*}", "+ \r\n"), "");
    fails(
        check("DELE 1", "S: +OK", "-ERR no such message\r\n"),
        &["mismatch: expected +OK, received -ERR no such message @ +OK"],
    );
    fails(
        check("PASS x", "S: -ERR [IN-USE]", "-ERR [SYS/TEMP] later\r\n"),
        &["mismatch: expected response code [IN-USE], received [SYS/TEMP] @ [IN-USE]"],
    );
    fails(check("STAT", "S: +OK 2 320", "+OK 2 321\r\n"), &["mismatch: expected text `2 320`, received `2 321` @ 2 320"]);
    fails(check("STAT", "S: +OK", "+ok 2 321\r\n"), &["malformed: expected `+OK` in upper case"]);
}

#[test]
fn bodies_are_compared_line_by_line_after_unstuffing() {
    let body = "+OK\r\nSubject: hi\r\n\r\n..dot\r\nend\r\n.\r\n";
    holds(check("RETR 1", "S: +OK\n| ${message:plain}\n| .", body), "");
    holds(check("RETR 1", "S: +OK\n| Subject: ${subject}\n| ...\n| ${last}\n| .", body), "subject=hi last=end");
    holds(check("RETR 1", "S: +OK\n| Subject: hi\n| \n| .dot\n| end\n| .", body), "");
    holds(check("RETR 1", "S: +OK", body), "");
    holds(check("retr 1", "S: +OK\n| ...\n| .", body), "");
    fails(
        check("RETR 1", "S: +OK\n| Subject: hi\n| \n| dot\n| end\n| .", body),
        &["mismatch: expected `dot` as line 3 of the body, received `.dot` @ dot"],
    );
    fails(
        check("RETR 1", "S: +OK\n| Subject: hi\n| ${_}\n| .", body),
        &["mismatch: expected the end of the body, received line 3: `.dot` @ ."],
    );
    fails(
        check("RETR 1", "S: +OK\n| ${message:plain}\n| .", "+OK\r\nSubject: hi\r\n\r\n...dot\r\nend\r\n.\r\n"),
        &["mismatch: line 3 of 4 of the value is expected to be `.dot`, received `..dot` @ ${message:plain}"],
    );
    fails(
        check("RETR 1", "S: +OK\n| Subject: hi\n| .", "+OK\r\n.\r\n"),
        &["mismatch: expected `Subject: hi` as line 1 of the body, received the end of the body @ Subject: hi"],
    );
}

#[test]
fn capabilities_match_in_any_order() {
    let capa = "+OK here\r\nTOP\r\nSASL PLAIN LOGIN\r\nUIDL\r\n.\r\n";
    holds(check("CAPA", "S: +OK\n| UIDL\n| sasl ${mechanisms}\n| .", capa), "mechanisms=PLAIN LOGIN");
    fails(
        check("CAPA", "S: +OK\n| UIDL\n| SASL PLAIN\n| .", capa),
        &["mismatch: expected a line `SASL PLAIN`, received `SASL PLAIN LOGIN` @ SASL PLAIN"],
    );
}

#[test]
fn unknown_commands_have_the_body_the_suite_expects() {
    holds(check("XLIST", "S: +OK\n| a\n| .", "+OK\r\na\r\n.\r\n"), "");
}

#[test]
fn a_capability_can_be_forbidden() {
    let capa = "+OK here\r\nTOP\r\nUIDL\r\n.\r\n";
    fails(check("CAPA", "S: +OK\nS! +OK\n| uidl\n| .", capa), &["forbidden: must not come, but did: `+OK here`"]);
    holds(check("CAPA", "S: +OK\nS! +OK\n| STLS\n| .", capa), "");
}
