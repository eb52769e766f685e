//! Whole sessions, driven with bytes.

mod extensions;
mod faults;
mod logging_in;
mod policy;

use std::sync::Arc;

use proptest::prelude::*;
use time::OffsetDateTime;

use super::Pop3Session;
use crate::config::Config;
use crate::faults::Fault;
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
