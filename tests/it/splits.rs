//! The engine's promise: same case, same bytes of the server, same instants, same outcome, however the network cut the bytes.
//!
//! A server of data answers each write of the engine; its bytes reach the engine whole, octet by octet, or cut anywhere.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use mailspec::dialogue::{Account, Demand, Engine, Environment, Played};
use mailspec::outcome::Verdict;
use mailspec::protocol::Limits;
use mailspec::suite::{Case, Fixtures, Places, Protocol, load};
use mailspec::transcript::What;
use proptest::prelude::*;
use rstest::rstest;

use crate::workplace::Workplace;

/// What the server says: first the greeting, then one burst after each write of the engine.
struct Server {
    bursts: &'static [&'static str],
    /// It closes when it has said everything.
    closes: bool,
}

/// A dialogue, its server and what must come of it.
struct Scene {
    suite: &'static str,
    server: Server,
    verdict: Verdict,
}

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
    let account = Account { login: "one".into(), password: "first".into(), address: "one@example.org".into() };
    Environment {
        accounts: BTreeMap::from([("alice".to_owned(), account)]),
        peers: BTreeMap::new(),
        mailboxes: BTreeMap::new(),
        private_prefix: "p-".into(),
        domain: "example.org".into(),
        unique: "u1".into(),
        fixtures: Arc::new(fixtures),
        capabilities: BTreeMap::new(),
        step_timeout: Duration::from_secs(10),
        limits: Limits { line: 400, reply: 2000, ..Limits::default() },
    }
}

/// Plays the case; `cut` says how many octets come next of so many that are there.
fn play(case: &Arc<Case>, fixtures: &Fixtures, server: &Server, mut cut: impl FnMut(usize) -> usize) -> Played {
    let mut engine = Engine::new(case.clone(), environment(fixtures.clone()), false);
    let mut bursts = server.bursts.iter().map(|burst| mailspec::suite::unescape(burst).unwrap());
    let mut waiting: VecDeque<u8> = VecDeque::new();
    let mut now = Duration::ZERO;
    let mut closed = false;
    for _ in 0..100_000 {
        match engine.next(now) {
            Demand::Finished => return engine.finish(),
            Demand::Open { connection, .. } => {
                engine.opened(&connection, false, now);
                waiting.extend(bursts.next().unwrap_or_default());
            }
            Demand::Write { .. } => waiting.extend(bursts.next().unwrap_or_default()),
            Demand::Read { until } if waiting.is_empty() => {
                if server.closes && bursts.len() == 0 && !closed {
                    closed = true;
                    engine.closed("", "the server closed the connection", now);
                } else {
                    now = until;
                    engine.deadline_passed(now);
                }
            }
            Demand::Read { .. } => {
                let count = cut(waiting.len()).clamp(1, waiting.len());
                let bytes: Vec<u8> = waiting.drain(..count).collect();
                engine.received("", &bytes, now);
            }
            Demand::Close { .. } | Demand::HalfClose { .. } | Demand::Reset { .. } => {}
            other => panic!("this server knows no {other:?}"),
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

macro_rules! suite {
    ($protocol:literal, $dialogue:literal) => {
        concat!(
            "spec: RFC 5321 §4.2\nprotocol: ",
            $protocol,
            "\ncases:\n  - id: one\n    title: t\n    covers: [rfc5321/4.2/one-reply]\n    dialogue:\n",
            $dialogue
        )
    };
}

/// Pipelined SMTP with a multi-line reply and a capture.
const SMTP: Scene = Scene {
    suite: suite!(
        "smtp",
        "      - |\n        C: EHLO client.example\n        S: 250-${_:atom}\n        S: 250 SIZE ${_:number}\n        C: NOOP\n        C: VRFY x\n        C: QUIT\n        S: 250\n        S: 5xx\n        S: 221 ${*}\n      - closed: {within: 5s}\n"
    ),
    server: Server {
        bursts: &[
            "220-fake\\r\\n220 ready\\r\\n",
            "250-fake.example\\r\\n250-PIPELINING\\r\\n250 SIZE 1000\\r\\n",
            "250 ok\\r\\n550-5.1.1 no\\r\\n550 5.1.1 such user\\r\\n221 bye\\r\\n",
        ],
        closes: true,
    },
    verdict: Verdict::Passed,
};

/// A reply that is none, an answer that differs, and an end in the middle of a line.
const SMTP_WRONG: Scene = Scene {
    suite: suite!(
        "smtp",
        "      - |\n        C: NOOP\n        C: VRFY x\n        C: HELP\n        S: 250\n        S: 250\n        S: 214\n"
    ),
    server: Server { bursts: &["220 fake\\r\\n", "250 ok\\n2x0 what\\r\\n2"], closes: true },
    verdict: Verdict::Failed,
};

/// A server that says half of a reply and then nothing.
const SMTP_SILENT: Scene = Scene {
    suite: suite!("smtp", "      - |\n        C: NOOP\n        S: 250\n"),
    server: Server { bursts: &["220 fake\\r\\n", "250-one\\r\\n250-tw"], closes: false },
    verdict: Verdict::Failed,
};

/// A line that is too long for the limits.
const SMTP_ENDLESS: Scene = Scene {
    suite: suite!("smtp", "      - |\n        C: NOOP\n        S: 250\n"),
    server: Server {
        bursts: &[
            "220 fake\\r\\n",
            "250 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ],
        closes: false,
    },
    verdict: Verdict::Failed,
};

/// Silence that is broken by a reply that arrives in parts.
const SMTP_NOISY: Scene = Scene {
    suite: suite!("smtp", "      - |\n        C: NOOP\n        S: 250\n      - silence: 300ms\n"),
    server: Server { bursts: &["220 fake\\r\\n", "250 ok\\r\\n421 too loud\\r\\n"], closes: false },
    verdict: Verdict::Failed,
};

/// The same, and the rest of the reply never comes.
const SMTP_MUMBLING: Scene = Scene {
    suite: suite!("smtp", "      - |\n        C: NOOP\n        S: 250\n      - silence: 300ms\n"),
    server: Server { bursts: &["220 fake\\r\\n", "250 ok\\r\\n421 too"], closes: false },
    verdict: Verdict::Failed,
};

/// A POP3 session with bodies, dot-stuffing, pipelining and a login on the way.
const POP3: Scene = Scene {
    suite: suite!(
        "pop3",
        "      - |\n        C: USER ${alice.login}\n        S: +OK\n        C: PASS ${alice.password}\n        S: +OK\n        C: STAT\n        C: LIST\n        C: RETR 1\n        S: +OK 1 ${octets:number}\n        S: +OK\n        S: 1 ${octets}\n        S: .\n        S: +OK\n        S: .dot\n        S: ...\n        S: .\n        C: CAPA\n        S: +OK\n        S: UIDL\n        S: .\n"
    ),
    server: Server {
        bursts: &[
            "+OK fake <1.2@example>\\r\\n",
            "+OK\\r\\n",
            "+OK in\\r\\n",
            "+OK 1 120\\r\\n+OK\\r\\n1 120\\r\\n.\\r\\n+OK\\r\\n..dot\\r\\n\\r\\n..\\r\\nend\\r\\n.\\r\\n",
            "+OK\\r\\nTOP\\r\\nUIDL\\r\\nSASL PLAIN\\r\\n.\\r\\n",
        ],
        closes: false,
    },
    verdict: Verdict::Passed,
};

/// A POP3 body that ends with the connection.
const POP3_CUT: Scene = Scene {
    suite: suite!("pop3", "      - |\n        C: RETR 1\n        S: +OK\n        S: ...\n        S: .\n"),
    server: Server { bursts: &["+OK fake\\r\\n", "+OK\\r\\nFrom: a\\r\\n\\r\\nhal"], closes: true },
    verdict: Verdict::Failed,
};

/// IMAP with literals, lists, unsolicited data between exchanges, pipelining and IDLE.
const IMAP: Scene = Scene {
    suite: suite!(
        "imap",
        "      - |\n        C: a1 LOGIN ${alice.login} ${alice.password}\n        S: a1 OK\n        C: a2 SELECT INBOX\n        S: * ${count:number} EXISTS\n        S: * OK [UIDVALIDITY ${validity:number}]\n        S: a2 OK\n        C: a3 FETCH 1 (UID BODY[])\n        C: a4 NOOP\n        S: * 1 FETCH (UID ${uid:number} BODY[] \"ab\\\"c\")\n        S? * 4 EXISTS\n        S! * 1 EXPUNGE\n        S: a3 OK\n        S: a4 OK\n        C: a5 APPEND INBOX ${literal:\"hello\"}\n        S: a5 OK [APPENDUID ${validity} ${_:number}]\n        C: a6 IDLE\n        S: +\n      - |\n        S: * 5 EXISTS\n      - |\n        C: DONE\n        S: a6 OK\n"
    ),
    server: Server {
        bursts: &[
            "* OK [CAPABILITY IMAP4rev1 IDLE] fake\\r\\n",
            "* CAPABILITY IMAP4rev1\\r\\na1 OK in\\r\\n",
            "* FLAGS (\\\\Seen \\\\Deleted)\\r\\n* 3 EXISTS\\r\\n* 0 RECENT\\r\\n* OK [UIDVALIDITY 77] ok\\r\\na2 OK [READ-WRITE] in\\r\\n* 4 EXISTS\\r\\n",
            "* 1 FETCH (FLAGS (\\\\Seen) BODY[] {4}\\r\\nab\"c UID 12)\\r\\na4 OK first\\r\\na3 OK done\\r\\n",
            "+ go on\\r\\n",
            "* 4 EXISTS\\r\\na5 OK [APPENDUID 77 13] done\\r\\n",
            "+ idling\\r\\n* 5 EXISTS\\r\\n* 1 RECENT\\r\\n",
            "a6 OK done\\r\\n",
        ],
        closes: false,
    },
    verdict: Verdict::Passed,
};

/// A literal the server refuses, a forbidden line, a value that differs, and a response that no grammar accepts.
const IMAP_WRONG: Scene = Scene {
    suite: suite!(
        "imap",
        "      - |\n        C: a1 FETCH 1 (UID BODY[])\n        S: * 1 FETCH (UID 12 BODY[] \"abcdef\")\n        S! * 2 EXPUNGE\n        S: * SEARCH 1 2\n        S: a1 OK\n"
    ),
    server: Server {
        bursts: &[
            "* PREAUTH fake\\r\\n",
            "* 1 FETCH (UID 13 BODY[] {6}\\r\\n)\\r\\n\\r\\n {)\\r\\n* 2 EXPUNGE\\r\\n* SEARCH 2 3\\r\\n* 1 FETCH (((\\r\\na1 OK done\\r\\n",
        ],
        closes: false,
    },
    verdict: Verdict::Failed,
};

/// A literal larger than the limits, announced and then begun.
const IMAP_HUGE: Scene = Scene {
    suite: suite!("imap", "      - |\n        C: a1 FETCH 1 BODY[]\n        S: a1 OK\n"),
    server: Server { bursts: &["* OK fake\\r\\n", "* 1 FETCH (BODY[] {200000}\\r\\nabcdefgh"], closes: false },
    verdict: Verdict::Failed,
};

/// A set-up that the server refuses.
const BLOCKED: Scene = Scene {
    suite: concat!(
        "spec: x\nprotocol: imap\nstart: authenticated\ncases:\n  - id: one\n    title: t\n    covers: [rfc5321/4.2/one-reply]\n",
        "    dialogue: |\n      C: a1 NOOP\n      S: a1 OK\n"
    ),
    server: Server { bursts: &["* OK fake\\r\\n", "* CAPABILITY IMAP4rev1\\r\\nstart1 NO not you\\r\\n"], closes: false },
    verdict: Verdict::Blocked,
};

const SCENES: [&Scene; 12] = [
    &SMTP,
    &SMTP_WRONG,
    &SMTP_SILENT,
    &SMTP_ENDLESS,
    &SMTP_NOISY,
    &SMTP_MUMBLING,
    &POP3,
    &POP3_CUT,
    &IMAP,
    &IMAP_WRONG,
    &IMAP_HUGE,
    &BLOCKED,
];

#[rstest]
fn every_octet_alone_and_every_single_cut(#[values(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)] index: usize) {
    let scene = SCENES[index];
    let (case, fixtures) = case(scene.suite);
    let whole = play(&case, &fixtures, &scene.server, |available| available);
    assert_eq!(whole.verdict, scene.verdict, "{}", told(&whole));
    let wanted = told(&whole);
    let octets = play(&case, &fixtures, &scene.server, |_| 1);
    assert_eq!(told(&octets), wanted);
    // One cut, at each place of all that is said.
    let length: usize = scene.server.bursts.iter().map(|burst| burst.len()).sum();
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
