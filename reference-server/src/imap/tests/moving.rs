//! MOVE, and UNAUTHENTICATE.

use super::*;

#[test]
fn messages_move_in_one_step() {
    let server = Server::new();
    let mut alice = server.alice_in_inbox(&["one", "two", "three"]);
    alice.says("a CREATE box");
    alice.says("b STORE 2 +FLAGS.SILENT (\\Flagged)");
    let heard = alice.says("c MOVE 2:3 box");
    assert_eq!(
        heard,
        "* OK [COPYUID V 2:3 1:2] These messages are moved\r\n* 2 EXPUNGE\r\n* 2 EXPUNGE\r\nc OK MOVE completed\r\n"
    );
    assert!(alice.says("d UID MOVE 1:* box").contains("[COPYUID V 1 3]"));
    assert!(alice.says("e UID MOVE 1:9 box").ends_with("e OK No message was moved, for there is none with such a UID\r\n"));
    alice.says("f SELECT box");
    assert!(alice.says("g FETCH 1 FLAGS").contains("(\\Flagged \\Recent)"));
    // Into itself: each message is the same under another number.
    let heard = alice.says("h MOVE 1 box");
    assert!(heard.contains("[COPYUID V 1 4]") && heard.contains("* 1 EXPUNGE\r\n* 3 EXISTS\r\n"), "{heard}");
    assert!(alice.says("i MOVE 1 nowhere").starts_with("i NO [TRYCREATE]"));
    assert!(alice.says("j MOVE 9 box").starts_with("j BAD"));
    alice.says("k EXAMINE box");
    assert!(alice.says("l MOVE 1 INBOX").starts_with("l NO [READ-ONLY]"));
    let mut without = Server::without(Extension::ImapMove).alice_in_inbox(&["one"]);
    assert!(without.says("a MOVE 1 INBOX").starts_with("a BAD") && without.says("b UID MOVE 1 INBOX").starts_with("b BAD"));
}

#[test]
fn another_user_logs_in_on_the_same_connection() {
    let server = Server::new();
    let mut client = server.alice_in_inbox(&["one"]);
    assert_eq!(client.says("a UNAUTHENTICATE"), "a OK UNAUTHENTICATE completed\r\n");
    assert!(client.says("b FETCH 1 FLAGS").starts_with("b BAD"));
    assert!(client.says("c LOGIN bob hidden").starts_with("c OK [CAPABILITY"));
    assert!(client.says("d STATUS INBOX (MESSAGES)").contains("(MESSAGES 0)"));
    assert!(server.client().says("a UNAUTHENTICATE").starts_with("a BAD"));
    // Pipelined, as RFC 8437 §3 lets a client do.
    let heard = client.says("e UNAUTHENTICATE\r\nf LOGIN alice secret\r\ng SELECT INBOX");
    assert!(heard.contains("e OK") && heard.contains("f OK") && heard.contains("* 1 EXISTS"), "{heard}");
}
