//! Mailboxes of other users, and what an account may hold.

use super::*;
use rstest::rstest;

/// Alice granted these rights to her mailbox `box`, and bob is logged in.
fn shared(rights: &str) -> (Server, Client, Client) {
    let server = Server::new();
    let mut alice = server.alice();
    alice.is_answered("a CREATE box", "a OK");
    alice.appends("box", "x");
    alice.is_answered(&format!("a SETACL box bob {rights}"), "a OK");
    let mut bob = server.client();
    bob.is_answered("t LOGIN bob hidden", "t OK");
    (server, alice, bob)
}

const BOX: &str = "\"Other Users/alice@example.org/box\"";

#[test]
fn another_users_mailbox_is_found_level_by_level() {
    let (_server, _alice, mut bob) = shared("lr");
    assert_eq!(
        lines_with(&bob.says("a LIST \"\" %"), "LIST ("),
        ["* LIST (\\HasNoChildren) \"/\" INBOX", "* LIST (\\Noselect \\HasChildren) \"/\" \"Other Users\""]
    );
    let found = format!("* LIST (\\HasNoChildren) \"/\" {BOX}");
    assert_eq!(lines_with(&bob.says("b LIST \"Other Users/\" *x"), "LIST ("), [found.as_str()]);
    assert!(bob.says("c NAMESPACE").starts_with("* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) NIL"));
    bob.is_answered(&format!("d SELECT {BOX}"), "d OK [READ-ONLY]");
    bob.is_answered("e STORE 1 +FLAGS (\\Seen)", "e NO [READ-ONLY]");
}

#[rstest]
#[case("STATUS {box} (MESSAGES)", "lr", "OK")]
#[case("STATUS {box} (MESSAGES)", "li", "NO [NOPERM]")]
#[case("STATUS {box} (MESSAGES)", "s", "NO [NONEXISTENT]")]
#[case("APPEND {box} {1+}\r\nx", "lri", "OK")]
#[case("APPEND {box} {1+}\r\nx", "lr", "NO [NOPERM]")]
#[case("DELETE {box}", "lrx", "OK")]
#[case("DELETE {box}", "lrswikte", "NO [NOPERM]")]
#[case("CREATE {below}", "lrk", "OK")]
#[case("CREATE {below}", "lrx", "NO [NOPERM]")]
#[case("CREATE {beside}", "lrswipkxtea", "NO [NONEXISTENT]")]
#[case("RENAME {box} mine", "lrswipkxtea", "NO [CANNOT]")]
#[case("SETACL {box} carol lr", "lra", "NO [NONEXISTENT]")]
#[case("SETACL {box} anyone l", "lra", "OK")]
#[case("GETACL {box}", "lra", "OK")]
#[case("GETACL {box}", "lr", "NO [NOPERM]")]
#[case("LISTRIGHTS {box} anyone", "lra", "OK")]
#[case("MYRIGHTS {box}", "l", "OK")]
#[case("MYRIGHTS {box}", "p", "NO [NONEXISTENT]")]
#[case("GETMETADATA {box} /shared/comment", "lr", "OK")]
#[case("GETMETADATA {box} /shared/comment", "lk", "NO [NOPERM]")]
#[case("GETQUOTAROOT {box}", "lr", "OK")]
#[case("GETQUOTAROOT {box}", "l", "NO [NOPERM]")]
#[case("STATUS \"Other Users\" (MESSAGES)", "lr", "NO [NONEXISTENT]")]
#[case("STATUS \"Other Users/nobody/box\" (MESSAGES)", "lr", "NO [NONEXISTENT]")]
#[case("CREATE \"Other Users/x\"", "lr", "NO [NONEXISTENT]")]
fn rights_are_asked_for(#[case] command: &str, #[case] rights: &str, #[case] expected: &str) {
    let (_server, _alice, mut bob) = shared(rights);
    let below = BOX.replace("box", "box/below");
    let beside = BOX.replace("/box", "/beside");
    let command = command.replace("{box}", BOX).replace("{below}", &below).replace("{beside}", &beside);
    bob.is_answered(&format!("a {command}"), &format!("a {expected}"));
}

#[test]
fn the_owner_can_not_lock_themselves_out() {
    let (_server, mut alice, _bob) = shared("lr");
    alice.is_answered("a SETACL box alice \"\"", "a OK");
    assert!(alice.says("b MYRIGHTS box").starts_with("* MYRIGHTS box la\r\n"));
    alice.is_answered("c STATUS box (MESSAGES)", "c NO [NOPERM]");
    alice.is_answered("d DELETEACL box alice", "d OK");
    assert!(alice.says("e GETACL box").starts_with("* ACL box alice@example.org la bob@example.org lr\r\n"));
    alice.is_answered("f SETACL box alice +r", "f OK");
    alice.is_answered("g STATUS box (MESSAGES)", "g OK");
    assert!(alice.says("h LISTRIGHTS box alice").starts_with("* LISTRIGHTS box alice la r s w i p k x t e c d\r\n"));
    assert!(alice.says("i LISTRIGHTS box bob").starts_with("* LISTRIGHTS box bob \"\" l r s w i p k x t e a c d\r\n"));
}

#[test]
fn denied_rights_are_taken_from_those_granted() {
    let (_server, mut alice, mut bob) = shared("lrsw");
    alice.is_answered("a SETACL box -bob w", "a OK");
    assert!(bob.says(&format!("b MYRIGHTS {BOX}")).contains(" lrs\r\n"));
    alice.is_answered("c SETACL box bob lrQ", "c BAD");
    alice.is_answered("d SETACL box - l", "d BAD");
}

#[test]
fn without_the_extension_there_are_no_other_users() {
    let server = Server::without(Extension::ImapAcl);
    let mut alice = server.alice();
    alice.is_answered("a SETACL INBOX bob lr", "a BAD");
    assert!(alice.says("b NAMESPACE").starts_with("* NAMESPACE ((\"\" \"/\")) NIL NIL"));
    alice.is_answered("c CREATE \"Other Users/x/y\"", "c OK");
}

#[test]
fn an_account_holds_no_more_than_it_may() {
    let server = Server::new();
    let mut alice = server.alice();
    alice.is_answered("a CREATE box", "a OK");
    assert_eq!(
        alice.says("b GETQUOTAROOT INBOX"),
        "* QUOTAROOT INBOX #user/alice@example.org\r\n* QUOTA #user/alice@example.org ()\r\nb OK GETQUOTAROOT completed\r\n"
    );
    let told = alice.says("c SETQUOTA #user/alice@example.org (STORAGE 2 MESSAGE 2)");
    assert!(told.starts_with("* QUOTA #user/alice@example.org (STORAGE 0 2 MESSAGE 0 2)\r\n"), "{told}");
    alice.appends("INBOX", &"x".repeat(1500));
    alice.is_answered(&format!("d APPEND box {{600+}}\r\n{}", "x".repeat(600)), "d NO [OVERQUOTA]");
    alice.appends("box", &"x".repeat(500));
    assert!(alice.says("e GETQUOTA #user/alice@example.org").contains("(STORAGE 2 2 MESSAGE 2 2)"));
    alice.is_answered("f SELECT INBOX", "f OK");
    alice.is_answered("g COPY 1 box", "g NO [OVERQUOTA]");
    alice.is_answered("h GETQUOTA #user/bob@example.org", "h NO [NOPERM]");
    alice.is_answered("i SETQUOTA #user/bob@example.org ()", "i NO [NOPERM]");
    alice.is_answered("j SETQUOTA #user/alice@example.org (MAILBOX 3)", "j NO [CANNOT]");
    alice.is_answered("k SETQUOTA #user/alice@example.org (STORAGE)", "k BAD");
    alice.is_answered("l SETQUOTA #user/alice@example.org (STORAGE 9223372036854775808)", "l BAD");
    // What stays in the account takes no more room, whatever the limit.
    alice.is_answered("m SETQUOTA #user/alice@example.org (STORAGE 1)", "m OK");
    alice.is_answered("n RENAME INBOX old", "n OK");
    assert!(alice.says("o STATUS old (MESSAGES DELETED DELETED-STORAGE)").contains("(MESSAGES 1 DELETED 0 DELETED-STORAGE 0)"));
}

#[test]
fn annotations_are_kept_and_limited() {
    let (_server, mut alice, mut bob) = shared("lr");
    alice.is_answered("a SETMETADATA box (/private/comment \"mine\" /Shared/Comment {4+}\r\nours)", "a OK");
    assert!(
        bob.says(&format!("b GETMETADATA {BOX} (DEPTH infinity) (/private /shared)")).starts_with("b BAD"),
        "a scope alone is no entry"
    );
    let heard = bob.says(&format!("c GETMETADATA {BOX} (/private/comment /shared/comment)"));
    assert!(heard.starts_with(&format!("* METADATA {BOX} (/private/comment NIL /shared/comment \"ours\")\r\n")), "{heard}");
    let long = "x".repeat(17 * 1024);
    alice.is_answered(
        &format!("d SETMETADATA box (/private/comment {{{}+}}\r\n{long})", long.len()),
        "d NO [METADATA MAXSIZE 16384]",
    );
    for number in 0..99 {
        alice.is_answered(&format!("e SETMETADATA box (/private/vendor/x/{number} \"\")"), "e OK");
    }
    alice.is_answered("f SETMETADATA box (/private/vendor/x/last \"\")", "f NO [METADATA TOOMANY]");
    alice.is_answered("g SETMETADATA box (/private/comment \"other\")", "g OK");
    alice.is_answered("h SETMETADATA box (/private/specialuse \"\\\\Sent\")", "h OK");
    assert_eq!(lines_with(&alice.says("i LIST (SPECIAL-USE) \"\" *"), "Sent").len(), 1);
    alice.is_answered("j SETMETADATA box (/private/specialuse \"\\\\All\")", "j NO [USEATTR]");
    alice.is_answered("k SETMETADATA INBOX (/shared/comment \"in\")", "k OK");
    alice.is_answered("l RENAME INBOX old", "l OK");
    for name in ["INBOX", "old"] {
        assert!(alice.says(&format!("m GETMETADATA {name} /shared/comment")).contains("(/shared/comment \"in\")"));
    }
    assert!(alice.says("n GETMETADATA \"\" /shared/admin").contains("\"mailto:postmaster@example.org\""));
    alice.is_answered("o SETMETADATA \"\" (/shared/comment \"x\")", "o NO [NOPERM]");
    alice.is_answered("p SETMETADATA \"\" (/private/comment \"x\")", "p OK");
}
