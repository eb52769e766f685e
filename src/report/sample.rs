//! One run with every verdict, for the tests of the reports.

use std::sync::Arc;
use std::time::Duration;

use crate::outcome::*;
use crate::suite::*;
use crate::transcript::{Entry, Transcript, What};

const TRANSPARENCY: &str = "\
# yaml-language-server: $schema=../../schema.json
spec: RFC 5321 §4.5.2
protocol: smtp
start: ehlo

cases:
  - id: leading-dot-removed
    title: The receiver removes the period that transparency added
    covers: [rfc5321/4.5.2/dot-stuffing]
    dialogue:
      - |
        C: MAIL FROM:<${bob.address}>
        S: 250
        C: RCPT TO:<${alice.address}>
        S: 250
        C: DATA
        S: 354
        C: ${message:dots}
        C: .
        S: 250
      - connect: {name: reader, protocol: imap, start: selected, as: alice}
      - eventually:
          within: 10s
          dialogue: |
            C[reader]: a2 FETCH 1 BODY.PEEK[TEXT]
            S[reader]: * 1 FETCH (BODY[TEXT] \".dot\")
            S[reader]: a2 OK

  - id: reply-to-noop
    title: NOOP is answered 250
    covers: [rfc5321/4.5.2/noop]
    dialogue: |
      C: NOOP
      S: 250
";

const SELECT: &str = "\
spec: RFC 9051 §6.3.2
protocol: imap
start: authenticated
mailboxes:
  box: [plain, multipart-alternative]

cases:
  - id: select-reports-state
    title: SELECT reports FLAGS, EXISTS, UIDVALIDITY and UIDNEXT before its tagged OK
    covers: [rfc9051/6.3.2/required-untagged]
    dialogue: |
      C: a1 SELECT ${box}
      S: * 2 EXISTS
      S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft ...)
      S: * OK [UIDVALIDITY ${validity:number}]
      S: * OK [UIDNEXT ${next:number}]
      S: a1 OK [READ-WRITE]
";

/// Where `needle` first stands in `source`.
fn span_of(source: &str, needle: &str) -> Span {
    let at = source.find(needle).expect("the sample holds it");
    let before = &source[..at];
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    Span { line: before.matches('\n').count() + 1, column, length: needle.chars().count() }
}

/// A case of this id in one of the sample's suites.
pub(crate) fn case(id: &str, level: Level, title: &str) -> Case {
    let protocol = match id.split('/').next() {
        Some("smtp") => Protocol::Smtp,
        Some("pop3") => Protocol::Pop3,
        _ => Protocol::Imap,
    };
    let folder = id.rsplit_once('/').map_or(id, |(folder, _)| folder);
    let (rfc, section) = match protocol {
        Protocol::Smtp => (5321, "4.5.2"),
        Protocol::Pop3 => (1939, "5"),
        Protocol::Imap => (9051, "6.3.2"),
    };
    let quote = match protocol {
        Protocol::Smtp => {
            "When a line of mail text is received by the SMTP server, it checks the line. If the line is composed of a single \
             period, it is treated as the end of mail indicator. If the first character is a period and there are other \
             characters on the line, the first character is deleted."
        }
        Protocol::Pop3 => "Note that a number may be returned.",
        Protocol::Imap => "The server SHOULD respond before returning an OK to the client.",
    };
    Case {
        id: id.into(),
        variant: Variant::default(),
        file: format!("suites/{folder}.yaml").into(),
        line: 8,
        title: title.into(),
        spec: format!("RFC {rfc} §{section}"),
        level,
        requirements: vec![Arc::new(Requirement {
            id: format!("rfc{rfc}/{section}/{}", if protocol == Protocol::Smtp { "dot-stuffing" } else { "sample" }),
            rfc,
            section: section.into(),
            level,
            quote: quote.into(),
            untested: None,
        })],
        requires: vec![CapabilityNeed { name: "UIDPLUS".into(), present: true }],
        start: Start { protocol, service: None, state: StartState::Greeted, role: "alice".into(), mailbox: None, server: None },
        mailboxes: vec![],
        maildrop: None,
        setup: vec![],
        dialogue: vec![],
        timeout: Duration::from_secs(30),
        note: None,
        roles: vec!["alice".into()],
        peers: Vec::new(),
        topology: None,
    }
}

/// A finding without details.
pub(crate) fn finding(kind: FindingKind, message: &str) -> Finding {
    Finding {
        kind,
        message: message.into(),
        span: None,
        expected: None,
        received: None,
        connection: String::new(),
        offset: None,
        hints: vec![],
    }
}

/// An outcome without findings.
pub(crate) fn outcome(case: Case, verdict: Verdict, milliseconds: u64) -> CaseOutcome {
    CaseOutcome {
        case: Arc::new(case),
        verdict,
        reason: None,
        link: None,
        findings: vec![],
        transcript: Transcript::default(),
        duration: Duration::from_millis(milliseconds),
        started: Duration::from_millis(40),
        earlier_attempts: vec![],
        fingerprint: None,
        snapshot: SnapshotState::Off,
        captures: vec![],
    }
}

/// An entry on `connection`; `what` starts with `C:`, `S:` or `#`.
pub(crate) fn entry(microseconds: u64, connection: &str, tls: bool, what: &str) -> Entry {
    let (kind, text) = what.split_at(2);
    let bytes = text.trim_start().as_bytes().to_vec();
    Entry {
        at: Duration::from_micros(microseconds),
        connection: connection.into(),
        tls,
        preparing: false,
        repeated: false,
        party: Party::Server,
        what: match kind {
            "C:" => What::Sent(bytes),
            "S:" => What::Received(bytes),
            _ => What::Event(text.trim().into()),
        },
    }
}

fn failures() -> Vec<CaseOutcome> {
    let mut dots = outcome(
        case(
            "smtp/rfc5321/4.5.2-transparency/leading-dot-removed",
            Level::Must,
            "The receiver removes the period that transparency added",
        ),
        Verdict::Failed,
        128,
    );
    dots.findings = vec![Finding {
        span: Some(span_of(TRANSPARENCY, "\".dot\"")),
        expected: Some("* 1 FETCH (BODY[TEXT] \".dot\\r\\n\")".into()),
        received: Some("* 1 FETCH (BODY[TEXT] \"..dot\\r\\n\")".into()),
        connection: "reader".into(),
        hints: vec!["the value came with one octet more, 0x2e at its start".into()],
        ..finding(FindingKind::Mismatch, "the value of BODY[TEXT] differs")
    }];
    dots.fingerprint = Some("mismatch:31:BODY[TEXT]".into());
    dots.captures = vec![("queue".into(), b"4bXyz".to_vec()), ("bytes".into(), vec![0xff, 0])];
    dots.transcript.entries = vec![
        Entry { preparing: true, ..entry(310, "", false, "S:220 mail.example.org ESMTP\r\n") },
        entry(900, "", false, "C:DATA\r\n"),
        entry(1_750, "", false, "S:354 End data with <CR><LF>.<CR><LF>\r\n"),
        entry(1_800, "", false, "C:..dot\r\n.\r\n"),
        entry(12_020, "", false, "S:250 2.0.0 Ok: queued as 4bXyz\r\n"),
        entry(14_000, "reader", true, "# TLS 1.3 established"),
        entry(118_400, "reader", true, "C:a2 FETCH 1 BODY.PEEK[TEXT]\r\n"),
        entry(119_233, "reader", true, "S:* 1 FETCH (BODY[TEXT] {7}\r\n..dot\r\n)\r\n"),
        entry(119_234, "reader", true, "S:a2 OK Fetch completed (0.001 + 0.000 secs).\r\n"),
    ];

    let mut select = outcome(
        Case {
            variant: Variant { transport: Some(Transport::Tls), segments: Some(Segments::Bytewise), literals: None },
            ..case(
                "imap/rfc9051/6.3.2-select/select-reports-state",
                Level::Must,
                "SELECT reports FLAGS, EXISTS, UIDVALIDITY and UIDNEXT before its tagged OK",
            )
        },
        Verdict::Failed,
        44,
    );
    select.findings = vec![
        Finding {
            span: Some(span_of(SELECT, "* OK [UIDNEXT ${next:number}]")),
            expected: Some("* OK [UIDNEXT ${next:number}]".into()),
            hints: vec!["nearest: * OK [UIDVALIDITY 1795409406] UIDs valid".into()],
            ..finding(FindingKind::Missing, "the exchange is over and this did not come")
        },
        Finding {
            received: Some("* 2 EXISTS\u{1b}[31m\\x00".into()),
            offset: Some(1044),
            ..finding(FindingKind::Malformed, "expected CRLF after EXISTS, found 0x1b")
        },
    ];
    select.transcript.entries = vec![
        entry(2_000, "", true, "C:a1 SELECT ms-4f2-box\r\n"),
        entry(2_400, "", true, "S:* 2 EXISTS\x1b[31m\x00\r\n"),
        entry(2_500, "", true, &format!("S:* OK [X {}] long\r\n", "y".repeat(400))),
        entry(2_600, "", true, "S:a1 OK [READ-WRITE] Select completed.\r\n"),
    ];

    let mut silent = outcome(
        case("pop3/rfc1939/5-transaction/noop", Level::Must, "NOOP is answered with a positive response"),
        Verdict::Failed,
        5_020,
    );
    silent.findings = vec![finding(FindingKind::TimedOut, "nothing came within 5 s")];
    silent.earlier_attempts = vec![Attempt {
        verdict: Verdict::Failed,
        findings: vec![finding(FindingKind::TimedOut, "nothing came within 5 s")],
        duration: Duration::from_millis(5_001),
    }];
    vec![select, silent, dots]
}

/// A run of thirteen cases with every verdict.
pub(crate) fn run() -> RunResult {
    let made = |id: &str, level, title: &str, verdict, ms| outcome(case(id, level, title), verdict, ms);
    let mut flaky =
        made("imap/rfc9051/6.3.2-select/examine", Level::Must, "EXAMINE opens a mailbox read-only", Verdict::Passed, 61);
    flaky.earlier_attempts = vec![Attempt {
        verdict: Verdict::Failed,
        findings: vec![finding(FindingKind::Connection, "the server closed the connection")],
        duration: Duration::from_millis(20),
    }];
    let mut warned =
        made("smtp/rfc5321/4.5.2-transparency/reply-to-noop", Level::Should, "NOOP is answered 250", Verdict::Warned, 9);
    warned.findings = vec![Finding {
        span: Some(span_of(TRANSPARENCY, "S: 250\n").with_length(6)),
        received: Some("252 2.0.0 maybe".into()),
        ..finding(FindingKind::Mismatch, "expected reply code 250, received 252")
    }];
    let mut observed = made("pop3/rfc1939/5-transaction/top", Level::May, "TOP is implemented", Verdict::Observed, 7);
    observed.findings = vec![Finding {
        received: Some("-ERR Unknown command.".into()),
        ..finding(FindingKind::Mismatch, "expected +OK, received -ERR")
    }];
    let mut skipped = vec![
        made("imap/rfc7162/3-condstore/modseq", Level::Must, "FETCH returns MODSEQ", Verdict::Skipped, 0),
        made("imap/rfc7162/3-condstore/enable", Level::Must, "CONDSTORE is enabled", Verdict::Skipped, 0),
    ];
    skipped.iter_mut().for_each(|o| o.reason = Some("the target does not announce CONDSTORE".into()));
    let mut expected = made(
        "imap/rfc9051/6.3.2-select/closed",
        Level::Must,
        "SELECT of another mailbox says CLOSED",
        Verdict::ExpectedFailure,
        15,
    );
    expected.reason = Some("speaks IMAP4rev1 only; CLOSED came with RFC 7162".into());
    expected.link = Some("https://example.org/issues/12".into());
    expected.findings = vec![finding(FindingKind::Missing, "the exchange is over and this did not come")];
    let fixed = made("smtp/rfc5321/4.1.1-commands/help", Level::Must, "HELP is answered", Verdict::UnexpectedPass, 4);
    let mut blocked = made("imap/rfc9051/6.3.2-select/deleted", Level::Must, "SELECT of a deleted mailbox", Verdict::Blocked, 3);
    blocked.reason = Some("set-up: CREATE was answered NO [OVERQUOTA]".into());
    let mut errored = made("pop3/rfc1939/5-transaction/stat", Level::Must, "STAT counts", Verdict::Errored, 3);
    errored.reason = Some("connecting to 127.0.0.1:1110 timed out".into());
    let mut changed = made("pop3/rfc1939/5-transaction/quit", Level::Must, "QUIT", Verdict::Passed, 12);
    changed.snapshot = SnapshotState::Changed {
        accepted: "C: QUIT\nS: +OK Logging out.\n".into(),
        present: "C: QUIT\nS: +OK Logging out, messages deleted.\n".into(),
    };

    let mut outcomes = skipped;
    let mut failures = failures();
    let dots = failures.pop();
    outcomes.extend([expected, blocked, flaky]);
    outcomes.extend(failures);
    outcomes.extend([changed, errored, observed, fixed]);
    outcomes.extend(dots);
    outcomes.push(warned);
    RunResult {
        start: RunStart {
            target: TargetFacts {
                name: "dovecot".into(),
                description: Some("Dovecot 2.3.19".into()),
                greetings: [(Protocol::Imap, "* OK [CAPABILITY IMAP4rev1] ready.".to_owned())].into(),
                capabilities: [(Protocol::Imap, vec!["IMAP4rev1".to_owned(), "IDLE".to_owned()])].into(),
                secured_capabilities: [].into(),
                service_capabilities: [].into(),
            },
            selected: 15,
            deselected: 3,
            suites: 6,
            jobs: 4,
            seed: 7_216_514_019_338_112_771,
            started_at: "2026-11-23T05:10:00Z".into(),
            strict: false,
        },
        outcomes,
        stale: vec![StaleEntry { pattern: "imap/**/gone-*".into(), why: "matches no case".into() }],
        duration: Duration::from_millis(12_345),
        interrupted: None,
        target_failure: None,
        not_run: 2,
        sources: [
            ("suites/smtp/rfc5321/4.5.2-transparency.yaml".into(), TRANSPARENCY.into()),
            ("suites/imap/rfc9051/6.3.2-select.yaml".into(), SELECT.into()),
        ]
        .into(),
    }
}

trait WithLength {
    fn with_length(self, length: usize) -> Self;
}

impl WithLength for Span {
    fn with_length(self, length: usize) -> Span {
        Span { length, ..self }
    }
}
