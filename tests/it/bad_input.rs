//! Suites, targets, baselines and patterns that cannot be used: every mistake at once, each with its place, and exit code 2.

use std::fs;
use std::path::Path;

use rstest::rstest;

use crate::fake::Fake;
use crate::workplace::{Workplace, project};

/// A suite that is right.
const SOUND: &str = "spec: RFC 5321 §4.2\nprotocol: smtp\ncases:\n  - id: noop\n    title: NOOP is answered\n    covers: [rfc5321/4.2/one-reply]\n    dialogue: |\n      C: NOOP\n      S: 250\n";

/// Puts a file, or all files of a folder, into the suites of a new workplace.
fn fed(name: &str) -> Workplace {
    let workplace = Workplace::new();
    let from = project().join("fixtures/dialogues/invalid").join(name);
    let file = from.with_extension("yaml");
    if file.is_file() {
        workplace.write(&format!("suites/{name}.yaml"), fs::read(file).unwrap());
    } else {
        copy(&from, "suites", &workplace);
    }
    workplace
}

fn copy(from: &Path, to: &str, workplace: &Workplace) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{to}/{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            copy(&path, &name, workplace);
        } else if !name.ends_with(".snap") {
            workplace.write(&name, fs::read(path).unwrap());
        }
    }
}

/// What `check` says of it is the golden output beside it; it exits with `code`, and a run does not even begin.
fn check(name: &str, code: i32) {
    let workplace = fed(name);
    let checked = workplace.mailspec(&["check"]);
    checked.exits(code);
    insta::with_settings!({
        snapshot_path => project().join("fixtures/dialogues/invalid"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
        description => format!("mailspec check, exit code {code}"),
    }, {
        insta::assert_snapshot!(name, checked.all());
    });
    if code != 0 {
        workplace.mailspec(&["run"]).exits(2).says("nothing was run");
        workplace.mailspec(&["list"]).exits(2);
    }
}

#[rstest]
#[case::a_tab("tab", 2)]
#[case::an_indentation_that_fits_nothing("bad-indentation", 2)]
#[case::bytes_that_are_no_text("not-utf8", 2)]
#[case::an_empty_file("empty", 2)]
#[case::a_suite_without_cases("no-cases", 0)]
#[case::an_unknown_key("unknown-key", 2)]
#[case::an_unknown_action("unknown-action", 2)]
#[case::text_where_a_list_belongs("wrong-type", 2)]
#[case::a_number_where_a_duration_belongs("wrong-scalar", 2)]
#[case::an_unknown_protocol("unknown-protocol", 2)]
#[case::a_key_that_stands_twice("duplicate-key", 2)]
#[case::names_without_values("names", 2)]
#[case::ids("ids", 2)]
#[case::tags("tags", 2)]
#[case::lines("lines", 2)]
#[case::patterns("patterns", 2)]
#[case::relative_numbers_where_none_are("relative", 2)]
#[case::actions("actions", 2)]
#[case::peers("peers", 2)]
#[case::servers_that_are_not_there("steering", 2)]
#[case::servers_without_a_topology("steering-alone", 2)]
#[case::the_catalogue("catalogue", 2)]
#[case::all_errors_of_all_files("several-files", 2)]
fn a_suite_that_is_wrong(#[case] name: &str, #[case] code: i32) {
    check(name, code);
}

#[test]
fn every_invalid_suite_has_its_golden_output() {
    for entry in fs::read_dir(project().join("fixtures/dialogues/invalid")).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.with_extension("snap").is_file(), "{} has no golden output", path.display());
    }
}

#[test]
fn warnings_fail_only_when_asked_to() {
    let workplace = Workplace::new();
    let unused = SOUND.replace("S: 250", "S: 250 ${text}");
    workplace.write("suites/smtp.yaml", unused);
    workplace.mailspec(&["check"]).exits(0).says("`${text}` is captured and never used").says("0 errors, 1 warning");
    workplace.mailspec(&["check", "--deny-warnings"]).exits(2);
}

#[test]
fn only_the_named_files_are_checked() {
    let workplace = fed("several-files");
    workplace.write("suites/good/smtp.yaml", SOUND);
    workplace.mailspec(&["check", "suites/good"]).exits(0).says("1 suite, 1 case,");
    workplace.mailspec(&["check", "suites/second.yaml"]).exits(2).says("${nothing}").does_not_say("titel");
    workplace.mailspec(&["check", "suites/none.yaml"]).exits(2).says("suites/none.yaml");
}

#[test]
fn suites_must_be_there() {
    let workplace = Workplace::new();
    workplace.mailspec(&["run", "--suites", "elsewhere"]).exits(2).says("no folder `elsewhere`").says("--suites");
    workplace.mailspec(&["run"]).exits(2).says("no case");
}

#[rstest]
#[case::of_an_id("smtp/nothing", "no case matches `smtp/nothing`")]
#[case::of_a_glob("imap/**/uid-*", "no case matches `imap/**/uid-*`")]
#[case::of_a_broken_glob("smtp/{a", "smtp/{a")]
fn a_pattern_that_selects_nothing(#[case] pattern: &str, #[case] message: &str) {
    let workplace = Workplace::new();
    workplace.write("suites/smtp.yaml", SOUND);
    workplace.mailspec(&["run", pattern]).exits(2).says(message);
    workplace.mailspec(&["list", pattern]).exits(2).says(message);
    workplace.mailspec(&["run", "--skip", pattern]).exits(2).says(message);
}

#[test]
fn a_selection_that_leaves_nothing() {
    let workplace = Workplace::new();
    workplace.write("suites/smtp.yaml", SOUND);
    workplace.mailspec(&["run", "--level", "may"]).exits(2).says("leaves no case");
    workplace.mailspec(&["run", "smtp", "--skip", "smtp/noop"]).exits(2).says("leaves no case");
}

#[test]
fn an_unknown_target_is_answered_with_those_there_are() {
    let workplace = Workplace::new();
    workplace.write("suites/smtp.yaml", SOUND);
    workplace.target("name: fake\ndomain: example.org\nendpoints: {smtp: {port: 1}}\n");
    workplace.mailspec(&["run", "--target", "dovecto"]).exits(2).says("no target `dovecto`").says("fake, reference");
}

#[rstest]
#[case::not_yaml("name: [", "target.yaml:1")]
#[case::unknown_key("name: fake\ndomian: example.org\n", "domian")]
#[case::missing_key("name: fake\ndomain: example.org\n", "endpoints")]
#[case::unknown_service("name: fake\ndomain: x\nendpoints:\n  imapp: {port: 1}\n", "did you mean `imap`?")]
#[case::port_too_large("name: fake\ndomain: x\nendpoints:\n  imap: {port: 70000}\n", "target.yaml:4")]
#[case::duration("name: fake\ndomain: x\nendpoints: {smtp: {port: 1}}\ntimeouts: {step: long}\n", "`long` is no duration")]
#[case::peer_address(
    "name: fake\ndomain: x\nendpoints: {smtp: {port: 1}}\npeers: [{domain: y, host: z, port: 2}]\n",
    "`z` is no IP address"
)]
#[case::peers_alike(
    "name: fake\ndomain: x\nendpoints: {smtp: {port: 1}}\npeers: [{domain: y, port: 2, count: 3}]\n",
    "`y` has none"
)]
#[case::peer_ports(
    "name: fake\ndomain: x\nendpoints: {smtp: {port: 1}}\npeers: [{domain: 'y{n}', port: 65000, count: 900}]\n",
    "900 ports from 65000 on"
)]
#[case::host("name: fake\ndomain: x\nhost: no.such.host.invalid\nendpoints: {smtp: {port: 1}}\n", "has no address")]
fn a_broken_target_file(#[case] text: &str, #[case] message: &str) {
    let workplace = Workplace::new();
    workplace.write("suites/smtp.yaml", SOUND);
    workplace.target(text);
    workplace.run(&[]).exits(2).says(message).says("fixtures/targets/fake/target.yaml");
}

#[test]
fn a_target_without_a_start_command_cannot_be_started() {
    let fake = Fake::new("smtp", "");
    let workplace = Workplace::with(&fake, SOUND);
    workplace.run(&["--start"]).exits(2).says("says no `start:` command");
    workplace.target(&fake.target("start: {command: 'echo it cannot be; exit 7'}\n"));
    workplace.run(&["--start"]).exits(3).says("did not start").says("it cannot be");
}

#[test]
fn a_certificate_authority_that_cannot_be_read() {
    let fake = Fake::new("smtp", "");
    let workplace = Workplace::with(&fake, SOUND);
    workplace.target(&fake.target("tls: {ca: none.pem}\n"));
    workplace.run(&[]).exits(2).says("none.pem");
}

#[test]
fn a_snapshot_filter_that_is_no_expression() {
    let fake = Fake::new("smtp", "");
    let workplace = Workplace::with(&fake, SOUND);
    workplace.target(&fake.target("snapshot-filters: {date: '('}\n"));
    workplace.run(&[]).exits(2).says("date");
}

#[rstest]
#[case::not_yaml("deviations: [", "baseline.yaml:")]
#[case::unknown_key("deviations:\n  - case: smtp/noop\n    raeson: none\n", "raeson")]
#[case::no_reason("deviations:\n  - case: smtp/noop\n", "reason")]
#[case::broken_glob("deviations:\n  - {case: 'smtp/{', reason: none}\n", "smtp/{")]
fn a_broken_baseline(#[case] text: &str, #[case] message: &str) {
    let fake = Fake::new("smtp", "NOOP => 250 ok\\r\\n");
    let workplace = Workplace::with(&fake, SOUND);
    workplace.target(&fake.target("baseline: baseline.yaml\n"));
    workplace.write("fixtures/targets/fake/baseline.yaml", text);
    workplace.run(&[]).exits(2).says(message).says("baseline.yaml");
}

#[rstest]
#[case(&["run", "--jobs", "0"])]
#[case(&["run", "--no-such-option"])]
#[case(&["no-such-command"])]
#[case(&["run", "--fault", "smtp/no-such-fault"])]
#[case(&["run", "--target", "fake", "--fault", "smtp/open-relay"])]
#[case(&["run", "--without", "smtp/no-such-extension"])]
#[case(&["run", "--target", "fake", "--without", "smtp/DSN"])]
#[case(&["explain", "smtp/nooop"])]
#[case(&["matrix", "no-such-report.json"])]
fn wrong_usage(#[case] args: &[&str]) {
    let workplace = Workplace::new();
    workplace.write("suites/smtp.yaml", SOUND);
    let ended = workplace.mailspec(args);
    ended.exits(2);
    assert!(!ended.err.is_empty() && ended.out.is_empty(), "{ended:?}");
}
