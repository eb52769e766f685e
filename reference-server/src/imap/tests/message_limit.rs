//! MESSAGELIMIT and SAVELIMIT (RFC 9738): commands about more messages than the server wants.

use super::*;
use crate::config::Limits;
use rstest::rstest;

fn limited(command_messages: usize, saved_messages: usize) -> Server {
    Server::made(Config { limits: Limits { command_messages, saved_messages, ..Limits::default() }, ..Config::default() })
}

/// Alice's INBOX with messages 1 to 5; each command may be about three.
fn five_and_three() -> (Server, Client) {
    let server = limited(3, usize::MAX);
    let alice = server.alice_in_inbox(&["a", "b", "c", "d", "e"]);
    (server, alice)
}

#[rstest]
#[case(3, usize::MAX, "MESSAGELIMIT=3", "SAVELIMIT")]
#[case(usize::MAX, 2, "SAVELIMIT=2", "MESSAGELIMIT")]
#[case(3, 2, "MESSAGELIMIT=3", "SAVELIMIT")]
fn limits_are_announced(#[case] command: usize, #[case] saved: usize, #[case] told: &str, #[case] untold: &str) {
    let heard = limited(command, saved).alice().says("a CAPABILITY");
    assert!(heard.contains(told) && !heard.contains(untold), "{heard}");
}

#[test]
fn without_a_limit_there_is_nothing_of_it() {
    let mut alice = Server::new().alice_in_inbox(&["a"]);
    assert!(!alice.says("a CAPABILITY").contains("LIMIT=3"));
    alice.is_answered("b SEARCH UIDAFTER 1", "b BAD");
}

#[rstest]
#[case("FETCH 1:* UID", "* 5 FETCH (UID 5)|* 4 FETCH (UID 4)|* 3 FETCH (UID 3)|a OK [MESSAGELIMIT 3 3] FETCH completed")]
#[case("FETCH 3:5 UID", "* 3 FETCH (UID 3)|* 4 FETCH (UID 4)|* 5 FETCH (UID 5)|a OK FETCH completed")]
#[case(
    "UID FETCH 1,2,4,5 (UID)",
    "* 5 FETCH (UID 5)|* 4 FETCH (UID 4)|* 2 FETCH (UID 2)|a OK [MESSAGELIMIT 3 2] FETCH completed"
)]
#[case("UID FETCH 1:5 UID (PARTIAL 1:4)", "a NO [MESSAGELIMIT 3] A command is about 3 messages at most; nothing was done")]
#[case("UID FETCH 1:5 UID (PARTIAL -1:-2)", "* 4 FETCH (UID 4)|* 5 FETCH (UID 5)|a OK FETCH completed")]
#[case("SEARCH ALL", "* SEARCH 3 4 5|a OK [MESSAGELIMIT 3 3] SEARCH completed")]
#[case("SEARCH 1:4 NOT UID 4", "* SEARCH 2 3|a OK [MESSAGELIMIT 3 2] SEARCH completed")]
#[case("SEARCH (UID 2:4) NOT UID 4", "* SEARCH 2 3|a OK SEARCH completed")]
#[case("SEARCH UIDBEFORE 4", "* SEARCH 1 2 3|a OK SEARCH completed")]
#[case("SEARCH UIDAFTER 3", "* SEARCH 4 5|a OK SEARCH completed")]
#[case("SEARCH UIDBEFORE 1", "* SEARCH|a OK SEARCH completed")]
#[case("SEARCH UIDAFTER 4294967295", "* SEARCH|a OK SEARCH completed")]
#[case("SORT (ARRIVAL) UTF-8 ALL", "a NO [MESSAGELIMIT 3 3] A command is about 3 messages at most; nothing was done")]
#[case("SORT (REVERSE ARRIVAL) UTF-8 2:4", "* SORT 2 3 4|a OK SORT completed")]
#[case("THREAD REFERENCES UTF-8 1", "a NO [MESSAGELIMIT 3] A command is about 3 messages at most; nothing was done")]
#[case("COPY 1:4 INBOX", "a NO [MESSAGELIMIT 3 2] A command is about 3 messages at most; nothing was done")]
#[case("STORE 1:5 +FLAGS.SILENT (\\Seen)", "a OK [MESSAGELIMIT 3 3] STORE completed")]
fn commands_about_more_are_cut_or_refused(#[case] command: &str, #[case] expected: &str) {
    let (_server, mut alice) = five_and_three();
    assert_eq!(alice.says(&format!("a {command}")), format!("{}\r\n", expected.replace('|', "\r\n")));
}

#[test]
fn fetch_marks_those_that_it_tells_of() {
    let (_server, mut alice) = five_and_three();
    let heard = alice.says("a FETCH 1:* BODY[]");
    let told = |number: u32, body: &str| format!("* {number} FETCH (BODY[] {{1}}\r\n{body} FLAGS (\\Seen \\Recent))\r\n");
    assert_eq!(
        heard,
        [told(5, "e"), told(4, "d"), told(3, "c"), "a OK [MESSAGELIMIT 3 3] FETCH completed\r\n".to_owned()].concat()
    );
    assert!(alice.says("b SEARCH 1:3 SEEN").starts_with("* SEARCH 3\r\n"));
}

#[test]
fn what_is_moved_and_expunged_can_be_repeated() {
    let (_server, mut alice) = five_and_three();
    alice.says("a CREATE box");
    let heard = alice.says("b UID MOVE 1:5 box");
    assert!(
        heard.starts_with("* OK [COPYUID V 3:5 1:3] ") && heard.ends_with("b OK [MESSAGELIMIT 3 3] MOVE completed\r\n"),
        "{heard}"
    );
    assert!(alice.says("c UID MOVE 1:5 box").ends_with("c OK MOVE completed\r\n"));
    for uid in 1..=5 {
        alice.appends("INBOX", &uid.to_string());
    }
    alice.says("d UID STORE 6:8 +FLAGS.SILENT (\\Deleted)");
    alice.says("e UID STORE 10 +FLAGS.SILENT (\\Deleted)");
    let heard = alice.says("f UID EXPUNGE 1:*");
    assert_eq!(heard.matches(" EXPUNGE\r\n").count(), 3, "{heard}");
    assert!(heard.ends_with("f OK [MESSAGELIMIT 3 7] EXPUNGE completed\r\n"), "{heard}");
    assert_eq!(alice.says("g UID EXPUNGE 1:*"), "* 1 EXPUNGE\r\ng OK EXPUNGE completed\r\n");
}

#[test]
fn expunge_and_close_have_no_limit() {
    let (server, mut alice) = five_and_three();
    for set in ["1:3", "4:5"] {
        alice.says(&format!("a STORE {set} +FLAGS.SILENT (\\Deleted)"));
    }
    let mut other = server.alice_in_inbox(&[]);
    assert!(alice.says("b EXPUNGE").ends_with("b OK EXPUNGE completed\r\n"));
    assert!(other.says("c NOOP").contains("* 1 EXPUNGE\r\nc OK"));
    assert!(alice.says("d STATUS INBOX (MESSAGES)").contains("(MESSAGES 0)"));
}

#[test]
fn both_codes_are_told() {
    let (server, mut alice) = five_and_three();
    let mut other = server.alice_in_inbox(&[]);
    other.says("a STORE 4 +FLAGS.SILENT (\\Deleted)");
    other.says("b EXPUNGE");
    let untagged = "* NO [MESSAGELIMIT 3 3] This was done for 3 messages only\r\n";
    let heard = alice.says("c FETCH 1:5 UID");
    let fetched = "* 5 FETCH (UID 5)\r\n* 3 FETCH (UID 3)\r\n";
    assert_eq!(heard, format!("{fetched}{untagged}c OK [EXPUNGEISSUED] Some of the messages no longer exist\r\n"));
}

#[test]
fn a_search_saves_what_it_looked_at() {
    let (_server, mut alice) = five_and_three();
    assert_eq!(alice.says("a SEARCH RETURN (SAVE) ALL"), "a OK [MESSAGELIMIT 3 3] SEARCH completed\r\n");
    assert!(alice.says("b FETCH $ UID").starts_with("* 3 FETCH (UID 3)\r\n* 4 FETCH (UID 4)\r\n* 5 FETCH (UID 5)\r\nb OK FETCH"));
    assert!(alice.says("c SEARCH RETURN (UPDATE) ALL").contains("* NO [NOUPDATE \"c\"]"));
}

#[test]
fn savelimit_is_about_copy_and_append_alone() {
    let server = limited(usize::MAX, 2);
    let mut alice = server.alice_in_inbox(&["a", "b", "c"]);
    alice.is_answered("a COPY 1:3 INBOX", "a NO [MESSAGELIMIT 2 2]");
    alice.is_answered("b COPY 1:2 INBOX", "b OK");
    alice.is_answered("c APPEND INBOX {1+}\r\nx {1+}\r\ny {1+}\r\nz", "c NO [MESSAGELIMIT 2]");
    alice.is_answered("d APPEND INBOX {1+}\r\nx {1+}\r\ny", "d OK");
    assert!(alice.says("e FETCH 1:* UID").ends_with("* 7 FETCH (UID 7)\r\ne OK FETCH completed\r\n"));
}
