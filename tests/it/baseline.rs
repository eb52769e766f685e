//! Known deviations: an expected failure must go on failing, in the recorded way, and every entry must stand for something.

use rstest::rstest;

use crate::fake::Fake;
use crate::verdicts::{case, report, reports_agree, suite, verdicts};
use crate::workplace::{Ended, Workplace};

const BASELINE: &str = "fixtures/targets/fake/baseline.yaml";

/// NOOP is answered 250, VRFY 500, HELP 502.
fn server() -> Fake {
    Fake::new("smtp", "NOOP => 250 ok\\r\\n\nVRFY => 500 no\\r\\n\nHELP => 502 none\\r\\n")
}

fn cases() -> String {
    suite(
        "smtp",
        &[
            case("good", "", "C: NOOP\nS: 250"),
            case("bad", "", "C: VRFY x\nS: 250"),
            case("worse", "", "C: HELP\nS: 214"),
            case("should", "covers: [rfc5321/3.5.3/both]", "C: VRFY x\nS: 250"),
        ],
    )
}

fn workplace(server: &Fake, baseline: &str) -> Workplace {
    let workplace = Workplace::with(server, &cases());
    workplace.target(&server.target("baseline: baseline.yaml\n"));
    if !baseline.is_empty() {
        workplace.write(BASELINE, format!("deviations:\n{baseline}"));
    }
    workplace
}

/// Runs with a baseline; `expected` are the verdicts of good, bad, worse and should.
#[track_caller]
fn check(baseline: &str, code: i32, expected: [&str; 4]) -> Ended {
    let server = server();
    let workplace = workplace(&server, baseline);
    let ended = workplace.run(&[]);
    ended.exits(code);
    let told: Vec<String> = verdicts(&workplace).into_iter().map(|(_, verdict)| verdict).collect();
    assert_eq!(told, expected, "{}", ended.all());
    reports_agree(&workplace, &ended);
    ended
}

const BAD: &str =
    "- {case: smtp/bad, reason: it knows no VRFY, link: 'https://example.org/1', fingerprint: 'mismatch: 250 <- 500'}\n";
const WORSE: &str = "- {case: smtp/worse, reason: it knows no HELP}\n";

#[rstest]
#[case::none("", 1, ["passed", "failed", "failed", "warned"])]
#[case::one(BAD, 1, ["passed", "expected-failure", "failed", "warned"])]
#[case::a_glob("- {case: 'smtp/*', reason: all of it}\n", 0, ["passed", "expected-failure", "expected-failure", "warned"])]
#[case::an_unexpected_pass("- {case: smtp/good, reason: once it failed}\n", 1, ["unexpected-pass", "failed", "failed", "warned"])]
#[case::another_fingerprint("- {case: smtp/bad, reason: x, fingerprint: 'mismatch: 250 <- 421'}\n", 1, ["passed", "failed", "failed", "warned"])]
#[case::stale("- {case: smtp/gone, reason: x}\n", 1, ["passed", "failed", "failed", "warned"])]
fn a_baseline(#[case] baseline: &str, #[case] code: i32, #[case] expected: [&str; 4]) {
    check(baseline, code, expected);
}

#[test]
fn what_is_expected_does_not_fail_the_run() {
    let ended = check(&format!("{BAD}{WORSE}"), 0, ["passed", "expected-failure", "expected-failure", "warned"]);
    ended.says("it knows no VRFY").says("https://example.org/1").says("it knows no HELP");
    assert_eq!(ended.last_line(), "2 passed, 0 failed, 2 skipped");
}

#[test]
fn what_no_longer_fails_is_told_with_its_reason() {
    let good = "- {case: smtp/good, reason: once it failed}\n";
    check(&format!("{BAD}{WORSE}{good}"), 1, ["unexpected-pass", "expected-failure", "expected-failure", "warned"])
        .says("the baseline expects it to fail: once it failed");
}

#[test]
fn what_fails_in_another_way_is_told_with_both_ways() {
    check("- {case: smtp/bad, reason: x, fingerprint: 'mismatch: 250 <- 421'}\n", 1, ["passed", "failed", "failed", "warned"])
        .says("the baseline excuses another failure of this case: `mismatch: 250 <- 421`")
        .says("this one is `mismatch: 250 <- 500`");
}

#[test]
fn an_entry_that_stands_for_no_case_is_stale() {
    let gone = "- {case: smtp/gone, reason: x}\n";
    check(&format!("{BAD}{WORSE}{gone}"), 1, ["passed", "expected-failure", "expected-failure", "warned"])
        .says("STALE in the baseline")
        .says("smtp/gone");
}

#[test]
fn entries_of_cases_that_were_not_selected_are_not_stale() {
    let server = server();
    workplace(&server, &format!("{BAD}{WORSE}")).run(&["smtp/good"]).exits(0);
}

#[test]
fn an_update_writes_what_fails_and_keeps_what_is_known() {
    let server = server();
    let workplace = workplace(&server, &format!("{BAD}- {{case: smtp/gone, reason: no more}}\n"));
    workplace.mailspec(&["baseline", "update", "--target", "fake"]).exits(0).says("1 to be explained");
    let written = workplace.read(BASELINE);
    assert!(written.contains("it knows no VRFY") && written.contains("https://example.org/1"), "{written}");
    assert!(written.contains("not explained yet") && written.contains("mismatch: 214 <- 502"), "{written}");
    assert!(!written.contains("smtp/gone"), "{written}");
    // What was written excuses the failures it was written of, and a second update changes nothing.
    workplace.run(&[]).exits(0).says("2 expected failures");
    workplace.mailspec(&["baseline", "update", "--target", "fake"]).exits(0);
    assert_eq!(workplace.read(BASELINE), written);
}

#[test]
fn an_update_of_a_part_keeps_the_rest() {
    let server = server();
    let workplace = workplace(&server, &format!("{BAD}{WORSE}"));
    workplace.mailspec(&["baseline", "update", "--target", "fake", "smtp/bad"]).exits(0);
    let written = workplace.read(BASELINE);
    assert!(written.contains("smtp/worse") && written.contains("it knows no HELP") && written.contains("smtp/bad"), "{written}");
}

#[test]
fn a_target_that_cannot_be_tested_leaves_the_baseline_alone() {
    let server = Fake::new("smtp", "=> <close>");
    let workplace = workplace(&server, BAD);
    let before = workplace.read(BASELINE);
    workplace.mailspec(&["baseline", "update", "--target", "fake"]).exits(3).says("the baseline is left as it was");
    assert_eq!(workplace.read(BASELINE), before);
}

#[test]
fn a_target_without_a_baseline_is_asked_for_one() {
    let server = server();
    let workplace = Workplace::with(&server, &cases());
    workplace.mailspec(&["baseline", "update", "--target", "fake"]).exits(2).says("names no baseline");
    workplace.mailspec(&["baseline", "update", "--target", "fake", "--baseline", "mine.yaml"]).exits(0);
    workplace.run(&["--baseline", "mine.yaml"]).exits(0);
}

#[test]
fn the_fingerprint_does_not_depend_on_values_that_change() {
    let fingerprint = |seed: &str| {
        let server = Fake::new("smtp", "VRFY => 550 5.1.1 no\\r\\n");
        let workplace = Workplace::with(&server, &suite("smtp", &[case("one", "", "C: VRFY ${nobody.address}\nS: 250")]));
        workplace.run(&["--seed", seed]).exits(1);
        report(&workplace)["cases"][0]["fingerprint"].as_str().unwrap().to_owned()
    };
    assert_eq!(fingerprint("1"), fingerprint("2"));
    assert_eq!(fingerprint("1"), "mismatch: 250 <- 550 5.1.1");
}
