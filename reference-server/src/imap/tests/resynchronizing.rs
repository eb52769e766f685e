//! CONDSTORE and QRESYNC (RFC 7162): what changed since when.

use super::*;
use rstest::rstest;

/// Alice who follows modification sequences, with three messages in INBOX: 2, 3 and 4 are their modification sequences.
fn follower(server: &Server) -> Client {
    let mut alice = server.alice();
    for text in ["x", "y", "z"] {
        alice.appends("INBOX", text);
    }
    alice.is_answered("t ENABLE QRESYNC", "t OK");
    alice.is_answered("t SELECT INBOX", "t OK");
    alice
}

#[test]
fn enabling_while_a_mailbox_is_open_tells_where_it_stands() {
    let server = Server::new();
    let mut alice = server.alice_in_inbox(&["x"]);
    assert_eq!(
        alice.says("a FETCH 1 (MODSEQ)"),
        "* OK [HIGHESTMODSEQ 2] The highest modification sequence\r\n* 1 FETCH (MODSEQ (2))\r\na OK FETCH completed\r\n"
    );
    assert_eq!(alice.says("b FETCH 1 (MODSEQ)"), "* 1 FETCH (MODSEQ (2))\r\nb OK FETCH completed\r\n");
    assert_eq!(alice.says("c STORE 1 +FLAGS.SILENT (\\Seen)"), "* 1 FETCH (UID 1 MODSEQ (3))\r\nc OK STORE completed\r\n");
    assert_eq!(
        alice.says("d STORE 1 -FLAGS (\\Seen)"),
        "* 1 FETCH (UID 1 FLAGS (\\Recent) MODSEQ (4))\r\nd OK STORE completed\r\n"
    );
    assert_eq!(alice.says("e STORE 1 -FLAGS.SILENT (\\Seen)"), "e OK STORE completed\r\n");
}

#[rstest]
#[case("a FETCH 1 (FLAGS) (CHANGEDSINCE 1)")]
#[case("a SEARCH MODSEQ 1")]
#[case("a STORE 1 (UNCHANGEDSINCE 9) +FLAGS (\\Seen)")]
#[case("a STATUS INBOX (HIGHESTMODSEQ)")]
fn each_enabling_command_enables(#[case] command: &str) {
    let server = Server::new();
    let mut alice = server.alice_in_inbox(&["x"]);
    assert!(alice.says(command).starts_with("* OK [HIGHESTMODSEQ 2]"));
    server.alice_in_inbox(&[]).says("b STORE 1 +FLAGS (\\Draft)");
    assert!(alice.says("c NOOP").contains(" MODSEQ ("));
}

#[test]
fn conditional_stores_are_refused_for_what_others_changed() {
    let server = Server::new();
    let mut one = follower(&server);
    let mut two = server.alice_in_inbox(&[]);
    assert_eq!(
        one.says("a STORE 1:3 (UNCHANGEDSINCE 3) +FLAGS.SILENT (\\Seen)"),
        "* 1 FETCH (UID 1 MODSEQ (5))\r\n* 2 FETCH (UID 2 MODSEQ (5))\r\na OK [MODIFIED 3] Some of the messages have changed\r\n"
    );
    two.says("b STORE 2 +FLAGS (\\Flagged)");
    two.says("c STORE 3 +FLAGS (\\Seen)");
    // What has changed on the second message is not what the client asks for (RFC 7162 §3.1.12).
    assert_eq!(
        one.says("d UID STORE 2:3 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\\Seen \\Draft)"),
        "* 2 FETCH (UID 2 MODSEQ (8))\r\n* 2 FETCH (UID 2 FLAGS (\\Flagged \\Seen \\Draft \\Recent) MODSEQ (8))\r\n\
         * 3 FETCH (UID 3 FLAGS (\\Seen \\Recent) MODSEQ (7))\r\nd OK [MODIFIED 3] Some of the messages have changed\r\n"
    );
    one.is_answered("e STORE 1 (UNCHANGEDSINCE 0) +FLAGS (x)", "e OK [MODIFIED 1]");
    two.says("f STORE 1:2 +FLAGS.SILENT (\\Deleted)");
    two.says("g EXPUNGE");
    one.is_answered("h STORE 1:3 (UNCHANGEDSINCE 1) FLAGS (\\Seen)", "h NO [MODIFIED 3] Some of the messages no longer exist");
}

#[test]
fn expunges_are_told_by_uid_and_withheld_where_numbers_are_used() {
    let server = Server::new();
    let mut one = follower(&server);
    let mut two = server.alice_in_inbox(&[]);
    one.says("a STORE 1 +FLAGS (\\Deleted)");
    assert_eq!(one.says("b EXPUNGE"), "* VANISHED 1\r\nb OK [HIGHESTMODSEQ 6] EXPUNGE completed\r\n");
    two.says("c STORE 1,2 +FLAGS.SILENT (\\Deleted)");
    two.says("d UID EXPUNGE 2");
    // The expunge is withheld, so the client may not think that it knows everything.
    let heard = one.says("e FETCH 2 (MODSEQ)");
    assert!(heard.ends_with("* 2 FETCH (MODSEQ (4))\r\ne OK [HIGHESTMODSEQ 7] FETCH completed\r\n"), "{heard}");
    one.is_answered("f UID SEARCH 1:2", "f OK [HIGHESTMODSEQ 7]");
    assert_eq!(one.says("g UID SEARCH ALL"), "* SEARCH 3\r\n* VANISHED 2\r\ng OK [HIGHESTMODSEQ 8] SEARCH completed\r\n");
    one.says("h STORE 1 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(one.says("i CLOSE"), "i OK CLOSE completed\r\n");
}

#[test]
fn a_mailbox_is_resynchronized_when_it_is_opened() {
    let server = Server::new();
    let mut one = follower(&server);
    let validity = lines_with(&one.says("a EXAMINE INBOX"), "UIDVALIDITY").len();
    assert_eq!(validity, 1);
    let validity = server.store.mailbox("alice@example.org", "INBOX").unwrap().uidvalidity;
    one.says("b SELECT INBOX");
    one.says("c STORE 1 +FLAGS (\\Deleted)");
    one.says("d STORE 3 +FLAGS ($Work)");
    one.says("e EXPUNGE");
    one.appends("INBOX", "new");
    let news = |heard: &str| {
        heard.lines().filter(|line| line.contains("VANISHED") || line.contains("FETCH")).collect::<Vec<_>>().join("; ")
    };
    let mut tells = |arguments: &str| news(&one.says(&format!("f SELECT INBOX (QRESYNC ({validity} {arguments}))")));
    let work = "* 2 FETCH (UID 3 FLAGS ($Work) MODSEQ (6))";
    let new = "* 3 FETCH (UID 4 FLAGS () MODSEQ (8))";
    assert_eq!(tells("4"), format!("* VANISHED (EARLIER) 1; {work}; {new}"));
    assert_eq!(tells("6"), format!("* VANISHED (EARLIER) 1; {new}"));
    assert_eq!(tells("7"), new);
    assert_eq!(tells("8"), "");
    assert_eq!(tells("4 2:3"), work);
    assert_eq!(tells("4 1:4 (1,2 2,3)"), format!("{work}; {new}"));
    assert_eq!(tells("4 1:4 (1,3 1,3)"), format!("* VANISHED (EARLIER) 1; {work}; {new}"));
    assert_eq!(news(&one.says(&format!("g SELECT INBOX (QRESYNC ({} 4))", validity + 1))), "");
    one.is_answered("h SELECT INBOX (QRESYNC (1 4 *))", "h BAD");
    assert_eq!(
        one.says("i UID FETCH 1:* (UID) (CHANGEDSINCE 5 VANISHED)"),
        "* VANISHED (EARLIER) 1\r\n* 2 FETCH (UID 3 MODSEQ (6))\r\n* 3 FETCH (UID 4 MODSEQ (8))\r\ni OK FETCH completed\r\n"
    );
    one.is_answered("j FETCH 1:* (UID) (CHANGEDSINCE 5 VANISHED)", "j BAD");
}

#[test]
fn search_tells_the_highest_of_what_it_found() {
    let server = Server::new();
    let mut alice = follower(&server);
    assert_eq!(alice.says("a SEARCH MODSEQ 3 NOT 3"), "* SEARCH 2 (MODSEQ 3)\r\na OK SEARCH completed\r\n");
    assert_eq!(alice.says("b UID SEARCH NOT MODSEQ 3"), "* SEARCH 1 (MODSEQ 2)\r\nb OK SEARCH completed\r\n");
    assert_eq!(alice.says("c SEARCH MODSEQ 77"), "* SEARCH\r\nc OK SEARCH completed\r\n");
    assert_eq!(alice.says("d SEARCH ALL"), "* SEARCH 1 2 3\r\nd OK SEARCH completed\r\n");
}
