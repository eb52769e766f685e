//! LMTP, submission, and the endpoint that takes no mail.

use super::*;

/// The faults that are shown here.
pub(super) const SHOWN: [Fault; 7] = [
    Fault::SmtpLmtpOneReply,
    Fault::SmtpSubmissionWithoutAuth,
    Fault::SmtpSubmissionWithoutFrom,
    Fault::SmtpHoldsTooLong,
    Fault::SmtpIgnoresMessageLimit,
    Fault::SmtpForgetsRecipients,
    Fault::SmtpNoMailTakesMail,
];

fn lmtp() -> Setup {
    Setup { role: Role::Lmtp, ..Setup::default() }
}

const TWO: &str = "MAIL FROM:<x@elsewhere.example>\nRCPT TO:<alice@example.org>\nRCPT TO:<nobody@example.org>\n\
                   RCPT TO:<bob@example.org>\nRCPT TO:<Alice@example.org>\n";

#[test]
fn lmtp_answers_each_recipient() {
    check_with(
        &lmtp(),
        &format!("{TWO}DATA\n\n.\nNOOP\n"),
        &[
            "250",
            "250",
            "550 5.1.1",
            "250",
            "250",
            "354",
            "250 2.1.5 Delivered to <alice@",
            "250 2.1.5 Delivered to <bob@",
            "250 2.1.5 Delivered to <Alice@",
            "250",
        ],
    );
    let twice = "MAIL FROM:<>\nRCPT TO:<bob@example.org>\nRCPT TO:<bob@example.org>\nBDAT 2\n\nBDAT 2 LAST\n\n";
    check_with(&lmtp(), twice, &["250", "250", "250", "250 2.0.0 2 octets", "250 2.1.5 Delivered", "250 2.1.5 Delivered"]);
    let list = "MAIL FROM:<>\nRCPT TO:<team@example.org>\nDATA\n\n.\n";
    check_with(&lmtp(), list, &["250", "250", "354", "250 2.1.5 <team@example.org> stands for others"]);
}

#[test]
fn what_is_wrong_with_the_message_is_told_for_each() {
    let limits = Limits { message: 10, ..Limits::default() };
    let setup = Setup { limits, ..lmtp() };
    check_with(
        &setup,
        &format!("{TWO}DATA\n0123456789\n.\n"),
        &["250", "250", "550", "250", "250", "354", "552 5.3.4", "552 5.3.4", "552 5.3.4"],
    );
}

#[test]
fn lmtp_is_not_smtp() {
    assert_eq!(feed(&lmtp(), &[]), "220 mail.example.org LMTP\r\n");
    let all = replies(&lmtp(), "EHLO x\r\nHELO x\r\nMAIL FROM:<>\r\nLHLO x\r\n");
    let codes: Vec<&str> = all.lines().filter(|line| !line.starts_with("250-")).map(|line| &line[..3]).collect();
    assert_eq!(codes, ["500", "500", "503", "250"], "{all}");
    for keyword in ["PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME"] {
        assert!(all.contains(keyword), "RFC 2033 §5 wants {keyword}: {all}");
    }
    for keyword in ["DSN", "ETRN", "DELIVERBY"] {
        assert!(!all.contains(keyword), "{keyword}: {all}");
    }
    check_with(
        &lmtp(),
        "AUTH PLAIN AGFsaWNlAHNlY3JldA==\nMAIL FROM:<>\nRCPT TO:<a@elsewhere.example>\nDATA\n",
        &["235", "250", "550 5.7.1", "503 5.5.1"],
    );
    // RFC 2033 §4.3: no recipient, no reply.
    check_with(&lmtp(), "MAIL FROM:<>\nBDAT 2 LAST\n\nMAIL FROM:<>\n", &["250", "250"]);
    check("LHLO x\n", &["500 5.5.2"]);
}

#[test]
fn users_need_not_write_their_domain() {
    let setup = Setup { role: Role::Submission, ..Setup::default() };
    let login = "AUTH PLAIN AGFsaWNlAHNlY3JldA==\n";
    check_with(
        &setup,
        &format!("{login}MAIL FROM:<alice>\nRCPT TO:<bob>\nRCPT TO:<team>\nRCPT TO:<nobody>\n"),
        &["235", "250", "250", "250", "554 5.1.2"],
    );
    check_with(
        &setup,
        &format!("{login}MAIL FROM:<a@sales>\nMAIL FROM:<>\nRCPT TO:<a@sales>\n"),
        &["235", "554 5.1.8", "250", "554 5.1.2"],
    );
    check("MAIL FROM:<alice>\n", &["501 5.1.7"]);
    check_with(&setup, "ETRN example.org\n", &["500 5.5.2"]);
    let own = Setup { senders: Senders::Own, ..setup };
    check_with(
        &own,
        &format!("{login}MAIL FROM:<bob@example.org>\nMAIL FROM:<Alice@example.org>\n"),
        &["235", "550 5.7.1", "250"],
    );
}

#[test]
fn a_server_may_take_no_mail_at_all() {
    let setup = Setup { role: Role::Refusal, ..Setup::default() };
    let all = feed(&setup, &[b"EHLO x\r\nMAIL FROM:<>\r\nQUIT\r\n"]);
    let codes: Vec<&str> = all.lines().filter_map(|line| line.get(..3)).collect();
    assert_eq!(codes, ["521", "521", "521", "221", "clo"], "{all}");
}

#[test]
fn faults_of_the_endpoints_show() {
    let broken = |role, fault| Setup { role, faults: vec![fault], ..Setup::default() };
    let one = broken(Role::Lmtp, Fault::SmtpLmtpOneReply);
    check_with(&one, &format!("{TWO}DATA\n\n.\n"), &["250", "250", "550", "250", "250", "354", "250 2.1.5"]);
    check_with(&broken(Role::Submission, Fault::SmtpSubmissionWithoutAuth), "MAIL FROM:<>\n", &["250"]);
    let login = "AUTH PLAIN AGFsaWNlAHNlY3JldA==\n";
    let without_from = format!("{login}{MAIL}DATA\nSubject: x\n\n.\n");
    check_with(&broken(Role::Submission, Fault::SmtpSubmissionWithoutFrom), &without_from, &["235", "250", "250", "354", "250"]);
    let long = format!("{login}MAIL FROM:<a@b.org> HOLDFOR=2592001\n");
    check_with(&broken(Role::Submission, Fault::SmtpHoldsTooLong), &long, &["235", "250"]);
    let small = |faults| Setup { faults, limits: Limits { message: 10, ..Limits::default() }, ..Setup::default() };
    let large = "MAIL FROM:<>\nRCPT TO:<alice@example.org>\nDATA\n0123456789\n.\n";
    check_with(&small(vec![]), large, &["250", "250", "354", "552 5.3.4"]);
    check_with(&small(vec![Fault::SmtpIgnoresMessageLimit]), large, &["250", "250", "354", "250"]);
    let two = |faults| Setup { faults, limits: Limits { recipients: 2, ..Limits::default() }, ..lmtp() };
    let many = "MAIL FROM:<>\nRCPT TO:<alice@example.org>\nRCPT TO:<bob@example.org>\nRCPT TO:<alice@example.org>\nDATA\n\n.\n";
    check_with(&two(vec![]), many, &["250", "250", "250", "452", "354", "250 2.1.5", "250 2.1.5"]);
    check_with(&two(vec![Fault::SmtpForgetsRecipients]), many, &["250", "250", "250", "452", "354", "250 2.1.5"]);
    assert!(feed(&broken(Role::Refusal, Fault::SmtpNoMailTakesMail), &[b"EHLO x\r\n"]).contains("\r\n250"));
}

#[test]
fn a_full_mailbox_takes_nothing_more() {
    let limits = Limits { quota_messages: 0, ..Limits::default() };
    let full = Setup { limits: limits.clone(), ..Setup::default() };
    check_with(
        &full,
        "HELO x\nMAIL FROM:<x@elsewhere.example>\nRCPT TO:<alice@example.org>\nRCPT TO:<team@example.org>\n",
        &["250", "250", "452 4.2.2 The mailbox <alice@example.org> is full", "250"],
    );
    // It is told at RCPT where that is known, and else for each recipient of the message.
    let small = Setup { limits: Limits { quota_storage: 1024, ..Limits::default() }, ..lmtp() };
    let body = "some words\n".repeat(200);
    check_with(
        &small,
        &format!("MAIL FROM:<>\nRCPT TO:<bob@example.org>\nDATA\n\n{body}.\n"),
        &["250", "250", "354", "452 4.2.2 The mailbox <bob@example.org> is full"],
    );
}
