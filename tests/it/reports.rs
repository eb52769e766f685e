//! Report files and the small commands around them: they are written, whole, and tell the same.

use serde_json::Value;

use crate::fake::Fake;
use crate::verdicts::{case, report, reports_agree, suite};
use crate::workplace::Workplace;

/// Bytes that XML, JSON and terminals all dislike.
const NASTY: &str = "500 <&\"]]>\\x00\\x1b[31m\\xff\\xef\\xbf\\xbf\\r\\n";

fn workplace(server: &Fake) -> Workplace {
    let cases = [
        case("good", "", "C: NOOP\nS: 250"),
        case("bad", "", "C: VRFY x\nS: 250"),
        case("other", "requires: [X]", "C: NOOP\nS: 250"),
    ];
    Workplace::with(server, &suite("smtp", &cases))
}

fn server() -> Fake {
    Fake::new("smtp", &format!("NOOP => 250 ok\\r\\n\nVRFY => {NASTY}"))
}

#[test]
fn reports_go_where_they_are_wanted() {
    let server = server();
    let workplace = workplace(&server);
    workplace.run(&["--reports", "out/here"]).exits(1).says("out/here/junit.xml").says("out/here/report.json");
    assert!(workplace.exists("out/here/junit.xml") && workplace.exists("out/here/report.json"));
    workplace.write("file", "");
    workplace.run(&["--reports", "file/below"]).exits(2).says("cannot write file/below");
}

#[test]
fn every_profile_is_well_formed_and_complete() {
    let server = server();
    let workplace = workplace(&server);
    for profile in ["rich", "xunit"] {
        let ended = workplace.run(&["--junit-profile", profile]);
        ended.exits(1);
        reports_agree(&workplace, &ended);
        let junit = workplace.read("reports/latest/junit.xml");
        let document = roxmltree::Document::parse(&junit).unwrap();
        let bad = document.descendants().find(|node| node.attribute("name") == Some("bad")).unwrap();
        assert_eq!(bad.attribute("file").is_some(), profile == "rich", "{junit}");
        assert!(bad.descendants().any(|node| node.has_tag_name("failure")), "{junit}");
        let out = bad.descendants().find(|node| node.has_tag_name("system-out")).and_then(|node| node.text()).unwrap();
        assert!(out.contains("VRFY x") && out.contains("\\x00") && out.contains("\\xff"), "{out}");
    }
}

#[test]
fn no_server_steers_the_terminal() {
    let server = server();
    let ended = workplace(&server).run(&["-v", "--color", "always"]);
    ended.exits(1);
    // Colour is ours; what the server sent is shown as text.
    assert!(ended.out.contains("\\x1b[31m") || ended.out.contains("\\x1b\\[31m"), "{}", ended.out);
    assert!(!ended.out.contains('\0'), "{}", ended.out);
    workplace(&server).run(&["--color", "never"]).exits(1).does_not_say("\u{1b}[");
    workplace(&server).run(&[]).exits(1).does_not_say("\u{1b}[");
}

#[test]
fn the_report_can_be_read_back() {
    let server = server();
    let workplace = workplace(&server);
    workplace.run(&[]).exits(1);
    let text = workplace.read("reports/latest/report.json");
    let read = mailspec::report::json::read(&text).expect("the report is of this version");
    assert_eq!(read.cases.len(), 3);
    assert_eq!(report(&workplace)["target"]["greetings"]["smtp"], Value::from("220 fake.example ESMTP"));
    workplace.mailspec(&["matrix", "reports/latest/report.json"]).exits(0).says("fake");
    workplace
        .mailspec(&["explain", "smtp/bad"])
        .exits(0)
        .says("MUST")
        .says("Every command MUST generate exactly one reply")
        .says("C: VRFY x")
        .says("failed");
    workplace.mailspec(&["explain", "smtp/badd"]).exits(2).says("did you mean `smtp/bad`?");
}

#[test]
fn lists_are_for_people_and_for_programs() {
    let server = server();
    let workplace = workplace(&server);
    let listed = workplace.mailspec(&["list"]);
    listed.exits(0);
    assert_eq!(listed.out.lines().count(), 3, "{}", listed.out);
    let json = workplace.mailspec(&["list", "--json", "smtp/good"]);
    let cases: Value = serde_json::from_str(&json.exits(0).out).unwrap();
    assert_eq!(cases[0]["id"], "smtp/good");
    assert_eq!(cases[0]["covers"][0], "rfc5321/4.2/one-reply");
}

#[test]
fn quiet_and_verbose() {
    let server = server();
    let workplace = workplace(&server);
    workplace.run(&["-q"]).exits(1).does_not_say("smtp/good").says("smtp/bad");
    workplace.run(&["-v"]).exits(1).says("smtp/good").says("smtp/other");
    workplace.run(&["-q", "-v"]).exits(2);
}

#[test]
fn github_gets_annotations_and_a_summary() {
    let server = server();
    let workplace = workplace(&server);
    let summary = workplace.path("summary.md");
    let running = workplace
        .start(&["run", "--target", "fake"], &[("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())]);
    let ended = running.wait();
    ended.exits(1).says("::error file=suites/smtp.yaml,line=");
    assert!(workplace.read("summary.md").contains("smtp/bad"));
    assert_eq!(ended.last_line(), "1 passed, 1 failed, 1 skipped");
}

#[test]
fn help_and_completions_are_there() {
    let workplace = Workplace::new();
    workplace.mailspec(&["--help"]).exits(0).says("Exit codes:").says("mailspec run");
    workplace.mailspec(&["run", "--help"]).exits(0).says("--baseline");
    workplace.mailspec(&["--version"]).exits(0);
    workplace.mailspec(&["completions", "bash"]).exits(0).says("mailspec");
    workplace.mailspec(&["serve", "--list-faults"]).exits(0).says("smtp/open-relay");
}
