//! Who a client is: USER and PASS, APOP, SASL.

use md5::{Digest, Md5};

use super::*;

#[test]
fn user_and_pass_come_one_after_the_other() {
    let mut client = server(&[]).connect();
    client.check(&[
        ("PASS secret", "-ERR"),
        ("STAT", "-ERR log in"),
        ("NOOP", "-ERR"),
        ("USER alice", "+OK"),
        ("CAPA", "+OK"),
        ("PASS secret", "-ERR USER"),
        ("USER alice", "+OK"),
        ("USER bob", "-ERR"),
        ("PASS secret", "-ERR USER"),
        ("USER nobody", "+OK"),
        ("PASS secret", "-ERR [AUTH]"),
        ("PASS secret", "-ERR USER"),
        ("USER alice", "+OK"),
        ("PASS  secret", "-ERR [AUTH]"),
        ("USER bob", "+OK"),
        ("pass pass word", "+OK"),
        ("USER bob", "-ERR"),
        ("AUTH PLAIN", "-ERR"),
        ("STLS", "-ERR"),
        ("STAT", "+OK 0 0\r\n"),
        ("LIST", "+OK 0 messages (0 octets)\r\n.\r\n"),
    ]);
}

#[test]
fn apop_needs_the_digest_of_the_timestamp() {
    let server = server(&[]);
    let mut client = server.connect();
    let greeting = client.greeting();
    let timestamp = &greeting[greeting.find('<').unwrap()..greeting.find('>').unwrap() + 1];
    assert!(timestamp.ends_with("@mail.example.org>") && !server.connect().greeting().contains(timestamp));
    let digest = |secret: &str| -> String {
        Md5::digest(format!("{timestamp}{secret}")).iter().map(|octet| format!("{octet:02x}")).collect()
    };
    client.check(&[
        (&format!("APOP alice {}", digest("wrong")), "-ERR [AUTH]"),
        (&format!("APOP nobody {}", digest("")), "-ERR [AUTH]"),
        (&format!("APOP alice {}", digest("secret").to_uppercase()), "-ERR a digest"),
        ("USER alice", "+OK"),
        (&format!("APOP alice {}", digest("secret")), "-ERR PASS"),
        (&format!("APOP alice@example.org {}", digest("secret")), "+OK maildrop has 2 messages"),
    ]);
    assert_eq!(client.session.timestamp.as_deref(), Some(timestamp));
}

#[test]
fn sasl_logs_in_with_and_without_initial_response() {
    let server = server(&[]);
    // The octets are "\0alice\0secret".
    let plain = "AGFsaWNlAHNlY3JldA==";
    let mut client = server.connect();
    client.check(&[
        ("AUTH", "-ERR"),
        ("AUTH XYZ", "-ERR"),
        ("AUTH PLAIN AGFsaWNlAHdyb25n", "-ERR [AUTH]"),
        ("AUTH PLAIN =", "-ERR the response"),
        ("AUTH PLAIN A=GF", "-ERR the initial"),
        ("AUTH PLAIN", "+ \r\n"),
        ("*", "-ERR"),
        ("auth plain", "+ \r\n"),
        ("QUIT!", "-ERR the response is not base64"),
        ("AUTH LOGIN", "+ VXNlcm5hbWU6\r\n"),
        ("YWxpY2U=", "+ UGFzc3dvcmQ6\r\n"),
        ("d3Jvbmc=", "-ERR [AUTH]"),
        ("AUTH CRAM-MD5 eA==", "-ERR"),
        ("AUTH PLAIN", "+ \r\n"),
        (plain, "+OK maildrop has 2 messages"),
    ]);
    client.say("QUIT");
    server.connect().check(&[(&format!("AUTH PLAIN {plain}"), "+OK maildrop has 2 messages")]);
}

#[test]
fn stls_forgets_the_user() {
    let mut client = server(&[]).connect();
    client.check(&[("USER alice", "+OK"), ("STLS", "+OK"), ("PASS secret", "-ERR USER")]);
}
