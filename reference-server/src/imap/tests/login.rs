//! Greeting, capabilities, STARTTLS and authentication.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rstest::rstest;

fn remote() -> Peer {
    Peer { plaintext_auth: false, ..Peer::loopback() }
}

#[test]
fn the_greeting_tells_the_capabilities() {
    let mut client = Server::new().client();
    let capabilities = client.greeting.strip_prefix("* OK [CAPABILITY ").unwrap();
    let capabilities = capabilities.strip_suffix("] mail.example.org ready\r\n").unwrap().to_owned();
    let listed: Vec<&str> = capabilities.split(' ').collect();
    assert!(listed.starts_with(&["IMAP4rev1", "STARTTLS", "SASL-IR"]), "{capabilities}");
    assert!(listed.ends_with(&["AUTH=PLAIN", "AUTH=LOGIN", "AUTH=CRAM-MD5", "AUTH=SCRAM-SHA-1", "AUTH=SCRAM-SHA-256"]));
    assert!(["LITERAL+", "IDLE", "UIDPLUS"].iter().all(|name| listed.contains(name)), "{capabilities}");
    assert!(client.says("a CAPABILITY").starts_with(&format!("* CAPABILITY {capabilities}\r\n")));
    let after: Vec<&str> = listed.into_iter().filter(|name| *name != "STARTTLS" && !name.starts_with("AUTH=")).collect();
    assert!(client.says("b LOGIN alice secret").starts_with(&format!("b OK [CAPABILITY {}] ", after.join(" "))));
}

#[test]
fn no_password_travels_in_clear() {
    let server = Server::new();
    let mut client = server.client_from(remote());
    assert!(
        client.greeting.contains(" STARTTLS ")
            && client.greeting.contains(" LOGINDISABLED AUTH=CRAM-MD5 AUTH=SCRAM-SHA-1 AUTH=SCRAM-SHA-256] "),
        "{}",
        client.greeting
    );
    assert!(client.says("a LOGIN alice secret").starts_with("a NO [PRIVACYREQUIRED]"));
    assert!(client.says("b AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==").starts_with("b NO [PRIVACYREQUIRED]"));
    assert_eq!(client.says("c STARTTLS"), "c OK Begin TLS negotiation now\r\n");
    assert_eq!(client.after, After::StartTls);
    let mut heard = Vec::new();
    assert_eq!((client.session.secured(crate::session::Channel::default(), &mut heard), heard.len()), (After::Continue, 0));
    let capability = client.says("d CAPABILITY");
    assert!(!capability.contains("STARTTLS") && !capability.contains("LOGINDISABLED") && capability.contains("AUTH=PLAIN"));
    assert!(client.says("e STARTTLS").starts_with("e BAD"));
    assert!(client.says("f LOGIN alice secret").starts_with("f OK"));
    assert!(client.says("g STARTTLS").starts_with("g BAD"));
}

#[test]
fn nothing_sent_in_clear_survives_the_handshake() {
    let mut client = Server::new().client();
    assert_eq!(client.sends(b"a STARTTLS\r\nb NOOP\r\nc LOG"), "a OK Begin TLS negotiation now\r\n");
    let mut heard = Vec::new();
    client.session.secured(crate::session::Channel::default(), &mut heard);
    assert!(heard.is_empty());
    assert_eq!(client.says("d NOOP"), "d OK NOOP completed\r\n");
}

#[rstest]
#[case("a LOGIN alice secret", "a OK [CAPABILITY ")]
#[case("a LOGIN alice@example.org \"secret\"", "a OK [CAPABILITY ")]
#[case("a login \"alice\" {6+}\r\nsecret", "a OK [CAPABILITY ")]
#[case("a LOGIN alice wrong", "a NO [AUTHENTICATIONFAILED] ")]
#[case("a LOGIN nobody secret", "a NO [AUTHENTICATIONFAILED] ")]
#[case("a LOGIN alice \"\"", "a NO [AUTHENTICATIONFAILED] ")]
#[case("a LOGIN {1+}\r\n\u{e9} x", "a BAD ")]
#[case("a LOGIN {2+}\r\n\u{e9} x", "a NO [AUTHENTICATIONFAILED] ")]
#[case("a AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==", "a OK [CAPABILITY ")]
#[case("a AUTHENTICATE plain\r\nAGFsaWNlAHNlY3JldA==", "+ \r\na OK [CAPABILITY ")]
#[case("a AUTHENTICATE PLAIN\r\nAGFsaWNlAHdyb25n", "+ \r\na NO [AUTHENTICATIONFAILED] ")]
#[case("a AUTHENTICATE PLAIN Ym9iAGFsaWNlAHNlY3JldA==", "a NO [AUTHORIZATIONFAILED] ")]
#[case("a AUTHENTICATE PLAIN =", "a NO [AUTHENTICATIONFAILED] ")]
#[case("a AUTHENTICATE PLAIN\r\n*", "+ \r\na BAD The authentication was cancelled")]
#[case("a AUTHENTICATE PLAIN\r\nno base64!", "+ \r\na BAD ")]
#[case("a AUTHENTICATE PLAIN ***", "a BAD ")]
#[case("a AUTHENTICATE PLAIN ", "a NO [AUTHENTICATIONFAILED] ")]
#[case("a AUTHENTICATE LOGIN\r\nYWxpY2U=\r\nc2VjcmV0", "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\na OK [CAPABILITY ")]
#[case("a AUTHENTICATE KERBEROS_V4", "a NO ")]
#[case("a AUTHENTICATE", "a BAD ")]
#[case("a AUTHENTICATE CRAM-MD5 YWxpY2U=", "a BAD ")]
fn logins(#[case] lines: &str, #[case] expected: &str) {
    let heard = Server::new().client().says(lines);
    assert!(heard.starts_with(expected), "{heard}");
}

#[test]
fn cram_md5_needs_no_tls() {
    let mut client = Server::new().client_from(remote());
    let challenge = client.says("a AUTHENTICATE CRAM-MD5");
    let challenge = STANDARD.decode(challenge.trim_start_matches("+ ").trim_end()).unwrap();
    let mut digest = Hmac::<md5::Md5>::new_from_slice(b"secret").unwrap();
    digest.update(&challenge);
    let hexadecimal: String = digest.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    let answer = STANDARD.encode(format!("alice {hexadecimal}"));
    assert!(client.says(&answer).starts_with("a OK [CAPABILITY "));
}

#[test]
fn guessing_has_an_end() {
    let mut client = Server::new().client();
    let heard: String = (0..10).map(|_| client.says("a LOGIN alice guess")).collect();
    assert_eq!(heard.matches("a NO [AUTHENTICATIONFAILED]").count(), 10);
    assert!(heard.ends_with("* BYE Too many failed logins\r\n"));
    assert_eq!(client.after, After::Close);
}

#[test]
fn commands_of_every_state() {
    let server = Server::new();
    let mut client = server.client();
    assert_eq!(client.says("a ID (\"name\" \"test\" \"x\" NIL)").lines().count(), 2);
    assert!(client.says("b ID NIL").starts_with("* ID (\"name\" "));
    assert!(client.says("c ID (name \"test\")").starts_with("c BAD"));
    assert!(client.says("d ID (\"a\" \"1\" \"A\" \"2\")").starts_with("d BAD"));
    assert_eq!(client.says("e NOOP"), "e OK NOOP completed\r\n");
    assert!(client.says("f NAMESPACE").starts_with("f BAD"));
    assert_eq!(client.says("g LOGOUT"), "* BYE Good-bye\r\ng OK LOGOUT completed\r\n");
    assert_eq!(client.after, After::Close);
    let mut alice = server.alice();
    assert_eq!(
        alice.says("a NAMESPACE"),
        "* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) NIL\r\na OK NAMESPACE completed\r\n"
    );
    assert!(alice.says("b FETCH 1 ALL").starts_with("b BAD FETCH is only valid while a mailbox is selected"));
    assert!(alice.says("c LOGIN alice secret").starts_with("c BAD"));
    assert!(alice.says("d AUTHENTICATE PLAIN").starts_with("d BAD"));
}
