//! APPEND, STORE, COPY, EXPUNGE, CLOSE, UNSELECT.

use super::*;
use rstest::rstest;

#[test]
fn append_keeps_flags_and_date() {
    let mut alice = Server::new().alice();
    let append = "a APPEND INBOX (\\Seen \\Flagged Todo) \" 7-Feb-1994 21:52:25 -0800\" {3+}\r\nx\r\n";
    assert_eq!(alice.says(append), "a OK [APPENDUID V 1] APPEND completed\r\n");
    alice.says("b SELECT INBOX");
    assert_eq!(
        alice.says("c FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)"),
        "* 1 FETCH (FLAGS (\\Flagged \\Seen Todo \\Recent) INTERNALDATE \" 7-Feb-1994 21:52:25 -0800\" RFC822.SIZE 3)\r\n\
         c OK FETCH completed\r\n"
    );
    // Without flags and date, into the mailbox that is open.
    assert_eq!(alice.says("d APPEND INBOX {1+}\r\nx"), "* 2 EXISTS\r\n* 2 RECENT\r\nd OK [APPENDUID V 2] APPEND completed\r\n");
    assert_eq!(
        alice.says("e FETCH 2 FAST"),
        "* 2 FETCH (FLAGS (\\Recent) INTERNALDATE \" 5-Jul-2026 09:08:07 +0000\" RFC822.SIZE 1)\r\ne OK FETCH completed\r\n"
    );
}

#[rstest]
#[case("APPEND missing {1+}\r\nx", "NO [TRYCREATE]")]
#[case("APPEND \"a&AGE-\" {1+}\r\nx", "NO [CANNOT]")]
#[case("APPEND INBOX \"x\"", "BAD")]
#[case("APPEND INBOX (\\Recent) {1+}\r\nx", "BAD")]
#[case("APPEND INBOX \"7-Feb-1994 21:52:25 -0800\" {1+}\r\nx", "BAD")]
#[case("APPEND INBOX () {1+}\r\nx", "OK [APPENDUID V 1]")]
#[case("APPEND INBOX (\\Seen)  {1+}\r\nx", "BAD")]
#[case("APPEND INBOX {1+}\r\nx ", "BAD")]
#[case("APPEND INBOX {1+}\r\nx {1+}\r\ny", "OK [APPENDUID V 1:2]")]
fn appends(#[case] command: &str, #[case] expected: &str) {
    Server::new().alice().is_answered(&format!("a {command}"), &format!("a {expected}"));
}

#[rstest]
#[case("FLAGS (\\Seen)", "(\\Seen \\Recent)")]
#[case("FLAGS \\Seen \\Draft", "(\\Seen \\Draft \\Recent)")]
#[case("FLAGS ()", "(\\Recent)")]
#[case("+FLAGS (\\Seen)", "(\\Flagged \\Seen \\Recent)")]
#[case("-FLAGS (\\Flagged \\Draft)", "(\\Recent)")]
#[case("+flags work", "(\\Flagged work \\Recent)")]
#[case("+FLAGS (\\Unknown)", "(\\Flagged \\Recent)")]
fn store_gives_the_new_flags(#[case] change: &str, #[case] expected: &str) {
    let mut alice = Server::new().alice_in_inbox(&["x"]);
    alice.says("a STORE 1 FLAGS.SILENT (\\Flagged)");
    let heard = alice.says(&format!("b STORE 1 {change}"));
    assert!(heard.ends_with(&format!("* 1 FETCH (FLAGS {expected})\r\nb OK STORE completed\r\n")), "{heard}");
    assert_eq!(alice.says("c FETCH 1 FLAGS"), format!("* 1 FETCH (FLAGS {expected})\r\nc OK FETCH completed\r\n"));
}

#[test]
fn store_can_be_silent_and_uid_store_tells_the_uid() {
    let mut alice = Server::new().alice_in_inbox(&["x", "y"]);
    assert_eq!(alice.says("a STORE 1:2 +FLAGS.SILENT (\\Seen)"), "a OK STORE completed\r\n");
    assert_eq!(alice.says("b NOOP"), "b OK NOOP completed\r\n");
    assert_eq!(alice.says("c UID STORE 2,77 -FLAGS (\\Seen)"), "* 2 FETCH (UID 2 FLAGS (\\Recent))\r\nc OK STORE completed\r\n");
    assert_eq!(alice.says("d UID STORE 77 FLAGS (\\Seen)"), "d OK STORE completed\r\n");
}

#[test]
fn a_new_keyword_is_announced() {
    let mut alice = Server::new().alice_in_inbox(&["x"]);
    let heard = alice.says("a STORE 1 +FLAGS ($Todo)");
    let system = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";
    assert_eq!(
        heard,
        format!(
            "* FLAGS ({system} $Todo)\r\n* OK [PERMANENTFLAGS ({system} $Todo \\*)] These flags and new keywords are kept\r\n\
             * 1 FETCH (FLAGS ($Todo \\Recent))\r\na OK STORE completed\r\n"
        )
    );
}

#[rstest]
#[case("STORE 3 FLAGS ()", "BAD There is no message 3")]
#[case("STORE 1:3 FLAGS ()", "BAD")]
#[case("STORE 0 FLAGS ()", "BAD")]
#[case("STORE 1 FLAGS", "BAD")]
#[case("STORE 1 FLAGS (\\Recent)", "BAD")]
#[case("STORE 1 FLAG ()", "BAD")]
#[case("STORE 1 ++FLAGS ()", "BAD")]
#[case("STORE 1 FLAGS.SILENT.X ()", "BAD")]
#[case("STORE *:1 FLAGS ()", "OK")]
#[case("COPY 3 INBOX", "BAD")]
#[case("COPY 1 missing", "NO [TRYCREATE]")]
#[case("COPY 1", "BAD")]
#[case("UID COPY 99 INBOX", "OK No message was copied")]
#[case("UID COPY 99 missing", "NO [TRYCREATE]")]
#[case("UID EXPUNGE", "BAD")]
#[case("UID NOOP", "BAD")]
#[case("UID", "BAD")]
#[case("EXPUNGE 1", "BAD")]
#[case("CLOSE 1", "BAD")]
fn commands_on_messages(#[case] command: &str, #[case] expected: &str) {
    let mut alice = Server::new().alice_in_inbox(&["x", "y"]);
    alice.is_answered(&format!("a {command}"), &format!("a {expected}"));
}

#[test]
fn copy_keeps_flags_and_date_and_tells_uids() {
    let mut alice = Server::new().alice_in_inbox(&["x", "yy", "zzz"]);
    alice.says("a CREATE box");
    alice.says("b STORE 2 +FLAGS (\\Seen)");
    assert_eq!(alice.says("c COPY 3,1:2 box"), "c OK [COPYUID V 1:3 1:3] COPY completed\r\n");
    assert_eq!(alice.says("d UID COPY 1,3 box"), "d OK [COPYUID V 1,3 4:5] COPY completed\r\n");
    alice.says("e SELECT box");
    assert_eq!(
        alice.says("f FETCH 2 FAST"),
        "* 2 FETCH (FLAGS (\\Seen \\Recent) INTERNALDATE \" 5-Jul-2026 09:08:07 +0000\" RFC822.SIZE 2)\r\nf OK FETCH completed\r\n"
    );
}

#[test]
fn expunge_counts_down_as_it_goes() {
    let mut alice = Server::new().alice_in_inbox(&["1", "2", "3", "4", "5"]);
    alice.says("a STORE 1,3,5 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(alice.says("b EXPUNGE"), "* 1 EXPUNGE\r\n* 2 EXPUNGE\r\n* 3 EXPUNGE\r\nb OK EXPUNGE completed\r\n");
    assert_eq!(alice.says("c UID SEARCH ALL"), "* SEARCH 2 4\r\nc OK SEARCH completed\r\n");
    alice.says("d STORE 1:2 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(alice.says("e UID EXPUNGE 3:4,99"), "* 2 EXPUNGE\r\ne OK EXPUNGE completed\r\n");
    assert_eq!(alice.says("f UID SEARCH ALL"), "* SEARCH 2\r\nf OK SEARCH completed\r\n");
}

#[test]
fn close_expunges_silently_and_unselect_does_not() {
    let mut alice = Server::new().alice_in_inbox(&["x", "y"]);
    alice.says("a STORE 1 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(alice.says("b UNSELECT"), "b OK UNSELECT completed\r\n");
    assert!(alice.says("c STATUS INBOX (MESSAGES UIDNEXT)").contains("(MESSAGES 2 UIDNEXT 3)"));
    alice.says("d EXAMINE INBOX");
    assert_eq!(alice.says("e CLOSE"), "e OK CLOSE completed\r\n");
    assert!(alice.says("f STATUS INBOX (MESSAGES)").contains("(MESSAGES 2)"));
    alice.says("g SELECT INBOX");
    assert_eq!(alice.says("h CLOSE"), "h OK CLOSE completed\r\n");
    assert!(alice.says("i STATUS INBOX (MESSAGES UIDNEXT)").contains("(MESSAGES 1 UIDNEXT 3)"));
    alice.is_answered("j CHECK", "j BAD");
}

#[test]
fn a_read_only_mailbox_changes_for_nobody() {
    let mut alice = Server::new().alice_in_inbox(&["x"]);
    alice.says("a EXAMINE INBOX");
    alice.is_answered("b STORE 1 FLAGS (\\Seen)", "b NO [READ-ONLY]");
    alice.is_answered("c EXPUNGE", "c NO [READ-ONLY]");
    alice.is_answered("d UID EXPUNGE 1", "d NO [READ-ONLY]");
    assert_eq!(lines_with(&alice.says("e FETCH 1 (FLAGS BODY[])"), "Seen").len(), 0);
    alice.is_answered("f COPY 1 INBOX", "f OK [COPYUID V 1 2]");
}
