//! BINARY, SAVEDATE and PREVIEW.

use super::*;

const PARTS: &str = "Subject: parts\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9=\r\n=00\r\n--x\r\n\
    Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n--x\r\n\
    Content-Transfer-Encoding: x-rot13\r\n\r\nuryyb\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nhi\r\n--x--\r\n";

#[test]
fn parts_are_shown_decoded() {
    let mut alice = Server::new().alice_in_inbox(&[PARTS]);
    let shown = |alice: &mut Client, items: &str| {
        let heard = alice.says(&format!("a FETCH 1 ({items})"));
        heard.strip_prefix("* 1 FETCH (").unwrap_or(&heard).to_owned()
    };
    assert_eq!(
        shown(&mut alice, "BINARY.PEEK[2] BINARY.SIZE[2] BINARY.PEEK[2]<1.3> BINARY.PEEK[2]<9.3>"),
        "BINARY[2] {5}\r\nhello BINARY.SIZE[2] 5 BINARY[2]<1> {3}\r\nell BINARY[2]<9> {0}\r\n)\r\na OK FETCH completed\r\n"
    );
    // NUL makes it a literal8, but not where it is not shown.
    assert!(shown(&mut alice, "BINARY.PEEK[1]").starts_with("BINARY[1] ~{6}\r\ncafé\0)"));
    assert!(shown(&mut alice, "BINARY.PEEK[1]<0.5>").starts_with("BINARY[1]<0> {5}\r\ncafé)"));
    assert!(shown(&mut alice, "BINARY.SIZE[1]").starts_with("BINARY.SIZE[1] 6)"));
    assert!(shown(&mut alice, "BINARY.SIZE[]").starts_with(&format!("BINARY.SIZE[] {})", PARTS.len())));
    assert!(shown(&mut alice, "BINARY.PEEK[4.1]").starts_with("BINARY[4.1] {2}\r\nhi)"));
    assert!(shown(&mut alice, "BINARY.PEEK[9]").starts_with("BINARY[9] NIL)"));
    assert!(shown(&mut alice, "BINARY[2]").contains("FLAGS (\\Seen \\Recent)"));
    for item in ["BINARY.PEEK[3]", "BINARY.SIZE[3]"] {
        assert!(shown(&mut alice, item).starts_with("a NO [UNKNOWN-CTE]"), "{item}");
    }
    assert!(Server::without(Extension::ImapBinary).alice_in_inbox(&[PARTS]).says("a FETCH 1 BINARY[1]").starts_with("a BAD"));
}

#[test]
fn binary_messages_come_back_to_the_octet() {
    let mut alice = Server::new().alice_in_inbox(&[]);
    let heard = alice.says("a APPEND INBOX ~{29+}\r\nContent-Type: x/y\r\n\r\na\0b\r\n\nc\r");
    assert!(heard.contains("a OK"), "{heard}");
    assert!(alice.says("b FETCH 1 (BINARY.PEEK[] BINARY.PEEK[1])").contains("BINARY[1] ~{8}\r\na\0b\r\n\nc\r)"), "{heard}");
    let mut without = Server::without(Extension::ImapBinary).alice_in_inbox(&[]);
    assert!(without.says("a APPEND INBOX ~{1+}\r\nx").contains("a BAD Expected a literal"));
}

#[test]
fn large_parts_are_decoded_on_the_way() {
    let mut message = String::from("Content-Transfer-Encoding: base64\r\n\r\n");
    // 57 octets a line.
    let line = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n";
    message += &line.repeat(20_000);
    let mut alice = Server::new().alice_in_inbox(&[&message]);
    let heard = alice.says("a FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1]<1139990.100> BINARY.PEEK[1])");
    assert!(
        heard.starts_with("* 1 FETCH (BINARY.SIZE[1] 1140000 BINARY[1]<1139990> {10}\r\nvwxyz01234 BINARY[1] {1140000}\r\nABC")
    );
    assert!(heard.ends_with("vwxyz01234)\r\na OK FETCH completed\r\n"));
}

#[test]
fn save_dates_are_of_the_mailbox() {
    let server = Server::new();
    let mut alice = server.alice_in_inbox(&[]);
    alice.says("a APPEND INBOX \"17-Jul-1996 02:44:25 -0700\" {1+}\r\nx");
    let told = alice.says("b FETCH 1 (INTERNALDATE SAVEDATE)");
    assert!(told.contains("INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" SAVEDATE \" 5-Jul-2026 09:08:07 +0000\""), "{told}");
    for (keys, found) in [
        ("SAVEDON 5-Jul-2026", " 1"),
        ("SAVEDBEFORE 5-Jul-2026", ""),
        ("NOT SAVEDATESUPPORTED", ""),
        ("SAVEDSINCE 4-Jul-2026", " 1"),
    ] {
        assert!(alice.says(&format!("c SEARCH {keys}")).starts_with(&format!("* SEARCH{found}\r\n")), "{keys}");
    }
    let mut without = Server::without(Extension::ImapSaveDate).alice_in_inbox(&["x"]);
    assert!(without.says("a SEARCH NOT SAVEDATESUPPORTED").starts_with("a BAD"));
    assert!(Server::without(Extension::ImapSaveDate).alice_in_inbox(&["x"]).says("a FETCH 1 SAVEDATE").starts_with("a BAD"));
}

#[test]
fn previews_are_text() {
    let mut alice =
        Server::new().alice_in_inbox(&["Subject: x\r\n\r\nPreview \r\ntext!\r\n", "Content-Type: image/png\r\n\r\nAA"]);
    assert_eq!(
        alice.says("a FETCH 1:2 (PREVIEW (LAZY))"),
        "* 1 FETCH (PREVIEW \"Preview text!\")\r\n* 2 FETCH (PREVIEW \"\")\r\na OK FETCH completed\r\n"
    );
}
