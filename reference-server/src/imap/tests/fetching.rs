//! FETCH: every data item, as octets.

use super::*;
use rstest::rstest;

const MULTIPART: &str = "Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nFrom: Fred <fred@example.org>\r\nSubject: parts\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\r\nfirst\r\n--b\r\n\
    Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n--b--\r\n";

#[rstest]
#[case("BODY[]", MULTIPART)]
#[case("BODY[HEADER]", &MULTIPART[..149])]
#[case("BODY[TEXT]", &MULTIPART[149..])]
#[case("BODY[1]", "first")]
#[case("BODY[1.MIME]", "\r\n")]
#[case("BODY[2]", "Subject: inner\r\n\r\ninner text")]
#[case("BODY[2.MIME]", "Content-Type: message/rfc822\r\n\r\n")]
#[case("BODY[2.HEADER]", "Subject: inner\r\n\r\n")]
#[case("BODY[2.TEXT]", "inner text")]
#[case("BODY[2.1]", "inner text")]
#[case("BODY[2.HEADER.FIELDS (SUBJECT)]", "Subject: inner\r\n\r\n")]
#[case("BODY[HEADER.FIELDS (SUBJECT X-NONE)]", "Subject: parts\r\n\r\n")]
#[case("BODY[HEADER.FIELDS (X-NONE)]", "\r\n")]
#[case("BODY[HEADER.FIELDS.NOT (Date From MIME-Version Content-Type)]", "Subject: parts\r\n\r\n")]
#[case("BODY[TEXT]<0>", "preamble\r\n")]
#[case("BODY[1]<3>", "st")]
#[case("BODY[1]<5>", "")]
#[case("BODY[1]<4294967295>", "")]
#[case("RFC822", MULTIPART)]
#[case("RFC822.HEADER", &MULTIPART[..149])]
#[case("RFC822.TEXT", &MULTIPART[149..])]
fn sections(#[case] answered: &str, #[case] expected: &str) {
    let mut alice = Server::new().alice_in_inbox(&[MULTIPART]);
    alice.says("s STORE 1 +FLAGS.SILENT (\\Seen)");
    // The client says how many octets it wants, the server only from where.
    let asked = if answered.ends_with('>') { answered.replace('>', ".10>") } else { answered.to_owned() };
    let literal = format!("{{{}}}\r\n{expected}", expected.len());
    let heard = alice.says(&format!("a FETCH 1 {asked}"));
    assert_eq!(heard, format!("* 1 FETCH ({answered} {literal})\r\na OK FETCH completed\r\n"));
}

#[rstest]
#[case("BODY[3]")]
#[case("BODY[1.1]")]
#[case("BODY[1.HEADER]")]
#[case("BODY[1.TEXT]")]
#[case("BODY[2.2]")]
fn a_section_that_does_not_exist_is_nil(#[case] item: &str) {
    let mut alice = Server::new().alice_in_inbox(&[MULTIPART]);
    alice.says("s STORE 1 +FLAGS.SILENT (\\Seen)");
    assert_eq!(alice.says(&format!("a FETCH 1 {item}")), format!("* 1 FETCH ({item} NIL)\r\na OK FETCH completed\r\n"));
}

#[test]
fn macros_stand_for_items() {
    let mut alice = Server::new().alice_in_inbox(&[&message("hello", "x")]);
    let fred = "((\"Fred\" NIL \"fred\" \"example.org\"))";
    let envelope = format!("ENVELOPE (\"Mon, 7 Feb 1994 21:52:25 -0800\" \"hello\" {fred} {fred} {fred} NIL NIL NIL NIL NIL)");
    let fast = "FLAGS (\\Recent) INTERNALDATE \" 5-Jul-2026 09:08:07 +0000\" RFC822.SIZE 90";
    let body = "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 3 1";
    assert_eq!(alice.says("a FETCH 1 FAST"), format!("* 1 FETCH ({fast})\r\na OK FETCH completed\r\n"));
    assert_eq!(alice.says("a FETCH 1 ALL"), format!("* 1 FETCH ({fast} {envelope})\r\na OK FETCH completed\r\n"));
    assert_eq!(alice.says("a FETCH 1 FULL"), format!("* 1 FETCH ({fast} {envelope} BODY {body}))\r\na OK FETCH completed\r\n"));
    assert_eq!(
        alice.says("a FETCH 1 BODYSTRUCTURE"),
        format!("* 1 FETCH (BODYSTRUCTURE {body} NIL NIL NIL NIL))\r\na OK FETCH completed\r\n")
    );
}

#[rstest]
#[case("BODY[]", true)]
#[case("BODY[1]", true)]
#[case("BODY[HEADER]", true)]
#[case("RFC822", true)]
#[case("RFC822.TEXT", true)]
#[case("BODY.PEEK[]", false)]
#[case("RFC822.HEADER", false)]
#[case("ENVELOPE", false)]
#[case("(FLAGS UID BODYSTRUCTURE)", false)]
fn what_shows_the_body_sets_seen_and_says_so(#[case] items: &str, #[case] seen: bool) {
    let mut alice = Server::new().alice_in_inbox(&["x", "y"]);
    let heard = alice.says(&format!("a FETCH 1 {items}"));
    assert_eq!(heard.contains("FLAGS (\\Seen \\Recent)"), seen, "{heard}");
    assert_eq!(alice.says("b SEARCH SEEN").starts_with("* SEARCH 1"), seen);
    assert!(!alice.says("c FETCH 1 BODY[]").contains("FLAGS") || !seen, "it is told once");
}

#[test]
fn uid_fetch_always_tells_the_uid() {
    let mut alice = Server::new().alice_in_inbox(&["x", "y"]);
    alice.says("a STORE 1 +FLAGS.SILENT (\\Deleted)");
    alice.says("b EXPUNGE");
    assert_eq!(alice.says("c UID FETCH 1:99 RFC822.SIZE"), "* 1 FETCH (UID 2 RFC822.SIZE 1)\r\nc OK FETCH completed\r\n");
    assert_eq!(alice.says("d UID FETCH 2 (RFC822.SIZE UID)"), "* 1 FETCH (RFC822.SIZE 1 UID 2)\r\nd OK FETCH completed\r\n");
    assert_eq!(alice.says("e UID FETCH 1 FLAGS"), "e OK FETCH completed\r\n");
    assert_eq!(alice.says("f UID FETCH 559:* UID"), "* 1 FETCH (UID 2)\r\nf OK FETCH completed\r\n");
}

#[rstest]
#[case("FETCH 3 FLAGS", "BAD")]
#[case("FETCH 0 FLAGS", "BAD")]
#[case("FETCH 1 (FAST)", "BAD")]
#[case("FETCH 1 FLAGS UID", "BAD")]
#[case("FETCH 1 ()", "BAD")]
#[case("FETCH 1 BODY[", "BAD")]
#[case("FETCH 1,2,* (UID)", "OK")]
#[case("FETCH 2:1 BODY.PEEK[HEADER.FIELDS (\"a\" {1+}\r\nb c)]", "OK")]
fn fetches(#[case] command: &str, #[case] expected: &str) {
    let mut alice = Server::new().alice_in_inbox(&["x", "y"]);
    alice.is_answered(&format!("a {command}"), &format!("a {expected}"));
}

#[test]
fn in_an_empty_mailbox_no_number_is_valid() {
    let mut alice = Server::new().alice_in_inbox(&[]);
    alice.is_answered("a FETCH 1 FLAGS", "a BAD");
    alice.is_answered("b FETCH * FLAGS", "b BAD");
    alice.is_answered("c FETCH 1:* FLAGS", "c BAD");
    assert_eq!(alice.says("d UID FETCH 1:* FLAGS"), "d OK FETCH completed\r\n");
}

#[test]
fn eight_bit_and_hostile_messages_come_back_as_they_were() {
    let hostile = "Subject: \"x\\y\"\r\nFrom: caf\u{e9} <a\"b@c>\r\n\r\n\u{fffd}\r\n.\r\n{9}\r\n* BYE";
    let mut alice = Server::without(Extension::ImapUtf8Accept).alice_in_inbox(&[hostile]);
    let heard = alice.says("a FETCH 1 BODY.PEEK[]");
    assert_eq!(heard, format!("* 1 FETCH (BODY[] {{{}}}\r\n{hostile})\r\na OK FETCH completed\r\n", hostile.len()));
    assert!(alice.says("b FETCH 1 (ENVELOPE BODYSTRUCTURE)").ends_with("b OK FETCH completed\r\n"));
}

#[test]
fn a_long_answer_is_sent_in_pieces() {
    let body = "z".repeat(400_000);
    let messages: Vec<&str> = std::iter::repeat_n(body.as_str(), 8).collect();
    let mut alice = Server::new().alice_in_inbox(&messages);
    let mut heard = Vec::new();
    let mut after = alice.session.receive(b"a FETCH 1:8 BODY[]\r\nb NOOP\r\n", &mut heard);
    let mut pieces = 1;
    while after == After::Flush {
        let mut piece = Vec::new();
        after = alice.session.receive(b"", &mut piece);
        assert!(piece.len() < 3_000_000);
        heard.extend(piece);
        pieces += 1;
    }
    assert!(pieces > 1);
    let heard = String::from_utf8(heard).unwrap();
    assert_eq!(lines_with(&heard, " FETCH (").len(), 8);
    assert!(heard.ends_with("a OK FETCH completed\r\nb OK NOOP completed\r\n"));
}

#[test]
fn the_header_of_a_large_message_is_whole() {
    let large_body = message("large body", &"z".repeat(200_000));
    let large_header = message(&format!("large header{}", "\r\n folded".repeat(10_000)), "x");
    let mut alice = Server::new().alice_in_inbox(&[&large_body, &large_header]);
    for (number, raw) in [(1, &large_body), (2, &large_header)] {
        let header = &raw[..raw.find("\r\n\r\n").unwrap() + 4];
        let heard = alice.says(&format!("a FETCH {number} RFC822.HEADER"));
        let literal = format!("{{{}}}\r\n{header}", header.len());
        assert_eq!(heard, format!("* {number} FETCH (RFC822.HEADER {literal})\r\na OK FETCH completed\r\n"));
    }
}

#[test]
fn fields_of_a_header_that_is_longer_than_what_is_kept_in_memory() {
    let long: String = (0..20_000).map(|number| format!("X-Number: {number}\r\nX-Other:\r\n {number}\r\n")).collect();
    let message = format!("Subject: first\r\n{long}Subject: last\r\n\r\nSubject: body\r\n");
    let mut alice = Server::new().alice_in_inbox(&[&message]);
    let mut fetch = |section: &str, shown: &str| {
        let (name, partial) = section.split_once('<').map_or((section, ""), |(name, _)| (name, "<10>"));
        let asked = if partial.is_empty() { section.to_owned() } else { format!("{name}<10.20>") };
        let expected = format!("* 1 FETCH (BODY[{name}{partial} {{{}}}\r\n{shown})\r\na OK FETCH completed\r\n", shown.len());
        assert!(alice.says(&format!("a FETCH 1 BODY.PEEK[{asked}")) == expected, "{section}");
    };
    let chosen: String = (0..20_000).map(|number| format!("X-Other:\r\n {number}\r\n")).collect();
    fetch("HEADER.FIELDS (SUBJECT)]", "Subject: first\r\nSubject: last\r\n\r\n");
    fetch("HEADER.FIELDS (SUBJECT)]<", "irst\r\nSubject: last\r");
    fetch("HEADER.FIELDS (X-OTHER)]", &format!("{chosen}\r\n"));
    fetch("HEADER.FIELDS.NOT (X-Number Subject)]", &format!("{chosen}\r\n"));
}
