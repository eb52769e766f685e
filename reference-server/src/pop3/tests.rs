//! Whole sessions, driven with bytes.

mod extensions;
mod policy;

use std::sync::Arc;

use md5::{Digest, Md5};
use proptest::prelude::*;
use time::OffsetDateTime;

use super::Pop3Session;
use crate::config::Config;
use crate::faults::{Fault, Faults};
use crate::session::{After, Peer, Session};
use crate::site::Site;
use crate::store::{Body, Flags, INBOX, NewMessage, Store};

/// A server with mail for alice.
struct Server {
    site: Arc<Site>,
    store: Store,
}

/// Two messages: one with dots, one with bare LFs and no line ending at its end.
const DOTS: &str = "Subject: dots\r\n\r\n.\r\n..two\r\nthree.\r\n";
const BARE: &str = "Subject: bare\n\n.one\ntwo";

fn server(faults: &[Fault]) -> Server {
    server_of(Config { faults: faults.iter().copied().collect(), ..Config::default() })
}

fn server_of(config: Config) -> Server {
    let accounts = ["alice@example.org:secret", "bob@example.org:pass word", "zo\u{eb}@example.org:pass\u{f6}rd"];
    let config = Config { accounts: accounts.map(|text| text.parse().unwrap()).to_vec(), ..config };
    let store = Store::memory().unwrap();
    for text in [DOTS, BARE] {
        deliver(&store, text);
    }
    Server { site: Site::new(&config).unwrap(), store }
}

fn deliver(store: &Store, text: &str) {
    let body = Body::Bytes(text.into());
    let message = NewMessage { body, flags: Flags::none(), date: OffsetDateTime::UNIX_EPOCH, saved: None };
    store.deliver("alice@example.org", message).unwrap();
}

impl Server {
    fn connect_as(&self, peer: Peer) -> Client {
        let mut client = Client { session: Pop3Session::new(self.site.clone(), self.store.clone(), peer), over: false };
        client.greeting();
        client
    }

    fn connect(&self) -> Client {
        self.connect_as(Peer::loopback())
    }

    fn logged_in(&self) -> Client {
        let mut client = self.connect();
        assert_eq!(client.say("USER alice"), "+OK now the password\r\n");
        assert!(client.say("PASS secret").starts_with("+OK maildrop has "));
        client
    }

    fn messages(&self) -> u32 {
        self.store.status(self.store.mailbox("alice@example.org", INBOX).unwrap().id).unwrap().messages
    }
}

struct Client {
    session: Pop3Session,
    over: bool,
}

impl Client {
    fn greeting(&mut self) -> String {
        let mut out = Vec::new();
        assert_eq!(self.session.greet(&mut out), After::Continue);
        String::from_utf8(out).unwrap()
    }

    fn send(&mut self, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        let mut after = self.session.receive(bytes, &mut out);
        while after == After::Flush {
            after = self.session.receive(&[], &mut out);
        }
        if after == After::StartTls {
            self.session.secured(crate::session::Channel::default(), &mut out);
        }
        if after == After::Close {
            self.over = true;
            self.session.closed();
        }
        String::from_utf8(out).unwrap()
    }

    fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes())
    }

    /// Says each line and compares how the reply begins.
    fn check(&mut self, dialogue: &[(&str, &str)]) {
        for (line, wanted) in dialogue {
            let reply = self.say(line);
            assert!(reply.starts_with(wanted), "{line:?}: {reply:?}, not {wanted:?}");
        }
    }
}

fn cleartext_refused() -> Peer {
    Peer { plaintext_auth: false, ..Peer::loopback() }
}

#[test]
fn a_maildrop_is_listed_and_read() {
    let server = server(&[]);
    let mut client = server.logged_in();
    assert_eq!(client.say("STAT"), "+OK 2 63\r\n");
    assert_eq!(client.say("list"), "+OK 2 messages (63 octets)\r\n1 35\r\n2 28\r\n.\r\n");
    assert_eq!(client.say("LIST 2"), "+OK 2 28\r\n");
    assert_eq!(client.say("RETR 1"), "+OK 35 octets\r\nSubject: dots\r\n\r\n..\r\n...two\r\nthree.\r\n.\r\n");
    assert_eq!(client.say("RETR 2"), "+OK 28 octets\r\nSubject: bare\r\n\r\n..one\r\ntwo\r\n.\r\n");
    assert_eq!(client.say("TOP 2 1"), "+OK top of message follows\r\nSubject: bare\r\n\r\n..one\r\n.\r\n");
    assert_eq!(client.say("TOP 2 0"), "+OK top of message follows\r\nSubject: bare\r\n\r\n.\r\n");
    assert!(client.say("TOP 1 99999999999999999999").ends_with("three.\r\n.\r\n"));
    let uidvalidity = server.store.mailbox("alice@example.org", INBOX).unwrap().uidvalidity;
    assert_eq!(client.say("UIDL"), format!("+OK unique-ids follow\r\n1 {uidvalidity}.1\r\n2 {uidvalidity}.2\r\n.\r\n"));
    assert_eq!(client.say("UIDL 2"), format!("+OK 2 {uidvalidity}.2\r\n"));
    client.check(&[("NOOP", "+OK\r\n"), ("QUIT", "+OK good-bye, 2 messages left\r\n")]);
    assert!(client.over);
}

#[test]
fn deletions_happen_in_the_update_state_only() {
    let server = server(&[]);
    let mut client = server.logged_in();
    client.check(&[
        ("DELE 1", "+OK message 1 deleted"),
        ("DELE 1", "-ERR"),
        ("RETR 1", "-ERR"),
        ("TOP 1 0", "-ERR"),
        ("LIST 1", "-ERR"),
        ("UIDL 1", "-ERR"),
        ("STAT", "+OK 1 28\r\n"),
        ("LIST", "+OK 1 message (28 octets)\r\n2 28\r\n.\r\n"),
        ("RSET", "+OK maildrop has 2 messages (63 octets)"),
        ("DELE 2", "+OK"),
        ("LIST 1", "+OK 1 35"),
    ]);
    client.session.closed();
    assert_eq!(server.messages(), 2);
    let mut client = server.logged_in();
    client.check(&[("STAT", "+OK 2 63"), ("DELE 2", "+OK"), ("QUIT", "+OK good-bye, 1 message left")]);
    assert_eq!(server.messages(), 1);
    // The next message gets a unique-id that none had before.
    deliver(&server.store, "x");
    let mut client = server.logged_in();
    let listing = client.say("UIDL");
    assert!(listing.contains(".1\r\n2 ") && listing.contains(".3\r\n."), "{listing}");
}

#[test]
fn an_expired_session_removes_nothing_and_says_nothing() {
    let server = server(&[]);
    let mut client = server.logged_in();
    client.say("DELE 1");
    let mut out = Vec::new();
    assert_eq!(client.session.expired(&mut out), After::Close);
    client.session.closed();
    assert_eq!((out.len(), server.messages()), (0, 2));
    assert!(client.session.patience().as_secs() >= 600);
}

#[test]
fn the_maildrop_is_locked_until_the_session_is_over() {
    let server = server(&[]);
    let mut first = server.logged_in();
    let mut second = server.connect();
    second.check(&[("USER alice", "+OK"), ("PASS secret", "-ERR [IN-USE]"), ("STAT", "-ERR")]);
    first.say("QUIT");
    second.check(&[("USER alice", "+OK"), ("PASS secret", "+OK"), ("STAT", "+OK 2 63")]);
    second.session.closed();
    server.logged_in();
}

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
fn commands_are_written_exactly() {
    let mut client = server(&[]).logged_in();
    let wrong = [
        "",
        " ",
        "STAT ",
        "STAT 1",
        " STAT",
        "LIST ",
        "LIST  1",
        "LIST 1 ",
        "LIST 1 2",
        "LIST 0",
        "LIST 01",
        "LIST -1",
        "LIST +1",
        "LIST 3",
        "LIST 1x",
        "LIST 99999999999999999999999",
        "RETR",
        "RETR 0",
        "RETR x",
        "DELE",
        "DELE 1 2",
        "TOP 1",
        "TOP 1 -1",
        "TOP 1 x",
        "TOP 3 1",
        "TOP 1 00",
        "UIDL x",
        "RSET 1",
        "NOOP x",
        "CAPA x",
        "QUIT x",
        "XXXX",
        "STATS",
        "RETR 1\0",
        "STAT\nSTAT",
        "LIST\t1",
        "APOP alice x",
        "STLS",
        "LIST \u{e4}",
    ];
    for line in wrong {
        let reply = client.say(line);
        assert!(reply.starts_with("-ERR ") && reply.ends_with("\r\n") && reply.matches("\r\n").count() == 1, "{line:?}: {reply}");
    }
    assert_eq!(client.say("STAT"), "+OK 2 63\r\n");
}

#[test]
fn a_command_has_at_most_255_octets() {
    let mut client = server(&[]).connect();
    client.say("USER alice");
    assert_eq!(client.say(&format!("PASS {}", "x".repeat(248))), "-ERR [AUTH] name or password is wrong\r\n");
    client.say("USER alice");
    assert_eq!(client.say(&format!("PASS {}", "x".repeat(249))), "-ERR the line is too long\r\n");
    assert_eq!(client.say("PASS secret"), "-ERR USER comes immediately before PASS\r\n");
    assert_eq!(client.send(&[b'x'; 70_000]), "-ERR the line does not end\r\n");
    assert!(client.over);
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
fn capa_differs_by_state_and_by_tls() {
    let server = server(&[]);
    let capabilities = |client: &mut Client| -> Vec<String> {
        let text = client.say("CAPA");
        assert!(text.starts_with("+OK") && text.ends_with("\r\n.\r\n"), "{text}");
        text.lines().skip(1).take_while(|line| *line != ".").map(str::to_owned).collect()
    };
    let mut client = server.connect_as(cleartext_refused());
    let before = capabilities(&mut client);
    assert!(
        before.contains(&"STLS".into())
            && before.contains(&"SASL CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256".into())
            && !before.contains(&"USER".into())
    );
    client.check(&[("USER alice", "-ERR"), ("AUTH PLAIN", "-ERR passwords need TLS")]);
    // What comes in the same packet as STLS is thrown away.
    assert_eq!(client.send(b"STLS\r\nNOOP\r\nQUIT"), "+OK begin the TLS handshake\r\n");
    assert_eq!(client.say(""), "-ERR there is no such command\r\n");
    let secured = capabilities(&mut client);
    assert!(!secured.contains(&"STLS".into()) && secured.contains(&"SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256".into()));
    client.check(&[("STLS", "-ERR TLS"), ("USER alice", "+OK"), ("PASS secret", "+OK")]);
    let logged_in = capabilities(&mut client);
    assert_eq!(secured, logged_in, "RFC 2449 §5: what is announced before the login is announced after it");
    for wanted in ["TOP", "UIDL", "USER", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER"] {
        assert!(logged_in.iter().any(|line| line == wanted), "{wanted}");
    }
}

#[test]
fn stls_forgets_the_user() {
    let mut client = server(&[]).connect();
    client.check(&[("USER alice", "+OK"), ("STLS", "+OK"), ("PASS secret", "-ERR USER")]);
}

#[test]
fn another_session_may_expunge_what_this_one_reads() {
    let server = server(&[]);
    let mut client = server.logged_in();
    let inbox = server.store.mailbox("alice@example.org", INBOX).unwrap().id;
    server.store.remove(inbox, vec![1]).unwrap();
    client.check(&[("STAT", "+OK 2 63"), ("RETR 1", "+OK 35 octets\r\nSubject: dots"), ("QUIT", "+OK")]);
}

#[test]
fn a_server_without_room_says_so_in_place_of_the_greeting() {
    let server = server(&[]);
    let mut out = Vec::new();
    Pop3Session::new(server.site.clone(), server.store.clone(), Peer::loopback()).stopping(&mut out);
    assert!(out.starts_with(b"-ERR [SYS/TEMP]"));
    let mut out = Vec::new();
    server.logged_in().session.stopping(&mut out);
    assert_eq!(out, b"");
}

/// Plays the dialogue and gives all that came back, and how many messages are left; a broken connection ends it.
fn played(faults: Faults, dialogue: &str) -> (String, u32) {
    let server = server(&Fault::ALL.iter().copied().filter(|fault| faults.on(*fault)).collect::<Vec<_>>());
    // The timestamp is new each time, so it does not count; a session before has the maildrop open for `lock` below.
    let mut first = server.connect();
    let mut all = String::new();
    if dialogue.starts_with("LOCKED") {
        first = server.logged_in();
    }
    let mut client = server.connect();
    for line in dialogue.lines().filter(|line| *line != "LOCKED") {
        all.push_str(&client.send(format!("{}\r\n", line.replace("\\n", "\r\n")).as_bytes()));
    }
    client.session.closed();
    first.session.closed();
    let messages = server.messages();
    let uidvalidity = server.store.mailbox("alice@example.org", INBOX).unwrap().uidvalidity;
    (all.replace(&uidvalidity.to_string(), "V"), messages)
}

#[test]
fn every_fault_can_be_seen() {
    let login = "USER alice\nPASS secret\n";
    let dialogues = [
        (Fault::Pop3NoDotStuffing, format!("{login}RETR 1")),
        (Fault::Pop3AcceptsWrongPassword, "USER alice\nPASS wrong".to_owned()),
        (Fault::Pop3WrongStatSize, format!("{login}STAT")),
        (Fault::Pop3DeletesWithoutQuit, format!("{login}DELE 1")),
        (Fault::Pop3UidlChanges, format!("{login}UIDL")),
        (Fault::Pop3TopSendsAll, format!("{login}TOP 1 0")),
        (Fault::Pop3ListsDeleted, format!("{login}DELE 1\nLIST")),
        (Fault::Pop3IgnoresRset, format!("{login}DELE 1\nRSET\nSTAT")),
        (Fault::Pop3CapaWithoutEnd, "CAPA".to_owned()),
        (Fault::Pop3NoLock, format!("LOCKED\n{login}")),
        (Fault::Pop3LowerCaseStatus, "CAPA".to_owned()),
        (Fault::Pop3CaseSensitiveKeywords, "capa".to_owned()),
        (Fault::Pop3RenumbersAfterDele, format!("{login}DELE 1\nLIST")),
        (Fault::Pop3StlsKeepsBuffer, "STLS\\nNOOP".to_owned()),
        (Fault::Pop3UndeclaredCommands, "CAPA".to_owned()),
        (Fault::Pop3Utf8AfterLogin, format!("{login}UTF8")),
        (Fault::Pop3NoSaslprep, "USER al\u{ad}ice\nPASS secret".to_owned()),
        (Fault::Pop3LangEchoesRange, "LANG de-AT".to_owned()),
        (Fault::Pop3LangTakesAny, "LANG mul".to_owned()),
        (Fault::Pop3ExpiresUntold, format!("{login}RETR 1\nQUIT")),
        (Fault::Pop3ForgetsPipelined, "NOOP\\nNOOP".to_owned()),
        (Fault::Pop3CapaShrinks, format!("{login}CAPA")),
        (Fault::Pop3NoAuthCode, "USER alice\nPASS wrong".to_owned()),
        (Fault::Pop3CountsStuffing, format!("{login}LIST")),
        (Fault::Pop3ShortCommands, format!("XYZ {}", "x".repeat(60))),
        (Fault::Pop3DeletesAtOnce, format!("{login}DELE 1")),
        (Fault::Pop3ApopAnyDigest, format!("APOP alice {}", "0".repeat(32))),
    ];
    for (fault, dialogue) in &dialogues {
        let (right, wrong) = (played(Faults::NONE, dialogue), played([*fault].into_iter().collect(), dialogue));
        assert_ne!(right, wrong, "{}", fault.name());
    }
    let timestamps = |faults: &[Fault]| server(faults).connect().session.timestamp;
    assert_eq!(timestamps(&[Fault::Pop3RepeatsTimestamp]), timestamps(&[Fault::Pop3RepeatsTimestamp]));
    let after_quit = |faults: &[Fault]| server(faults).connect().session.receive(b"QUIT\r\n", &mut Vec::new());
    assert_ne!(after_quit(&[]), after_quit(&[Fault::Pop3KeepsOpenAfterQuit]));
    // Those of `extensions` and `policy` are seen there.
    let covered = dialogues.len() + 2 + extensions::FAULTS.len() + policy::FAULTS.len();
    assert_eq!(Fault::ALL.iter().filter(|fault| fault.name().starts_with("pop3/")).count(), covered);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_replies_do_not_depend_on_the_split(
        lines in proptest::collection::vec(proptest::sample::select(vec![
            "CAPA", "STAT", "LIST", "RETR 1", "TOP 2 1", "DELE 1", "RSET", "UIDL", "NOOP", "AUTH PLAIN", "*", "x\0", "USER alice", "LANG fr", "LANG", "UTF8", "\n", "\r",
        ]), 0..12),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let text: Vec<u8> = ["USER alice", "PASS secret"].into_iter().chain(lines).flat_map(|line| format!("{line}\r\n").into_bytes()).collect();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(text.len())).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let server = server(&[]);
        let mut whole = server.connect();
        let wanted = whole.send(&text);
        whole.session.closed();
        let mut client = server.connect();
        let split: String = cuts.windows(2).map(|pair| client.send(&text[pair[0]..pair[1]])).collect();
        prop_assert_eq!(split, wanted);
    }
}
