//! The engine's promise: same case, same bytes of the server, same instants, same outcome, however the network cut the bytes.
//!
//! A server of data answers each write of the engine; its bytes reach the engine whole, octet by octet, or cut anywhere.

mod scenes;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use mailspec::dialogue::{Account, Demand, Engine, Environment, Peer, Played};
use mailspec::protocol::Limits;
use mailspec::suite::{Case, Fixtures, Places, Protocol, load};
use mailspec::transcript::What;
use proptest::prelude::*;
use rstest::rstest;

use self::scenes::{IMAP, IMAP_WRONG, POP3, SCENES, SMTP_MUMBLING, Scene, Server};
use crate::workplace::Workplace;

/// The case of a suite text, through mailspec's own loader.
fn case(text: &str) -> (Arc<Case>, Fixtures) {
    let workplace = Workplace::new();
    workplace.write("suites/one.yaml", text);
    let library = load(&Places { suites: workplace.path("suites"), fixtures: workplace.path("fixtures") }, &[]);
    assert!(!library.has_errors(), "{:?}", library.problems);
    let case = library.cases().next().expect("the suite has a case").clone();
    (case, library.fixtures)
}

fn environment(fixtures: Fixtures) -> Environment {
    let account = Account {
        login: "one".into(),
        password: "first".into(),
        address: "one@example.org".into(),
        token: None,
        certificate: None,
    };
    Environment {
        accounts: BTreeMap::from([("alice".to_owned(), account)]),
        peers: BTreeMap::from([(
            "peer".to_owned(),
            Peer { domain: "peer1.example".into(), address: ([127, 0, 0, 1], 2526).into() },
        )]),
        mailboxes: BTreeMap::new(),
        private_prefix: "p-".into(),
        domain: "example.org".into(),
        shared_mailbox: None,
        unique: "u1".into(),
        fixtures: Arc::new(fixtures),
        capabilities: BTreeMap::new(),
        service_capabilities: BTreeMap::new(),
        secured_capabilities: BTreeMap::new(),
        step_timeout: Duration::from_secs(10),
        limits: Limits { line: 400, reply: 2000, ..Limits::default() },
    }
}

/// Plays the case; `cut` says how many octets come next of so many that are there.
fn play(case: &Arc<Case>, fixtures: &Fixtures, server: &Server, mut cut: impl FnMut(usize) -> usize) -> Played {
    let mut engine = Engine::new(case.clone(), environment(fixtures.clone()), false);
    let unescaped = |burst: &&str| mailspec::suite::unescape(burst).unwrap();
    let mut bursts = server.bursts.iter().map(unescaped);
    let mut client = server.client.iter().map(unescaped);
    // Octets on their way, by connection.
    let mut waiting: BTreeMap<String, VecDeque<u8>> = BTreeMap::new();
    let mut now = Duration::ZERO;
    let mut closed = Vec::new();
    for _ in 0..100_000 {
        let demand = engine.next(now);
        let speaking = waiting.iter().find(|(_, octets)| !octets.is_empty()).map(|(name, _)| name.clone());
        match (demand, speaking) {
            (Demand::Finished, _) => return engine.finish(),
            (Demand::Open { connection, .. }, _) => {
                engine.opened(&connection, false, now);
                waiting.entry(connection.to_string()).or_default().extend(bursts.next().unwrap_or_default());
            }
            (Demand::Write { connection, .. }, _) => {
                let said = if connection.is_empty() { bursts.next() } else { client.next() };
                waiting.entry(connection.to_string()).or_default().extend(said.unwrap_or_default());
            }
            (Demand::AcceptTls { connection, .. }, _) => engine.secured(&connection, now),
            (Demand::Accept { connection, .. }, None) => engine.accepted(&connection, now),
            (Demand::Read { .. } | Demand::Accept { .. }, Some(name)) => {
                let octets = waiting.get_mut(&name).unwrap();
                let count = cut(octets.len()).clamp(1, octets.len());
                let bytes: Vec<u8> = octets.drain(..count).collect();
                engine.received(&name, &bytes, now);
            }
            (Demand::Read { until }, None) => {
                let silent = |name: &str, left: usize| server.closes && left == 0 && !closed.contains(&name.to_owned());
                let over = if silent("", bursts.len()) {
                    Some("")
                } else if !server.client.is_empty() && silent("peer", client.len()) {
                    Some("peer")
                } else {
                    None
                };
                match over {
                    Some(name) => {
                        closed.push(name.to_owned());
                        let who = if name.is_empty() { "server" } else { "client" };
                        engine.closed(name, &format!("the {who} closed the connection"), now);
                    }
                    None => {
                        now = until;
                        engine.deadline_passed(now);
                    }
                }
            }
            (Demand::Close { connection }, _) => {
                waiting.remove(&*connection);
            }
            (Demand::HalfClose { .. } | Demand::Reset { .. } | Demand::Listen { .. } | Demand::Refuse { .. }, _) => {}
            (other, _) => panic!("this server knows no {other:?}"),
        }
    }
    panic!("the engine does not end");
}

/// Everything of an outcome that people or programs see. Instants are the same in all plays, so they stay in.
fn told(played: &Played) -> String {
    let transcript: Vec<String> = played
        .transcript
        .entries
        .iter()
        .map(|entry| {
            let what = match &entry.what {
                What::Sent(bytes) => format!("-> {}", bytes.escape_ascii()),
                What::Received(bytes) => format!("<- {}", bytes.escape_ascii()),
                What::Event(text) => format!("== {text}"),
            };
            format!("{:?} {} {what}", entry.at, entry.preparing)
        })
        .collect();
    let captures: Vec<String> = played.captures.iter().map(|(name, value)| format!("{name}={}", value.escape_ascii())).collect();
    format!(
        "{:?} {:?}\n{:#?}\n{captures:?} {:?} {:?}\n{}",
        played.verdict,
        played.reason,
        played.findings,
        played.fingerprint,
        played.duration,
        transcript.join("\n")
    )
}

#[rstest]
fn every_octet_alone_and_every_single_cut(#[values(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)] index: usize) {
    let scene = SCENES[index];
    let (case, fixtures) = case(scene.suite);
    let whole = play(&case, &fixtures, &scene.server, |available| available);
    assert_eq!(whole.verdict, scene.verdict, "{}", told(&whole));
    let wanted = told(&whole);
    let octets = play(&case, &fixtures, &scene.server, |_| 1);
    assert_eq!(told(&octets), wanted);
    // One cut, at each place of all that is said.
    let length: usize = scene.server.bursts.iter().chain(scene.server.client).map(|burst| burst.len()).sum();
    for place in 1..length {
        let mut said = 0;
        let cut = |available: usize| {
            let count = if said < place { available.min(place - said) } else { available };
            said += count;
            count
        };
        let played = play(&case, &fixtures, &scene.server, cut);
        assert_eq!(told(&played), wanted, "cut at {place}");
    }
}

/// The scenes say what they are made for.
#[test]
fn captures_and_findings_of_the_scenes() {
    let outcome = |scene: &Scene| {
        let (case, fixtures) = case(scene.suite);
        play(&case, &fixtures, &scene.server, |available| available)
    };
    let imap = outcome(&IMAP);
    let captured = |name: &str| imap.captures.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    assert_eq!(
        (captured("validity"), captured("uid"), captured("count")),
        (Some(b"77".into()), Some(b"12".into()), Some(b"3".into()))
    );
    assert!(outcome(&IMAP_WRONG).findings.len() >= 3, "{}", told(&outcome(&IMAP_WRONG)));
    assert!(outcome(&SMTP_MUMBLING).findings[0].hints[0].contains("421 too"), "{}", told(&outcome(&SMTP_MUMBLING)));
    let passwords = told(&outcome(&POP3));
    assert!(passwords.contains("PASS ${alice.password}") && !passwords.contains("first"), "{passwords}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_split_gives_the_same_outcome(index in 0..SCENES.len(), cuts in prop::collection::vec(1usize..40, 1..60)) {
        let scene = SCENES[index];
        let (case, fixtures) = case(scene.suite);
        let whole = told(&play(&case, &fixtures, &scene.server, |available| available));
        let mut cuts = cuts.iter().cycle();
        let split = told(&play(&case, &fixtures, &scene.server, |_| *cuts.next().unwrap()));
        prop_assert_eq!(split, whole);
    }
}

/// The protocols are all there.
#[test]
fn every_protocol_has_a_scene() {
    for protocol in Protocol::ALL {
        assert!(SCENES.iter().any(|scene| case(scene.suite).0.start.protocol == protocol), "{protocol}");
    }
}
