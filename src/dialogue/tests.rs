//! Whole cases against a server whose answers are given as text: what is known only from one exchange to the next.

use std::collections::BTreeMap;

use super::*;
use crate::protocol::Limits;
use crate::suite::{Action, Case, Fixtures, Protocol, StartState, Step, inline};

/// Plays IMAP lines on a connection that begins with nothing. Each `(first, answer)` answers a write that starts with `first`;
/// an answer is used once.
fn play(case: Case, answers: &[(&str, &str)]) -> (Played, String) {
    let environment = Environment {
        accounts: BTreeMap::new(),
        peers: BTreeMap::new(),
        mailboxes: BTreeMap::new(),
        private_prefix: String::new(),
        domain: "example.org".into(),
        shared_mailbox: None,
        unique: "unique".into(),
        fixtures: Arc::new(Fixtures::new()),
        capabilities: BTreeMap::new(),
        secured_capabilities: BTreeMap::new(),
        service_capabilities: BTreeMap::new(),
        step_timeout: Duration::from_secs(1),
        limits: Limits::default(),
    };
    let mut engine = Engine::new(Arc::new(case), environment, false);
    let (mut now, mut sent) = (Duration::ZERO, String::new());
    let mut answers = answers.to_vec();
    loop {
        match engine.next(now) {
            Demand::Open { connection, .. } => engine.opened(&connection, false, now),
            Demand::Write { connection, bytes, .. } => {
                let text = String::from_utf8(bytes).unwrap();
                sent.push_str(&text);
                if let Some(at) = answers.iter().position(|(first, _)| text.starts_with(first)) {
                    let (_, answer) = answers.remove(at);
                    engine.received(&connection, answer.replace('\n', "\r\n").as_bytes(), now);
                }
            }
            Demand::Read { until } => {
                now = until;
                engine.deadline_passed(now);
            }
            Demand::Finished => return (engine.finish(), sent),
            _ => {}
        }
    }
}

fn case(lines: &str) -> Case {
    let start = Start {
        protocol: Protocol::Imap,
        service: None,
        state: StartState::Connected,
        role: "alice".into(),
        mailbox: None,
        server: None,
    };
    let lines: String = lines.lines().map(|line| format!("{}\n", line.trim())).collect();
    inline::case("numbers", start, &lines, Duration::from_secs(30)).unwrap()
}

/// What was sent, or the first finding.
fn sends(lines: &str, answers: &[(&str, &str)]) -> Result<String, String> {
    let (played, sent) = play(case(lines), answers);
    match played.findings.first() {
        None => Ok(sent.replace("\r\n", "\n")),
        Some(finding) => Err(finding.message.clone()),
    }
}

#[test]
fn a_relative_number_is_sent_as_the_number_of_its_moment() {
    let lines = "C: a1 EXPUNGE
        S: * $2 EXPUNGE
        S: * $3 EXPUNGE
        S: a1 OK
        C: a2 FETCH $1,$4:$6 FLAGS
        S: * $4 FETCH (FLAGS ())
        S: a2 OK";
    let rest = ("a2", "* 2 FETCH (FLAGS ())\na2 OK done\n");
    for expunged in ["* 2 EXPUNGE\n* 2 EXPUNGE\n", "* 3 EXPUNGE\n* 2 EXPUNGE\n"] {
        let answer = format!("{expunged}a1 OK done\n");
        let sent = sends(lines, &[("a1", &answer), rest]);
        assert_eq!(sent.as_deref(), Ok("a1 EXPUNGE\na2 FETCH 1,2:4 FLAGS\n"));
    }
}

#[test]
fn an_expunged_message_cannot_be_sent() {
    let lines = "C: a1 NOOP
        S: a1 OK
        C: a2 FETCH 1,$2 FLAGS
        S: a2 OK";
    let (played, _) = play(case(lines), &[("a1", "* 2 EXPUNGE\na1 OK done\n")]);
    let finding = played.findings.first().unwrap();
    assert_eq!(finding.message, "`$2` has no number any more: the server said EXPUNGE of that message");
    assert_eq!(finding.span.map(|span| (span.line, span.column, span.length)), Some((3, 15, 2)));
    assert_eq!(played.verdict, Verdict::Failed);
    // In the set-up it blocks.
    let mut blocked = case(lines);
    blocked.setup = std::mem::take(&mut blocked.dialogue);
    assert_eq!(play(blocked, &[("a1", "* 2 EXPUNGE\na1 OK done\n")]).0.verdict, Verdict::Blocked);
}

#[test]
fn numbers_begin_anew_with_each_mailbox() {
    let lines = "C: a1 NOOP
        S: * $1 EXPUNGE
        S: a1 OK
        C: a2 EXAMINE other
        S: a2 OK|NO
        C: a3 FETCH $3 FLAGS
        S: a3 OK";
    let answers = |status| [("a1", "* 1 EXPUNGE\na1 OK x\n"), ("a2", status), ("a3", "a3 OK x\n")];
    assert!(sends(lines, &answers("a2 OK x\n")).unwrap().ends_with("a3 FETCH 3 FLAGS\n"));
    assert!(sends(lines, &answers("a2 NO x\n")).unwrap().ends_with("a3 FETCH 2 FLAGS\n"));
}

#[test]
fn strings_and_literals_keep_their_dollars() {
    let lines = "C: a1 NOOP
        S: a1 OK
        C: a2 LOGIN \"$3\" {4+}
        C: a $3 $3 $$3 ${upper:$3}
        S: a2 OK
        C: a3 FETCH $ ($$ a$3 $3)
        S: a3 OK";
    let sent = sends(lines, &[("a1", "* 1 EXPUNGE\na1 OK x\n"), ("a2", "a2 OK x\n"), ("a3", "a3 OK x\n")]).unwrap();
    assert_eq!(sent, "a1 NOOP\na2 LOGIN \"$3\" {4+}\na $3 2 $3 $3\na3 FETCH $ ($$ a$3 2)\n");
}

#[test]
fn a_failed_attempt_gives_its_mod_sequences_back_but_not_its_expunges() {
    let mut case = case(
        "C: a1 NOOP
        S: * OK [HIGHESTMODSEQ ${m:modseq}]
        S: a1 OK
        C: a2 NOOP
        S: * OK [HIGHESTMODSEQ ${m:modseq}]
        S: a2 OK
        C: a3 NOOP
        S: * $3 FETCH (FLAGS ())
        S: a3 OK
        C: a4 STORE $3 (UNCHANGEDSINCE ${m}) FLAGS ()
        S: a4 OK",
    );
    let repeated: Vec<Step> = case.dialogue.drain(1..3).collect();
    let eventually = Action::Eventually { within: Duration::from_secs(5), dialogue: repeated };
    case.dialogue.insert(1, Step { span: Span::default(), action: eventually });
    let (played, sent) = play(
        case,
        &[
            ("a1", "* OK [HIGHESTMODSEQ 5] x\na1 OK x\n"),
            // The first attempt goes to 90 and fails at its end; were 90 kept, 7 would not do.
            ("a2", "* OK [HIGHESTMODSEQ 90] x\n* 1 EXPUNGE\na2 OK x\n"),
            ("a3", "a3 OK x\n"),
            ("a2", "* OK [HIGHESTMODSEQ 7] x\na2 OK x\n"),
            ("a3", "* 2 FETCH (FLAGS ())\na3 OK x\n"),
            ("a4", "a4 OK x\n"),
        ],
    );
    assert_eq!(played.findings, Vec::new());
    assert_eq!(played.captures, [("m".to_owned(), b"5".to_vec()), ("m".to_owned(), b"7".to_vec())]);
    assert!(sent.ends_with("a4 STORE 2 (UNCHANGEDSINCE 7) FLAGS ()\r\n"), "{sent}");
}
