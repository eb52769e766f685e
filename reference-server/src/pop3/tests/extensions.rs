//! UTF-8, languages (RFC 6856), and servers that do without extensions.

use md5::{Digest, Md5};

use super::*;
use crate::extensions::Extension;

pub(super) const FAULTS: &[Fault] = &[Fault::Pop3RawUtf8];

const INTERNATIONAL: &str = "From: Zo\u{eb} <zo\u{eb}@example.org>\r\nSubject: hi\r\n\r\nbody\r\n";

#[test]
fn an_internationalized_message_needs_utf8() {
    let server = server(&[]);
    deliver(&server.store, INTERNATIONAL);
    deliver(&server.store, "Content-Transfer-Encoding: 8bit\r\n\r\n\u{e9}\r\n");
    let mut client = server.logged_in();
    client.check(&[
        ("STAT", "+OK 4 "),
        ("LIST 3", &format!("+OK 3 {}\r\n", INTERNATIONAL.len())),
        ("RETR 3", "-ERR [UTF8] "),
        ("TOP 3 0", "-ERR [UTF8] "),
        ("RETR 4", "+OK 39 octets\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\u{e9}\r\n.\r\n"),
        ("UIDL 3", "+OK 3 "),
        ("UTF8", "-ERR"),
        ("QUIT", "+OK"),
    ]);
    let mut client = server.connect();
    let retrieved = format!("+OK {} octets\r\n{INTERNATIONAL}.\r\n", INTERNATIONAL.len());
    client.check(&[
        ("UTF8 x", "-ERR"),
        ("UTF8", "+OK"),
        ("UTF8", "+OK"),
        ("STLS", "-ERR STLS comes before UTF8"),
        ("USER alice", "+OK"),
        ("PASS secret", "+OK"),
        ("RETR 3", &retrieved),
    ]);
    client.session.closed();

    let careless = super::server(FAULTS);
    deliver(&careless.store, INTERNATIONAL);
    assert_eq!(careless.logged_in().say("RETR 3"), retrieved);
}

#[test]
fn names_and_passwords_are_utf8_and_prepared() {
    let server = server(&[]);
    let login = |name: &[u8], password: &[u8]| {
        let mut client = server.connect();
        let lines = [b"USER ".as_slice(), name, b"\r\nPASS ", password, b"\r\n"].concat();
        let replies = client.send(&lines);
        client.session.closed();
        replies.lines().map(|line| line.get(..4).unwrap().trim_end().to_owned()).collect::<Vec<_>>()
    };
    let (zoe, password) = ("zo\u{eb}".as_bytes(), "pass\u{f6}rd".as_bytes());
    assert_eq!(login(zoe, password), ["+OK", "+OK"]);
    // Decomposed, with a soft hyphen, and in the letters of full width that NFKC maps.
    assert_eq!(login("ZOe\u{308}".as_bytes(), "pa\u{ad}sso\u{308}rd".as_bytes()), ["+OK", "+OK"]);
    assert_eq!(login("\u{ff41}lice".as_bytes(), b"secret"), ["+OK", "+OK"]);
    // Latin-1 is not UTF-8, and what SASLprep prohibits is no name and no password.
    assert_eq!(login(b"zo\xeb", password), ["-ERR", "-ERR"]);
    assert_eq!(login(zoe, b"pass\xf6rd"), ["+OK", "-ERR"]);
    assert_eq!(login("alice\u{e000}".as_bytes(), b"secret"), ["-ERR", "-ERR"]);
    assert_eq!(login(b"alice", b"sec\x07ret"), ["+OK", "-ERR"]);
    let mut client = server.connect();
    let timestamp = client.session.timestamp.clone().unwrap();
    let digest: String = Md5::digest(format!("{timestamp}pass\u{f6}rd")).iter().map(|octet| format!("{octet:02x}")).collect();
    client.check(&[(&format!("APOP zoe\u{308} {digest}"), "+OK")]);
}

#[test]
fn texts_are_in_the_language_of_the_client() {
    let server = server(&[]);
    let mut client = server.connect();
    client.check(&[
        ("LANG", "+OK languages follow\r\nen English\r\nde Deutsch\r\nfr Fran\u{e7}ais\r\n.\r\n"),
        ("LANG mul", "-ERR texts are not written"),
        ("LANG de-CH", "+OK de es geht auf Deutsch weiter\r\n"),
        ("LANG mul", "-ERR in dieser Sprache"),
        ("STAT", "-ERR melden Sie sich"),
        ("USER alice", "+OK nun das Passwort"),
        ("PASS wrong", "-ERR [AUTH] Name oder"),
        ("USER alice", "+OK"),
        ("PASS secret", "+OK im Postfach: 2 Nachrichten (63 Oktette)"),
        ("STAT", "+OK 2 63\r\n"),
        ("LANG FR", "+OK fr la suite"),
        ("DELE 1", "+OK message 1 supprim\u{e9}"),
        ("LANG *", "+OK en this is English"),
        ("LANG de fr", "-ERR write it as LANG"),
        ("LANG de,fr", "-ERR"),
        ("QUIT", "+OK good-bye, 1 message left"),
    ]);
    // RFC 6856 §7: what somebody in the middle said before TLS does not count.
    let mut client = server.connect();
    client.check(&[("LANG de", "+OK de"), ("STLS", "+OK"), ("STAT", "-ERR log in first")]);
}

#[test]
fn what_is_switched_off_is_neither_announced_nor_known() {
    let commands = [
        (Extension::Pop3Capa, "CAPA"),
        (Extension::Pop3Top, "TOP 1 0"),
        (Extension::Pop3Uidl, "UIDL"),
        (Extension::Pop3User, "USER alice"),
        (Extension::Pop3Apop, "APOP alice 0"),
        (Extension::Pop3Sasl, "AUTH PLAIN"),
        (Extension::Pop3Stls, "STLS"),
        (Extension::Pop3Utf8, "UTF8"),
        (Extension::Pop3Lang, "LANG"),
    ];
    for extension in Extension::ALL.iter().filter(|extension| extension.name().starts_with("pop3/")) {
        let without = [*extension].into_iter().collect();
        let mut client = server_of(Config { without, ..Config::default() }).connect();
        let announced = client.say("CAPA");
        let keyword = extension.keyword();
        assert!(!announced.lines().any(|line| line.split(' ').next() == Some(keyword)), "{keyword}: {announced}");
        if let Some((_, command)) = commands.iter().find(|(switched, _)| switched == extension) {
            assert_eq!(client.say(command), "-ERR there is no such command\r\n", "{keyword}");
        }
    }
    let without = |extension: Extension| server_of(Config { without: [extension].into_iter().collect(), ..Config::default() });
    without(Extension::Pop3AuthRespCode).connect().check(&[("USER alice", "+OK"), ("PASS x", "-ERR name or password")]);
    assert!(without(Extension::Pop3Apop).connect().session.timestamp.is_none());
    let server = without(Extension::Pop3RespCodes);
    let _first = server.logged_in();
    server.connect().check(&[("USER alice", "+OK"), ("PASS secret", "-ERR another session")]);
    let mut plain = without(Extension::Pop3Utf8).connect();
    plain.check(&[("USER zo\u{eb}", "-ERR write it as USER name"), ("USER alice", "+OK"), ("PASS secret", "+OK")]);
}
