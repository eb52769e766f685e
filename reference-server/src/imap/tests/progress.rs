//! INPROGRESS (RFC 9585): commands that take long say how far they are.

use super::*;
use crate::config::Limits;
use rstest::rstest;
use std::time::Duration;

/// Alice's INBOX with five messages, the second of which is expunged elsewhere and still known here; she is told of every message.
fn five_without_the_second(config: Config) -> (Server, Client) {
    let server = Server::made(Config { limits: Limits { progress_interval: Duration::ZERO, ..Limits::default() }, ..config });
    let alice = server.alice_in_inbox(&["a", "b", "c", "d", "e"]);
    let mut other = server.alice();
    other.says("a SELECT INBOX");
    other.says("b STORE 2 +FLAGS.SILENT (\\Deleted)");
    other.says("c EXPUNGE");
    (server, alice)
}

#[rstest]
#[case("a SEARCH ALL", "* SEARCH 1 3 4 5|a OK SEARCH completed")]
#[case("a SORT (REVERSE ARRIVAL) UTF-8 ALL", "* SORT 1 3 4 5|a OK SORT completed")]
#[case("a THREAD REFERENCES UTF-8 ALL", "* THREAD (1)(3)(4)(5)|a OK THREAD completed")]
fn progress_is_told_before_the_answer(#[case] command: &str, #[case] answer: &str) {
    let (_server, mut alice) = five_without_the_second(Config::default());
    let heard = alice.says(command).replace("\r\n", "|");
    let told = [1, 2, 3].map(|done| format!("* OK [INPROGRESS (\"a\" {done} 4)] {done} of 4 messages are done|"));
    assert_eq!(heard, format!("{}{answer}|", told.concat()));
}

#[test]
fn each_is_sent_at_once_and_what_follows_waits() {
    let (_server, mut alice) = five_without_the_second(Config::default());
    let mut out = Vec::new();
    assert_eq!(alice.session.receive(b"a UID SEARCH 1:4\r\nb NOOP\r\n", &mut out), After::Flush);
    assert_eq!(String::from_utf8(out).unwrap(), "* OK [INPROGRESS (\"a\" 1 4)] 1 of 4 messages are done\r\n");
    let rest = alice.sends(b"");
    assert!(rest.starts_with("* OK [INPROGRESS (\"a\" 2 4)]"), "{rest}");
    let (search, noop) = rest.split_once("a OK SEARCH completed\r\n").unwrap();
    assert!(search.contains("* SEARCH 1 3 4\r\n") && noop.ends_with("b OK NOOP completed\r\n"), "{rest}");
}

#[test]
fn a_tag_with_a_bracket_is_left_out() {
    let (_server, mut alice) = five_without_the_second(Config::default());
    let heard = alice.says("a]1 SEARCH ALL");
    assert!(heard.starts_with("* OK [INPROGRESS (NIL 1 4)] ") && heard.ends_with("a]1 OK SEARCH completed\r\n"), "{heard}");
}

#[test]
fn nothing_is_told_where_there_is_nothing_to_look_at() {
    let (_server, mut alice) = five_without_the_second(Config::default());
    alice.says("a CREATE empty");
    alice.says("b SELECT empty");
    assert_eq!(alice.says("c SEARCH ALL"), "* SEARCH\r\nc OK SEARCH completed\r\n");
}

#[test]
fn a_quick_command_says_nothing() {
    let mut alice = Server::new().alice_in_inbox(&["a", "b", "c"]);
    assert!(alice.says("a CAPABILITY").contains(" INPROGRESS "));
    assert_eq!(alice.says("b SEARCH ALL"), "* SEARCH 1 2 3\r\nb OK SEARCH completed\r\n");
}

#[test]
fn without_the_extension_nothing_is_told() {
    let without = [Extension::ImapInProgress].into_iter().collect();
    let (_server, mut alice) = five_without_the_second(Config { without, ..Config::default() });
    assert!(alice.says("a SEARCH ALL").starts_with("* SEARCH 1 3 4 5\r\n"));
    assert!(!alice.says("b CAPABILITY").contains("INPROGRESS"));
}
