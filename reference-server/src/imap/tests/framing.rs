//! Bytes: splits, literals, limits, and what is no command at all.

use super::*;
use rstest::rstest;

const CONVERSATION: &[u8] = b"a1 CAPABILITY\r\n\
    a2 LOGIN {5}\r\nalice {6+}\r\nsecret\r\n\
    a3 CREATE work/lists\r\n\
    a4 APPEND work/lists (\\Seen Todo) \"17-Jul-1996 02:44:25 -0700\" {26}\r\nSubject: {3}\r\n\r\none {3}\r\n\r\n\r\n\
    a5 SELECT work/lists\r\n\
    a6 FETCH 1 (FLAGS INTERNALDATE BODY[TEXT])\r\n\
    a7 NO\0OP\r\na8 NOOP\nb8 NOOP\r\n\
    a9 IDLE\r\nDONE\r\n\
    a10 LOGOUT\r\n";

#[test]
fn the_split_of_the_bytes_changes_nothing() {
    let whole = Server::new().client().sends(CONVERSATION);
    assert_eq!(whole.lines().last(), Some("a10 OK LOGOUT completed"), "{whole}");
    for at in 1..CONVERSATION.len() {
        let (left, right) = CONVERSATION.split_at(at);
        let mut client = Server::new().client();
        let heard = client.sends(left) + &client.sends(right);
        assert_eq!(heard, whole, "split at {at}");
    }
    let mut client = Server::new().client();
    let heard: String = CONVERSATION.chunks(1).map(|octet| client.sends(octet)).collect();
    assert_eq!(heard, whole, "octet by octet");
}

#[rstest]
#[case("", "* BAD Expected a tag at octet 0\r\n")]
#[case("a", "a BAD Expected one space after the tag at octet 1\r\n")]
#[case("+ NOOP", "* BAD Expected a tag at octet 0\r\n")]
#[case("a+b NOOP", "* BAD Expected one space after the tag at octet 1\r\n")]
#[case("* NOOP", "* BAD Expected a tag at octet 0\r\n")]
#[case("a  NOOP", "a BAD Expected the name of a command at octet 2\r\n")]
#[case("a NOOP ", "a BAD Expected the end of the command at octet 6\r\n")]
#[case("a FLY", "a BAD There is no command FLY\r\n")]
#[case("a NOOP\tx", "a BAD Expected the end of the command at octet 6\r\n")]
#[case("a LOGIN alice", "a BAD Expected one space at octet 13\r\n")]
#[case("a LOGIN  alice secret", "a BAD Expected a user name at octet 8\r\n")]
#[case("a SELECT INBOX", "a BAD SELECT is not valid before login\r\n")]
#[case("a]b noop", "a]b OK NOOP completed\r\n")]
fn a_command_follows_the_grammar(#[case] line: &str, #[case] expected: &str) {
    assert_eq!(Server::new().client().says(line), expected);
}

#[test]
fn a_literal_is_asked_for_or_refused_before_it_is_sent() {
    let server = Server::new();
    let mut client = server.client();
    assert_eq!(client.says("a LOGIN {5}"), "+ Ready for the literal\r\n");
    assert!(client.says("alice secret").starts_with("a OK"));
    let too_big = server.site.limits.message + 1;
    let refused = client.says(&format!("b APPEND INBOX {{{too_big}}}"));
    assert_eq!(refused, format!("b NO [TOOBIG] A literal here has at most {} octets\r\n", too_big - 1));
    assert_eq!(client.says("c NOOP"), "c OK NOOP completed\r\n");
    assert!(client.says("d SELECT {65537}").starts_with("d NO [TOOBIG]"));
    assert!(client.says("e FLY {5}").starts_with("e BAD"));
    assert!(client.says("f LOGIN {5}").starts_with("f BAD LOGIN is not valid once logged in"));
    assert!(client.says("g SELECT {4294967296}").starts_with("g BAD"));
    assert_eq!(client.after, After::Continue);
}

#[test]
fn a_literal_that_is_sent_at_once_and_is_too_big_is_read_and_refused() {
    let server = Server::new();
    let mut alice = server.alice();
    let octets = "x".repeat(70_000);
    assert!(alice.says(&format!("a SELECT {{70000+}}\r\n{octets} more {{3+}}\r\nabc")).starts_with("a NO [TOOBIG]"));
    assert_eq!(alice.says("b NOOP"), "b OK NOOP completed\r\n");
    // Of someone who has not logged in nothing big is read.
    let mut stranger = server.client();
    assert_eq!(stranger.says("a LOGIN {70000+}"), "* BYE [TOOBIG] The literal is too big\r\n");
    assert_eq!(stranger.after, After::Close);
}

#[test]
fn many_literals_do_not_add_up_to_more_than_one_may_have() {
    let mut alice = Server::new().alice();
    let part = "x".repeat(60_000);
    let mut heard = alice.sends(b"a SEARCH SUBJECT ");
    for _ in 0..5 {
        heard += &alice.sends(format!("{{60000+}}\r\n{part} SUBJECT ").as_bytes());
    }
    assert!(heard.contains("a BAD"), "{heard}");
}

#[test]
fn a_client_that_speaks_no_imap_is_sent_away() {
    let mut client = Server::new().client();
    let heard: String = (0..50).map(|_| client.says("GET / HTTP/1.1")).collect();
    assert_eq!(heard.matches("BAD").count(), 50);
    assert!(heard.ends_with("* BYE Too many bad commands in a row\r\n"));
    assert_eq!(client.after, After::Close);
    // A good one in between starts the count again.
    let mut client = Server::new().client();
    for _ in 0..3 {
        (0..49).for_each(|_| drop(client.says("x")));
        client.says("a NOOP");
    }
    assert_eq!(client.after, After::Continue);
}

#[test]
fn an_endless_line_ends_the_connection() {
    let mut client = Server::new().client();
    let heard: String = (0..40).map(|_| client.sends(&[b'x'; 32 * 1024])).collect();
    assert!(heard.starts_with("* BAD The line is longer than 65536 octets"), "{heard}");
    assert!(heard.ends_with("* BYE The line does not end\r\n"), "{heard}");
}

#[test]
fn nul_is_refused_in_literals_too() {
    let mut alice = Server::new().alice();
    assert_eq!(alice.sends(b"a APPEND INBOX {3+}\r\na\0b\r\n"), "a BAD Expected an octet other than NUL at octet 22\r\n");
}

#[test]
fn silence_ends_with_a_bye() {
    let server = Server::new();
    let mut alice = server.alice();
    assert!(alice.session.patience().as_secs() >= 30 * 60, "RFC 3501 §5.4");
    let mut heard = Vec::new();
    assert_eq!(alice.session.expired(&mut heard), After::Close);
    assert!(heard.starts_with(b"* BYE "));
}
