//! Accepted transcripts: written only when asked for and never in CI, reviewed by hand, compared in every run.

use rstest::rstest;

use crate::fake::Fake;
use crate::verdicts::{case, suite, verdicts};
use crate::workplace::{Ended, Workplace};

const ACCEPTED: &str = "fixtures/snapshots/fake/smtp/help.snap";
const PENDING: &str = "fixtures/snapshots/fake/smtp/help.snap.new";

/// A server that answers HELP so, and one case without any `S:` line: its snapshot is its assertion.
fn workplace(help: &str) -> (Fake, Workplace) {
    let server = Fake::new("smtp", &format!("HELP => {help}\\r\\n"));
    let workplace = Workplace::with(&server, &suite("smtp", &[case("help", "", "C: HELP")]));
    (server, workplace)
}

fn answer(server: &Fake, workplace: &Workplace, help: &str) -> Fake {
    let _ = server;
    let other = Fake::new("smtp", &format!("HELP => {help}\\r\\n"));
    workplace.target(&other.target(""));
    other
}

fn pending(workplace: &Workplace) -> Ended {
    workplace.run(&["--snapshots", "pending"])
}

#[test]
fn from_new_over_accepted_to_changed() {
    let (server, workplace) = workplace("214 commands: NOOP");
    pending(&workplace).exits(0).says("1 new");
    assert!(workplace.read(PENDING).contains("214 commands: NOOP") && !workplace.exists(ACCEPTED));
    workplace.mailspec(&["snapshot", "pending"]).exits(0).says("fake: smtp/help");

    let reviewed = workplace.start(&["snapshot", "review"], &[]).type_in("a\n").wait();
    reviewed.exits(0).says("214 commands: NOOP").says("1 accepted, 0 rejected, 0 left");
    assert_eq!(reviewed.out.matches("1 accepted").count(), 1, "{}", reviewed.out);
    assert!(workplace.exists(ACCEPTED) && !workplace.exists(PENDING));
    insta::Snapshot::from_file(&workplace.path(ACCEPTED)).expect("insta reads it");

    // The same again: nothing to tell.
    workplace.run(&[]).exits(0).does_not_say("SNAPSHOTS");
    pending(&workplace).exits(0).does_not_say("SNAPSHOTS");
    assert!(!workplace.exists(PENDING));

    // Another answer fails the case that asserts nothing else, and shows both.
    let _other = answer(&server, &workplace, "214 commands: VRFY");
    let changed = workplace.run(&[]);
    changed.exits(1).says("the transcript differs from the accepted snapshot").says("NOOP").says("VRFY");
    assert!(!workplace.exists(PENDING), "`check` writes nothing");
    pending(&workplace).exits(1);
    assert!(workplace.read(PENDING).contains("VRFY") && workplace.read(ACCEPTED).contains("NOOP"));
}

#[rstest]
#[case::accept("a\n", true, false)]
#[case::reject("r\n", false, false)]
#[case::skip("s\n", false, true)]
#[case::quit("q\n", false, true)]
#[case::nothing_said("", false, true)]
#[case::something_else_first("what?\na\n", true, false)]
fn a_review(#[case] typed: &str, #[case] accepted: bool, #[case] waits: bool) {
    let (_server, workplace) = workplace("214 commands");
    pending(&workplace).exits(0);
    workplace.start(&["snapshot", "review"], &[]).type_in(typed).wait().exits(0);
    assert_eq!((workplace.exists(ACCEPTED), workplace.exists(PENDING)), (accepted, waits));
}

#[test]
fn all_at_once() {
    let (_server, workplace) = workplace("214 commands");
    pending(&workplace).exits(0);
    workplace.mailspec(&["snapshot", "reject"]).exits(0).says("1 rejected");
    assert!(!workplace.exists(ACCEPTED) && !workplace.exists(PENDING));
    pending(&workplace).exits(0);
    workplace.mailspec(&["snapshot", "accept", "--target", "another"]).exits(0).says("no snapshot waits");
    workplace.mailspec(&["snapshot", "accept", "--target", "fake"]).exits(0).says("1 accepted");
    assert!(workplace.exists(ACCEPTED) && !workplace.exists(PENDING));
    workplace.mailspec(&["snapshot", "review"]).exits(0).says("no snapshot waits");
}

#[test]
fn nothing_is_written_in_ci() {
    let (_server, workplace) = workplace("214 commands");
    let run = |ci: &str| workplace.start(&["run", "--target", "fake", "--snapshots", "pending"], &[("CI", ci)]).wait();
    run("true").exits(0);
    run("1").exits(0);
    assert!(!workplace.exists("fixtures/snapshots"), "CI writes no snapshots");
    run("false").exits(0);
    assert!(workplace.exists(PENDING));
}

#[test]
fn nothing_is_written_unasked() {
    let (_server, workplace) = workplace("214 commands");
    workplace.run(&[]).exits(0);
    workplace.run(&["--snapshots", "off"]).exits(0).does_not_say("SNAPSHOTS");
    assert!(!workplace.exists("fixtures/snapshots"));
}

#[test]
fn what_changes_from_run_to_run_is_no_change() {
    let server = Fake::new("smtp", "=> 220 fake.example ESMTP ready Mon, 23 Nov 2026 05:10:00 +0000\\r\\n\nVRFY => 550 no\\r\\n");
    let cases = [case("help", "start: connected", "S: 220 ${*}\nC: VRFY ${nobody.address}\nS: 550")];
    let workplace = Workplace::with(&server, &suite("smtp", &cases));
    workplace.run(&["--snapshots", "pending", "--seed", "1"]).exits(0);
    workplace.mailspec(&["snapshot", "accept"]).exits(0);
    let later = Fake::new("smtp", "=> 220 fake.example ESMTP ready Tue, 24 Nov 2026 17:59:59 +0000\\r\\n\nVRFY => 550 no\\r\\n");
    workplace.target(&later.target(""));
    workplace.run(&["--seed", "2"]).exits(0).does_not_say("SNAPSHOTS");
}

#[test]
fn a_filter_of_the_target_counts() {
    let (server, workplace) = workplace("214 build 1");
    let filters = "snapshot-filters: {build: 'build [0-9]+'}\n";
    workplace.target(&server.target(filters));
    pending(&workplace).exits(0);
    workplace.mailspec(&["snapshot", "accept"]).exits(0);
    let other = Fake::new("smtp", "HELP => 214 build 2\\r\\n");
    workplace.target(&other.target(filters));
    workplace.run(&[]).exits(0);
    workplace.target(&other.target(""));
    workplace.run(&[]).exits(1);
}

/// Where lines are expected, they are the assertion: a drifted transcript is told and fails only if asked to.
#[test]
fn drift_is_told_and_fails_only_if_asked_to() {
    let (server, workplace) = workplace("214 one");
    workplace.write("suites/smtp.yaml", suite("smtp", &[case("help", "", "C: HELP\nS: 214")]));
    pending(&workplace).exits(0);
    workplace.mailspec(&["snapshot", "accept"]).exits(0);
    let _other = answer(&server, &workplace, "214 two");
    workplace.run(&[]).exits(0).says("1 changed").says("smtp/help");
    assert_eq!(verdicts(&workplace), [("help".to_owned(), "passed".to_owned())]);
    workplace
        .run(&["--snapshots-must-match"])
        .exits(1)
        .says("the transcript differs")
        .says("214 two")
        .says("0 passed, 1 failed, 0 skipped");
}

#[test]
fn passwords_are_not_in_snapshots() {
    let server = Fake::new("pop3", "");
    let workplace = Workplace::with(
        &server,
        &suite("pop3", &[case("help", "", "C: USER ${alice.login}\nS: +OK\nC: PASS ${alice.password}\nS: +OK")]),
    );
    workplace.run(&["--snapshots", "pending"]).exits(0);
    let written = workplace.read("fixtures/snapshots/fake/pop3/help.snap.new");
    assert!(written.contains("PASS ${alice.password}") && !written.contains("first"), "{written}");
}
