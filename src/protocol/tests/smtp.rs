//! Framing of SMTP replies.

use super::*;

#[track_caller]
fn check(wire: &str, replies: &[&str]) {
    assert_eq!(framed(Protocol::Smtp, &[], Limits::default(), wire.as_bytes()), replies);
}

#[test]
fn replies_of_one_and_several_lines() {
    check("220 mx ESMTP\r\n250-a\r\n250-\r\n250 c\r\n", &["220 mx ESMTP", "250-a / 250- / 250 c"]);
    check("250\r\n250 \r\n250-a\r\n250\r\n", &["250", "250", "250-a / 250"]);
    check("250-a\r\n", &[]);
    check("250 caf\u{e9}\r\n", &["250 caf\u{e9}"]);
}

#[test]
fn what_is_no_reply_is_named_and_framing_goes_on() {
    check("hello\r\n250 ok\r\n", &["! 0 expected a reply code of three digits", "250 ok"]);
    check("2500 ok\r\n250 ok\r\n", &["! 3 expected a space or a hyphen after the reply code", "250 ok"]);
    check("650 ok\r\n", &["! 0 expected a reply code that begins with 2, 3, 4 or 5"]);
    check("\r\n250 ok\r\n", &["! 0 expected a reply code of three digits", "250 ok"]);
    check("250 a\n250 b\r\n", &["! 5 expected CRLF, found a line feed that stands alone", "250 b"]);
    check("250 a\rb\r\n", &["! 5 expected CRLF, found a carriage return that stands alone"]);
    check(
        "250-a\r\n251 b\r\n250 c\r\n",
        &["! 7 expected the reply code 250 of the first line on every line of the reply, found 251", "250 c"],
    );
    check("250-a\r\nstray\r\n250 c\r\n", &["! 7 expected a reply code of three digits"]);
}

#[test]
fn enhanced_status_codes_are_read_from_each_line() {
    let mut framer = framer(Protocol::Smtp, Limits::default());
    framer.push(b"550-5.1.1 no such user\r\n550 5.1.1\r\n250 2.0 x\r\n250 3.0.0 x\r\n250 2.0.0x\r\n");
    let codes = std::iter::from_fn(|| framer.next()).flat_map(|reply| match reply.parsed {
        Parsed::Smtp(reply) => reply.lines.into_iter().map(|line| line.enhanced.map(|e| e.to_string())).collect(),
        _ => vec![Some("malformed".to_owned())],
    });
    let five = Some("5.1.1".to_owned());
    assert_eq!(codes.collect::<Vec<_>>(), [five.clone(), five, None, None, None]);
}

#[test]
fn a_line_or_reply_without_end_is_fatal() {
    let limits = Limits { line: 16, reply: 40, ..Limits::default() };
    let long = framed(Protocol::Smtp, &[], limits, b"250 ok\r\n250 0123456789abcdef\r\n250 ok\r\n");
    assert_eq!(long, ["250 ok", "!! 0 expected a line of at most 16 octets"]);
    let many = framed(Protocol::Smtp, &[], limits, "250-0123456\r\n".repeat(5).as_bytes());
    assert_eq!(many, ["!! 39 expected a reply of at most 40 octets"]);
}

#[test]
fn tls_gives_up_what_was_sent_before() {
    let mut framer = framer(Protocol::Smtp, Limits::default());
    framer.push(b"220 go\r\n250-inj");
    assert_eq!(framer.next().map(|r| r.offset), Some(0));
    assert_eq!(framer.secured(), b"250-inj");
    framer.push(b"250 ok\r\n");
    let reply = framer.next().unwrap();
    assert_eq!((reply.offset, reply.raw.as_slice()), (15, &b"250 ok\r\n"[..]));
}
