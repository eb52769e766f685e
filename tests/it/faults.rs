//! A suite that stays green with a fault switched on tests nothing: for each fault of the reference server the case that catches it, and
//! that passes without it.

use std::collections::BTreeMap;
use std::path::Path;

use reference_server::faults::Fault;

use crate::workplace::{Workplace, project};

/// Fault, the case that catches it, and how; `--strict` is on, so a broken SHOULD fails.
const CAUGHT: &[(&str, &str, &str)] = &[
    ("smtp/keeps-leading-dot", "smtp/rfc5321/4.5.2-transparency/lone-dot-line-is-kept", "failed"),
    ("smtp/accepts-unknown-recipient", "smtp/rfc5321/3.3-mail-transactions/unknown-recipient", "failed"),
    ("smtp/greets-with-wrong-code", "smtp/rfc5321/3.1-session-initiation/greeting", "failed"),
    ("smtp/no-enhanced-codes", "smtp/rfc2034/enhanced-status-codes/transaction", "failed"),
    ("smtp/bare-lf-ends-data", "robustness/smtp-smuggling/lf-dot-lf", "failed"),
    ("smtp/forgets-rset", "smtp/rfc5321/4.1.1.5-rset/discards-the-sender", "failed"),
    ("smtp/starttls-keeps-buffer", "smtp/rfc3207/6-command-injection/noop-is-not-answered", "failed"),
    ("smtp/starttls-keeps-state", "smtp/rfc3207/4.2-result/transaction-is-gone", "failed"),
    ("smtp/data-without-rcpt", "smtp/rfc5321/4.1.4-order/rcpt-before-mail-changes-nothing", "failed"),
    ("smtp/drops-ehlo-keywords", "smtp/rfc5321/4.1.1.1-ehlo-helo/unlisted-help-is-unimplemented", "failed"),
    ("smtp/mail-twice", "smtp/rfc5321/4.1.4-order/nested-mail", "failed"),
    ("smtp/drops-last-line", "smtp/rfc5321/4.5.2-transparency/fixture-arrives-whole", "failed"),
    ("smtp/case-sensitive-verbs", "smtp/rfc5321/2.4-syntax/verbs-ignore-case", "failed"),
    ("smtp/ignores-size", "smtp/rfc1870/size/above-maximum-552", "failed"),
    ("smtp/no-received", "smtp/rfc5321/4.4-trace-information/received-at-the-top", "failed"),
    ("smtp/no-return-path", "smtp/rfc5321/4.4-trace-information/return-path", "failed"),
    ("smtp/refuses-null-path", "smtp/rfc5321/4.1.1.2-mail/null-reverse-path", "failed"),
    ("smtp/refuses-postmaster", "smtp/rfc5321/4.1.1.3-rcpt/postmaster-without-domain", "failed"),
    ("smtp/accepts-wrong-password", "smtp/rfc4954/4-auth/another-attempt", "failed"),
    ("smtp/keeps-open-after-quit", "smtp/rfc5321/4.1.1.10-quit/answered-221-and-closed", "failed"),
    ("smtp/noop-argument-refused", "smtp/rfc5321/4.1.1.9-noop/ignores-its-argument", "failed"),
    ("smtp/strips-eighth-bit", "smtp/rfc6152/8bitmime/octets-are-preserved", "failed"),
    ("pop3/no-dot-stuffing", "pop3/rfc1939/7-top/byte-stuffing", "failed"),
    ("pop3/accepts-wrong-password", "pop3/rfc1939/7-user-pass/wrong-password", "failed"),
    ("pop3/wrong-stat-size", "pop3/rfc1939/5-stat/size-of-one-message", "failed"),
    ("pop3/deletes-without-quit", "pop3/rfc1939/6-update/dropped-connection-removes-nothing", "failed"),
    ("pop3/uidl-changes", "pop3/rfc1939/7-uidl/persists-after-quit", "failed"),
    ("pop3/top-sends-all", "pop3/rfc1939/7-top/one-line", "failed"),
    ("pop3/lists-deleted", "pop3/rfc1939/5-list/deleted-message-is-not-listed", "failed"),
    ("pop3/ignores-rset", "pop3/rfc1939/5-noop-rset/rset-unmarks-all", "failed"),
    // RFC 1939 §4 lets a server without exclusive access be; the case shows what it does.
    ("pop3/no-lock", "pop3/rfc1939/4-maildrop-lock/second-login-is-refused", "observed"),
    ("pop3/case-sensitive-keywords", "pop3/rfc1939/3-basic-operation/keyword-in-any-case", "failed"),
    ("pop3/renumbers-after-dele", "pop3/rfc1939/5-dele/marks-as-deleted", "failed"),
    ("pop3/stls-keeps-buffer", "pop3/rfc2595/4-stls-injection/command-behind-stls-is-not-answered-under-tls", "failed"),
    ("pop3/repeats-timestamp", "pop3/rfc1939/7-apop/timestamp-differs", "failed"),
    ("imap/expunge-during-fetch", "imap/rfc3501/7-updates/fetch-sends-no-expunge", "failed"),
    ("imap/wrong-uidnext", "imap/rfc3501/6.3.10-status/same-values-as-select", "failed"),
    ("imap/reuses-uids", "imap/rfc3501/2.3.1-message-numbers/expunged-uid-is-not-reused", "failed"),
    ("imap/uidvalidity-changes", "imap/rfc3501/6.3.1-select/uidvalidity-is-stable", "failed"),
    ("imap/accepts-wrong-password", "imap/rfc3501/6.2.3-login/wrong-password", "failed"),
    ("imap/cancel-is-no", "imap/rfc3501/6.2.2-authenticate/cancelled", "failed"),
    ("imap/starttls-keeps-buffer", "imap/rfc3501/6.2.1-starttls/injected-command-is-not-executed", "failed"),
    ("imap/logout-without-bye", "imap/rfc3501/6.1-any-state/logout", "failed"),
    ("imap/inbox-case-sensitive", "imap/rfc3501/5.1-mailbox-naming/inbox-ignores-case", "failed"),
    ("imap/failed-select-keeps-mailbox", "imap/rfc3501/6.3.1-select/failed-select-deselects", "failed"),
    ("imap/examine-allows-store", "imap/rfc3501/6.3.2-examine/store-changes-nothing", "failed"),
    ("imap/examine-takes-recent", "imap/rfc3501/6.3.2-examine/recent-is-kept", "failed"),
    ("imap/percent-matches-like-star", "imap/rfc3501/6.3.8-list/percent-stops-at-delimiters", "failed"),
    ("imap/delete-unsubscribes", "imap/rfc3501/6.3.6-subscribe/survives-delete", "failed"),
    ("imap/status-unseen-counts-all", "imap/rfc3501/6.3.10-status/counts", "failed"),
    ("imap/append-creates", "imap/rfc3501/6.3.11-append/no-automatic-create", "failed"),
    ("imap/append-loses-flags", "imap/rfc3501/6.3.1-select/first-unseen", "failed"),
    ("imap/no-exists-after-append", "imap/rfc3501/6.3.11-append/to-the-selected-mailbox", "failed"),
    ("imap/peek-sets-seen", "imap/rfc3501/6.4.5-fetch/peek-leaves-seen", "failed"),
    ("imap/partial-off-by-one", "imap/rfc3501/6.4.5-fetch-sections/partial", "failed"),
    ("imap/literal-size-off-by-one", "imap/rfc3501/6.4.5-fetch/peek-leaves-seen", "failed"),
    ("imap/uid-fetch-without-uid", "imap/rfc3501/6.4.8-uid/fetch", "failed"),
    ("imap/store-is-never-silent", "imap/rfc3501/6.4.6-store/silent-add", "failed"),
    ("imap/copy-loses-flags", "imap/rfc3501/6.4.7-copy/flags-and-date", "failed"),
    ("imap/search-ignores-not", "imap/rfc3501/6.4.4-search/answered", "failed"),
    ("imap/uid-expunge-ignores-set", "imap/rfc4315/2.1-uid-expunge/range", "failed"),
    ("imap/close-keeps-deleted", "imap/rfc3501/6.4.2-close/removes-deleted-messages", "failed"),
    ("imap/idle-silent", "imap/rfc2177/3-idle/new-message-is-pushed", "failed"),
];

/// Faults that no session survives: the sanity probe names them, and the run ends with exit code 3.
const UNTESTABLE: &[(&str, &str)] = &[
    ("smtp/wrong-multiline", "octets of an unfinished reply came: `250-"),
    ("pop3/capa-without-end", "octets of an unfinished reply came: `+OK"),
    ("pop3/lower-case-status", "the set-up failed at the greeting: the server said `+ok"),
    ("imap/tag-in-wrong-case", "expected `p1 OK`"),
];

/// Faults that a run over loopback cannot or need not see, and why.
const UNSEEN: &[(&str, &str)] = &[
    ("smtp/open-relay", "RFC 5321 leaves open for whom a server relays"),
    ("pop3/undeclared-commands", "what is not announced is not asked for: the cases are skipped"),
    ("imap/login-though-disabled", "LOGINDISABLED is announced to clients from elsewhere only"),
];

/// Runs cases of the committed suites against the reference server; gives exit code, output and the verdicts by name.
fn run(fault: Option<&str>, cases: &[&str]) -> (i32, String, BTreeMap<String, String>) {
    let workplace = Workplace::new();
    let (suites, fixtures) = (project().join("suites"), project().join("fixtures"));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let mut args = vec!["run".to_owned(), "--strict".to_owned(), "--snapshots".to_owned(), "off".to_owned()];
    args.extend(["--suites".to_owned(), text(&suites), "--fixtures".to_owned(), text(&fixtures)]);
    args.extend(fault.into_iter().flat_map(|fault| ["--fault".to_owned(), fault.to_owned()]));
    args.extend(cases.iter().map(|case| (*case).to_owned()));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ended = workplace.mailspec(&args);
    let code = ended.code.expect("no signal ended it");
    assert_ne!(code, 2, "{}", ended.all());
    let report = mailspec::report::json::read(&workplace.read("reports/latest/report.json")).unwrap();
    let verdicts = report.cases.iter().map(|case| (case.name(), case.verdict.word().to_owned())).collect();
    (code, ended.all(), verdicts)
}

/// Plays each fault of one protocol alone against the case that shall catch it.
fn check(protocol: &str) {
    let mut wrong = Vec::new();
    for (fault, case, verdict) in CAUGHT.iter().filter(|(fault, ..)| fault.starts_with(protocol)) {
        let (_, said, verdicts) = run(Some(fault), &[case]);
        if verdicts.is_empty() || !verdicts.values().any(|told| told == verdict) {
            wrong.push(format!("{fault} is not caught by {case}: {verdicts:?}\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn smtp_faults_are_caught() {
    check("smtp/");
}

#[test]
fn pop3_faults_are_caught() {
    check("pop3/");
}

#[test]
fn imap_faults_are_caught() {
    check("imap/");
}

#[test]
fn without_a_fault_the_same_cases_pass() {
    let cases: Vec<&str> = CAUGHT.iter().map(|(_, case, _)| *case).collect();
    let (code, said, verdicts) = run(None, &cases);
    assert_eq!(code, 0, "{said}");
    assert!(verdicts.values().all(|verdict| verdict == "passed" || verdict == "skipped"), "{verdicts:?}");
    assert!(verdicts.values().filter(|verdict| *verdict == "passed").count() >= cases.len(), "{said}");
}

#[test]
fn faults_that_nothing_survives_end_the_run_with_one_message() {
    let runs: Vec<_> = UNTESTABLE.iter().map(|(fault, says)| std::thread::spawn(move || (run(Some(fault), &[]), says))).collect();
    for outcome in runs {
        let ((code, said, verdicts), says) = outcome.join().unwrap();
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("cannot be tested") && said.contains(says) && verdicts.is_empty(), "{said}");
    }
}

/// Every fault is in one of the tables above, once; so a new fault needs a case, or a reason.
#[test]
fn every_fault_is_spoken_of() {
    let mut spoken: Vec<&str> = CAUGHT.iter().map(|(fault, ..)| *fault).collect();
    spoken.extend(UNTESTABLE.iter().chain(UNSEEN).map(|(fault, _)| *fault));
    spoken.sort_unstable();
    let mut all: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
    all.sort_unstable();
    assert_eq!(spoken, all);
    assert!(CAUGHT.len() >= 20);
}
