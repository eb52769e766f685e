//! Whole exchanges of every mechanism but SCRAM, and what is offered when.

use std::net::{Ipv4Addr, SocketAddr};

use super::*;
use crate::config::{Config, TokenConfig};
use crate::faults::Faults;
use rstest::rstest;

pub(super) fn site(accounts: &[&str], faults: &[Fault]) -> Arc<Site> {
    let token = |text: &str| text.parse::<TokenConfig>().unwrap();
    let config = Config {
        accounts: accounts.iter().map(|text| text.parse().unwrap()).collect(),
        tokens: accounts.iter().take(1).map(|_| token("alice@example.org:vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")).collect(),
        faults: faults.iter().copied().collect::<Faults>(),
        ..Config::default()
    };
    Site::new(&config).unwrap()
}

fn both() -> Arc<Site> {
    site(&["alice@example.org:secret", "bob@example.org:word"], &[])
}

pub(super) fn over_tls(channel: Channel) -> Peer {
    Peer { tls: true, channel: Arc::new(channel), ..Peer::loopback() }
}

fn remote() -> Peer {
    Peer { address: SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 1)), plaintext_auth: false, ..Peer::loopback() }
}

/// Plays the messages, the first as initial response if there is one, and gives the challenges and the outcome.
fn play(site: &Arc<Site>, peer: &Peer, name: &str, messages: &[&[u8]]) -> (Vec<String>, Result<String, Failure>) {
    let mechanism = Mechanism::named(name).unwrap();
    assert!(mechanism.is_offered(site, peer), "{name}");
    let mut exchange = Exchange::new(mechanism, site, peer);
    let mut messages = messages.iter();
    let mut progress = exchange.start(if mechanism.client_first() { messages.next().copied() } else { None });
    let mut challenges = Vec::new();
    loop {
        match progress {
            Progress::Challenge(text) => challenges.push(String::from_utf8(text).unwrap()),
            Progress::Done(outcome) => return (challenges, outcome.map(|account| account.name().to_owned())),
        }
        progress = exchange.answer(messages.next().unwrap());
    }
}

fn outcome(name: &str, messages: &[&[u8]]) -> Result<String, Failure> {
    play(&both(), &Peer::loopback(), name, messages).1
}

fn alice() -> Result<String, Failure> {
    Ok("alice@example.org".to_owned())
}

#[test]
fn plain_takes_an_initial_response_or_a_challenge() {
    assert_eq!(outcome("PLAIN", &[b"\0alice\0secret"]), alice());
    let mut exchange = Exchange::new(Mechanism::Plain, &both(), &Peer::loopback());
    assert!(matches!(exchange.start(None), Progress::Challenge(text) if text.is_empty()));
    assert!(matches!(exchange.answer(b"\0alice\0secret"), Progress::Done(Ok(_))));
}

#[rstest]
#[case(b"alice@example.org\0alice\0secret", alice())]
#[case("\0al\u{ad}ice\0se\u{ad}cret".as_bytes(), alice())]
#[case(b"bob\0alice\0secret", Err(Failure::Authorization))]
#[case(b"carol\0alice\0secret", Err(Failure::Authorization))]
#[case(b"\0alice\0wrong", Err(Failure::Credentials))]
#[case(b"\0carol\0secret", Err(Failure::Credentials))]
#[case(b"\0alice\0\x07", Err(Failure::Credentials))]
#[case(b"", Err(Failure::Malformed))]
#[case(b"alice", Err(Failure::Malformed))]
#[case(b"\0alice", Err(Failure::Malformed))]
#[case(b"\0\0secret", Err(Failure::Malformed))]
#[case(b"\0alice\0", Err(Failure::Malformed))]
#[case(b"\0a\0b\0c", Err(Failure::Malformed))]
#[case(b"\0a\0\xff", Err(Failure::Malformed))]
fn plain(#[case] message: &[u8], #[case] expected: Result<String, Failure>) {
    assert_eq!(outcome("PLAIN", &[message]), expected);
}

#[test]
fn login_asks_for_user_and_password() {
    let (challenges, outcome) = play(&both(), &Peer::loopback(), "LOGIN", &[b"alice", b"secret"]);
    assert_eq!((challenges, outcome), (vec!["Username:".to_owned(), "Password:".to_owned()], alice()));
    let mut exchange = Exchange::new(Mechanism::Login, &both(), &Peer::loopback());
    assert!(matches!(exchange.start(Some(b"alice")), Progress::Challenge(text) if text == b"Password:"));
    assert!(matches!(exchange.answer(b"wrong"), Progress::Done(Err(Failure::Credentials))));
}

#[test]
fn cram_md5_speaks_first() {
    let start = |initial: Option<&[u8]>| Exchange::new(Mechanism::CramMd5, &both(), &Peer::loopback()).start(initial);
    let Progress::Challenge(one) = start(None) else { panic!() };
    let Progress::Challenge(other) = start(None) else { panic!() };
    assert!(one.starts_with(b"<") && one.ends_with(b"@mail.example.org>") && one != other);
    assert!(matches!(start(Some(b"alice")), Progress::Done(Err(Failure::Malformed))));
}

const BEARER: &str = "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

#[test]
fn oauthbearer_takes_the_message_of_the_rfc() {
    // RFC 7628 §4.1, with names of ours.
    let message = format!("n,a=alice@example.org,\x01host=mail.example.org\x01port=143\x01{BEARER}\x01\x01");
    assert_eq!(play(&both(), &Peer::loopback(), "OAUTHBEARER", &[message.as_bytes()]), (vec![], alice()));
}

#[rstest]
#[case("n,,\x01{}\x01\x01", None)]
#[case("y,a=alice,\x01{}\x01unknown=x\x01\x01", None)]
#[case("n,,\x01host=[::1]\x01host=localhost\x01{}\x01\x01", None)]
#[case("n,a=bob,\x01{}\x01\x01", Some(("invalid_token", Failure::Authorization)))]
#[case("n,,\x01host=elsewhere.example\x01{}\x01\x01", Some(("invalid_token", Failure::Credentials)))]
#[case("n,,\x01auth=Bearer other\x01\x01", Some(("invalid_token", Failure::Credentials)))]
#[case("n,,\x01auth=\x01\x01", Some(("invalid_token", Failure::Credentials)))]
#[case("n,,\x01auth=Basic YTpi\x01\x01", Some(("invalid_token", Failure::Credentials)))]
#[case("p=tls-exporter,,\x01{}\x01\x01", Some(("invalid_token", Failure::ChannelBinding)))]
#[case("n,user=alice,\x01{}\x01\x01", Some(("invalid_request", Failure::Malformed)))]
#[case("n,,\x01port=0143\x01{}\x01\x01", Some(("invalid_request", Failure::Malformed)))]
#[case("n,,\x01\x01", Some(("invalid_request", Failure::Malformed)))]
#[case("n,,\x01{}\x01", Some(("invalid_request", Failure::Malformed)))]
#[case("n,,\x01{}", Some(("invalid_request", Failure::Malformed)))]
#[case("n,,\x01{}\x01{}\x01\x01", Some(("invalid_request", Failure::Malformed)))]
#[case("n,,\x01k y=x\x01{}\x01\x01", Some(("invalid_request", Failure::Malformed)))]
#[case("n,,\x01k=\u{e9}\x01{}\x01\x01", Some(("invalid_request", Failure::Malformed)))]
fn oauthbearer(#[case] message: &str, #[case] refused: Option<(&str, Failure)>) {
    let message = message.replace("{}", BEARER);
    let (challenges, outcome) = play(&both(), &Peer::loopback(), "OAUTHBEARER", &[message.as_bytes(), b"\x01"]);
    match refused {
        None => assert_eq!((challenges, outcome), (vec![], alice())),
        Some((status, failure)) => {
            assert_eq!(challenges, [format!(r#"{{"status":"{status}","schemes":"bearer"}}"#)]);
            assert_eq!(outcome, Err(failure));
        }
    }
}

#[test]
fn oauthbearer_ends_whatever_answers_the_error() {
    let wrong = b"n,,\x01auth=Bearer other\x01\x01";
    for answer in [&b""[..], b"\x01\x01", format!("n,,\x01{BEARER}\x01\x01").as_bytes()] {
        assert_eq!(outcome("OAUTHBEARER", &[wrong, answer]), Err(Failure::Malformed));
    }
    assert_eq!(play(&both(), &Peer::loopback(), "OAUTHBEARER", &[b"\x01"]), (vec![], Err(Failure::Malformed)));
}

#[test]
fn xoauth2_takes_user_and_token() {
    let message = |user: &str| format!("user={user}\x01{BEARER}\x01\x01");
    assert_eq!(outcome("XOAUTH2", &[message("alice@example.org").as_bytes()]), alice());
    let refused = play(&both(), &Peer::loopback(), "XOAUTH2", &[message("bob").as_bytes(), b""]);
    assert_eq!(refused, (vec![r#"{"status":"401","schemes":"Bearer"}"#.to_owned()], Err(Failure::Authorization)));
    for malformed in [message(""), "user=alice".to_owned(), message("alice") + "\x01", format!("{BEARER}\x01user=alice\x01\x01")]
    {
        assert_eq!(outcome("XOAUTH2", &[malformed.as_bytes(), b""]), Err(Failure::Malformed), "{malformed:?}");
    }
}

#[rstest]
#[case(&["alice@example.org"], b"", alice())]
#[case(&["stranger@elsewhere.example", "alice"], b"", alice())]
#[case(&["alice@example.org"], b"alice", alice())]
#[case(&["bob@example.org", "alice@example.org"], b"alice", alice())]
#[case(&["alice@example.org"], b"bob", Err(Failure::Authorization))]
#[case(&["alice@example.org"], b"carol", Err(Failure::Authorization))]
#[case(&["stranger@elsewhere.example"], b"", Err(Failure::Credentials))]
#[case(&["alice@example.org"], b"alice\0", Err(Failure::Malformed))]
#[case(&["alice@example.org"], b"\xff", Err(Failure::Malformed))]
fn external(#[case] client: &[&str], #[case] message: &[u8], #[case] expected: Result<String, Failure>) {
    let client = client.iter().map(|name| (*name).to_owned()).collect();
    let peer = over_tls(Channel { client, ..Channel::default() });
    assert_eq!(play(&both(), &peer, "EXTERNAL", &[message]).1, expected);
}

#[test]
fn what_is_offered_depends_on_the_connection() {
    let names = |site: &Arc<Site>, peer: &Peer| {
        Mechanism::offered(site, peer).into_iter().map(Mechanism::name).collect::<Vec<_>>().join(" ")
    };
    let site = both();
    assert_eq!(names(&site, &remote()), "CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256");
    let loopback = "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 OAUTHBEARER XOAUTH2";
    assert_eq!(names(&site, &Peer::loopback()), loopback);
    let channel = Channel { exporter: Some(vec![1]), client: vec!["alice".into()], ..Channel::default() };
    let all = Mechanism::ALL.map(Mechanism::name).join(" ");
    assert_eq!(names(&site, &over_tls(channel)), all);
    assert_eq!(names(&site, &over_tls(Channel::default())), loopback);
    assert_eq!(names(&self::site(&[], &[]), &Peer::loopback()), "PLAIN LOGIN");
}

#[test]
fn base64_is_strict() {
    assert_eq!(decode(b"AGE="), Some(b"\0a".to_vec()));
    assert_eq!(decode_initial(b"="), Some(Vec::new()));
    for wrong in [&b"AGE"[..], b"A GE=", b"=", b"AGE=x", b"*"] {
        assert_eq!(decode(wrong), None);
    }
}
