//! SMTP expectations.

use super::*;

fn check(patterns: &str, wire: &str) -> Came {
    play(Protocol::Smtp, &[], &[], patterns, wire.as_bytes())
}

const EHLO: &str =
    "250-mx.example.org at your service\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-Auth PLAIN LOGIN\r\n250 HELP\r\n";

#[test]
fn codes_are_compared_and_text_is_not() {
    holds(check("S: 250", "250 2.1.0 fine\r\n"), "");
    holds(check("S: 250", "250\r\n"), "");
    holds(check("S: 250", EHLO), "");
    holds(check("S: 5xx", "554 no\r\n"), "");
    holds(check("S: 250|251", "251 forwarded\r\n"), "");
    holds(check("S: 250 2.1.5", "250 2.1.5 fine\r\n"), "");
    holds(check("S: 550 5.x.x", "550 5.7.1 no\r\n"), "");
    holds(check("S: 250 fine", "250 2.1.5 fine\r\n"), "");
    holds(check("S: ${code:number}", "250 2.1.5 fine\r\n"), "code=250");
    holds(check("S: 250 ${*}", "250\r\n"), "");
}

#[test]
fn base64_is_looked_into() {
    // {"status":"invalid_token"}
    let reply = "334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n";
    holds(check("S: 334 ${_:base64:/\\{\"status\":\"[^\"]{3,}\"\\}/}", reply), "");
    holds(check("S: 334 ${e:base64:/.*token.*/}", reply), "e=eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=");
    for (pattern, received) in [("/\\{\\}/", "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0="), ("/.*/", "{}"), ("/.*/", "eyJ")] {
        let told = format!("mismatch: expected text `${{_:base64:{pattern}}}`, received `{received}` @ ${{_:base64:{pattern}}}");
        fails(check(&format!("S: 334 ${{_:base64:{pattern}}}"), &format!("334 {received}\r\n")), &[&told]);
    }
}

#[test]
fn a_wrong_answer_says_what_came_instead() {
    fails(
        check("S: 250", "550 5.1.1 no such user\r\n"),
        &["mismatch: expected reply code 250, received 550 5.1.1 no such user @ 250"],
    );
    fails(check("S: 250|251", "550 no\r\n"), &["mismatch: expected reply code 250 or 251, received 550 no @ 250|251"]);
    fails(check("S: 250 2.1.5", "250 2.1.0 ok\r\n"), &["mismatch: expected enhanced status code 2.1.5, received 2.1.0 @ 2.1.5"]);
    fails(check("S: 250 2.1.5", "250 ok\r\n"), &["mismatch: expected enhanced status code 2.1.5, received none @ 2.1.5"]);
    fails(check("S: 250 fine", "250 2.0.0 good\r\n"), &["mismatch: expected text `fine`, received `good` @ fine"]);
    fails(check("S: 250", ""), &["timed-out: expected `250`, but nothing more came in time"]);
}

#[test]
fn keyword_lines_match_in_any_order_and_others_are_allowed() {
    holds(check("S: 250-${*}\n| 250-SIZE ${size:number}\n| 250 pipelining", EHLO), "size=1000");
    holds(check("S: 250-${host} at your service\n| 250-HELP ${*}\n| 250 AUTH ${*} LOGIN", EHLO), "host=mx.example.org");
    fails(
        check("S: 250-${*}\n| 250-PIPELINING\n| 250 SIZE 2000", EHLO),
        &["mismatch: expected a line `SIZE 2000`, received `SIZE 1000` @ SIZE 2000"],
    );
    fails(
        check("S: 250-${*}\n| 250-CHUNKING\n| 250 SIZE ${*}", EHLO),
        &["mismatch: expected a line `CHUNKING`, received none @ CHUNKING"],
    );
    fails(
        check("S: 250-wrong\n| 250 HELP", EHLO),
        &["mismatch: expected text `wrong`, received `mx.example.org at your service` @ wrong"],
    );
}

#[test]
fn replies_keep_their_order() {
    let came = check("S: 250\nS: 251\nS: 252", "250 a\r\n550 b\r\n252 c\r\n220 next\r\n");
    assert_eq!(came.consumed, 3);
    fails(came, &["mismatch: expected reply code 251, received 550 b @ 251"]);
    holds(check("S? 334\nS: 235", "235 in\r\n"), "");
    holds(check("S? 334\nS: 235", "334 go on\r\n235 in\r\n"), "");
    holds(check("S: 220 ${host} ${*}\nS: 250 hello from ${host}", "220 mx ESMTP\r\n250 hello from mx\r\n"), "host=mx");
    fails(
        check("S: 220 ${host} ${*}\nS: 250 hello from ${host}", "220 mx ESMTP\r\n250 hello from my\r\n"),
        &["mismatch: expected text `hello from mx`, received `hello from my` @ hello from ${host}"],
    );
}

#[test]
fn forbidden_replies_are_found() {
    fails(check("S: 2xx\nS! 250", "250 fine\r\n"), &["forbidden: must not come, but did: `250 fine`"]);
    fails(check("S! 2xx", "250 fine\r\n"), &["forbidden: must not come, but did: `250 fine`"]);
    let refused = check("S! 2xx", "550 no\r\n");
    assert_eq!(refused.consumed, 1);
    holds(refused, "");
}

#[test]
fn malformed_replies_are_findings_and_take_their_turn() {
    let came = check("S: 250\nS: 250", "250 a\n250 b\r\n");
    assert_eq!(came.consumed, 2);
    fails(came, &["malformed: expected CRLF, found a line feed that stands alone"]);
    fails(check("S: 250", "25 a\r\n"), &["malformed: expected a reply code of three digits"]);
    fails(
        check("S: 250", "250-a\r\n251 b\r\n"),
        &["malformed: expected the reply code 250 of the first line on every line of the reply, found 251"],
    );
}

#[test]
fn a_line_in_any_place_of_a_reply_can_be_forbidden() {
    fails(check("S: 250\nS! 250 pipelining", EHLO), &["forbidden: must not come, but did: `250-mx.example.org at your service`"]);
    holds(check("S: 250\nS! 250 STARTTLS", EHLO), "");
}
