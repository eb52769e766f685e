//! APPEND of several messages and of large ones, REPLACE, and their limits.

use super::*;
use rstest::rstest;

#[test]
fn several_messages_are_appended_at_once() {
    let mut alice = Server::new().alice_in_inbox(&[]);
    let heard = alice.says("a APPEND INBOX (\\Seen) {2+}\r\nA\n \"17-Jul-1996 02:44:25 -0700\" {2+}\r\nB\n {2+}\r\nC\n");
    assert!(heard.contains("* 3 EXISTS\r\n") && heard.ends_with("a OK [APPENDUID V 1:3] APPEND completed\r\n"), "{heard}");
    let told = alice.says("b FETCH 1:3 (FLAGS INTERNALDATE BODY.PEEK[])");
    assert!(
        told.contains("* 1 FETCH (FLAGS (\\Seen \\Recent) INTERNALDATE \" 5-Jul-2026 09:08:07 +0000\" BODY[] {2}\r\nA\n)"),
        "{told}"
    );
    assert!(
        told.contains("* 2 FETCH (FLAGS (\\Recent) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" BODY[] {2}\r\nB\n)"),
        "{told}"
    );
}

#[test]
fn an_append_that_fails_leaves_nothing() {
    let mut alice = Server::new().alice_in_inbox(&[]);
    assert!(alice.says("a APPEND INBOX {1+}\r\nA {0+}\r\n").ends_with("a NO An empty message is not appended\r\n"));
    assert!(alice.says("b APPEND INBOX {1+}\r\nA {1+}\r\nB (").ends_with("b BAD Expected a flag at octet 32\r\n"));
    assert!(alice.says("c NOOP").starts_with("c OK"));
    let mut misled = Server::misbehaving(Fault::ImapMultiAppendKeepsPart).alice_in_inbox(&[]);
    assert!(misled.says("a APPEND INBOX {1+}\r\nA {0+}\r\n").starts_with("* 1 EXISTS"));
    let mut one = Server::without(Extension::ImapMultiAppend).alice_in_inbox(&[]);
    assert!(one.says("a APPEND INBOX {1+}\r\nA {1+}\r\nB").ends_with("a BAD Expected the end of the command at octet 22\r\n"));
}

/// A message of this many octets, each line of it another.
fn large(size: usize) -> String {
    let mut text = String::from("Subject: large\r\n\r\n");
    let mut line = 0;
    while text.len() < size {
        text += &format!("line {line} of a message that is larger than what is kept in memory\r\n");
        line += 1;
    }
    text.truncate(size);
    text
}

#[rstest]
#[case("a APPEND INBOX (\\Flagged)")]
#[case("a UID REPLACE 1 INBOX (\\Flagged)")]
#[case("a REPLACE 1 INBOX (\\Flagged)")]
fn a_large_message_goes_through_the_store(#[case] command: &str) {
    let text = large(700_000);
    let mut alice = Server::new().alice_in_inbox(&["first"]);
    assert_eq!(alice.says(&format!("{command} {{{}}}", text.len())), "+ Ready for the literal\r\n");
    for piece in text.as_bytes().chunks(10_000) {
        assert_eq!(alice.sends(piece), "");
    }
    assert!(alice.says("").contains("a OK"), "{command}");
    let told =
        alice.says("b UID FETCH 2 (FLAGS RFC822.SIZE BODY.PEEK[] BODY.PEEK[]<600000.20> BODY.PEEK[TEXT]<0.4> BODY.PEEK[1]<4.2>)");
    let tail = &text[600_000..600_020];
    assert!(told.contains("UID 2 FLAGS (\\Flagged \\Recent) RFC822.SIZE 700000 BODY[] {700000}\r\n"), "{}", &told[..200]);
    assert!(
        told.contains(&format!("{text} BODY[]<600000> {{20}}\r\n{tail} BODY[TEXT]<0> {{4}}\r\nline BODY[1]<4> {{2}}\r\n 0)\r\n"))
    );
}

#[test]
fn a_large_literal_is_refused_like_a_small_one() {
    let server = Server::new();
    let mut alice = server.alice_in_inbox(&[]);
    let mut nul = large(100_000);
    nul.replace_range(99_000..99_001, "\0");
    let refused = alice.says(&format!("a APPEND INBOX {{100000+}}\r\n{nul}"));
    assert!(refused.contains("a BAD Octet 99000 of the literal is NUL"), "{refused}");
    let text = large(100_000);
    assert!(alice.says(&format!("b APPEND nowhere {{100000+}}\r\n{text}")).contains("b NO [TRYCREATE]"));
    // Where a name is expected, a large literal is none.
    assert!(alice.says(&format!("c APPEND {{100000+}}\r\n{text} {{1+}}\r\nx")).contains("c BAD Expected a literal"));
    assert!(alice.says(&format!("d APPEND INBOX ~{{100000+}}\r\n{nul}")).contains("d OK"));
    assert!(alice.says("e FETCH 1 BODY.PEEK[]").contains('\u{fffd}'), "NUL does not leave but in BINARY");
}

#[test]
fn many_messages_of_one_command_do_not_add_up_in_memory() {
    let mut alice = Server::new().alice_in_inbox(&[]);
    let part = large(60_000);
    let mut heard = alice.sends(b"a APPEND INBOX");
    for _ in 0..20 {
        heard += &alice.sends(format!(" {{60000+}}\r\n{part}").as_bytes());
    }
    heard += &alice.says("");
    assert!(heard.ends_with("a OK [APPENDUID V 1:20] APPEND completed\r\n"), "{heard}");
    assert_eq!(alice.says("b FETCH 1:20 RFC822.SIZE").matches("RFC822.SIZE 60000").count(), 20);
}

#[test]
fn the_limit_is_told_and_kept() {
    let server = Server::new();
    let limit = server.site.limits.message;
    let mut alice = server.alice_in_inbox(&[]);
    assert!(alice.says("a CAPABILITY").contains(&format!(" APPENDLIMIT={limit} ")));
    assert!(alice.says("b STATUS INBOX (APPENDLIMIT MESSAGES)").contains(&format!("(APPENDLIMIT {limit} MESSAGES 0)")));
    assert!(alice.says(&format!("c REPLACE 1 INBOX {{{}}}", limit + 1)).starts_with("c NO [TOOBIG]"));
    assert!(alice.says(&format!("d UID REPLACE 1 INBOX {{{}}}", limit + 1)).starts_with("d NO [TOOBIG]"));
    assert!(Server::without(Extension::ImapAppendLimit).alice().says("a STATUS INBOX (APPENDLIMIT)").starts_with("a BAD"));
}

#[test]
fn literal_minus_takes_short_literals_unasked() {
    let server = Server::without(Extension::ImapLiteralPlus);
    let mut alice = server.client();
    assert!(alice.says("t LOGIN {5+}\r\nalice secret").contains(" LITERAL- "));
    let text = large(4097);
    assert!(alice.says(&format!("a APPEND INBOX {{4096+}}\r\n{}", &text[..4096])).contains("a OK"));
    assert!(alice.says(&format!("b APPEND INBOX {{4097+}}\r\n{text}")).starts_with("b BAD [TOOBIG]"));
    assert!(alice.says(&format!("c SELECT {{4097+}}\r\n{text}")).starts_with("c BAD A literal with +"));
    assert_eq!(alice.says("d SELECT {4097}"), "+ Ready for the literal\r\n");
    assert!(!Server::new().client().greeting.contains("LITERAL-"));
}

#[test]
fn a_replacement_takes_the_place_of_a_message() {
    let server = Server::new();
    let mut alice = server.alice_in_inbox(&["one", "two"]);
    alice.says("a STORE 1 +FLAGS (\\Answered)");
    let heard = alice.says("b REPLACE 1 INBOX (\\Draft) {3+}\r\nnew");
    let expected = "* OK [APPENDUID V 3] The replacement is there\r\n* 1 EXPUNGE\r\n* 2 EXISTS\r\n* 0 RECENT\r\n";
    assert!(heard.ends_with("b OK REPLACE completed\r\n") && heard.contains("* 1 EXPUNGE\r\n* 2 EXISTS"), "{heard} {expected}");
    assert!(alice.says("c FETCH 2 (FLAGS)").contains("(\\Draft \\Recent)"));
    assert!(alice.says("d REPLACE 3 INBOX {1+}\r\nx").starts_with("d BAD"));
    assert!(alice.says("e REPLACE 1:2 INBOX {1+}\r\nx").starts_with("e BAD"));
    assert!(alice.says("f UID REPLACE 99 INBOX {1+}\r\nx").starts_with("f NO"));
    assert!(alice.says("g REPLACE * nowhere {1+}\r\nx").starts_with("g NO [TRYCREATE]"));
    assert!(alice.says("h REPLACE 1 INBOX {0+}\r\n").starts_with("h NO"));
    alice.says("i EXAMINE INBOX");
    assert!(alice.says("j REPLACE 1 INBOX {1+}\r\nx").starts_with("j NO [READ-ONLY]"));
    assert!(server.alice().says("k REPLACE 1 INBOX {1+}\r\nx").starts_with("k BAD REPLACE is only valid while"));
    assert_eq!(alice.says("l STATUS INBOX (MESSAGES)"), "* STATUS INBOX (MESSAGES 2)\r\nl OK STATUS completed\r\n");
}
