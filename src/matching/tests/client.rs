//! Expectations on what a client says.

use super::super::smtp::compile_client;
use super::*;
use crate::protocol::Framer;
use crate::protocol::smtp::client::ClientFramer;

/// Compares a client's line, or a message where there are several lines, with one expectation.
fn check(pattern: &str, said: &str) -> Came {
    let lines: Vec<&str> = pattern.lines().collect();
    let spans = vec![SuiteSpan::default(); lines.len()];
    let expect = Expect { necessity: Necessity::Must, spans, pattern: Pattern::compile_client(&lines).unwrap() };
    let mut framer = ClientFramer::new(Limits::default());
    if said.ends_with("\r\n.\r\n") || said == ".\r\n" {
        framer.sent(b"354\r\n", false);
    }
    framer.push(said.as_bytes());
    let replies: Vec<_> = std::iter::from_fn(|| framer.next()).collect();
    let exchange = Exchange { protocol: Protocol::Smtp, party: Party::Client, expects: &[expect], tags: &[] };
    assert_eq!(is_over(exchange, &replies, &Known), !replies.is_empty());
    let judgement = judge(exchange, &replies, Ending::Closed, &Known);
    let shown = |flaw: Flaw| {
        let part = flaw.part.zip(flaw.expectation).map(|((start, length), (_, line))| &lines[line][start..start + length]);
        format!("{} @ {}", flaw.message, part.unwrap_or_default())
    };
    let bindings: Vec<String> =
        judgement.bindings.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value))).collect();
    Came {
        bindings: bindings.join(" "),
        findings: judgement.findings.into_iter().map(shown).collect(),
        consumed: judgement.consumed,
    }
}

#[test]
fn verbs_ignore_case_and_what_is_behind_them_counts_where_it_is_written() {
    holds(check("EHLO", "ehlo client.example\r\n"), "");
    holds(check("EHLO|HELO ${name}", "HELO client.example\r\n"), "name=client.example");
    holds(check("EHLO ${*}", "EHLO\r\n"), "");
    holds(check("exact: QUIT", "QUIT\r\n"), "");
    holds(check("${answer:base64}", "AGEAYg==\r\n"), "answer=AGEAYg==");
    holds(check("${*}", "XYZZY 1 2\r\n"), "");
    fails(check("EHLO", "HELO x\r\n"), &["expected EHLO, received `HELO x` @ EHLO"]);
    fails(check("EHLO one", "EHLO two\r\n"), &["expected `one`, received `two` @ one"]);
    fails(check("exact: STARTTLS", "STARTTLS now\r\n"), &["expected nothing behind the command, received `now` @ STARTTLS"]);
    fails(check("QUIT", ""), &["expected `QUIT`, but the client closed the connection @ "]);
}

#[test]
fn parameters_have_no_order_and_others_are_allowed() {
    let said = "mail from:<\"a b>\"@x> BODY=8BITMIME size=12 X\r\n";
    holds(check("MAIL FROM:<\"a b>\"@x> SIZE=${n:number} body=8BITMIME", said), "n=12");
    holds(check("MAIL FROM:<${path}> X", said), "path=\"a b>\"@x");
    holds(check("MAIL FROM:${*}", said), "");
    holds(check("exact: RCPT TO:<a@x>", "RCPT To:<a@x>\r\n"), "");
    fails(check("MAIL FROM:<b@x>", "MAIL FROM:<B@x>\r\n"), &["expected the path <b@x>, received `FROM:<B@x>` @ FROM:<b@x>"]);
    fails(check("MAIL FROM:<b@x>", "MAIL FROM: <b@x>\r\n"), &["expected the path <b@x>, received `FROM:` @ FROM:<b@x>"]);
    fails(
        check("RCPT TO:<a@x> NOTIFY=NEVER", "RCPT TO:<a@x> NOTIFY=SUCCESS\r\n"),
        &["expected the parameter `NOTIFY=NEVER`, received `NOTIFY=SUCCESS` @ NOTIFY=NEVER"],
    );
    fails(check("MAIL FROM:<> SMTPUTF8", "MAIL FROM:<>\r\n"), &["expected the parameter `SMTPUTF8`, received none @ SMTPUTF8"]);
    fails(
        check("exact: MAIL FROM:<>", "MAIL FROM:<> SIZE=1\r\n"),
        &["expected no other parameters, received `SIZE=1` @ FROM:<>"],
    );
}

#[test]
fn messages_are_compared_line_by_line() {
    let said = "A: 1\r\nB: 2\r\n\r\n..dot\r\nend\r\n.\r\n";
    holds(check(".", said), "");
    holds(check("...\nB: ${b}\n...\n.dot\nend\n.", said), "b=2");
    holds(check("...\n.", ".\r\n"), "");
    fails(check("...\nB: 3\n...\n.", said), &["expected `B: 3` as line 6 of the body, received the end of the body @ B: 3"]);
    fails(check("A: 1\n.", said), &["expected the end of the body, received line 2: `B: 2` @ ."]);
    fails(check("A: 1\n.", "RSET\r\n"), &["expected a message, received `RSET` @ A"]);
    fails(check("RSET", said), &["expected a command, received a message of 5 lines @ R"]);
}

#[test]
fn what_no_client_says_is_refused_with_its_place() {
    let refused = |line: &str| compile_client(&[line]).map(drop).map_err(|error| (error.offset, error.message));
    let error = |line: &str, offset: usize, part: &str| {
        let (at, message) = refused(line).unwrap_err();
        assert!(at == offset && message.contains(part), "{line}: {at} {message}");
    };
    error("250 OK", 0, "a reply is ours to send here");
    error("EHLO|220", 5, "`220` is no command");
    error("MA${x} FROM:<>", 0, "a hole stands for a whole line");
    error("MAIL TO:<>", 5, "`MAIL FROM:<…>` is how");
    error("RCPT <>", 5, "`RCPT TO:<…>` is how");
    error("RCPT TO:<a>  X=1", 11, "one space");
    error("", 0, "is no command");
    assert!(compile_client(&["A: 1", "B: 2"]).is_err());
}
