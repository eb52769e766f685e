//! Mailboxes: made, named, listed, opened.

use super::*;
use rstest::rstest;

#[test]
fn select_tells_the_state_of_the_mailbox() {
    let mut alice = Server::new().alice();
    alice.says("a APPEND INBOX (\\Seen) {1+}\r\nx");
    alice.appends("INBOX", "y");
    let expected = "* 2 EXISTS\r\n* 2 RECENT\r\n* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n\
        * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] These flags and new keywords are kept\r\n\
        * OK [UNSEEN 2] This message is the first unseen\r\n* OK [UIDVALIDITY V] UIDs are valid\r\n\
        * OK [UIDNEXT 3] Predicted next UID\r\n* OK [URLMECH INTERNAL] URLs can be authorized\r\n\
        * OK [MAILBOXID (F1)] The mailbox is this one, whatever its name\r\n\
        * OK [HIGHESTMODSEQ 3] The highest modification sequence\r\n";
    assert_eq!(alice.says("b SELECT inbox"), format!("{expected}b OK [READ-WRITE] SELECT completed\r\n"));
    let expected = "* OK [CLOSED] The mailbox before is closed\r\n* 2 EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n\
        * OK [PERMANENTFLAGS ()] No flag can be changed here\r\n\
        * OK [UNSEEN 2] This message is the first unseen\r\n* OK [UIDVALIDITY V] UIDs are valid\r\n\
        * OK [UIDNEXT 3] Predicted next UID\r\n* OK [URLMECH INTERNAL] URLs can be authorized\r\n\
        * OK [MAILBOXID (F1)] The mailbox is this one, whatever its name\r\n\
        * OK [HIGHESTMODSEQ 3] The highest modification sequence\r\n";
    assert_eq!(alice.says("c EXAMINE INBOX"), format!("{expected}c OK [READ-ONLY] EXAMINE completed\r\n"));
}

#[test]
fn examine_leaves_recent_to_others() {
    let server = Server::new();
    let mut alice = server.alice();
    alice.appends("INBOX", "x");
    for expected in ["* 1 RECENT", "* 1 RECENT"] {
        assert_eq!(lines_with(&alice.says("a EXAMINE INBOX"), "RECENT"), [expected]);
    }
    assert!(alice.says("b STATUS INBOX (RECENT)").contains("(RECENT 1)"));
    assert_eq!(lines_with(&alice.says("c SELECT INBOX"), "RECENT"), ["* 1 RECENT"]);
    assert_eq!(lines_with(&server.alice().says("d SELECT INBOX"), "RECENT"), ["* 0 RECENT"]);
}

#[test]
fn a_select_that_fails_leaves_no_mailbox_open() {
    let mut alice = Server::new().alice_in_inbox(&[]);
    alice.is_answered("a SELECT missing", "a NO [NONEXISTENT]");
    alice.is_answered("b CHECK", "b BAD");
}

#[rstest]
#[case("CREATE work", "OK")]
#[case("CREATE work/", "OK")]
#[case("CREATE a/b/c", "OK")]
#[case("CREATE INBOX", "NO [ALREADYEXISTS]")]
#[case("CREATE inbox", "NO [ALREADYEXISTS]")]
#[case("CREATE old", "NO [ALREADYEXISTS]")]
#[case("CREATE a//b", "NO [CANNOT]")]
#[case("CREATE /a", "NO [CANNOT]")]
#[case("CREATE \"\"", "NO [CANNOT]")]
#[case("CREATE \"a%\"", "NO [CANNOT]")]
#[case("CREATE #news", "NO [CANNOT]")]
#[case("CREATE \"Entw&APw-rfe\"", "OK")]
#[case("CREATE \"a&AGE-\"", "NO [CANNOT]")]
#[case("CREATE {2+}\r\n\u{fc}", "NO [CANNOT]")]
#[case("CREATE \"a\tb\"", "NO [CANNOT]")]
#[case("CREATE a b", "BAD")]
#[case("CREATE", "BAD")]
#[case("CREATE ", "BAD")]
#[case("DELETE old", "OK")]
#[case("DELETE INBOX", "NO [CANNOT]")]
#[case("DELETE missing", "NO [NONEXISTENT]")]
#[case("RENAME old new", "OK")]
#[case("RENAME old new/deep", "OK")]
#[case("RENAME old INBOX", "NO [ALREADYEXISTS]")]
#[case("RENAME old old", "NO [ALREADYEXISTS]")]
#[case("RENAME old old/below", "NO [CANNOT]")]
#[case("RENAME missing new", "NO [NONEXISTENT]")]
#[case("RENAME INBOX saved", "OK")]
#[case("RENAME old", "BAD")]
#[case("SUBSCRIBE missing", "OK")]
#[case("UNSUBSCRIBE missing", "OK")]
#[case("STATUS old (MESSAGES)", "OK")]
#[case("STATUS missing (MESSAGES)", "NO [NONEXISTENT]")]
#[case("STATUS old ()", "BAD")]
#[case("STATUS old MESSAGES", "BAD")]
#[case("STATUS old (MESSAGES SIZES)", "BAD")]
#[case("EXAMINE \"\"", "NO")]
fn commands_on_mailboxes(#[case] command: &str, #[case] expected: &str) {
    let mut alice = Server::new().alice();
    alice.is_answered("s CREATE old", "s OK");
    alice.is_answered(&format!("a {command}"), &format!("a {expected}"));
}

#[test]
fn a_deleted_mailbox_with_inferiors_stays_as_a_name() {
    let mut alice = Server::new().alice();
    alice.says("a CREATE foo/bar");
    alice.says("b DELETE foo");
    let listed = "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST (\\Noselect \\HasChildren) \"/\" foo\r\n* LIST (\\HasNoChildren) \"/\" foo/bar\r\n";
    assert_eq!(alice.says("c LIST \"\" *"), format!("{listed}c OK LIST completed\r\n"));
    alice.is_answered("d DELETE foo", "d NO [HASCHILDREN]");
    alice.is_answered("e SELECT foo", "e NO [NONEXISTENT]");
    alice.is_answered("f APPEND foo {1+}\r\nx", "f NO [TRYCREATE]");
    alice.is_answered("g DELETE foo/bar", "g OK");
    alice.is_answered("h DELETE foo", "h OK");
}

#[rstest]
#[case("\"\" *", &["INBOX", "INBOX/below", "inbox-2", "Work", "Work/a", "Work/a/b", "\"two words\"", "&AOk-"])]
#[case("\"\" %", &["INBOX", "inbox-2", "Work", "\"two words\"", "&AOk-"])]
#[case("\"\" Work/%", &["Work/a"])]
#[case("Work/ %", &["Work/a"])]
#[case("Work/ *", &["Work/a", "Work/a/b"])]
#[case("\"\" Work*", &["Work", "Work/a", "Work/a/b"])]
#[case("\"\" %/%", &["INBOX/below", "Work/a"])]
#[case("\"\" inbox", &["INBOX"])]
#[case("\"\" iNb%", &["INBOX"])]
#[case("\"\" work", &[])]
#[case("\"\" inbox/%", &["INBOX/below"])]
#[case("\"\" inbox-*", &["inbox-2"])]
#[case("\"\" inbox*", &["INBOX", "INBOX/below", "inbox-2"])]
#[case("\"\" \"two words\"", &["\"two words\""])]
#[case("\"\" \"&AOk-\"", &["&AOk-"])]
#[case("\"\" {5+}\r\n&AOk-", &["&AOk-"])]
#[case("\"\" missing", &[])]
fn list_patterns(#[case] arguments: &str, #[case] expected: &[&str]) {
    let mut alice = Server::new().alice();
    for name in ["Work/a/b", "\"two words\"", "&AOk-", "inbox/below", "inbox-2"] {
        alice.is_answered(&format!("a CREATE {name}"), "a OK");
    }
    let heard = alice.says(&format!("b LIST {arguments}"));
    let mut names: Vec<&str> = heard.lines().filter_map(|line| Some(line.split_once("\"/\" ")?.1)).collect();
    let mut expected = expected.to_vec();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn list_without_a_name_tells_the_delimiter() {
    let mut alice = Server::new().alice();
    assert_eq!(alice.says("a LIST \"\" \"\""), "* LIST (\\Noselect) \"/\" \"\"\r\na OK LIST completed\r\n");
}

#[test]
fn lsub_knows_names_and_levels() {
    let mut alice = Server::new().alice();
    alice.says("a SUBSCRIBE foo/bar");
    alice.says("b SUBSCRIBE inbox");
    assert_eq!(alice.says("c LSUB \"\" %"), "* LSUB () \"/\" INBOX\r\n* LSUB (\\Noselect) \"/\" foo\r\nc OK LSUB completed\r\n");
    assert_eq!(alice.says("d LSUB \"\" *"), "* LSUB () \"/\" INBOX\r\n* LSUB () \"/\" foo/bar\r\nd OK LSUB completed\r\n");
    alice.says("e CREATE foo/bar");
    alice.says("f DELETE foo/bar");
    assert_eq!(lines_with(&alice.says("g LSUB \"\" foo/*"), "LSUB (").len(), 1, "RFC 3501 §6.3.9");
    alice.says("h UNSUBSCRIBE foo/bar");
    assert_eq!(alice.says("i LSUB \"\" foo*"), "i OK LSUB completed\r\n");
}

#[test]
fn rename_takes_inferiors_along_and_empties_inbox() {
    let mut alice = Server::new().alice();
    alice.says("a CREATE old/inner");
    alice.appends("old/inner", "x");
    alice.is_answered("b RENAME old a/new", "b OK");
    assert!(alice.says("c STATUS a/new/inner (MESSAGES)").starts_with("* STATUS a/new/inner (MESSAGES 1)"));
    alice.appends("INBOX", "y");
    alice.is_answered("d RENAME INBOX saved", "d OK");
    assert!(alice.says("e STATUS INBOX (MESSAGES)").contains("(MESSAGES 0)"));
    assert!(alice.says("f STATUS saved (MESSAGES UNSEEN)").contains("(MESSAGES 1 UNSEEN 1)"));
}

#[test]
fn uids_of_a_former_mailbox_are_never_those_of_a_new_one() {
    let server = Server::new();
    let mut alice = server.alice();
    let state = |alice: &mut Client| {
        let validity = server.store.mailbox("alice@example.org", "box").unwrap().uidvalidity;
        alice.appends("box", "x");
        validity
    };
    alice.says("a CREATE box");
    let first = state(&mut alice);
    alice.says("b DELETE box");
    alice.says("c CREATE box");
    assert!(state(&mut alice) > first, "RFC 3501 §6.3.4");
}

#[rstest]
#[case("LIST (SUBSCRIBED) \"\" *", &["(\\HasNoChildren \\Subscribed) \"/\" Fruit/Banana", "(\\NonExistent \\HasNoChildren \\Subscribed) \"/\" Fruit/Peach"])]
#[case("LIST (SUBSCRIBED RECURSIVEMATCH) \"\" %", &["(\\HasChildren) \"/\" Fruit (\"CHILDINFO\" (\"SUBSCRIBED\"))"])]
#[case("LIST (SPECIAL-USE) \"\" *", &["(\\HasNoChildren \\Trash) \"/\" Bin"])]
#[case("LIST (SPECIAL-USE SUBSCRIBED) \"\" *", &[])]
#[case("LIST \"\" (Bin \"\" B* Fruit) RETURN (SUBSCRIBED STATUS (MESSAGES))", &["(\\HasNoChildren \\Trash) \"/\" Bin", "(\\HasChildren) \"/\" Fruit"])]
#[case("LIST () \"\" \"\"", &[])]
fn extended_list(#[case] command: &str, #[case] expected: &[&str]) {
    let mut alice = Server::new().alice();
    for command in ["CREATE Fruit/Banana", "SUBSCRIBE Fruit/Banana", "SUBSCRIBE Fruit/Peach", "CREATE Bin (USE (\\Trash))"] {
        alice.is_answered(&format!("a {command}"), "a OK");
    }
    let heard = alice.says(&format!("b {command}"));
    let listed: Vec<&str> = heard.lines().filter_map(|line| line.strip_prefix("* LIST ")).collect();
    assert_eq!(listed, expected, "{heard}");
}

#[test]
fn a_special_use_goes_from_one_mailbox_to_another() {
    let mut alice = Server::new().alice();
    alice.says("a CREATE one (USE (\\Sent \\Archive))");
    alice.says("b CREATE two (USE (\\Sent))");
    let heard = alice.says("c LIST (SPECIAL-USE) \"\" *");
    assert_eq!(
        lines_with(&heard, "LIST ("),
        ["* LIST (\\HasNoChildren \\Archive) \"/\" one", "* LIST (\\HasNoChildren \\Sent) \"/\" two"]
    );
    alice.is_answered("d CREATE all (USE (\\All))", "d NO [USEATTR]");
    alice.is_answered("e STATUS all (MESSAGES)", "e NO [NONEXISTENT]");
    alice.is_answered("f CREATE x (USE (Sent))", "f BAD");
    alice.is_answered("g CREATE x (FOR (\\Sent))", "g BAD");
}

#[test]
fn list_tells_annotations() {
    let server = Server::new();
    let mut alice = server.alice();
    for line in ["CREATE box/below", "SUBSCRIBE box/below", "SETMETADATA box (/private/comment \"mine\")"] {
        alice.is_answered(&format!("t {line}"), "t OK");
    }
    let heard = alice.says("a LIST \"\" box RETURN (METADATA (/Private/Comment /shared/comment) CHILDREN)");
    let listed = "* LIST (\\HasChildren) \"/\" box\r\n* METADATA box (/private/comment \"mine\" /shared/comment NIL)\r\n";
    assert_eq!(heard, format!("{listed}a OK LIST completed\r\n"));
    let heard = alice.says("b LIST (SUBSCRIBED RECURSIVEMATCH) \"\" box RETURN (METADATA (/private/comment))");
    assert!(heard.contains("CHILDINFO") && !heard.contains("METADATA"), "{heard}");
    for wrong in
        ["METADATA", "METADATA ()", "METADATA /private/comment", "METADATA (/private)", "METADATA (/private/a  /private/b)"]
    {
        alice.is_answered(&format!("c LIST \"\" box RETURN ({wrong})"), "c BAD");
    }
}
