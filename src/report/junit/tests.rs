//! The XML is read back by a parser that shares nothing with its writer, and checked with the schema by xmllint.

use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use roxmltree::{Document, Node};

use super::*;
use crate::outcome::FindingKind;
use crate::report::sample;
use crate::suite::{Level, Party};
use crate::transcript::{Entry, What};

fn named<'a>(document: &'a Document<'_>, name: &str) -> Node<'a, 'a> {
    let found = document.descendants().find(|n| n.has_tag_name("testcase") && n.attribute("name") == Some(name));
    found.unwrap_or_else(|| panic!("no case {name}"))
}

fn tags<'a>(case: Node<'a, 'a>) -> Vec<&'a str> {
    case.children().filter(Node::is_element).map(|n| n.tag_name().name()).collect()
}

fn property<'a>(case: Node<'a, 'a>, name: &str) -> Vec<&'a str> {
    let all = case.descendants().filter(|n| n.has_tag_name("property") && n.attribute("name") == Some(name));
    all.filter_map(|n| n.attribute("value")).collect()
}

#[test]
fn failures_errors_and_skips_are_kept_apart() {
    let xml = junit(&sample::run(), Profile::Rich).unwrap();
    let document = Document::parse(&xml).unwrap();
    let root = document.root_element();
    // Three failed, one unexpected pass, one stale entry; one blocked, one errored; two skipped, one expected failure.
    for (count, expected) in [("tests", "14"), ("failures", "5"), ("errors", "2"), ("skipped", "3")] {
        assert_eq!(root.attribute(count), Some(expected), "{count}");
    }
    assert_eq!(tags(named(&document, "deleted")), ["properties", "error"]);
    assert_eq!(tags(named(&document, "stat")), ["properties", "error"]);
    assert_eq!(tags(named(&document, "help")), ["properties", "failure"]);
    assert_eq!(tags(named(&document, "imap/**/gone-*")), ["failure"]);
    assert_eq!(tags(named(&document, "examine")), ["properties", "flakyFailure"]);
    assert_eq!(tags(named(&document, "noop")), ["properties", "failure", "rerunFailure"]);
    assert_eq!(tags(named(&document, "reply-to-noop")), ["properties"]);
    let expected = named(&document, "closed").descendants().find(|n| n.has_tag_name("skipped")).unwrap();
    let message = expected.attribute("message").unwrap();
    assert!(message.contains("CLOSED came with RFC 7162") && message.contains("https://example.org/issues/12"), "{message}");
}

#[test]
fn a_case_says_where_it_is_and_what_it_rests_on() {
    let xml = junit(&sample::run(), Profile::Rich).unwrap();
    let document = Document::parse(&xml).unwrap();
    let case = named(&document, "leading-dot-removed");
    assert_eq!(case.attribute("classname"), Some("smtp.rfc5321.4_5_2-transparency"));
    assert_eq!(case.attribute("file"), Some("suites/smtp/rfc5321/4.5.2-transparency.yaml"));
    assert_eq!(case.attribute("line"), Some("26"));
    assert_eq!(case.attribute("time"), Some("0.128"));
    assert_eq!(case.attribute("timestamp"), Some("2026-11-23T05:10:00.04Z"));
    assert_eq!(case.parent().and_then(|s| s.attribute("name")), Some("suites/smtp/rfc5321/4.5.2-transparency.yaml"));
    for (name, value) in [
        ("rfc", "5321"),
        ("section", "rfc5321/4.5.2"),
        ("level", "MUST"),
        ("requirement", "rfc5321/4.5.2/dot-stuffing"),
        ("verdict", "failed"),
    ] {
        assert_eq!(property(case, name), [value], "{name}");
    }
    let out = case.descendants().find(|n| n.has_tag_name("system-out")).and_then(|n| n.text()).unwrap();
    assert!(out.contains("[reader] <~ ..dot\n"), "{out}");
    let variant = named(&document, "select-reports-state [transport=tls segments=bytewise]");
    assert_eq!(property(variant, "variant"), ["transport=tls segments=bytewise"]);
    let escaped = variant.descendants().find(|n| n.has_tag_name("system-out")).and_then(|n| n.text()).unwrap();
    assert!(escaped.contains("* 2 EXISTS\\x1b[31m\\x00"), "control bytes stay visible: {escaped}");
    assert_eq!(
        property(named(&document, "reply-to-noop"), "warning"),
        ["expected reply code 250, received 252; the server said 252 2.0.0 maybe"]
    );
    assert_eq!(property(named(&document, "top"), "observed").len(), 1);
}

#[test]
fn a_run_that_was_not_whole_has_an_error() {
    let run = RunResult {
        target_failure: Some("refused".into()),
        interrupted: Some("Ctrl-C".into()),
        outcomes: vec![],
        stale: vec![],
        ..sample::run()
    };
    let xml = junit(&run, Profile::Rich).unwrap();
    let document = Document::parse(&xml).unwrap();
    assert_eq!(document.root_element().attribute("errors"), Some("2"));
    assert_eq!(tags(named(&document, "target")), ["error"]);
}

#[test]
fn the_rich_document() {
    insta::assert_snapshot!(junit(&sample::run(), Profile::Rich).unwrap());
}

#[test]
fn the_xunit_profile_satisfies_the_strict_schema() {
    if Command::new("xmllint").arg("--version").output().is_err() {
        println!("xmllint is not installed (Debian: libxml2-utils): the schema was not checked");
        return;
    }
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schemas/junit-10.xsd");
    let folder = tempfile::tempdir().unwrap();
    let valid = |xml: &str| {
        let file: PathBuf = folder.path().join("junit.xml");
        std::fs::write(&file, xml).unwrap();
        let run = Command::new("xmllint").args(["--noout", "--schema"]).arg(&schema).arg(&file).output().unwrap();
        (run.status.success(), String::from_utf8_lossy(&run.stderr).into_owned())
    };
    let whole = sample::run();
    let cut = RunResult { interrupted: Some("Ctrl-C".into()), duration: Duration::from_millis(3_723_004), ..sample::run() };
    for run in [whole, cut] {
        let (valid, said) = valid(&junit(&run, Profile::Xunit).unwrap());
        assert!(valid, "{said}");
    }
    // The check can fail: the rich profile has attributes the schema does not know.
    assert!(!valid(&junit(&sample::run(), Profile::Rich).unwrap()).0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_bytes_make_a_well_formed_document(
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        words in prop::collection::vec("\\PC{0,12}|[\\x00-\\x1f\\x7f-\\u{9f}\\u{fffe}\\u{ffff}<>&\"'\\]]{0,12}", 8),
        xunit in any::<bool>(),
    ) {
        let [title, message, received, reason, name, pattern, file, value] = words.as_slice() else { unreachable!() };
        let mut outcomes = Vec::new();
        for verdict in Verdict::ALL {
            let mut case = sample::case(&format!("smtp/{file}/{title}"), Level::Must, title);
            case.file = file.as_str().into();
            let mut outcome = sample::outcome(case, verdict, 1);
            outcome.reason = Some(reason.clone());
            outcome.link = Some(reason.clone());
            outcome.captures = vec![(value.clone(), bytes.clone())];
            outcome.findings = vec![Finding { received: Some(received.clone()), ..sample::finding(FindingKind::Mismatch, message) }];
            outcome.earlier_attempts =
                vec![Attempt { verdict, findings: outcome.findings.clone(), duration: Duration::from_millis(1) }];
            let entry = |what| Entry { at: Duration::ZERO, connection: name.as_str().into(), tls: false, preparing: false, repeated: false, party: Party::Server, what };
            outcome.transcript.entries =
                vec![entry(What::Received(bytes.clone())), entry(What::Sent(bytes.clone())), entry(What::Event(value.clone()))];
            outcomes.push(outcome);
        }
        let mut run = sample::run();
        run.outcomes = outcomes;
        run.stale.iter_mut().for_each(|stale| stale.pattern = pattern.clone());
        run.start.target.name = name.clone();
        let profile = if xunit { Profile::Xunit } else { Profile::Rich };
        let xml = junit(&run, profile).unwrap();
        let document = Document::parse(&xml);
        prop_assert!(document.is_ok(), "{:?}\n{xml}", document.err());
        prop_assert_eq!(document.unwrap().descendants().filter(|n| n.has_tag_name("testcase")).count(), 10);
    }
}
