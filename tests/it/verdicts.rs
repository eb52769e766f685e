//! Every verdict end to end: a server whose replies are given as data, a run, its exit code and what all reports say of it.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::Value;

use crate::fake::Fake;
use crate::workplace::{Ended, Workplace};

/// One case: a command and what it expects, with further keys of the case.
pub fn case(id: &str, keys: &str, dialogue: &str) -> String {
    let dialogue: String = dialogue.lines().map(|line| format!("      {}\n", line.trim())).collect();
    let keys: String = keys.lines().map(|line| format!("    {line}\n")).collect();
    let covers = if keys.contains("covers:") { "" } else { "    covers: [rfc5321/4.2/one-reply]\n" };
    format!("  - id: {id}\n    title: The command is answered\n{covers}{keys}    dialogue: |\n{dialogue}")
}

/// A suite of such cases.
pub fn suite(protocol: &str, cases: &[String]) -> String {
    format!("spec: RFC 5321 §4.2\nprotocol: {protocol}\ncases:\n{}", cases.concat())
}

/// The report file of the last run.
pub fn report(workplace: &Workplace) -> Value {
    serde_json::from_str(&workplace.read("reports/latest/report.json")).expect("report.json is JSON")
}

/// The verdicts of the last run, by the ids' last part.
pub fn verdicts(workplace: &Workplace) -> Vec<(String, String)> {
    let report = report(workplace);
    let cases = report["cases"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    cases.iter().map(|case| (text(&case["id"]), text(&case["verdict"]))).collect()
}

/// What the three reports count must be the same: the last line of the terminal, `report.json` and `junit.xml`.
#[track_caller]
pub fn reports_agree(workplace: &Workplace, ended: &Ended) {
    let number = |word: &str| -> usize {
        let part = ended.last_line().split(", ").find(|part| part.ends_with(word)).unwrap_or_else(|| panic!("{}", ended.out));
        part.split(' ').next().unwrap().parse().unwrap()
    };
    let (passed, failed, skipped) = (number("passed"), number("failed"), number("skipped"));
    let report = report(workplace);
    let count = |names: &[&str]| names.iter().map(|name| report["counts"][*name].as_u64().unwrap() as usize).sum::<usize>();
    let stale = report["stale_baseline"].as_array().unwrap().len();
    assert_eq!(passed, count(&["passed", "warned", "observed"]), "{}", ended.out);
    let broken = count(&["failed", "unexpected-pass", "blocked", "errored"]) + stale;
    let cut_short = report["interrupted"].is_string() || report["target_failure"].is_string();
    assert_eq!(failed, if broken == 0 && cut_short { 1 } else { broken }, "{}", ended.out);
    assert_eq!(skipped, count(&["skipped", "expected-failure"]), "{}", ended.out);
    assert_eq!(report["exit_code"].as_i64(), ended.code.map(i64::from), "{}", ended.out);

    let junit = workplace.read("reports/latest/junit.xml");
    let junit = roxmltree::Document::parse(&junit).expect("junit.xml is well-formed");
    let cases: Vec<_> = junit.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    let with = |tags: &[&str]| cases.iter().filter(|case| case.children().any(|c| tags.contains(&c.tag_name().name()))).count();
    assert_eq!(with(&["failure", "error"]), failed, "{}", ended.out);
    assert_eq!(with(&["skipped"]), skipped, "{}", ended.out);
    assert_eq!(cases.len(), passed + failed + skipped, "{}", ended.out);
}

/// Runs the cases against the script, and checks exit code, verdicts and that all reports agree.
#[track_caller]
fn check(script: &str, cases: &[String], args: &[&str], code: i32, expected: &[(&str, &str)]) -> Ended {
    let fake = Fake::new("smtp", script);
    let workplace = Workplace::with(&fake, &suite("smtp", cases));
    let ended = workplace.run(args);
    ended.exits(code);
    let expected: Vec<(String, String)> = expected.iter().map(|(id, verdict)| (id.to_string(), verdict.to_string())).collect();
    assert_eq!(verdicts(&workplace), expected, "{}", ended.all());
    reports_agree(&workplace, &ended);
    ended
}

/// NOOP is answered 250, VRFY 500.
const SCRIPT: &str = "NOOP => 250 ok\\r\\nVRFY => 500 no\\r\\n";
const GOOD: &str = "C: NOOP\nS: 250";
const BAD: &str = "C: VRFY x\nS: 250";
const MAY: &str = "covers: [rfc5321/4.1.1.8/help-argument]";
const SHOULD: &str = "covers: [rfc5321/3.5.3/both]";

fn script() -> String {
    SCRIPT.replace("\\nVRFY", "\\n\nVRFY")
}

#[rstest]
#[case::passed(case("one", "", GOOD), &[], 0, "passed")]
#[case::failed(case("one", "", BAD), &[], 1, "failed")]
#[case::warned(case("one", SHOULD, BAD), &[], 0, "warned")]
#[case::a_should_that_holds(case("one", SHOULD, GOOD), &[], 0, "passed")]
#[case::strict(case("one", SHOULD, BAD), &["--strict"], 1, "failed")]
#[case::observed(case("one", MAY, BAD), &[], 0, "observed")]
#[case::a_may_is_free_even_if_strict(case("one", MAY, BAD), &["--strict"], 0, "observed")]
#[case::the_level_of_the_case_counts_more(case("one", "level: should", BAD), &[], 0, "warned")]
#[case::skipped(case("one", "requires: [CHUNKING]", BAD), &[], 0, "skipped")]
#[case::offered(case("one", "requires: [PIPELINING]", GOOD), &[], 0, "passed")]
#[case::absence_asked_for(case("one", "requires: ['!PIPELINING']", GOOD), &[], 0, "skipped")]
#[case::blocked_by_the_setup(case("one", "setup: |\n  C: VRFY x\n  S: 250", GOOD), &[], 3, "blocked")]
#[case::a_setup_that_works(case("one", "setup: |\n  C: NOOP\n  S: 250", GOOD), &[], 0, "passed")]
fn a_verdict(#[case] case: String, #[case] args: &[&str], #[case] code: i32, #[case] verdict: &str) {
    check(&script(), &[case], args, code, &[("one", verdict)]);
}

#[test]
fn all_of_them_in_one_run() {
    let cases = [
        case("passes", "", GOOD),
        case("fails", "", BAD),
        case("warns", SHOULD, BAD),
        case("observes", MAY, BAD),
        case("skips", "requires: [CHUNKING]", GOOD),
        case("blocks", "setup: |\n  C: VRFY x\n  S: 250", GOOD),
    ];
    let expected = [
        ("passes", "passed"),
        ("fails", "failed"),
        ("warns", "warned"),
        ("observes", "observed"),
        ("skips", "skipped"),
        ("blocks", "blocked"),
    ];
    let ended = check(&script(), &cases, &[], 1, &expected);
    assert_eq!(ended.last_line(), "3 passed, 2 failed, 1 skipped");
    ended.says("needs CHUNKING").says("the set-up failed");
}

#[test]
fn a_case_that_needs_what_the_target_has_not() {
    let cases = [
        case("service", "service: submission", GOOD),
        case("clock", "", GOOD).replace("dialogue: |\n", "dialogue:\n    - clock: +30m\n    - |\n"),
        case("accounts", "", "C: VRFY ${alice.address} ${bob.address} ${carol.address}\nS: 500"),
        case("mailboxes", "maildrop: [plain]", GOOD),
    ];
    let ended = check(
        &script(),
        &cases,
        &[],
        0,
        &[("service", "skipped"), ("clock", "skipped"), ("accounts", "skipped"), ("mailboxes", "skipped")],
    );
    ended.says("no endpoint `submission`").says("no control `clock`").says("needs 3 accounts, the target has 2");
}

#[test]
fn an_ignored_capability_does_not_count() {
    let fake = Fake::new("smtp", &script());
    let workplace = Workplace::with(&fake, &suite("smtp", &[case("one", "requires: [PIPELINING]", BAD)]));
    workplace.target(&fake.target("ignore-capabilities: [pipelining]\n"));
    workplace.run(&[]).exits(0).says("needs PIPELINING");
}

#[test]
fn variants_are_cases_of_their_own() {
    let cases = [case("one", "vary: {segments: [whole, bytewise], transport: [plain, tls]}", GOOD)];
    let ended =
        check(&script(), &cases, &["-v"], 0, &[("one", "passed"), ("one", "passed"), ("one", "skipped"), ("one", "skipped")]);
    ended.says("smtp/one [transport=plain segments=bytewise]").says("no TLS endpoint");
}

#[test]
fn a_case_that_passes_at_the_second_attempt_is_flaky() {
    let flaky = "NOOP => 500 not yet\\r\\n\nNOOP => 250 ok\\r\\n\n";
    let cases = [case("one", "", GOOD)];
    check(flaky, &cases, &[], 1, &[("one", "failed")]);
    let ended = check(flaky, &cases, &["--retries", "2"], 0, &[("one", "passed")]);
    ended.says("FLAKY").says("1 flaky");
    check("NOOP => 500 never\\r\\n", &cases, &["--retries", "2"], 1, &[("one", "failed")]);
}

#[test]
fn the_first_failure_ends_the_run_if_asked() {
    let fake = Fake::new("smtp", &script());
    let many: Vec<String> = (0..40).map(|n| case(&format!("case-{n}"), "", if n == 1 { BAD } else { GOOD })).collect();
    let workplace = Workplace::with(&fake, &suite("smtp", &many));
    let ended = workplace.run(&["--fail-fast", "--jobs", "1"]);
    ended.exits(1).says("stopped at the first failure: smtp/case-1").says("38 not run");
    reports_agree(&workplace, &ended);
}

#[test]
fn a_target_that_dies_in_the_middle_is_one_message() {
    let fake = Fake::new("smtp", "NOOP => 250 ok\\r\\n\nVRFY => <die>\n");
    let many: Vec<String> = (0..60).map(|n| case(&format!("case-{n}"), "", if n == 5 { BAD } else { GOOD })).collect();
    let workplace = Workplace::with(&fake, &suite("smtp", &many));
    let ended = workplace.run(&["--jobs", "2"]);
    ended.exits(3).says("the target `fake` stopped answering at the case smtp/case-");
    reports_agree(&workplace, &ended);
    let failures = ended.out.lines().filter(|line| line.starts_with("FAIL ") || line.starts_with("ERROR ")).count();
    assert!(failures <= 4, "{failures} failures are told where one message says it all:\n{}", ended.out);
    assert!(report(&workplace)["not_run"].as_u64().unwrap() >= 10, "{}", ended.out);
}

#[test]
fn a_target_that_dies_with_the_last_case_is_told_too() {
    let fake = Fake::new("smtp", "NOOP => 250 ok\\r\\n<die>\n");
    let workplace = Workplace::with(&fake, &suite("smtp", &[case("one", "", GOOD)]));
    let ended = workplace.run(&[]);
    ended.exits(3).says("no longer answers after the last case");
    assert_eq!(verdicts(&workplace), [("one".to_owned(), "passed".to_owned())]);
    reports_agree(&workplace, &ended);
}

#[test]
fn ctrl_c_ends_with_a_partial_report() {
    ends_with_a_partial_report("INT");
}

#[test]
fn a_cancelled_job_ends_with_a_partial_report() {
    ends_with_a_partial_report("TERM");
}

fn ends_with_a_partial_report(signal: &str) {
    let fake = Fake::new("smtp", "NOOP => 250 ok\\r\\n\nVRFY => <hang>\n");
    let mut cases = vec![case("quick", "", GOOD)];
    cases.extend((0..20).map(|n| case(&format!("slow-{n}"), "", BAD)));
    let workplace = Workplace::with(&fake, &suite("smtp", &cases));
    workplace.target(&fake.target_with_step("25s", ""));
    let running = workplace.start(&["run", "--target", "fake", "--jobs", "1"], &[]);
    let begun = Instant::now();
    while !fake.heard().iter().any(|line| line.starts_with("VRFY")) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the slow case never began");
        std::thread::sleep(Duration::from_millis(10));
    }
    let killed = std::process::Command::new("/bin/kill").args([&format!("-{signal}"), &running.pid().to_string()]).status();
    let killed = killed.unwrap_or_else(|_| {
        let line = format!("kill -{signal} {}", running.pid());
        std::process::Command::new("/bin/sh").args(["-c", &line]).status().unwrap()
    });
    assert!(killed.success());
    let ended = running.wait();
    assert!(begun.elapsed() < Duration::from_secs(15), "it took {:?}", begun.elapsed());
    ended.exits(3).says("interrupted").says("20 not run");
    assert_eq!(verdicts(&workplace), [("quick".to_owned(), "passed".to_owned())]);
    reports_agree(&workplace, &ended);
}

#[test]
fn what_failed_weighs_more_than_what_was_cut_short() {
    let fake = Fake::new("smtp", &script());
    let workplace =
        Workplace::with(&fake, &suite("smtp", &[case("one", "", BAD), case("two", "setup: |\n  C: VRFY x\n  S: 250", GOOD)]));
    workplace.run(&[]).exits(1);
    workplace.run(&["smtp/two"]).exits(3);
}

#[test]
fn the_seed_repeats_a_run_to_the_octet() {
    let said = |seed: &str| {
        let fake = Fake::new("smtp", "VRFY => 500 no\\r\\n");
        let cases =
            [case("one", "", "C: VRFY ${unique}\nS: 500"), case("two", "", "C: VRFY ${unique} ${nobody.address}\nS: 500")];
        let workplace = Workplace::with(&fake, &suite("smtp", &cases));
        workplace.run(&["--seed", seed, "--jobs", "1"]).exits(0).says(&format!("seed {seed}"));
        fake.heard().into_iter().filter(|line| line.starts_with("VRFY")).collect::<Vec<_>>()
    };
    let first = said("7");
    assert_eq!(first.len(), 2);
    assert_eq!(first, said("7"));
    assert_ne!(first, said("8"));
}

#[test]
fn selections_play_what_they_name() {
    let fake = Fake::new("smtp", &script());
    let workplace =
        Workplace::with(&fake, &suite("smtp", &[case("one", "", GOOD), case("two", SHOULD, GOOD), case("three", "", GOOD)]));
    let played = |args: &[&str]| {
        workplace.run(args).exits(0);
        verdicts(&workplace).into_iter().map(|(id, _)| id).collect::<Vec<_>>()
    };
    assert_eq!(played(&[]), ["one", "two", "three"]);
    assert_eq!(played(&["smtp/one", "smtp/th*"]), ["one", "three"]);
    assert_eq!(played(&["--skip", "smtp/one"]), ["two", "three"]);
    assert_eq!(played(&["--level", "should"]), ["two"]);
    assert_eq!(played(&["smtp", "--level", "must", "--skip", "**/three"]), ["one"]);
}

/// The password of an account is in no report and on no page.
#[test]
fn passwords_are_not_told() {
    let fake = Fake::new("pop3", "PASS => -ERR no\\r\\n\nNOOP => +OK\\r\\n");
    let workplace = Workplace::with(&fake, &suite("pop3", &[case("one", "", "C: NOOP\nS: +OK")]));
    let accounts = "accounts:\n- {login: one, password: Xsecret9, address: one@example.org, disposable: true}\n";
    workplace.target(&fake.target(accounts));
    let probed = workplace.run(&["-v"]);
    probed.exits(3).says("PASS").does_not_say("Xsecret9");
    let fake = Fake::new("pop3", "NOOP => -ERR\\r\\n");
    workplace.target(&fake.target(accounts));
    workplace.write(
        "suites/pop3.yaml",
        suite(
            "pop3",
            &[case("one", "start: authenticated", "C: NOOP\nS: +OK"), case("two", "", "C: PASS ${alice.password}\nS: -ERR")],
        ),
    );
    let ended = workplace.run(&["-v"]);
    ended.exits(1).does_not_say("Xsecret9").says("PASS ${alice.password}");
    assert!(!workplace.read("reports/latest/report.json").contains("Xsecret9"));
    assert!(!workplace.read("reports/latest/junit.xml").contains("Xsecret9"));
}

/// What is destroyed in an account.
fn destroys(line: &str) -> bool {
    ["STORE", "DELETE", "EXPUNGE", "CLOSE", "RENAME", "MOVE"].iter().any(|word| line.to_uppercase().contains(word))
}

#[test]
fn only_disposable_accounts_are_emptied() {
    let cases = [
        case("reads", "start: authenticated", "C: a1 NOOP\nS: a1 OK"),
        case("empties", "maildrop: [plain]", "C: a1 NOOP\nS: a1 OK"),
    ];
    for (disposable, emptied) in [("true", true), ("false", false)] {
        let fake = Fake::new("imap", "");
        let workplace = Workplace::with(&fake, &suite("imap", &cases));
        workplace.target(&fake.target(&format!(
            "accounts:\n- {{login: one, password: first, address: one@example.org, disposable: {disposable}}}\n"
        )));
        let ended = workplace.run(&[]);
        ended.exits(0);
        assert_eq!(fake.heard().iter().any(|line| destroys(line)), emptied, "{:?}", fake.heard());
        let second = if emptied { "passed" } else { "skipped" };
        assert_eq!(verdicts(&workplace).last().unwrap().1, second, "{}", ended.out);
    }
}

#[test]
fn an_account_that_says_nothing_of_it_is_not_disposable() {
    let fake = Fake::new("imap", "LIST => * LIST () \"/\" INBOX\\r\\n* LIST () \"/\" Archive\\r\\n{tag} OK done\\r\\n");
    let workplace = Workplace::with(
        &fake,
        &suite("imap", &[case("reads", "start: authenticated\nmailboxes: {box: [plain]}", "C: a1 NOOP\nS: a1 OK")]),
    );
    workplace.target(&fake.target("accounts:\n- {login: one, password: first, address: one@example.org}\n"));
    workplace.run(&[]).exits(0);
    // The private mailbox is made and filled; nothing that was there before is touched.
    assert!(fake.heard().iter().any(|line| line.contains("APPEND")), "{:?}", fake.heard());
    assert!(!fake.heard().iter().any(|line| line.contains("Archive") || line.contains("STORE")), "{:?}", fake.heard());
}
