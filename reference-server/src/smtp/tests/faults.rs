//! Each fault changes what a client sees.

use super::*;

/// Every fault but those of the stored message, which `tests/it/delivery.rs` shows, changes what a client sees.
#[test]
fn faults_show() {
    let ehlo = "EHLO x\r\n".to_owned();
    let mail = ehlo.clone() + &MAIL.replace('\n', "\r\n");
    let table = [
        (Fault::SmtpGreetsWithWrongCode, String::new()),
        (Fault::SmtpAcceptsUnknownRecipient, ehlo.clone() + "MAIL FROM:<>\r\nRCPT TO:<nobody@example.org>\r\n"),
        (Fault::SmtpNoEnhancedCodes, "NOOP\r\n".to_owned()),
        (Fault::SmtpBareLfEndsData, mail.clone() + "DATA\r\na\n.\nNOOP\r\n"),
        (Fault::SmtpForgetsRset, mail.clone() + "RSET\r\nMAIL FROM:<>\r\n"),
        (Fault::SmtpStarttlsKeepsBuffer, "STARTTLS\r\nNOOP\r\n".to_owned()),
        (Fault::SmtpStarttlsKeepsState, ehlo.clone() + "STARTTLS\r\n|MAIL FROM:<>\r\n"),
        (Fault::SmtpDataWithoutRcpt, ehlo.clone() + "MAIL FROM:<>\r\nDATA\r\n"),
        (Fault::SmtpWrongMultiline, ehlo.clone()),
        (Fault::SmtpDropsEhloKeywords, ehlo.clone()),
        (Fault::SmtpMailTwice, ehlo.clone() + "MAIL FROM:<>\r\nMAIL FROM:<>\r\n"),
        (Fault::SmtpOpenRelay, ehlo.clone() + "MAIL FROM:<>\r\nRCPT TO:<x@elsewhere.example>\r\n"),
        (Fault::SmtpCaseSensitiveVerbs, "noop\r\n".to_owned()),
        (Fault::SmtpIgnoresSizeLimit, ehlo.clone() + "MAIL FROM:<> SIZE=99999999999\r\n"),
        (Fault::SmtpRefusesNullPath, ehlo.clone() + "MAIL FROM:<>\r\n"),
        (Fault::SmtpRefusesPostmaster, ehlo.clone() + "MAIL FROM:<>\r\nRCPT TO:<postmaster>\r\n"),
        (Fault::SmtpAcceptsWrongPassword, ehlo.clone() + "AUTH PLAIN AGFsaWNlAHdyb25n\r\n"),
        (Fault::SmtpKeepsOpenAfterQuit, "QUIT\r\n".to_owned()),
        (Fault::SmtpRefusesNoopArgument, "NOOP x\r\n".to_owned()),
        (Fault::SmtpBdatErrorKeepsChunk, "BDAT 6 LAST\r\nNOOP\r\n".to_owned()),
        (Fault::SmtpDataAfterBdat, mail.clone() + "BDAT 2\r\n\r\nDATA\r\n"),
        (Fault::SmtpBinaryByData, ehlo.clone() + "MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<alice@example.org>\r\nDATA\r\n"),
        (Fault::SmtpUtf8Undeclared, ehlo.clone() + "MAIL FROM:<j\u{f6}rg@x.org>\r\n"),
        (Fault::SmtpNotifyNeverWithOthers, ehlo.clone() + "MAIL FROM:<>\r\nRCPT TO:<alice@example.org> NOTIFY=NEVER,DELAY\r\n"),
        (Fault::SmtpAcceptsByZero, ehlo.clone() + "MAIL FROM:<> BY=0;R\r\n"),
        (Fault::SmtpAnyPriority, ehlo.clone() + "MAIL FROM:<> MT-PRIORITY=10\r\n"),
        (Fault::SmtpStrangerPriority, ehlo.clone() + "MAIL FROM:<> MT-PRIORITY=3\r\n"),
        (Fault::SmtpRequireTlsInClear, ehlo.clone()),
        (Fault::SmtpFewRecipients, ehlo.clone() + "MAIL FROM:<>\r\n" + &"RCPT TO:<alice@example.org>\r\n".repeat(11)),
        (Fault::SmtpEtrnInTransaction, ehlo.clone() + "MAIL FROM:<>\r\nETRN example.org\r\n"),
        (Fault::SmtpVrfySaysYes, "VRFY nobody\r\n".to_owned()),
        (Fault::Smtp521ForStrangers, ehlo.clone() + "MAIL FROM:<>\r\nRCPT TO:<nobody@example.org>\r\n"),
        (Fault::SmtpCaseSensitiveDomains, ehlo.clone() + "MAIL FROM:<>\r\nRCPT TO:<alice@EXAMPLE.org>\r\n"),
        (Fault::SmtpCountsNoHops, mail.clone() + "DATA\r\n" + &"Received: x\r\n".repeat(200) + "\r\n.\r\n"),
    ];
    for (fault, input) in &table {
        let pieces: Vec<&[u8]> = input.split('|').map(str::as_bytes).collect();
        let honest = feed(&Setup::default(), &pieces);
        let broken = feed(&Setup { faults: vec![*fault], ..Setup::default() }, &pieces);
        assert_ne!(honest, broken, "{}", fault.name());
    }
    let stored = [
        Fault::SmtpKeepsLeadingDot,
        Fault::SmtpDropsLastLine,
        Fault::SmtpNoReceived,
        Fault::SmtpNoReturnPath,
        Fault::SmtpStripsEighthBit,
        Fault::SmtpBdatUnstuffs,
        Fault::SmtpUtf8Untraced,
        Fault::SmtpNoMessageId,
    ];
    for fault in Fault::ALL.iter().filter(|fault| fault.name().starts_with("smtp/")) {
        let elsewhere = stored.contains(fault) || endpoints::SHOWN.contains(fault) || refusals::SHOWN.contains(fault);
        assert!(elsewhere || table.iter().any(|(shown, _)| shown == fault), "no test shows {}", fault.name());
    }
}
