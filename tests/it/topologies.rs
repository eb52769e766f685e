//! Cases that bring servers of their own and steer them: what each action does, and what is said when it cannot be done.

use crate::fake::Fake;
use crate::verdicts::verdicts;
use crate::workplace::{Ended, Workplace};

/// A suite of the reference server's SMTP with these cases: id, further keys, steps. The catalogue of these tests has one sentence.
fn suite(head: &str, cases: &[(&str, &str)]) -> String {
    let mut text = format!("spec: RFC 5321 §4.2\nprotocol: smtp\n{head}\ncases:\n");
    for (id, rest) in cases {
        text.push_str(&format!("  - id: {id}\n    title: T\n    covers: [rfc5321/4.2/one-reply]\n"));
        for line in rest.lines() {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text
}

fn play(head: &str, cases: &[(&str, &str)], args: &[&str]) -> (Workplace, Ended) {
    let workplace = Workplace::new();
    workplace.write("suites/smtp.yaml", suite(head, cases));
    let ended = workplace.mailspec(&[&["run", "--seed", "1", "--color", "never"], args].concat());
    (workplace, ended)
}

/// All cases pass.
#[track_caller]
fn passes(head: &str, cases: &[(&str, &str)]) {
    let (workplace, ended) = play(head, cases, &["-v"]);
    ended.exits(0);
    let verdicts = verdicts(&workplace);
    assert_eq!(verdicts.len(), cases.len());
    assert!(verdicts.iter().all(|(_, verdict)| verdict == "passed"), "{verdicts:?}\n{}", ended.all());
}

/// Mail for bob, given to his own server.
const TO_BOB: &str = "  - |
    C[sender]: MAIL FROM:<${alice.address}>
    S[sender]: 250
    C[sender]: RCPT TO:<${bob.address}>
    S[sender]: 250
    C[sender]: DATA
    S[sender]: 354
    C[sender]: Subject: ${unique}
    C[sender]:
    C[sender]: Bon appetit.
    C[sender]: .
    S[sender]: 250
";

#[test]
fn servers_have_names_domains_and_accounts_of_their_own() {
    passes(
        "topology: internet",
        &[
            (
                "names",
                "start: ehlo\ndialogue:\n  - connect: {name: other, server: hamburger, start: connected}\n  - |\n    S[other]: 220 \
                 mail.hamburger.edu ${*}\n    C: VRFY <${nobody.address}>\n    S: 252|550|551|553|502\n    C: RCPT\n    S: 503\n",
            ),
            (
                "addresses",
                "dialogue:\n  - |\n    C: NOOP ${alice.address} ${bob.address} ${domain}\n    S: 250\n  - connect: {name: reader, \
                 protocol: imap, server: hamburger, start: authenticated, as: bob}\n  - |\n    C[reader]: a1 NOOP\n    S[reader]: a1 OK\n",
            ),
            (
                "first-connection-elsewhere",
                "server: hamburger\nas: bob\nstart: authenticated\ndialogue: |\n  C: NOOP\n  S: 250\n",
            ),
            (
                "upgrade",
                "server: hamburger\nstart: ehlo\ndialogue:\n  - |\n    C: STARTTLS\n    S: 220\n  - tls:\n  - |\n    C: EHLO \
                 client.example\n    S: 250\n",
            ),
        ],
    );
}

#[test]
fn mail_survives_stop_kill_and_restart_on_disk_only() {
    let survives = |how: &str, reads: &str| {
        format!(
            "server: hamburger\ndialogue:\n  - connect: {{name: sender, start: ehlo}}\n{TO_BOB}  - connect: {{name: first, protocol: \
             pop3, start: authenticated, as: bob}}\n  - eventually:\n      within: 5s\n      dialogue:\n        - reconnect: {{on: \
             first}}\n        - |\n          C[first]: STAT\n          S[first]: +OK 1 ${{_:number}}\n          C[first]: QUIT\n          \
             S[first]: +OK\n{how}  - connect: {{name: reader, protocol: pop3, start: authenticated, as: bob}}\n  - |\n    C[reader]: \
             STAT\n    S[reader]: {reads}\n"
        )
    };
    let stop = "  - server: {stop: hamburger}\n  - server: {start: hamburger}\n";
    let kill = "  - server: {kill: hamburger}\n  - server: {start: hamburger}\n";
    let restart = "  - server: {restart: hamburger}\n";
    let one = "+OK 1 ${_:number}";
    passes(
        "topology: internet",
        &[("stop", &survives(stop, one)), ("kill", &survives(kill, one)), ("restart", &survives(restart, one))],
    );

    let workplace = Workplace::new();
    let memory = workplace.read("fixtures/topologies/internet.yaml").replace("storage: directory", "storage: memory");
    workplace.write("fixtures/topologies/short-lived.yaml", memory);
    workplace.write("suites/smtp.yaml", suite("topology: short-lived", &[("memory", &survives(restart, "+OK 0 0"))]));
    workplace.mailspec(&["run"]).exits(0);
}

#[test]
fn a_clock_is_moved_for_all_or_for_one() {
    let silent = "  - |\n    S: 421\n  - closed: {within: 5s}\n";
    let other = "start: ehlo\ndialogue:\n  - connect: {name: other, server: hamburger, start: ehlo}\n";
    passes(
        "topology: internet",
        &[
            ("all", &format!("{other}  - clock: +6m\n{silent}  - |\n    S[other]: 421\n")),
            (
                "one",
                &format!("{other}  - clock: {{server: crepes, by: +6m}}\n{silent}  - |\n    C[other]: NOOP\n    S[other]: 250\n"),
            ),
            ("in-parts", &format!("start: ehlo\ndialogue:\n  - clock: +3m\n  - clock: +2m30s\n{silent}")),
            (
                "over-a-restart",
                "start: ehlo\ndialogue:\n  - clock: +2000d\n  - server: {restart: crepes}\n  - connect: {name: after, protocol: pop3, \
                 server: hamburger, as: bob, start: connected}\n  - |\n    S[after]: +OK\n",
            ),
        ],
    );
}

/// Cases without a topology that steer get a server of their own; the one the others share keeps its clock and its connections.
#[test]
fn the_shared_server_is_left_alone() {
    let steered = "start: ehlo\ndialogue:\n  - clock: +1h\n  - |\n    S: 421\n";
    let stopped = "start: ehlo\ndialogue:\n  - server: {stop: under-test}\n  - |\n    S: 421\n  - server: {start: under-test}\n  - \
                   reconnect:\n  - |\n    C: NOOP\n    S: 250\n";
    let patient =
        "start: ehlo\ndialogue:\n  - wait: {for: 300ms, because: others steer meanwhile}\n  - |\n    C: NOOP\n    S: 250\n";
    passes("", &[("patient", patient), ("steered", steered), ("stopped", stopped), ("patient-too", patient)]);
}

#[test]
fn a_server_that_is_off_refuses_connections() {
    let off = "server: hamburger\ndialogue:\n  - server: {stop: hamburger}\n  - connect: {name: late, start: greeted}\n";
    let (workplace, ended) = play("topology: internet", &[("off", off)], &[]);
    ended.exits(3).says("cannot connect").says("refused").says("server stop hamburger");
    assert_eq!(verdicts(&workplace), [("off".to_owned(), "errored".to_owned())]);
}

#[test]
fn what_is_done_to_servers_stands_in_the_transcript() {
    let dialogue = "start: ehlo\ndialogue:\n  - clock: +1d2h\n  - server: {stall: [crepes, hamburger]}\n  - server: {reconnect: [crepes, \
                    hamburger]}\n  - clock: {server: hamburger, by: 90s}\n  - |\n    S: 220\n";
    let (workplace, ended) = play("topology: internet", &[("told", dialogue)], &[]);
    ended.exits(1).says("clock +1d2h").says("server stall crepes hamburger").says("clock of hamburger +1m30s");
    assert_eq!(verdicts(&workplace), [("told".to_owned(), "failed".to_owned())]);
}

/// Extensions that the server of the others has are not there for a case that must not have them.
#[test]
fn a_case_that_needs_another_server_gets_one() {
    let without = "start: ehlo\ndialogue: |\n  C: MAIL FROM:<${alice.address}> RET=HDRS\n  S: 555\n";
    let with = without.replace("555", "250");
    let (workplace, ended) = play(
        "",
        &[
            ("has", &format!("requires: [DSN]\n{with}")),
            ("has-not", &format!("requires: ['!DSN', PIPELINING]\n{without}")),
            ("has-neither", &format!("requires: [XYZZY, '!DSN']\n{without}")),
            ("cannot", &format!("requires: ['!BINARYMIME', '!AUTH PLAIN']\n{without}")),
        ],
        &[],
    );
    ended.exits(0).says("needs XYZZY").says("needs a server without");
    let told: Vec<_> = verdicts(&workplace).into_iter().map(|(_, verdict)| verdict).collect();
    assert_eq!(told, ["passed", "passed", "skipped", "skipped"]);
}

#[test]
fn a_server_that_cannot_start_blocks_its_case_only() {
    let workplace = Workplace::new();
    // No certificate can be made for it.
    let host = "m\u{fc}nchen.example";
    workplace.write(
        "fixtures/topologies/broken.yaml",
        format!(
            "servers:\n  - {{name: sound, domains: [a.example]}}\n  - {{name: odd, domains: [b.example], host: {host}, accounts: [alice]}}\n"
        ),
    );
    let noop = "dialogue: |\n  C: NOOP\n  S: 250\n";
    workplace.write(
        "suites/smtp.yaml",
        suite("topology: internet", &[("sound", noop), ("broken", &format!("topology: broken\n{noop}"))]),
    );
    let ended = workplace.mailspec(&["run", "--color", "never"]);
    ended.exits(3).says("the topology `broken` cannot be raised: the server `odd`");
    assert_eq!(verdicts(&workplace), [("sound", "passed"), ("broken", "blocked")].map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn other_targets_skip_them_and_say_why() {
    let fake = Fake::new("smtp", "");
    let noop = "C: NOOP\n  S: 250\n";
    let cases = suite(
        "",
        &[
            ("journey", &format!("topology: internet\ndialogue: |\n  {noop}")),
            ("steered", &format!("dialogue:\n  - clock: +1m\n  - |\n    {}", noop.replace("\n  ", "\n    "))),
        ],
    );
    let workplace = Workplace::with(&fake, &cases);
    let ended = workplace.run(&["-v", "--color", "never"]);
    ended.exits(0).says("this journey brings its own servers (topology `internet`)").says("the target has no control `clock`");
    assert!(fake.heard().iter().all(|line| !line.contains("NOOP")), "{:?}", fake.heard());
}

/// Commands of a target file still steer servers that the harness did not start.
#[test]
fn other_targets_are_steered_by_their_own_commands() {
    let fake = Fake::new("smtp", "NOOP => 250 ok\\r\\n\n");
    let steered = "dialogue:\n  - clock: +1m\n  - server: {restart: under-test}\n  - |\n    C: NOOP\n    S: 250\n";
    let workplace = Workplace::with(&fake, &suite("", &[("steered", steered)]));
    workplace.target(
        &fake.target("controls:\n  clock: 'echo {argument} >> {dir}/told'\n  server restart: 'echo {argument} >> {dir}/told'\n"),
    );
    let dir = workplace.path("kept");
    let dir = dir.to_str().unwrap();
    workplace.target(&format!("{}start: {{command: 'true'}}\n", workplace.read("fixtures/targets/fake/target.yaml")));
    workplace.run(&["--start", "--dir", dir]).exits(0);
    assert_eq!(workplace.read("kept/told"), "60\nunder-test\n");
}

/// Mail for the other server, by the unnamed connection.
const TO_THE_OTHER: &str = "  - |
    C: MAIL FROM:<${alice.address}>
    S: 250
    C: RCPT TO:<${bob.address}>
    S: 250
    C: DATA
    S: 354
    C: From: <${alice.address}>
    C: Subject: ${unique}
    C:
    C: Overheard.
    C: .
    S: 250
";

const SUBMISSION: &str = "service: submission\nstart: authenticated\ndialogue:\n";

#[test]
fn servers_are_asked_what_they_said_and_what_waits() {
    let workplace = Workplace::new();
    let in_clear =
        workplace.read("fixtures/topologies/internet.yaml").replace("storage: directory", "settings: {sending-tls: off}");
    workplace.write("fixtures/topologies/in-clear.yaml", in_clear);
    let heard = format!(
        "{SUBMISSION}{TO_THE_OTHER}  - overheard: {{from: crepes, to: hamburger, connections: 1, lines: {{'^RCPT TO:<bob@': 1, \
         '^Overheard': 1}}}}\n  - queue: {{recipients: 0}}\n"
    );
    let waits = format!(
        "{SUBMISSION}  - server: {{disconnect: [crepes, hamburger]}}\n{TO_THE_OTHER}  - queue: {{recipients: 1, attempts: 1}}\n  - queue: \
         {{hold: all}}\n  - clock: +1h\n  - queue: {{flush: all}}\n  - queue: {{recipients: 1, attempts: 1}}\n  - queue: {{delete: \
         hamburger.edu}}\n  - queue: {{recipients: 0}}\n  - overheard: {{from: crepes, to: hamburger, connections: 0}}\n"
    );
    workplace.write("suites/smtp.yaml", suite("topology: in-clear", &[("heard", &heard), ("waits", &waits)]));
    workplace.mailspec(&["run", "--color", "never"]).exits(0);
    let report = workplace.read("reports/latest/report.json");
    assert!(report.contains("crepes to hamburger") && report.contains("RCPT TO:<bob@hamburger.edu>"), "{report}");
}

#[test]
fn a_wrong_answer_of_the_servers_is_a_failure() {
    let alone = format!(
        "{SUBMISSION}  - server: {{disconnect: [crepes, hamburger]}}\n{TO_THE_OTHER}  - queue: {{recipients: 2, within: 100ms}}\n"
    );
    let unheard = format!("{SUBMISSION}  - overheard: {{from: crepes, to: hamburger, connections: 1, within: 100ms}}\n");
    let (workplace, ended) = play("topology: internet", &[("queue", &alone), ("overheard", &unheard)], &[]);
    ended.exits(1).says("1 recipient waits in the queue").says("bob@hamburger.edu, tried 1 time");
    ended.says("between crepes and hamburger there were 0 connections");
    assert!(verdicts(&workplace).iter().all(|(_, verdict)| verdict == "failed"), "{}", ended.all());
}

/// A fault of the command line breaks the servers of topologies, too, or no journey could show that it catches one.
#[test]
fn faults_reach_the_servers_of_topologies() {
    let noop = "dialogue: |\n  C: NOOP some words\n  S: 250\n";
    let (_, ended) = play("topology: internet", &[("noop", noop)], &["--fault", "smtp/noop-argument-refused"]);
    ended.exits(1).says("501");
}
