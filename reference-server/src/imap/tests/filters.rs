//! Named searches (RFC 5466): what the wire suites can not reach.

use super::*;
use crate::mail::{Address, Domain};

fn administered() -> Server {
    Server::made(Config {
        administrators: vec![Address::new("alice", Domain::Name("example.org".to_owned()))],
        ..Config::default()
    })
}

#[test]
fn shared_filters_are_everybodys_and_private_ones_come_first() {
    let server = administered();
    let mut alice = server.alice_in_inbox(&["Subject: one\r\n\r\n", "Subject: two\r\n\r\n"]);
    let set = "a SETMETADATA \"\" (/shared/filters/values/x \"SUBJECT one\" /shared/comment \"ours\")";
    assert_eq!(alice.says(set), "a OK SETMETADATA completed\r\n");
    assert!(alice.says("b SEARCH FILTER X").starts_with("* SEARCH 1\r\n"));
    assert_eq!(alice.says("c SETMETADATA \"\" (/private/filters/values/x \"SUBJECT two\")"), "c OK SETMETADATA completed\r\n");
    assert!(alice.says("d SEARCH FILTER x").starts_with("* SEARCH 2\r\n"));
    let mut bob = server.client();
    bob.says("l LOGIN bob hidden");
    bob.appends("INBOX", "Subject: one\r\n\r\n");
    bob.says("s SELECT INBOX");
    assert!(bob.says("a SEARCH FILTER x").starts_with("* SEARCH 1\r\n"));
    assert!(bob.says("b SETMETADATA \"\" (/shared/filters/values/x NIL)").starts_with("b NO [NOPERM]"));
    // Not even an administrator says how administrators are reached.
    assert!(alice.says("e SETMETADATA \"\" (/shared/admin \"me\")").starts_with("e NO [NOPERM]"));
}

#[test]
fn filters_have_literals_and_utf_8() {
    let mut alice = Server::new().alice_in_inbox(&["Subject: =?utf-8?Q?caf=C3=A9?=\r\n\r\n", "Subject: b\r\n\r\n"]);
    let value = "SUBJECT \"café\"";
    alice.says(&format!("a SETMETADATA \"\" (/private/filters/values/q {{{}+}}\r\n{value})", value.len()));
    assert!(alice.says("b SEARCH FILTER q").starts_with("* SEARCH 1\r\n"));
    let value = "NOT SUBJECT {5}\r\ncafé";
    alice.says(&format!("c SETMETADATA \"\" (/private/filters/values/l {{{}+}}\r\n{value})", value.len()));
    assert!(alice.says("d SEARCH FILTER l SUBJECT {1+}\r\nb ALL").starts_with("* SEARCH 2\r\n"));
}

#[test]
fn filters_do_not_grow_without_bounds() {
    let mut alice = Server::new().alice_in_inbox(&[]);
    let many = |name: &str| vec![format!("FILTER {name}"); 1000].join(" ");
    for (entry, value) in [("a", many("b")), ("b", many("c")), ("c", "ALL".to_owned())] {
        let line = format!("s SETMETADATA \"\" (/private/filters/values/{entry} \"{value}\")");
        assert_eq!(alice.says(&line), "s OK SETMETADATA completed\r\n");
    }
    assert!(alice.says("x SEARCH FILTER a").starts_with("x NO [LIMIT]"));
}

#[test]
fn what_fails_leaves_no_saved_result() {
    let mut alice = Server::new().alice_in_inbox(&["Subject: one\r\n\r\n"]);
    alice.says("a SEARCH RETURN (SAVE) ALL");
    assert!(alice.says("b SEARCH RETURN (SAVE) FILTER none").starts_with("b NO [UNDEFINED-FILTER none]"));
    assert_eq!(alice.says("c FETCH $ UID"), "c OK FETCH completed\r\n");
}

#[test]
fn without_the_extension_entries_are_any_annotations() {
    let mut alice = Server::without(Extension::ImapFilters).alice_in_inbox(&[]);
    assert!(alice.says("a SETMETADATA \"\" (/private/filters/values/x \"OR SMALLER\")").starts_with("a OK"));
    assert!(alice.says("b SEARCH FILTER x").starts_with("b BAD"));
}
