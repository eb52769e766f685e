//! The parameters of MAIL and RCPT that change what becomes of the mail, and ETRN.

use super::*;

#[test]
fn senders_choose_their_notifications() {
    check("MAIL FROM:<a@b> RET=hdrs ENVID=QQ+3D314159\nRSET\nMAIL FROM:<a@b> RET=FULL\n", &["250", "250", "250"]);
    check("MAIL FROM:<a@b> RET=SOME\nMAIL FROM:<a@b> RET\nMAIL FROM:<a@b> ENVID=a+0d\n", &["501 5.5.4"; 3]);
    check("MAIL FROM:<a@b> RET=FULL RET=FULL\nMAIL FROM:<a@b> NOTIFY=NEVER\n", &["501", "555"]);
    check(&format!("MAIL FROM:<a@b> ENVID={}\nMAIL FROM:<a@b> ENVID={}\n", "x".repeat(101), "x".repeat(100)), &["501", "250"]);
    let rcpt = |parameters: &str| format!("MAIL FROM:<a@b>\nRCPT TO:<alice@example.org> {parameters}\n");
    for right in ["NOTIFY=NEVER", "notify=success,Delay,FAILURE", "ORCPT=rfc822;Bob+40x.org", "ORCPT=rfc822;a NOTIFY=DELAY"] {
        check(&rcpt(right), &["250", "250 2.1.5"]);
    }
    for wrong in ["NOTIFY", "NOTIFY=NEVER,DELAY", "NOTIFY=SOON", "ORCPT=a@x.org", "ORCPT=rfc822;a+4", "NOTIFY=NEVER NOTIFY=NEVER"]
    {
        check(&rcpt(wrong), &["250", "501 5.5.4"]);
    }
}

#[test]
fn mail_has_to_be_in_time() {
    for right in ["BY=60;R", "BY=+999999999;rt", "BY=0;N", "BY=-5;NT"] {
        check(&format!("MAIL FROM:<a@b> {right}\n"), &["250"]);
    }
    for wrong in ["BY", "BY=60", "BY=60;X", "BY=0;R", "BY=-1;RT", "BY=1000000000;N"] {
        check(&format!("MAIL FROM:<a@b> {wrong}\n"), &["501 5.5.4"]);
    }
    check("MAIL FROM:<a@b> BY=59;R\n", &["555 5.5.4"]);
}

#[test]
fn submissions_are_held() {
    let setup = Setup { role: Role::Submission, ..Setup::default() };
    let all = replies(&setup, "EHLO x\r\n");
    assert!(all.contains("250-FUTURERELEASE 2592000 2026-12-23T04:42:00Z\r\n"), "{all}");
    let mail = |parameters: &str| format!("AUTH PLAIN AGFsaWNlAHNlY3JldA==\nMAIL FROM:<alice@example.org> {parameters}\n");
    for right in ["HOLDFOR=1", "holdfor=2592000", "HOLDUNTIL=2026-12-23T04:42:00Z", "HOLDFOR=60 BY=60;R"] {
        check_with(&setup, &mail(right), &["235", "250"]);
    }
    for wrong in [
        "HOLDFOR",
        "HOLDFOR=0",
        "HOLDFOR=01",
        "HOLDFOR=2592001",
        "HOLDFOR=1 HOLDUNTIL=2026-12-23T04:42:00Z",
        "HOLDUNTIL=2026-12-23T04:42:01Z",
        "HOLDUNTIL=2026-11-23T04:42:00Z",
        "HOLDUNTIL=2026-12-01T05:42:00+01:00",
        "HOLDUNTIL=tomorrow",
        "HOLDFOR=61 BY=60;N",
    ] {
        check_with(&setup, &mail(wrong), &["235", "501 5.5.4"]);
    }
    assert!(!replies(&Setup::default(), "EHLO x\r\n").contains("FUTURERELEASE"));
    check("MAIL FROM:<a@b> HOLDFOR=1\n", &["555 5.5.4"]);
}

#[test]
fn only_users_raise_the_priority() {
    check("MAIL FROM:<a@b> MT-PRIORITY=3\n", &["250 2.3.6 0 "]);
    check("MAIL FROM:<a@b> MT-PRIORITY=-3\nRSET\nMAIL FROM:<a@b> MT-PRIORITY=0\n", &["250 2.1.0", "250", "250 2.1.0"]);
    check("AUTH PLAIN AGFsaWNlAHNlY3JldA==\nMAIL FROM:<a@b> MT-PRIORITY=9\n", &["235", "250 2.1.0"]);
    check("MAIL FROM:<a@b> MT-PRIORITY=10\nMAIL FROM:<a@b> MT-PRIORITY\n", &["501 5.5.2", "501 5.5.2"]);
}

#[test]
fn tls_is_required_under_tls_only() {
    check("MAIL FROM:<a@b> REQUIRETLS\n", &["555 5.5.4"]);
    let lines: [&[u8]; 2] = [b"STARTTLS\r\n", b"EHLO x\r\nMAIL FROM:<a@b> REQUIRETLS=1\r\nMAIL FROM:<a@b> REQUIRETLS\r\n"];
    let all = feed(&Setup::default(), &lines);
    assert!(all.contains("250-REQUIRETLS\r\n") && all.ends_with("takes no value\r\n250 2.1.0 Sender accepted\r\n"), "{all}");
}

#[test]
fn a_session_has_limits() {
    let limits = Limits { transactions: 1, errors: 3, ..Limits::default() };
    let setup = Setup { limits, ..Setup::default() };
    check_with(&setup, "MAIL FROM:<>\nRSET\nMAIL FROM:<>\nNOOP\n", &["250", "250", "421 4.7.0", "closed"]);
    check_with(&setup, "FOO\nFOO\nNOOP\nFOO\nNOOP\n", &["500", "500", "250", "421 4.7.0", "closed"]);
    check_with(
        &setup,
        &format!("FOO\nFOO\n{MAIL}DATA\n\n.\nFOO\nNOOP\n"),
        &["500", "500", "250", "250", "354", "250", "500", "250"],
    );
}

#[test]
fn servers_ask_for_their_mail() {
    check("ETRN example.org\nETRN hamburger.edu\nETRN @Hamburger.EDU\n", &["251 2.0.0"; 3]);
    check("ETRN\nETRN localname\nETRN #uucp\nETRN x_y.org\n", &["500 5.5.4", "501", "458 4.5.4", "501"]);
    check("ETRN elsewhere.example\nETRN com.example\n", &["459 4.7.1"; 2]);
    check("AUTH PLAIN AGFsaWNlAHNlY3JldA==\nETRN elsewhere.example\n", &["235", "251"]);
    check("MAIL FROM:<>\nETRN example.org\n", &["250", "503 5.5.1"]);
    check(
        "AUTH PLAIN AGFsaWNlAHNlY3JldA==\nMAIL FROM:<a@b>\nRCPT TO:<x@mail.far.example>\nDATA\n\n.\nETRN @far.example\n",
        &["235", "250", "250", "354", "250", "253 2.0.0 OK, 1 pending"],
    );
}
