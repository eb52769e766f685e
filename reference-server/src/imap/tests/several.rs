//! Several sessions on one mailbox.

use super::*;

#[test]
fn news_come_with_the_next_command() {
    let server = Server::new();
    let mut one = server.alice_in_inbox(&["x"]);
    let mut two = server.alice_in_inbox(&[]);
    one.appends("INBOX", "y");
    assert_eq!(two.says("a NOOP"), "* 2 EXISTS\r\n* 0 RECENT\r\na OK NOOP completed\r\n");
    one.says("b STORE 2 +FLAGS (\\Flagged)");
    assert_eq!(two.says("c CHECK"), "* 2 FETCH (FLAGS (\\Flagged))\r\nc OK CHECK completed\r\n");
    assert_eq!(two.says("d NOOP"), "d OK NOOP completed\r\n");
}

#[test]
fn numbers_do_not_move_during_fetch_store_and_search() {
    let server = Server::new();
    let mut one = server.alice_in_inbox(&["x", "y", "z"]);
    let mut two = server.alice_in_inbox(&[]);
    one.says("a STORE 1 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(one.says("b EXPUNGE"), "* 1 EXPUNGE\r\nb OK EXPUNGE completed\r\n");
    assert_eq!(two.says("c FETCH 2 UID"), "* 2 FETCH (UID 2)\r\nc OK FETCH completed\r\n");
    assert_eq!(two.says("d SEARCH ALL"), "* SEARCH 2 3\r\nd OK SEARCH completed\r\n");
    assert_eq!(two.says("e STORE 3 +FLAGS (\\Seen)"), "* 3 FETCH (FLAGS (\\Seen))\r\ne OK STORE completed\r\n");
    assert!(two.says("f FETCH 1:2 UID").ends_with("f NO [EXPUNGEISSUED] Some of the messages no longer exist\r\n"));
    two.is_answered("g STORE 1 +FLAGS (\\Seen)", "g NO [EXPUNGEISSUED]");
    assert_eq!(
        two.says("h COPY 1:2 INBOX").lines().last(),
        Some("h NO [EXPUNGEISSUED] Some of the messages no longer exist; none was copied")
    );
}

#[test]
fn uid_commands_may_tell_of_expunged_messages() {
    let server = Server::new();
    let mut one = server.alice_in_inbox(&["x", "y"]);
    let mut two = server.alice_in_inbox(&[]);
    one.says("a STORE 1 +FLAGS.SILENT (\\Deleted)");
    one.says("b CLOSE");
    assert_eq!(two.says("c UID FETCH 1:2 UID"), "* 2 FETCH (UID 2)\r\n* 1 EXPUNGE\r\nc OK FETCH completed\r\n");
    assert_eq!(two.says("d UID STORE 1 FLAGS ()"), "d OK STORE completed\r\n");
}

#[test]
fn silent_changes_do_not_hide_those_of_others() {
    let server = Server::new();
    let mut one = server.alice_in_inbox(&["x"]);
    let mut two = server.alice_in_inbox(&[]);
    one.says("a STORE 1 +FLAGS.SILENT (\\Flagged)");
    let heard = two.says("b STORE 1 +FLAGS.SILENT (\\Seen)");
    assert_eq!(heard, "* 1 FETCH (FLAGS (\\Flagged \\Seen))\r\nb OK STORE completed\r\n");
}

#[test]
fn idle_hears_at_once_and_ends_with_done() {
    let server = Server::new();
    let mut one = server.alice_in_inbox(&["x"]);
    let mut two = server.alice_in_inbox(&[]);
    assert_eq!(two.says("a IDLE"), "+ idling\r\n");
    one.appends("INBOX", "y");
    assert_eq!(two.hears_after_a_ring(), "* 2 EXISTS\r\n* 0 RECENT\r\n");
    one.says("b STORE 1 +FLAGS.SILENT (\\Deleted)");
    one.says("c EXPUNGE");
    assert_eq!(two.hears_after_a_ring(), "* 1 EXPUNGE\r\n");
    assert_eq!(two.hears_after_a_ring(), "");
    assert_eq!(two.says("done"), "a OK IDLE terminated\r\n");
    one.appends("INBOX", "z");
    assert_eq!(two.hears_after_a_ring(), "", "no news without IDLE");
    two.says("d IDLE");
    two.is_answered("e NOOP", "d BAD");
}

#[tokio::test]
async fn idle_rings_the_bell() {
    let server = Server::new();
    let mut one = server.alice();
    let peer = Peer::loopback();
    let bell = peer.bell.clone();
    let mut two = server.client_from(peer);
    two.says("a LOGIN alice secret");
    two.says("b SELECT INBOX");
    two.says("c IDLE");
    one.appends("INBOX", "x");
    tokio::time::timeout(std::time::Duration::from_secs(30), bell.rung()).await.unwrap();
    assert_eq!(two.hears_after_a_ring(), "* 1 EXISTS\r\n* 1 RECENT\r\n");
}

#[test]
fn a_mailbox_deleted_under_a_session_loses_its_messages() {
    let server = Server::new();
    let mut one = server.alice();
    one.says("a CREATE box");
    one.appends("box", "x");
    let mut two = server.alice();
    two.says("b SELECT box");
    one.is_answered("c DELETE box", "c OK");
    assert!(two.says("d FETCH 1 BODY[]").starts_with("d NO [EXPUNGEISSUED]"));
    assert_eq!(two.says("e NOOP"), "* 1 EXPUNGE\r\ne OK NOOP completed\r\n");
    two.is_answered("f EXPUNGE", "f NO [NONEXISTENT]");
    two.is_answered("g CLOSE", "g OK");
}

#[test]
fn accounts_do_not_see_each_other() {
    let server = Server::new();
    server.alice_in_inbox(&["x"]);
    let mut bob = server.client();
    bob.is_answered("a LOGIN bob hidden", "a OK");
    assert!(bob.says("b STATUS INBOX (MESSAGES)").contains("(MESSAGES 0)"));
}
