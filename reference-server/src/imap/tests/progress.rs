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

/// What the client is told in the INPROGRESS responses to this command, and how it ends.
fn progress_of(alice: &mut Client, command: &str) -> (Vec<String>, String) {
    let heard = alice.says(command);
    let told = lines_with(&heard, "INPROGRESS");
    let told = told.iter().map(|line| line.split(['(', ')']).nth(1).unwrap_or_default().replace('"', "")).collect();
    (told, heard.lines().last().unwrap_or_default().to_owned())
}

/// The second message is gone already, and the fourth is marked as deleted by the client.
#[rstest]
#[case("a UID COPY 1:5 box", &["NIL NIL", "1 4", "2 4", "3 4"])]
#[case("a UID MOVE 1:5 box", &["NIL NIL", "1 4", "2 4", "3 4"])]
#[case("a UID STORE 1:5 +FLAGS (\\Flagged)", &["NIL NIL", "1 4", "2 4", "3 4"])]
#[case("a STORE 3:4 FLAGS.SILENT (\\Seen)", &["NIL NIL", "1 2"])]
#[case("a EXPUNGE", &["NIL NIL", "1 2"])]
#[case("a UID EXPUNGE 1:3", &["NIL NIL"])]
#[case("a CLOSE", &["NIL NIL", "1 2"])]
#[case("a APPEND box {1+}\r\na {1+}\r\nb {1+}\r\nc", &["NIL NIL", "1 3", "2 3"])]
#[case("a REPLACE 1 box {1+}\r\na", &["NIL NIL"])]
#[case("a ESEARCH IN (mailboxes (INBOX box)) ALL", &["1 6", "2 6", "3 6", "4 6", "5 6"])]
#[case("a ESEARCH ALL", &["1 4", "2 4", "3 4"])]
fn progress_of_each_message_is_told(#[case] command: &str, #[case] expected: &[&str]) {
    let (_server, mut alice) = five_without_the_second(Config::default());
    alice.says("a CREATE box");
    alice.appends("box", "x");
    alice.appends("box", "y");
    alice.says("a UID STORE 4:5 +FLAGS.SILENT (\\Deleted)");
    let (told, last) = progress_of(&mut alice, command);
    let expected: Vec<String> = expected.iter().map(|state| format!("a {state}")).collect();
    assert_eq!(told, expected);
    assert!(last.starts_with("a OK "), "{last}");
}

#[test]
fn what_is_refused_is_not_told_as_done() {
    let (_server, mut alice) = five_without_the_second(Config::default());
    for (command, code) in [("a COPY 1:5 INBOX", "a NO [EXPUNGEISSUED]"), ("a COPY 1:4 nowhere", "a NO [TRYCREATE]")] {
        let heard = alice.says(command);
        assert!(heard.contains(code) && !heard.contains("INPROGRESS") && !heard.contains("EXISTS"), "{heard}");
    }
}

/// A server with a clock that runs, and alice in her INBOX of three messages.
fn in_real_time(interval: Duration, store: Store) -> (Server, Client) {
    let limits = Limits { progress_interval: interval, ..Limits::default() };
    let server = Server { store, ..Server::at(Clock::real(), Config { limits, ..Config::default() }) };
    let mut alice = server.alice_in_inbox(&["a", "b", "c"]);
    alice.says("a CREATE box");
    (server, alice)
}

#[test]
fn who_waits_for_others_is_told_that_it_goes_on() {
    // Beside a database in memory nobody reads while somebody writes.
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("mail")).unwrap();
    let (server, mut alice) = in_real_time(Duration::from_millis(20), store);
    let (go, held) = std::sync::mpsc::channel::<()>();
    server.store.write_then(move |_| Ok(held.recv().is_ok()), drop);
    for _ in 0..2 {
        let mut out = Vec::new();
        let octets: &[u8] = if alice.after == After::Flush { b"" } else { b"a COPY 1:3 box\r\n" };
        alice.after = alice.session.receive(octets, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "* OK [INPROGRESS (\"a\" NIL NIL)] It is under way\r\n");
        assert_eq!(alice.after, After::Flush);
    }
    go.send(()).unwrap();
    let heard = alice.sends(b"");
    assert!(heard.ends_with("a OK [COPYUID V 1:3 1:3] COPY completed\r\n"), "{heard}");
}

#[test]
fn a_change_that_takes_no_time_says_nothing() {
    let (_server, mut alice) = in_real_time(Duration::from_secs(10), Store::memory().unwrap());
    for command in ["a COPY 1:3 box", "b MOVE 1 box", "c STORE 1:2 +FLAGS (\\Deleted)", "d EXPUNGE", "e CLOSE"] {
        let heard = alice.says(command);
        assert!(!heard.contains("INPROGRESS") && heard.contains(" completed\r\n"), "{heard}");
    }
}

#[test]
fn nothing_follows_on_the_completion() {
    let (_server, mut alice) = five_without_the_second(Config::default());
    for command in ["a UID COPY 1:5 INBOX", "a UID STORE 1 +FLAGS (x)", "a SEARCH ALL", "a ESEARCH ALL"] {
        let (told, last) = progress_of(&mut alice, command);
        assert!(!told.is_empty() && last.starts_with("a OK "), "{last}");
    }
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
