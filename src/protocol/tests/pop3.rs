//! Framing of POP3 replies.

use super::*;

#[track_caller]
fn check(sent: &[&str], wire: &str, replies: &[&str]) {
    assert_eq!(framed(Protocol::Pop3, sent, Limits::default(), wire.as_bytes()), replies);
}

#[test]
fn the_command_says_whether_a_body_comes() {
    check(
        &["STAT", "LIST", "LIST 1"],
        "+OK 2 3\r\n+OK\r\n1 1\r\n2 2\r\n.\r\n+OK 1 1\r\n",
        &["+OK 2 3", "+OK / 1 1 / 2 2 / .", "+OK 1 1"],
    );
    check(&["retr 1", "NOOP"], "-ERR no\r\n+OK\r\n", &["-ERR no", "+OK"]);
    check(&["UIDL", "QUIT"], "+OK\r\n.\r\n+OK bye\r\n", &["+OK / .", "+OK bye"]);
    check(&["XYZZY"], "+OK\r\n", &["+OK"]);
}

#[test]
fn dot_stuffing_is_undone() {
    check(&["RETR 1"], "+OK\r\n..\r\n...\r\n..a\r\n.b\r\na\rb\r\n.\r\n", &["+OK / . / .. / .a / b / a${_:/\\x0d/}b / ."]);
    check(&["RETR 1"], "+OK\r\n....\r\n.\r\n", &["+OK / ${_:/\\.\\.\\./} / ."]);
}

#[test]
fn a_challenge_does_not_answer_the_command() {
    check(&["AUTH PLAIN", "AGFsaWNl", "CAPA"], "+ \r\n+OK in\r\n+OK\r\nUIDL\r\n.\r\n", &["+ ", "+OK in", "+OK / UIDL / ."]);
    let mut framer = framer(Protocol::Pop3, Limits::default());
    framer.push(b"+OK\r\n");
    framer.next();
    framer.sent(b"AUTH LOGIN", false);
    for challenge in [&b"+ VXNlcm5hbWU6\r\n"[..], b"+ UGFzc3dvcmQ6\r\n"] {
        framer.push(challenge);
        assert!(framer.next().is_some());
        // A response that reads like a command is none.
        framer.sent(b"LIST", false);
    }
    framer.push(b"+OK\r\n");
    assert_eq!(framer.next().map(|reply| written(&reply)), Some("+OK".into()));
}

#[test]
fn what_is_no_reply_is_named_and_framing_goes_on() {
    check(&["NOOP", "NOOP"], "OK\r\n+OK\r\n", &["! 0 expected `+OK`, `-ERR` or `+ `", "+OK"]);
    check(&["RETR 1", "NOOP"], "+ok\r\nbody\r\n.\r\n+OK\r\n", &["! 0 expected `+OK` in upper case", "+OK"]);
    check(&["NOOP"], "+OKAY\r\n", &["! 3 expected a space after `+OK`"]);
    check(&["RETR 1"], "+OK\r\na\nb\r\n.\r\n", &["! 6 expected CRLF, found a line feed that stands alone"]);
    check(&["DELE 1"], "-ERR [IN-USE] later\r\n", &["-ERR [IN-USE] later"]);
}

#[test]
fn the_greeting_may_do_without_a_space_and_is_no_answer() {
    let mut framer = framer(Protocol::Pop3, Limits::default());
    framer.sent(b"CAPA", false);
    framer.push(b"+OK<1@x>\r\n+OK\r\nTOP\r\n.\r\n");
    let replies: Vec<String> = std::iter::from_fn(|| framer.next()).map(|reply| written(&reply)).collect();
    assert_eq!(replies, ["+OK <1@x>", "+OK / TOP / ."]);
}
