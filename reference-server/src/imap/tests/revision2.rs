//! What differs once a client has enabled IMAP4rev2 (RFC 9051 Appendix E).

use super::*;

fn second_revision(server: &Server) -> Client {
    let mut alice = server.alice();
    assert_eq!(alice.says("t ENABLE imap4REV2"), "* ENABLED IMAP4rev2\r\nt OK ENABLE completed\r\n");
    alice
}

#[test]
fn select_lists_the_mailbox_and_knows_nothing_of_recent() {
    let server = Server::new();
    let mut alice = second_revision(&server);
    alice.says("a CREATE box/below");
    alice.appends("box", "x");
    alice.says("b SUBSCRIBE box");
    let heard = alice.says("c SELECT box");
    assert!(heard.contains("* LIST (\\HasChildren \\Subscribed) \"/\" box\r\n"), "{heard}");
    assert!(!heard.contains("RECENT") && !heard.contains("UNSEEN"), "{heard}");
    alice.appends("box", "y");
    assert_eq!(alice.says("d NOOP"), "d OK NOOP completed\r\n");
    assert!(alice.says("e FETCH 1:2 FLAGS").starts_with("* 1 FETCH (FLAGS ())\r\n* 2 FETCH (FLAGS ())\r\n"));
    let heard = alice.says("f SELECT missing");
    assert!(heard.starts_with("* OK [CLOSED] ") && heard.contains("f NO [NONEXISTENT]"), "{heard}");
}

#[test]
fn changes_of_others_come_with_the_uid() {
    let server = Server::new();
    let mut one = server.alice_in_inbox(&["x", "y"]);
    let mut two = second_revision(&server);
    two.says("a SELECT INBOX");
    one.says("b STORE 1 +FLAGS.SILENT (\\Deleted)");
    one.says("c EXPUNGE");
    one.says("d STORE 1 +FLAGS.SILENT (\\Draft)");
    assert_eq!(two.says("e NOOP"), "* 1 EXPUNGE\r\n* 1 FETCH (UID 2 FLAGS (\\Draft))\r\ne OK NOOP completed\r\n");
}

#[test]
fn names_are_utf_8_for_those_who_enabled_it() {
    let server = Server::new();
    let mut new = second_revision(&server);
    let mut old = server.alice();
    new.is_answered("a CREATE \"brødskive\"", "a OK");
    new.is_answered("b CREATE \"salt&pepper\"", "b OK");
    assert!(new.says("c LIST \"\" br%").starts_with("* LIST (\\HasNoChildren) \"/\" \"brødskive\"\r\n"));
    assert!(new.says("d LIST \"\" \"%ø%\"").starts_with("* LIST (\\HasNoChildren) \"/\" \"brødskive\"\r\n"));
    assert!(new.says("e STATUS {10+}\r\nbrødskive (MESSAGES)").starts_with("* STATUS \"brødskive\" (MESSAGES 0)\r\n"));
    assert!(new.says("f LIST \"\" salt*").starts_with("* LIST (\\HasNoChildren) \"/\" salt&pepper\r\n"));
    assert!(old.says("g LIST \"\" br%").starts_with("* LIST (\\HasNoChildren) \"/\" br&APg-dskive\r\n"));
    assert!(old.says("h LIST \"\" salt*").starts_with("* LIST (\\HasNoChildren) \"/\" salt&-pepper\r\n"));
    old.is_answered("i STATUS \"brødskive\" (MESSAGES)", "i BAD");
    // A control character.
    new.is_answered("k CREATE \"tab\tbed\"", "k NO [CANNOT]");
    assert!(String::from_utf8_lossy(new.sends(b"l STATUS \"\xff\" (MESSAGES)\r\n").as_bytes()).starts_with("l BAD"));
    new.is_answered("m SELECT \"brødskive\"", "m OK");
}

#[test]
fn status_counts_deleted_messages() {
    let server = Server::new();
    let mut alice = server.alice_in_inbox(&["x", "y"]);
    alice.says("a STORE 1 +FLAGS.SILENT (\\Deleted)");
    assert!(alice.says("b STATUS INBOX (DELETED)").starts_with("* STATUS INBOX (DELETED 1)\r\n"));
}

/// "cafe" with an accent of its own, and with a letter that has one.
const DECOMPOSED: &str = "\"cafe\u{301}\"";
const COMPOSED: &str = "\"caf\u{e9}\"";

#[test]
fn names_are_normalized_and_what_was_written_is_told() {
    let server = Server::new();
    let mut new = second_revision(&server);
    let told = format!("* LIST (\\HasNoChildren) \"/\" {COMPOSED} (\"OLDNAME\" ({DECOMPOSED}))\r\n");
    let heard = new.says(&format!("a CREATE {DECOMPOSED}"));
    assert!(heard.starts_with(&told) && heard.contains("a OK [MAILBOXID "), "{heard}");
    assert!(new.says(&format!("b SELECT {DECOMPOSED}")).contains(&told));
    assert!(!new.says(&format!("c EXAMINE {COMPOSED}")).contains("OLDNAME"));
    new.says("d UNSELECT");
    assert!(new.says(&format!("e APPEND {DECOMPOSED} {{1+}}\r\nx")).starts_with(&told));
    assert!(new.says(&format!("f STATUS {DECOMPOSED} (MESSAGES)")).starts_with(&format!("* STATUS {COMPOSED} (MESSAGES 1)\r\n")));
    assert!(
        new.says(&format!("g LIST \"\" {DECOMPOSED}")).starts_with(&format!("* LIST (\\HasNoChildren) \"/\" {COMPOSED}\r\n"))
    );
    let heard = new.says(&format!("h RENAME {DECOMPOSED} tea"));
    assert!(heard.starts_with(&format!("* LIST (\\HasNoChildren) \"/\" tea (\"OLDNAME\" ({DECOMPOSED}))\r\n")), "{heard}");
    assert_eq!(new.says("i RENAME tea coffee"), "i OK RENAME completed\r\n");
    new.says(&format!("j RENAME coffee {COMPOSED}"));
    let heard = new.says(&format!("k DELETE {DECOMPOSED}"));
    let told = format!("* LIST (\\NonExistent \\HasNoChildren) \"/\" {COMPOSED} (\"OLDNAME\" ({DECOMPOSED}))\r\n");
    assert_eq!(heard, format!("{told}k OK DELETE completed\r\n"));
    // As in the sample of RFC 9051 §8.
    assert!(!new.says("l APPEND inbox {1+}\r\nx").contains("NonExistent"));
    assert!(new.says("m SELECT inbox").contains("* LIST (\\HasNoChildren) \"/\" INBOX (\"OLDNAME\" (inbox))\r\n"));
}

#[test]
fn names_in_utf_7_are_normalized_in_silence() {
    let server = Server::new();
    let mut old = server.alice();
    assert!(old.says("a CREATE cafe&AwE-").starts_with("a OK [MAILBOXID "));
    assert!(old.says("b LIST \"\" caf*").starts_with("* LIST (\\HasNoChildren) \"/\" caf&AOk-\r\n"));
    assert!(!old.says("c SELECT cafe&AwE-").contains("OLDNAME"));
    assert!(second_revision(&server).says(&format!("d SELECT {COMPOSED}")).ends_with("SELECT completed\r\n"));
}

#[test]
fn octets_are_numbers_of_63_bits() {
    let server = Server::new();
    let mut alice = server.alice_in_inbox(&["x"]);
    assert!(alice.says("a SEARCH SMALLER 4294967297").starts_with("* SEARCH 1\r\n"));
    assert!(alice.says("b SEARCH LARGER 9223372036854775807").starts_with("* SEARCH\r\n"));
    assert!(
        alice.says("c FETCH 1 BODY.PEEK[]<4294967296.9223372036854775807>").starts_with("* 1 FETCH (BODY[]<4294967296> {0}\r\n)")
    );
    alice.is_answered("d SEARCH LARGER 9223372036854775808", "d BAD");
}
