//! Sessions fed with bytes, in one piece and split at every place: the replies must be the same.

mod chunks;
mod endpoints;
mod envelopes;
mod faults;
mod names;
mod refusals;

use std::sync::Arc;

use proptest::prelude::*;
use time::macros::datetime;

use super::{Role, SmtpSession};
use crate::clock::Clock;
use crate::config::{Config, Limits, Senders};
use crate::extensions::{Extension, Without};
use crate::faults::{Fault, Faults};
use crate::queue::Queue;
use crate::session::{After, Peer, Session};
use crate::site::Site;
use crate::store::{Store, default_quotas};

/// How a session is set up.
#[derive(Clone)]
struct Setup {
    role: Role,
    plaintext_auth: bool,
    faults: Vec<Fault>,
    without: Vec<Extension>,
    senders: Senders,
    limits: Limits,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            role: Role::Relay,
            plaintext_auth: true,
            faults: vec![],
            without: vec![],
            senders: Senders::Any,
            limits: Limits::default(),
        }
    }
}

fn session(setup: &Setup) -> SmtpSession {
    let accounts = ["alice@example.org:secret", "bob@example.org:secret", "j\u{f6}rg@example.org:secret"];
    let config = Config {
        accounts: accounts.map(|account| account.parse().unwrap()).to_vec(),
        domains: vec!["example.org".to_owned(), "xn--bcher-kva.example".to_owned()],
        aliases: vec!["team@example.org=alice@example.org,bob@example.org,a@elsewhere.example".parse().unwrap()],
        lists: vec!["news@example.org=alice@example.org:bob@example.org,j\u{f6}rg@example.org".parse().unwrap()],
        routes: vec!["hamburger.edu=127.0.0.1:2526".parse().unwrap()],
        backup_for: vec!["backed-up.example".to_owned()],
        clock: Clock::stopped(datetime!(2026-11-23 04:42:00 UTC)),
        without: setup.without.iter().copied().collect::<Without>(),
        senders: setup.senders,
        faults: setup.faults.iter().copied().collect::<Faults>(),
        limits: setup.limits.clone(),
        ..Config::default()
    };
    let site = Site::new(&config).unwrap();
    let store = Store::memory().unwrap();
    store.set_default_quotas(&default_quotas(config.limits.quota_storage, config.limits.quota_messages)).unwrap();
    let queue = Queue::new(store.clone(), site.clock.clone());
    let peer = Peer { plaintext_auth: setup.plaintext_auth, ..Peer::loopback() };
    SmtpSession::new(peer, setup.role, Arc::clone(&site), store, queue)
}

/// Feeds the pieces after the greeting; a handshake that is asked for succeeds at once.
fn feed(setup: &Setup, pieces: &[&[u8]]) -> String {
    let mut session = session(setup);
    let mut out = Vec::new();
    session.greet(&mut out);
    for piece in pieces {
        match session.receive(piece, &mut out) {
            After::Continue | After::Flush | After::Await => {}
            After::Compress | After::EndCompression => unreachable!("SMTP does not compress"),
            After::StartTls => {
                session.secured(crate::session::Channel::default(), &mut out);
            }
            After::Close => {
                out.extend_from_slice(b"closed\r\n");
                break;
            }
        }
    }
    String::from_utf8(out).unwrap()
}

/// The codes of the replies (with the enhanced ones), whatever the split.
fn replies(setup: &Setup, input: &str) -> String {
    let input = input.as_bytes();
    let whole = feed(setup, &[input]);
    let bytewise: Vec<&[u8]> = input.chunks(1).collect();
    if !input.windows(8).any(|octets| octets == b"STARTTLS") {
        assert_eq!(feed(setup, &bytewise), whole, "octet by octet");
        for at in (0..input.len()).step_by(input.len() / 16 + 1) {
            let (head, tail) = input.split_at(at);
            assert_eq!(feed(setup, &[head, tail]), whole, "split at {at}");
        }
    }
    whole.split_once("\r\n").map(|(_, replies)| replies.to_owned()).unwrap_or_default()
}

/// Plays lines after EHLO and compares the starts of the last replies.
#[track_caller]
fn check(lines: &str, expected: &[&str]) {
    check_with(&Setup::default(), lines, expected);
}

#[track_caller]
fn check_with(setup: &Setup, lines: &str, expected: &[&str]) {
    let hello = if setup.role == Role::Lmtp { "LHLO" } else { "EHLO" };
    let input = format!("{hello} client.example\r\n{}", lines.replace('\n', "\r\n"));
    let all = replies(setup, &input);
    let greeted = all.split_once("250 HELP\r\n").unwrap_or_else(|| panic!("no EHLO reply in {all:?}")).1;
    let found: Vec<&str> = greeted.lines().collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "expected {expected:?}, got {found:?} in {all}");
    }
}

const MAIL: &str = "MAIL FROM:<x@elsewhere.example>\nRCPT TO:<alice@example.org>\n";

#[test]
fn the_greeting_names_the_host_first() {
    assert_eq!(feed(&Setup::default(), &[]), "220 mail.example.org ESMTP\r\n");
}

#[test]
fn ehlo_lists_what_may_be_used_now() {
    let all = replies(&Setup::default(), "EHLO [192.0.2.1]\r\n");
    let offered = [
        "PIPELINING",
        "SIZE 52428800",
        "8BITMIME",
        "BINARYMIME",
        "CHUNKING",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        "DSN",
        "DELIVERBY 60",
        "MT-PRIORITY MIXER",
        "LIMITS MAILMAX=100000 RCPTMAX=1000",
        "STARTTLS",
        "AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256",
        "ETRN",
    ];
    for keyword in offered {
        assert!(all.contains(&format!("250-{keyword}\r\n")), "{keyword} in {all}");
    }
    let strict = Setup { plaintext_auth: false, ..Setup::default() };
    assert!(replies(&strict, "EHLO x\r\n").contains("250-AUTH CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256\r\n"));
    let over_tls = feed(&strict, &[b"EHLO x\r\nSTARTTLS\r\n", b"EHLO x\r\n"]);
    let (_, after) = over_tls.split_once("220 2.0.0").unwrap();
    assert!(
        !after.contains("STARTTLS") && after.contains("250-AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256\r\n"),
        "{after}"
    );
}

#[test]
fn a_message_is_accepted() {
    check(
        &format!("{MAIL}DATA\nSubject: x\n\n..\n.\nQUIT\n"),
        &["250 2.1.0", "250 2.1.5", "354 ", "250 2.0.0", "221 2.0.0", "closed"],
    );
}

#[test]
fn commands_out_of_order_are_refused() {
    assert!(replies(&Setup::default(), "MAIL FROM:<>\r\n").starts_with("503 5.5.1"));
    check("RCPT TO:<alice@example.org>\nDATA\n", &["503 5.5.1", "503 5.5.1"]);
    check("MAIL FROM:<>\nMAIL FROM:<>\nDATA\n", &["250 2.1.0", "503 5.5.1", "503 5.5.1"]);
    check("MAIL FROM:<>\nRCPT TO:<nobody@example.org>\nDATA\n", &["250", "550 5.1.1", "554 5.5.1"]);
    check(&format!("{MAIL}RSET\nDATA\nMAIL FROM:<>\n"), &["250", "250", "250 2.0.0", "503 5.5.1", "250"]);
}

#[test]
fn ehlo_resets_only_when_it_is_accepted() {
    let input = format!("EHLO a\n{MAIL}EHLO not_a_domain\nDATA\n.\nMAIL FROM:<>\nEHLO b\nRCPT TO:<bob@example.org>\n");
    let all = replies(&Setup::default(), &input.replace('\n', "\r\n"));
    let codes: Vec<&str> = all.lines().filter(|line| !line.starts_with("250-")).filter_map(|line| line.get(..3)).collect();
    assert_eq!(codes, ["250", "250", "250", "501", "354", "250", "250", "250", "503"], "{all}");
    assert!(all.contains("\r\n501 EHLO"), "RFC 2034 §4: no enhanced code in a reply to EHLO");
}

#[test]
fn arguments_are_checked() {
    check("RSET x\nDATA x\nQUIT x\nSTARTTLS x\n", &["501 5.5.4"; 4]);
    check("NOOP\nNOOP what ever\nHELP\nHELP MAIL\nHELP me\n", &["250", "250", "214-", "214-", "214 ", "214 2.0.0 MAIL", "504"]);
    check("MAIL\nMAIL <a@b>\nMAIL FROM: <a@b>\nMAIL FROM:a@b\nMAIL FROM:<a@b> \n", &["501", "501", "501", "501", "250"]);
    check("MAIL FROM:<a@b> X=1\nMAIL FROM:<a@b> SIZE=x\nMAIL FROM:<a@b> BODY=9BIT\n", &["555 5.5.4", "501 5.5.4", "501 5.5.4"]);
    check("MAIL FROM:<a@b> SIZE=99999999999999999999\n", &["552 5.3.4"]);
    check("mail from:<a@b> size=10 body=8bitmime auth=<>\n", &["250"]);
    check("MAIL FROM:<a@b> AUTH=e+3Dmc2@example.com\nRSET\nMAIL FROM:<a@b> AUTH=e+3\n", &["250", "250", "501"]);
    check("MAIL FROM:<@r.example,@s.example:a@b>\nRCPT TO:<@r.example:alice@example.org>\n", &["250", "250"]);
    check(
        "MAIL FROM:<>\nRCPT TO:<PostMaster>\nRCPT TO:<postmaster@EXAMPLE.org>\nRCPT TO:<>\n",
        &["250", "250", "250", "501 5.1.3"],
    );
    check("MAIL FROM:<>\nRCPT TO:<alice@example.org> SIZE=1\n", &["250", "555 5.5.4"]);
    check("MAIL FROM:<>\nRCPT TO:<a@elsewhere.example>\nRCPT TO:<a@[192.0.2.1]>\n", &["250", "550 5.7.1", "550 5.7.1"]);
    // Who has a route to a domain does not take its mail from anybody; who is its backup does.
    check("MAIL FROM:<>\nRCPT TO:<a@hamburger.edu>\nRCPT TO:<a@Backed-Up.example>\n", &["250", "550 5.7.1", "250"]);
}

#[test]
fn helo_has_no_extensions() {
    let all = replies(&Setup::default(), "HELO x\r\nMAIL FROM:<> SIZE=1\r\nAUTH PLAIN\r\nMAIL FROM:<>\r\n");
    let codes: Vec<&str> = all.lines().filter_map(|line| line.get(..3)).collect();
    assert_eq!(codes, ["250", "555", "503", "250"], "{all}");
}

#[test]
fn users_and_lists_are_verified() {
    check(
        "VRFY alice\nVRFY <bob@example.org>\nVRFY nobody\nVRFY a@elsewhere.example\nVRFY\n",
        &["250 2.1.5 <alice@example.org>", "250 2.1.5 <bob@example.org>", "550 5.1.1", "252 2.1.5", "501"],
    );
    check("EXPN postmaster\nEXPN alice\nEXPN nobody\nEXPN\n", &["250 2.1.5 <alice@example.org>", "550", "550", "501"]);
}

#[test]
fn only_crlf_ends_a_line() {
    check("NOOP\rNOOP\nNOOP", &["501 5.5.2"]);
    let all = replies(&Setup::default(), "NOOP\nNOOP\r\nNOOP\0\r\nN\u{d6}\u{d6}P\r\n\r\nFOO\r\nTURN\r\n");
    let codes: Vec<&str> = all.lines().filter_map(|line| line.get(..9)).collect();
    assert_eq!(codes, ["501 5.5.2", "501 5.5.2", "501 5.5.2", "500 5.5.2", "500 5.5.2", "502 5.5.1"], "{all}");
}

#[test]
fn long_lines_are_skipped_whole() {
    check(&format!("NOOP {}\nNOOP\n", "x".repeat(505)), &["250", "250"]);
    check(&format!("NOOP {}\nNOOP\n", "x".repeat(9000)), &["500 5.5.2", "250"]);
}

#[test]
fn a_message_ends_at_crlf_dot_crlf_and_nowhere_else() {
    let data = |text: &str| format!("EHLO x\r\n{}DATA\r\n{text}", MAIL.replace('\n', "\r\n"));
    let last = |text: &str| {
        let all = replies(&Setup::default(), &data(text));
        all.lines().last().unwrap_or_default().get(..9).unwrap_or_default().to_owned()
    };
    assert_eq!(last(".\r\n"), "250 2.0.0", "an empty message");
    assert_eq!(last("a\r\n\r\n.\r\n"), "250 2.0.0");
    for smuggled in ["a\n.\n", "a\r\n.\n", "a\n.\r\n", "a\r.\r\n", "a\r\n.\r", "a\r\r\n.\r\r\n"] {
        assert_eq!(last(&format!("{smuggled}b\r\n.\r\n")), "554 5.6.0", "{smuggled:?}");
    }
    assert_eq!(last("a\0b\r\n.\r\n"), "554 5.6.0");
    assert_eq!(last(&format!("{}\r\n.\r\n", "Received: x\r\n".repeat(101))), "554 5.4.6");
    assert_eq!(last("Subject: \u{fc}\r\n\r\nx\r\n.\r\n"), "250 2.0.0");
}

#[test]
fn limits_are_kept() {
    let limits = Limits { message: 100, recipients: 1, ..Limits::default() };
    let setup = Setup { limits, ..Setup::default() };
    check_with(&setup, "MAIL FROM:<> SIZE=101\nMAIL FROM:<> SIZE=100\n", &["552 5.3.4", "250"]);
    check_with(&setup, &format!("{MAIL}RCPT TO:<bob@example.org>\n"), &["250", "250", "452 4.5.3"]);
    check_with(&setup, &format!("{MAIL}DATA\n{}\n.\nNOOP\n", "x".repeat(99)), &["250", "250", "354", "552 5.3.4", "250"]);
    check_with(&setup, &format!("{MAIL}DATA\n{}\n.\n", "x".repeat(98)), &["250", "250", "354", "250 2.0.0"]);
}

#[test]
fn users_log_in() {
    // \0alice\0secret and \0alice\0wrong
    check("AUTH PLAIN AGFsaWNlAHNlY3JldA==\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\n", &["235 2.7.0", "503 5.5.1"]);
    check("AUTH PLAIN\nAGFsaWNlAHNlY3JldA==\n", &["334 ", "235"]);
    check("AUTH login\nYWxpY2U=\nc2VjcmV0\n", &["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235"]);
    check("AUTH PLAIN AGFsaWNlAHdyb25n\nAUTH PLAIN =\nAUTH PLAIN A\n", &["535 5.7.8", "501 5.5.2", "501 5.5.2"]);
    check("AUTH PLAIN\n*\nAUTH CRAM-MD5 AAAA\nAUTH X\nAUTH\n", &["334", "501", "501 5.7.0", "504 5.5.4", "501 5.5.4"]);
    check("MAIL FROM:<>\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\n", &["250", "503 5.5.1"]);
    check(&format!("AUTH PLAIN\n{}\nNOOP\n", "A".repeat(13_000)), &["334", "500 5.5.6", "250"]);
    let strict = Setup { plaintext_auth: false, ..Setup::default() };
    check_with(&strict, "AUTH PLAIN AGFsaWNlAHNlY3JldA==\n", &["538 5.7.11"]);
    check(
        "AUTH PLAIN AGFsaWNlAHNlY3JldA==\nMAIL FROM:<alice@example.org>\nRCPT TO:<x@elsewhere.example>\n",
        &["235", "250", "250"],
    );
}

#[test]
fn guessing_passwords_ends_the_connection() {
    let expected: Vec<&str> = std::iter::repeat_n("535", 9).chain(["421 4.7.0", "closed"]).collect();
    check(&"AUTH PLAIN AGFsaWNlAHdyb25n\n".repeat(12), &expected);
}

#[test]
fn submission_needs_a_user_and_a_from_field() {
    let setup = Setup { role: Role::Submission, ..Setup::default() };
    check_with(&setup, "MAIL FROM:<>\n", &["530 5.7.0"]);
    let login = "AUTH PLAIN AGFsaWNlAHNlY3JldA==\n";
    check_with(&setup, &format!("{login}{MAIL}DATA\nSubject: x\n\n.\n"), &["235", "250", "250", "354", "554 5.6.0"]);
    check_with(&setup, &format!("{login}{MAIL}DATA\nFrom: alice\n\n.\n"), &["235", "250", "250", "354", "250 2.0.0"]);
}

#[test]
fn nothing_survives_the_handshake() {
    let clear = b"EHLO x\r\nMAIL FROM:<>\r\nSTARTTLS\r\nNOOP\r\n";
    let all = feed(&Setup::default(), &[clear, b"RCPT TO:<alice@example.org>\r\n"]);
    let (_, after) = all.split_once("220 2.0.0").unwrap();
    assert_eq!(after.lines().skip(1).count(), 1, "NOOP was dropped: {after}");
    assert!(after.contains("503 5.5.1 Send EHLO first"));
    assert!(feed(&Setup::default(), &[b"STARTTLS\r\n", b"EHLO x\r\nSTARTTLS\r\n"]).contains("503 5.5.1 TLS"));
}

#[test]
fn the_last_words_fit_the_occasion() {
    let mut session = session(&Setup::default());
    let mut out = Vec::new();
    assert_eq!(session.expired(&mut out), After::Close);
    session.stopping(&mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("421 4.4.2 mail.example.org") && text.contains("\r\n421 4.3.2 mail.example.org"));
}

/// Pieces of conversations, right and wrong, that a random client puts together.
fn piece() -> impl Strategy<Value = &'static [u8]> {
    proptest::sample::select(vec![
        &b"EHLO x\r\n"[..],
        b"HELO x\r\n",
        b"MAIL FROM:<>\r\n",
        b"MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME\r\n",
        b"RCPT TO:<alice@example.org>\r\n",
        b"RCPT TO:<\"a b\"@[IPv6:::1]>\r\n",
        b"DATA\r\n",
        b"..x\r\n",
        b".\r\n",
        b"\r\n",
        b"\r",
        b"\n",
        b".",
        b"\0\xff",
        b"AUTH PLAIN\r\n",
        b"AUTH LOGIN YWxpY2U=\r\n",
        b"AGFsaWNlAHNlY3JldA==\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b"HELP\r\n",
        b"VRFY alice\r\n",
        b"QUIT\r\n",
        b"BDAT 3\r\nx\r\n",
        b"BDAT 4 LAST\r\n.\r\n\r",
        b"BDAT 0 LAST\r\n",
        b"BDAT 2 FIRST\r\n",
        b"MAIL FROM:<> BODY=BINARYMIME SMTPUTF8 BY=90;R MT-PRIORITY=1 ENVID=a\r\n",
        b"RCPT TO:<alice@example.org> NOTIFY=NEVER ORCPT=rfc822;a\r\n",
        b"RCPT TO:<j\xc3\xb6rg@example.org>\r\n",
        b"EXPN news SMTPUTF8\r\n",
        b"ETRN example.org\r\n",
        &[b'x'; 3000],
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever comes, and however it is split: the same replies, each of them well formed.
    #[test]
    fn the_split_of_the_input_does_not_matter(pieces in proptest::collection::vec(piece(), 0..24), size in 1..40_usize) {
        let input = pieces.concat();
        let whole = feed(&Setup::default(), &[&input]);
        let split: Vec<&[u8]> = input.chunks(size).collect();
        prop_assert_eq!(&feed(&Setup::default(), &split), &whole);
        for line in whole.lines().filter(|line| *line != "closed") {
            let (code, rest) = line.split_at(3);
            prop_assert!(code.parse::<u16>().is_ok_and(|code| (200..600).contains(&code)), "{}", line);
            prop_assert!(rest.starts_with([' ', '-']) && line.len() <= 510, "{}", line);
        }
    }
}
