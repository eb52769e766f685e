//! Messages by BDAT (RFC 3030), and what is undeclared or switched off.

use super::*;

#[test]
fn a_message_comes_in_chunks() {
    check(
        &format!("{MAIL}BDAT 14\nSubject: x\n\nBDAT 3\n.\nBDAT 0 LAST\nQUIT\n"),
        &["250", "250", "250 2.0.0 14 octets", "250 2.0.0 3 octets", "250 2.0.0 Accepted", "221", "closed"],
    );
    check(&format!("{MAIL}bdat 5 last\nabc\nMAIL FROM:<>\n"), &["250", "250", "250 2.0.0 Accepted", "250"]);
    check(&format!("{MAIL}BDAT 0 LAST\n"), &["250", "250", "250 2.0.0 Accepted"]);
    check(&format!("{MAIL}BDAT 5\nabc\nRSET\nDATA\n"), &["250", "250", "250", "250", "503"]);
}

#[test]
fn a_refused_chunk_is_read_to_its_end() {
    // The chunks hold commands that must not run.
    check("BDAT 6 LAST\nQUIT\nNOOP\n", &["503 5.5.1", "250"]);
    check("MAIL FROM:<>\nBDAT 6\nQUIT\nBDAT 6 LAST\nQUIT\nNOOP\n", &["250", "503 5.5.1", "503 5.5.1", "250"]);
    check("MAIL FROM:<>\nRCPT TO:<nobody@example.org>\nBDAT 6\nQUIT\nNOOP\n", &["250", "550", "554 5.5.1", "250"]);
    check(&format!("{MAIL}BDAT 6 FIRST\nQUIT\nNOOP\n"), &["250", "250", "501 5.5.4", "250"]);
    check(&format!("{MAIL}BDAT\nBDAT x\nBDAT -1\nNOOP\n"), &["250", "250", "501", "501", "501", "250"]);
    check(&format!("{MAIL}BDAT 5 LAST\nabc\nBDAT 6 LAST\nQUIT\n"), &["250", "250", "250", "503 5.5.1"]);
}

#[test]
fn after_a_refused_chunk_only_rset_helps() {
    let limits = Limits { message: 10, ..Limits::default() };
    let setup = Setup { limits, ..Setup::default() };
    let eleven = "123456789\n";
    check_with(
        &setup,
        &format!("{MAIL}BDAT 11\n{eleven}BDAT 2\n\nDATA\nRCPT TO:<bob@example.org>\nMAIL FROM:<>\nRSET\nMAIL FROM:<>\n"),
        &["250", "250", "552 5.3.4", "503 5.5.1", "503", "503", "503", "250", "250"],
    );
    check_with(&setup, &format!("{MAIL}BDAT 9\n1234567\nBDAT 2 LAST\n\n"), &["250", "250", "250", "552 5.3.4"]);
}

#[test]
fn data_and_bdat_do_not_mix() {
    check(&format!("{MAIL}BDAT 5\nabc\nDATA\n"), &["250", "250", "250", "503 5.5.1"]);
    check("MAIL FROM:<> BODY=BINARYMIME\nRCPT TO:<alice@example.org>\nDATA\n", &["250", "250", "503 5.5.1"]);
    check("MAIL FROM:<> BODY=binarymime\nRCPT TO:<alice@example.org>\nBDAT 5 LAST\n\r\0\r\n", &["250", "250", "250 2.0.0"]);
}

#[test]
fn text_in_chunks_has_the_line_ends_of_data() {
    for (size, chunk) in [(1, "\r"), (1, "\n"), (3, "a\rb"), (4, "a\nb\r"), (1, "\0")] {
        let raw = format!("EHLO x\r\n{}BDAT {size} LAST\r\n{chunk}NOOP\r\n", MAIL.replace('\n', "\r\n"));
        let all = replies(&Setup::default(), &raw);
        let last: Vec<&str> = all.lines().rev().take(2).collect();
        assert!(last[1].starts_with("554 5.6.0") && last[0].starts_with("250 2.0.0 Done"), "{chunk:?}: {all}");
    }
    // A CRLF may be cut by the end of a chunk.
    let raw = format!("EHLO x\r\n{}BDAT 2\r\na\rBDAT 1 LAST\r\n\n", MAIL.replace('\n', "\r\n"));
    assert!(replies(&Setup::default(), &raw).lines().last().unwrap().starts_with("250 2.0.0 Accepted"));
}

#[test]
fn what_is_switched_off_is_unknown() {
    let without = |extension| Setup { without: vec![extension], ..Setup::default() };
    check_with(&without(Extension::SmtpChunking), "BDAT 5 LAST\nMAIL FROM:<> BODY=BINARYMIME\n", &["502 5.5.1", "501"]);
    check_with(&without(Extension::SmtpSize), "MAIL FROM:<> SIZE=1\n", &["555 5.5.4"]);
    check_with(&without(Extension::SmtpUtf8), "MAIL FROM:<> SMTPUTF8\nMAIL FROM:<\u{fc}@b.org>\n", &["555", "501 5.5.2"]);
    check_with(
        &without(Extension::SmtpDsn),
        "MAIL FROM:<> RET=FULL\nMAIL FROM:<>\nRCPT TO:<alice@example.org> NOTIFY=NEVER\n",
        &["555", "250", "555"],
    );
    check_with(&without(Extension::SmtpDeliverBy), "MAIL FROM:<> BY=99;R\n", &["555"]);
    check_with(&without(Extension::SmtpMtPriority), "MAIL FROM:<> MT-PRIORITY=0\n", &["555"]);
    check_with(&without(Extension::SmtpAuth), "AUTH PLAIN\nMAIL FROM:<> AUTH=<>\n", &["502", "555"]);
    check_with(&without(Extension::SmtpStartTls), "STARTTLS\n", &["502 5.5.1"]);
    check_with(&without(Extension::SmtpEnhancedStatusCodes), "NOOP\n", &["250 Done"]);
    let eight_bit = format!("{MAIL}DATA\n\n\u{fc}\n.\n");
    check_with(&without(Extension::SmtpEightBitMime), &eight_bit, &["250", "250", "354", "554 5.6.3"]);
    let all = replies(&Setup { without: Extension::ALL.to_vec(), ..Setup::default() }, "EHLO x\r\nVRFY a\r\nEXPN a\r\nHELP\r\n");
    assert_eq!(all.lines().map(|line| &line[..4]).collect::<Vec<_>>(), ["250 ", "502 ", "502 ", "502 "], "{all}");
    for extension in Extension::ALL.iter().filter(|extension| **extension != Extension::SmtpHelp) {
        let keyword = extension.name().trim_start_matches("smtp/");
        let all = replies(&Setup { without: vec![*extension], ..Setup::default() }, "EHLO x\r\n");
        assert!(!all.contains(&format!("250-{keyword}")) && all.ends_with("250 HELP\r\n"), "{keyword} in {all}");
    }
}
