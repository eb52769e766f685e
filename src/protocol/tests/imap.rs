//! Framing and reading of IMAP responses.

use super::*;

#[track_caller]
fn check(wire: &str, replies: &[&str]) {
    assert_eq!(framed(Protocol::Imap, &[], Limits::default(), wire.as_bytes()), replies);
}

/// One untagged response without `* ` and CRLF.
#[track_caller]
fn one(response: &str, rendered: &str) {
    check(&format!("* {response}\r\n"), &[&format!("* {rendered}")]);
}

/// The same, when it is malformed; the offset counts from the start of `response`.
#[track_caller]
fn wrong(response: &str, offset: usize, expected: &str) {
    check(&format!("* {response}\r\n* 1 EXISTS\r\n"), &[&format!("! {} {expected}", offset + 2), "* 1 EXISTS"]);
}

#[test]
fn status_responses_have_codes_and_text() {
    check("a1 OK [READ-WRITE] done\r\n+ idling\r\n+ \r\n", &["a1 OK [READ-WRITE] done", "+ idling", "+ "]);
    one("OK [PERMANENTFLAGS (\\Deleted \\*)] limited", "OK [PERMANENTFLAGS (\\Deleted \\*)] limited");
    one("OK [COPYUID 1 2:3 4,9] x", "OK [COPYUID 1 2:3 4,9] x");
    one("ok [alert]", "OK [ALERT]");
    one("NO [BADCHARSET (UTF-8 \"x y\")] no", "NO [BADCHARSET (UTF-8 \"x y\")] no");
    one("NO [REFERRAL imap://a/;x=\"y] no", "NO [REFERRAL imap://a/;x=\"y] no");
    one("BYE [", "BYE ${_:/\\x5b/}");
    one("OK ", "OK");
    // A text that ends like a literal announces none: resp-text is one line.
    check("* OK done {5}\r\na1 NO {3}\r\n* 1 EXISTS\r\n", &["* OK done {5}", "a1 NO {3}", "* 1 EXISTS"]);
}

#[test]
fn data_is_read_as_values() {
    one("CAPABILITY IMAP4rev1 AUTH=PLAIN", "CAPABILITY IMAP4rev1 AUTH=PLAIN");
    one("LIST (\\HasNoChildren) \"/\" {3}\r\na b", "LIST (\\HasNoChildren) \"/\" \"a b\"");
    one("LIST () NIL INBOX (\"OLDNAME\" (x))", "LIST () NIL INBOX (\"OLDNAME\" (x))");
    one("STATUS \"a b\" (MESSAGES 2 UIDNEXT 5)", "STATUS \"a b\" (MESSAGES 2 UIDNEXT 5)");
    one("SEARCH 2 3 (MODSEQ 9)", "SEARCH 2 3 (MODSEQ 9)");
    one("SEARCH", "SEARCH");
    one("ESEARCH (TAG \"a\") UID COUNT 3 ALL 1:3", "ESEARCH (TAG \"a\") UID COUNT 3 ALL 1:3");
    one("NAMESPACE ((\"\" \"/\")) NIL NIL", "NAMESPACE ((\"\" \"/\")) NIL NIL");
    one("THREAD (2)(3 6 (4 23)(44 7 96))", "THREAD (2) (3 6 (4 23) (44 7 96))");
    one("THREAD ((3)(5))", "THREAD ((3) (5))");
    one("THREAD", "THREAD");
    one("ID (\"name\" \"x\" \"version\" NIL)", "ID (\"name\" \"x\" \"version\" NIL)");
    one("ENABLED", "ENABLED");
    // `$1` in a pattern is a message.
    one("FLAGS ($1 $$2 $Junk a$3 $)", "FLAGS ($$1 \"$$2\" $Junk a$3 $)");
    one("VANISHED (EARLIER) 41,43:116", "VANISHED (EARLIER) 41,43:116");
    one("QUOTA \"\" (STORAGE 10 512)", "QUOTA \"\" (STORAGE 10 512)");
    one("3 EXPUNGE", "3 EXPUNGE");
}

#[test]
fn fetch_items_have_sections_and_literals() {
    one("1 FETCH (FLAGS () UID 5)", "1 FETCH (FLAGS () UID 5)");
    one("25 UIDFETCH (FLAGS (\\Seen) BODY[1]<0> {2}\r\nhi)", "25 UIDFETCH (FLAGS (\\Seen) BODY[1]<0> \"hi\")");
    one(
        "1 FETCH (BODY[HEADER.FIELDS (FROM \"To\")]<0> {4}\r\na\r\nb)",
        "1 FETCH (BODY[HEADER.FIELDS (FROM To)]<0> \"a\\r\\nb\")",
    );
    one("1 FETCH (BINARY[1.2] ~{3}\r\na\0b BINARY.SIZE[1.2] 3)", "1 FETCH (BINARY[1.2] \"a\\x00b\" BINARY.SIZE[1.2] 3)");
    one("1 FETCH (BODY[] {0}\r\n)", "1 FETCH (BODY[] \"\")");
    one(
        "1 FETCH (ENVELOPE (NIL \"a\\\"b\" ((NIL NIL \"x\" \"y\")(NIL NIL \"z\" \"y\"))))",
        "1 FETCH (ENVELOPE (NIL \"a\\\"b\" ((NIL NIL \"x\" \"y\") (NIL NIL \"z\" \"y\"))))",
    );
    // A literal that holds lines and what looks like responses.
    check(
        "* 1 FETCH (BODY[] {12}\r\n* 2 EXISTS\r\n)\r\n* 3 EXISTS\r\n",
        &["* 1 FETCH (BODY[] \"* 2 EXISTS\\r\\n\")", "* 3 EXISTS"],
    );
    // Quotes around a brace: no literal.
    one("LIST () \"/\" \"a {5}\"", "LIST () \"/\" \"a {5}\"");
}

#[test]
fn what_is_no_response_is_named_with_its_place() {
    check("hello\r\n", &["! 5 expected a space behind the tag, found the end of the line"]);
    check("a1 done\r\n", &["! 3 expected OK, NO or BAD behind the tag"]);
    check("a1 OK\r\n", &["! 5 expected a space behind OK, found the end of the line"]);
    check("+\r\n", &["! 1 expected a space behind `+`, found the end of the line"]);
    check("\r\n* 1 EXISTS\r\n", &["! 0 expected `*`, `+` or a tag, found the end of the line", "* 1 EXISTS"]);
    wrong("", 0, "expected the name of a response behind `* `");
    wrong("1 FETCH (FLAGS (\\Seen)", 22, "expected a space or `)` behind FLAGS, found the end of the line");
    wrong("1 FETCH (BODY[] {2}\r\nabc)", 23, "expected a space or `)` behind BODY[] and its literal of 2 octets, found `c`");
    wrong("1 FETCH (UID  5)", 13, "expected a value, found a space");
    wrong("1 FETCH (UID 5 )", 15, "expected the name of a FETCH item, found `)`");
    wrong("1 FETCH (BODY[] {3+}\r\nabc)", 18, "expected `}` behind the size of a literal, found `+`");
    wrong("LIST () \"/\" \"a\\b\"", 14, "expected `\"` or `\\` behind the backslash of a quoted string, found `\\`");
    wrong("LIST () \"//\" a", 5, "expected NIL or one quoted character as the hierarchy delimiter of LIST");
    wrong("FLAGS \\Seen", 6, "expected one list of flags behind FLAGS");
    wrong("SEARCH 1 x", 7, "expected nothing but numbers behind SEARCH");
    let thread = "expected threads behind THREAD: numbers in parentheses, with none or several threads behind them";
    for wrong_thread in
        ["THREAD 1", "THREAD ()", "THREAD (1 (2))", "THREAD ((1))", "THREAD (1 (2)(x))", "THREAD (1 (2)(3) 4)", "THREAD (0)"]
    {
        wrong(wrong_thread, 7, thread);
    }
    wrong("STATUS a (MESSAGES)", 7, "expected a mailbox name and a list of names and values behind STATUS");
    wrong("2 EXISTS 3", 8, "expected the end of the line behind EXISTS");
    check("* 1 EXISTS\n* 2 EXISTS\r\n", &["! 10 expected CRLF, found a line feed that stands alone", "* 2 EXISTS"]);
    check("* OK a\rb\r\n", &["! 6 expected CRLF, found a carriage return that stands alone"]);
    let deep = format!("X {}{}", "(".repeat(300), ")".repeat(300));
    wrong(&deep, 102, "expected at most 100 lists inside each other, found `(`");
    assert_eq!(
        framed(Protocol::Imap, &[], Limits::default(), b"* LIST () \"/\" \"\xff\"\r\n"),
        ["! 15 expected ASCII or UTF-8 in a quoted string; other octets need a literal",]
    );
}

#[test]
fn no_memory_is_kept_for_what_is_only_announced() {
    let limits = Limits { line: 64, reply: 100, ..Limits::default() };
    let huge = framed(Protocol::Imap, &[], limits, b"* 1 FETCH (BODY[] {99999999999999999999}\r\n");
    assert_eq!(huge, ["!! 18 expected a literal that fits a response of at most 100 octets"]);
    let large = framed(Protocol::Imap, &[], limits, b"* 1 FETCH (BODY[] {80}\r\n");
    assert_eq!(large, ["!! 18 expected a literal that fits a response of at most 100 octets"]);
    let long = framed(Protocol::Imap, &[], limits, &[b'x'; 100]);
    assert_eq!(long, ["!! 0 expected a line of at most 64 octets"]);
}

#[test]
fn keys_have_one_normal_spelling() {
    let normal = |text: &str| crate::protocol::imap::normal_fields(text);
    assert_eq!(normal("body[header.fields (to From)]<0>"), normal("BODY[HEADER.FIELDS (FROM \"TO\")]<0>"));
    assert_ne!(normal("BODY[1]"), normal("BODY[1]<0>"));
    assert_eq!(normal("BODY[1"), None);
}
