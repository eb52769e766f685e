//! UTF8=ACCEPT (RFC 6855), and what those see who did not enable it (RFC 6858).

use super::*;

const MESSAGE: &str =
    "From: Jürgen <jürgen@example.org>\r\nSubject: Frühstück\r\nContent-Type: text/plain; charset=utf-8; name=é\r\n\r\nGrüße\r\n";

fn enabled(server: &Server) -> Client {
    let mut alice = server.alice();
    assert_eq!(alice.says("t ENABLE UTF8=ACCEPT"), "* ENABLED UTF8=ACCEPT\r\nt OK ENABLE completed\r\n");
    alice
}

fn appends_plainly(client: &mut Client, message: &str) -> String {
    client.says(&format!("p APPEND INBOX {{{}+}}\r\n{message}", message.len()))
}

fn appends_utf8(client: &mut Client, message: &str) -> String {
    client.says(&format!("u APPEND INBOX UTF8 (~{{{}+}}\r\n{message})", message.len()))
}

#[test]
fn a_header_in_utf8_needs_enable() {
    let server = Server::new();
    let mut legacy = server.alice();
    assert!(appends_utf8(&mut legacy, MESSAGE).starts_with("u NO [CANNOT]"));
    assert!(appends_plainly(&mut legacy, MESSAGE).starts_with("p NO [CANNOT]"));
    // A body in 8 bits is nothing new, and neither is a header in 7 bits within UTF8.
    assert!(appends_plainly(&mut legacy, "Subject: e\r\n\r\né\r\n").starts_with("p OK"));
    assert!(appends_utf8(&mut legacy, "Subject: e\r\n\r\n").starts_with("u OK"));
    let mut modern = enabled(&server);
    assert!(appends_utf8(&mut modern, MESSAGE).starts_with("u OK"));
    modern.says("a SELECT INBOX");
    let catenated = "b APPEND INBOX CATENATE (UTF8 (~{13+}\r\nSubject: é\r\n) URL \"/INBOX/;UID=1\")";
    assert!(modern.says(catenated).contains("b OK"));
    // A header is put together of a part of an internationalized message.
    let mut again = server.alice();
    again.says("a SELECT INBOX");
    assert!(again.says("b APPEND INBOX CATENATE (URL \"/INBOX/;UID=3\")").contains("b NO [CANNOT]"));
}

#[test]
fn large_headers_are_looked_at_too() {
    let server = Server::new();
    let mut legacy = server.alice();
    let large = format!("X: {}\r\nSubject: é\r\n\r\n{}", "x".repeat(200_000), "body\r\n".repeat(20_000));
    assert!(appends_plainly(&mut legacy, &large).starts_with("p NO [CANNOT]"));
}

#[test]
fn legacy_clients_see_a_surrogate() {
    let server = Server::new();
    appends_utf8(&mut enabled(&server), MESSAGE);
    let mut legacy = server.alice();
    legacy.appends("INBOX", "Subject: plain\r\n\r\n");
    legacy.says("s SELECT INBOX");
    let heard = legacy.says("a FETCH 1:2 (BODY.PEEK[HEADER] ENVELOPE BODYSTRUCTURE BODY.PEEK[TEXT])");
    assert!(heard.contains("Subject: =?utf-8?B?RnLDvGhzdMO8Y2s=?=\r\n"), "{heard}");
    assert!(heard.contains("<invalid@internationalized-address.invalid>\r\n"), "{heard}");
    assert!(heard.contains("Content-Type: text/plain; charset=utf-8\r\n") && heard.contains("Grüße"), "{heard}");
    assert!(heard.contains("a OK [DOWNGRADED 1] FETCH completed\r\n"), "{heard}");
    assert!(legacy.says("b FETCH 1:2 (FLAGS RFC822.SIZE)").contains("b OK FETCH completed\r\n"));
    // The message itself is what is searched and copied, and what other clients see.
    assert!(legacy.says("c SEARCH CHARSET UTF-8 FROM {8+}\r\njürgen@").contains("* SEARCH 1\r\n"));
    legacy.says("d COPY 1 INBOX");
    let mut modern = enabled(&server);
    modern.says("s SELECT INBOX");
    let heard = modern.says("e FETCH 3 BODY.PEEK[]");
    assert!(heard.contains(MESSAGE) && heard.ends_with("e OK FETCH completed\r\n"), "{heard}");
}

#[test]
fn large_messages_have_the_same_surrogate_as_small_ones() {
    let server = Server::new();
    let part = |header: &str, lines: usize| format!("--b\r\n{header}\r\n\r\n{}", "aWFhYWFhYWFhYWFhYWFh\r\n".repeat(lines));
    let message = |lines| {
        let parts = part("Content-Disposition: attachment; filename=é\r\nContent-Transfer-Encoding: base64", lines)
            + &part("Content-Type: message/rfc822\r\n\r\nSubject: é", 1);
        format!("Subject: é\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n")
    };
    let mut modern = enabled(&server);
    appends_utf8(&mut modern, &message(1));
    appends_utf8(&mut modern, &message(30_000));
    let mut legacy = server.alice();
    legacy.says("s SELECT INBOX");
    for items in ["BODY.PEEK[]", "BODY.PEEK[1]", "BODY.PEEK[TEXT]"] {
        let small = legacy.says(&format!("a FETCH 1 {items}"));
        let large = legacy.says(&format!("a FETCH 2 {items}"));
        let line = "aWFhYWFhYWFhYWFhYWFh\r\n";
        let collapsed = |heard: &str| {
            let (_, octets) = heard.split_once("}\r\n").unwrap();
            octets.replace(&line.repeat(29_999), "").replace("DOWNGRADED 2", "DOWNGRADED 1")
        };
        assert!(collapsed(&small) == collapsed(&large), "{items}");
        assert!(small.is_ascii() && large.is_ascii(), "{items}");
    }
    for items in
        ["BODY.PEEK[HEADER]", "BODY.PEEK[1.MIME]", "BODY.PEEK[2.HEADER]", "ENVELOPE", "BINARY.PEEK[1]<0.9>", "BODY.PEEK[]<5.90>"]
    {
        let of = |number: u32, heard: String| {
            heard.replace(&format!("* {number} "), "* ").replace(&format!("DOWNGRADED {number}"), "")
        };
        let small = of(1, legacy.says(&format!("a FETCH 1 {items}")));
        assert_eq!(small, of(2, legacy.says(&format!("a FETCH 2 {items}"))), "{items}");
    }
}

#[test]
fn names_and_texts_are_utf8_once_enabled() {
    let server = Server::new();
    let mut modern = enabled(&server);
    modern.is_answered("a CREATE \"Entwürfe\"", "a OK");
    assert!(modern.says("b LIST \"\" Ent*").starts_with("* LIST (\\HasNoChildren) \"/\" \"Entwürfe\"\r\n"));
    assert!(server.alice().says("c LIST \"\" Ent*").starts_with("* LIST (\\HasNoChildren) \"/\" Entw&APw-rfe\r\n"));
    modern.is_answered("d CREATE \"line\u{2028}separator\"", "d NO [CANNOT]");
    appends_utf8(&mut modern, MESSAGE);
    modern.says("s SELECT INBOX");
    assert!(modern.says("e SEARCH SUBJECT \"Früh\"").starts_with("* SEARCH 1\r\n"));
    modern.is_answered("f SEARCH CHARSET UTF-8 SUBJECT \"Früh\"", "f BAD");
    modern.is_answered("g UID SEARCH CHARSET US-ASCII ALL", "g BAD");
    assert!(modern.says("h SORT (ARRIVAL) UTF-8 SUBJECT \"Früh\"").starts_with("* SORT 1\r\n"));
}

#[test]
fn without_the_extension_headers_are_octets() {
    let server = Server::without(Extension::ImapUtf8Accept);
    let mut alice = server.alice_in_inbox(&[MESSAGE]);
    assert!(alice.says("a FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]").contains("Subject: Frühstück\r\n"));
    assert!(appends_utf8(&mut alice, MESSAGE).starts_with("u BAD"));
}

#[test]
fn a_server_may_want_utf8_from_everybody() {
    let server = Server::made(Config { utf8_only: true, ..Config::default() });
    let mut alice = server.alice();
    let capabilities = alice.says("a CAPABILITY");
    assert!(capabilities.contains(" UTF8=ONLY") && !capabilities.contains("UTF8=ACCEPT"), "{capabilities}");
    alice.is_answered("b SELECT INBOX", "b NO [CANNOT]");
    alice.is_answered("c NOOP", "c OK");
    assert!(alice.says("d ENABLE IMAP4rev2").contains("d OK"));
    alice.is_answered("e LIST \"\" *", "e NO [CANNOT]");
    assert!(alice.says("f ENABLE UTF8=ACCEPT").contains("f OK"));
    assert!(alice.says("g SELECT INBOX").contains("g OK"));
}
