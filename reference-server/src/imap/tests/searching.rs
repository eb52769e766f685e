//! SEARCH: every key.

use super::*;
use rstest::rstest;

/// Three messages: seen in 1994, flagged with a keyword in 2000, unseen and new.
fn mailbox() -> Client {
    let mut alice = Server::new().alice();
    let one = "Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nFrom: Smith <smith@example.org>\r\nTo: a@x.test\r\nSubject: one\r\n\r\nalpha\r\n";
    let two = "Date: Sat, 1 Jan 2000 00:00:00 +0000\r\nFrom: jones@example.org\r\nCc: c@x.test\r\nBcc: d@x.test\r\n\
        Subject: =?utf-8?Q?caf=C3=A9?=\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n\r\ngr=C3=BC=C3=9Fe\r\n";
    let three = "X-Empty:\r\nSubject: alpha in the header\r\n\r\nbeta and quite some more octets in the body of it\r\n";
    alice.says(&format!("a APPEND INBOX (\\Seen \\Answered) \" 8-Feb-1994 05:52:25 +0000\" {{{}+}}\r\n{one}", one.len()));
    alice.says(&format!("a APPEND INBOX (\\Flagged \\Draft work) \" 1-Jan-2000 23:30:00 -0800\" {{{}+}}\r\n{two}", two.len()));
    alice.says("b SELECT INBOX");
    alice.says("c CLOSE");
    alice.says(&format!("d APPEND INBOX (\\Deleted) {{{}+}}\r\n{three}", three.len()));
    alice.says("e SELECT INBOX");
    alice
}

#[rstest]
#[case("ALL", "1 2 3")]
#[case("ANSWERED", "1")]
#[case("UNANSWERED", "2 3")]
#[case("DELETED", "3")]
#[case("UNDELETED", "1 2")]
#[case("DRAFT", "2")]
#[case("UNDRAFT", "1 3")]
#[case("FLAGGED", "2")]
#[case("UNFLAGGED", "1 3")]
#[case("SEEN", "1")]
#[case("UNSEEN", "2 3")]
#[case("KEYWORD WORK", "2")]
#[case("UNKEYWORD work", "1 3")]
#[case("RECENT", "3")]
#[case("OLD", "1 2")]
#[case("NEW", "3")]
#[case("NOT NEW", "1 2")]
#[case("BEFORE 8-Feb-1994", "")]
#[case("BEFORE 9-Feb-1994", "1")]
#[case("ON 1-Jan-2000", "2")]
#[case("ON 2-Jan-2000", "")]
#[case("SINCE 1-Jan-2000", "2 3")]
#[case("SENTBEFORE 8-Feb-1994", "1")]
#[case("SENTON \"7-Feb-1994\"", "1")]
#[case("SENTSINCE 7-Feb-1994", "1 2")]
#[case("FROM smith", "1")]
#[case("FROM EXAMPLE.ORG", "1 2")]
#[case("TO a@x", "1")]
#[case("CC c@x", "2")]
#[case("BCC d@x", "2")]
#[case("SUBJECT ALPHA", "3")]
#[case("SUBJECT \"\"", "1 2 3")]
#[case("HEADER X-Empty \"\"", "3")]
#[case("HEADER Cc \"\"", "2")]
#[case("HEADER Subject one", "1")]
#[case("BODY alpha", "1")]
#[case("TEXT alpha", "1 3")]
#[case("TEXT nowhere", "")]
#[case("CHARSET UTF-8 SUBJECT {5+}\r\nCAF\u{c9}", "2")]
#[case("CHARSET UTF-8 BODY {7+}\r\nGR\u{dc}\u{df}E", "2")]
#[case("LARGER 90 SMALLER 130", "1 3")]
#[case("SMALLER 1", "")]
#[case("1,3", "1 3")]
#[case("2:*", "2 3")]
#[case("*", "3")]
#[case("5:9", "")]
#[case("UID 1:2", "1 2")]
#[case("UID 99:*", "3")]
#[case("UID 99", "")]
#[case("SEEN FROM smith", "1")]
#[case("SEEN FLAGGED", "")]
#[case("OR SEEN FLAGGED", "1 2")]
#[case("NOT (SEEN)", "2 3")]
#[case("NOT OR SEEN (FLAGGED DRAFT)", "3")]
#[case("(1:2 UNSEEN)", "2")]
fn keys(#[case] criteria: &str, #[case] expected: &str) {
    let mut alice = mailbox();
    let space = if expected.is_empty() { "" } else { " " };
    let heard = alice.says(&format!("a SEARCH {criteria}"));
    assert_eq!(heard, format!("* SEARCH{space}{expected}\r\na OK SEARCH completed\r\n"));
}

#[rstest]
#[case("SEARCH", "BAD")]
#[case("SEARCH FOO", "BAD")]
#[case("SEARCH ALL ", "BAD")]
#[case("SEARCH CHARSET X-KOI9 TEXT x", "NO [BADCHARSET (US-ASCII UTF-8 ISO-8859-1 ")]
#[case("SEARCH TEXT {2+}\r\n\u{e9}", "BAD")]
#[case("SEARCH BEFORE 31-Feb-2000", "BAD")]
fn searches_refused(#[case] command: &str, #[case] expected: &str) {
    mailbox().is_answered(&format!("a {command}"), &format!("a {expected}"));
}

#[test]
fn uid_search_gives_uids() {
    let mut alice = mailbox();
    alice.says("a STORE 1 +FLAGS.SILENT (\\Deleted)");
    alice.says("b EXPUNGE");
    assert_eq!(alice.says("c SEARCH ALL"), "* SEARCH 1\r\nc OK SEARCH completed\r\n");
    assert_eq!(alice.says("d UID SEARCH ALL"), "* SEARCH 2\r\nd OK SEARCH completed\r\n");
    assert_eq!(alice.says("e UID SEARCH 1:* UID 2"), "* SEARCH 2\r\ne OK SEARCH completed\r\n");
}
