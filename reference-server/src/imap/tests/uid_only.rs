//! UIDONLY (RFC 9586): no message number is said any more, by either side.

use super::*;
use rstest::rstest;

/// Alice who enabled these, with three messages in INBOX.
fn with_enabled(server: &Server, extensions: &str) -> Client {
    let mut alice = server.alice();
    for text in ["x", "y", "z"] {
        alice.appends("INBOX", text);
    }
    alice.is_answered(&format!("t ENABLE {extensions}"), "t OK");
    alice.is_answered("t SELECT INBOX", "t OK [READ-WRITE]");
    alice
}

#[rstest]
#[case("FETCH 1 FLAGS")]
#[case("fetch * FLAGS")]
#[case("STORE 1 +FLAGS (\\Seen)")]
#[case("COPY 1 INBOX")]
#[case("MOVE 1 INBOX")]
#[case("SEARCH ALL")]
#[case("SORT (DATE) UTF-8 ALL")]
#[case("THREAD REFERENCES UTF-8 ALL")]
#[case("REPLACE 1 INBOX {3}")]
#[case("UID SEARCH 1:2")]
#[case("UID SEARCH NOT (SEEN 3)")]
#[case("UID SORT (DATE) UTF-8 *")]
#[case("UID THREAD REFERENCES UTF-8 OR SEEN 1")]
#[case("ESEARCH IN (inboxes) 1")]
#[case("SELECT INBOX (QRESYNC (1 1 1:3 (1:3 1:3)))")]
fn message_numbers_are_refused(#[case] command: &str) {
    let server = Server::new();
    let mut alice = with_enabled(&server, "UIDONLY QRESYNC");
    alice.is_answered(&format!("a {command}"), "a BAD [UIDREQUIRED] ");
    // Nothing happened to the selected mailbox.
    assert_eq!(alice.says("b NOOP"), "b OK NOOP completed\r\n");
    let mut other = server.alice_in_inbox(&[]);
    assert!(other.says("c FETCH 1:3 FLAGS").starts_with("* 1 FETCH (FLAGS ())\r\n"));
}

#[rstest]
#[case("UID FETCH 1:* FLAGS")]
#[case("UID SEARCH UID 1:*")]
#[case("UID SORT (DATE) UTF-8 ALL")]
#[case("UID THREAD REFERENCES UTF-8 UID 2")]
#[case("UID COPY 1 INBOX")]
#[case("ESEARCH IN (inboxes) UID 1")]
#[case("SELECT INBOX (QRESYNC (1 1 1:3))")]
fn uids_are_not(#[case] command: &str) {
    let server = Server::new();
    with_enabled(&server, "UIDONLY QRESYNC").is_answered(&format!("a {command}"), "a OK");
}

#[test]
fn messages_are_told_of_by_their_uids() {
    let server = Server::new();
    let mut alice = with_enabled(&server, "uidonly");
    alice.says("a UID STORE 1 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(alice.says("b EXPUNGE"), "* VANISHED 1\r\nb OK EXPUNGE completed\r\n");
    assert_eq!(alice.says("c UID FETCH 2 (RFC822.SIZE)"), "* 2 UIDFETCH (RFC822.SIZE 1)\r\nc OK FETCH completed\r\n");
    assert_eq!(alice.says("d UID FETCH 2 (UID)"), "* 2 UIDFETCH (UID 2)\r\nd OK FETCH completed\r\n");
    assert_eq!(
        alice.says("e UID FETCH 3 BODY[]"),
        "* 3 UIDFETCH (BODY[] {1}\r\nz FLAGS (\\Seen \\Recent))\r\ne OK FETCH completed\r\n"
    );
    assert_eq!(
        alice.says("f UID STORE 3 FLAGS (\\Draft)"),
        "* 3 UIDFETCH (FLAGS (\\Draft \\Recent))\r\nf OK STORE completed\r\n"
    );
}

#[test]
fn changes_of_others_are_told_by_uid() {
    let server = Server::new();
    let mut alice = with_enabled(&server, "UIDONLY CONDSTORE");
    let mut other = server.alice_in_inbox(&["new"]);
    other.says("a STORE 1 +FLAGS.SILENT (\\Deleted)");
    other.says("b EXPUNGE");
    other.says("c STORE 1 +FLAGS.SILENT (\\Flagged)");
    assert_eq!(
        alice.says("d NOOP"),
        "* VANISHED 1\r\n* 3 EXISTS\r\n* 2 RECENT\r\n* 2 UIDFETCH (FLAGS (\\Flagged \\Recent) MODSEQ (8))\r\nd OK NOOP completed\r\n"
    );
}

#[test]
fn select_tells_no_number_of_the_first_unseen() {
    let server = Server::new();
    server.alice_in_inbox(&["x"]);
    let mut alice = server.alice();
    assert!(alice.says("a EXAMINE INBOX").contains("[UNSEEN 1]"));
    alice.says("b UNSELECT");
    alice.says("c ENABLE UIDONLY");
    let heard = alice.says("d EXAMINE INBOX");
    assert!(heard.contains("* 1 EXISTS") && !heard.contains("UNSEEN"), "{heard}");
}

#[test]
fn it_ends_with_the_login() {
    let server = Server::new();
    let mut alice = with_enabled(&server, "UIDONLY");
    alice.is_answered("a UNAUTHENTICATE", "a OK");
    alice.is_answered("b LOGIN alice secret", "b OK");
    alice.is_answered("c SELECT INBOX", "c OK");
    assert!(alice.says("d FETCH 1 UID").starts_with("* 1 FETCH (UID 1)\r\n"));
}

#[test]
fn it_can_be_switched_off() {
    let server = Server::without(Extension::ImapUidOnly);
    let mut alice = server.alice();
    assert!(!alice.says("a CAPABILITY").contains("UIDONLY"));
    assert_eq!(alice.says("b ENABLE UIDONLY"), "* ENABLED\r\nb OK ENABLE completed\r\n");
}
