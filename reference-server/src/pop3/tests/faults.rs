//! Each fault changes what a client sees.

use super::*;
use crate::faults::Faults;

/// Plays the dialogue and gives all that came back, and how many messages are left; a broken connection ends it.
fn played(faults: Faults, dialogue: &str) -> (String, u32) {
    let server = server(&Fault::ALL.iter().copied().filter(|fault| faults.on(*fault)).collect::<Vec<_>>());
    // The timestamp is new each time, so it does not count; a session before has the maildrop open for `lock` below.
    let mut first = server.connect();
    let mut all = String::new();
    if dialogue.starts_with("LOCKED") {
        first = server.logged_in();
    }
    let mut client = server.connect();
    for line in dialogue.lines().filter(|line| *line != "LOCKED") {
        all.push_str(&client.send(format!("{}\r\n", line.replace("\\n", "\r\n")).as_bytes()));
    }
    client.session.closed();
    first.session.closed();
    let messages = server.messages();
    let uidvalidity = server.store.mailbox("alice@example.org", INBOX).unwrap().uidvalidity;
    (all.replace(&uidvalidity.to_string(), "V"), messages)
}

#[test]
fn every_fault_can_be_seen() {
    let login = "USER alice\nPASS secret\n";
    let dialogues = [
        (Fault::Pop3NoDotStuffing, format!("{login}RETR 1")),
        (Fault::Pop3AcceptsWrongPassword, "USER alice\nPASS wrong".to_owned()),
        (Fault::Pop3WrongStatSize, format!("{login}STAT")),
        (Fault::Pop3DeletesWithoutQuit, format!("{login}DELE 1")),
        (Fault::Pop3UidlChanges, format!("{login}UIDL")),
        (Fault::Pop3TopSendsAll, format!("{login}TOP 1 0")),
        (Fault::Pop3ListsDeleted, format!("{login}DELE 1\nLIST")),
        (Fault::Pop3IgnoresRset, format!("{login}DELE 1\nRSET\nSTAT")),
        (Fault::Pop3CapaWithoutEnd, "CAPA".to_owned()),
        (Fault::Pop3NoLock, format!("LOCKED\n{login}")),
        (Fault::Pop3LowerCaseStatus, "CAPA".to_owned()),
        (Fault::Pop3CaseSensitiveKeywords, "capa".to_owned()),
        (Fault::Pop3RenumbersAfterDele, format!("{login}DELE 1\nLIST")),
        (Fault::Pop3StlsKeepsBuffer, "STLS\\nNOOP".to_owned()),
        (Fault::Pop3UndeclaredCommands, "CAPA".to_owned()),
        (Fault::Pop3Utf8AfterLogin, format!("{login}UTF8")),
        (Fault::Pop3NoSaslprep, "USER al\u{ad}ice\nPASS secret".to_owned()),
        (Fault::Pop3LangEchoesRange, "LANG de-AT".to_owned()),
        (Fault::Pop3LangTakesAny, "LANG mul".to_owned()),
        (Fault::Pop3ExpiresUntold, format!("{login}RETR 1\nQUIT")),
        (Fault::Pop3ForgetsPipelined, "NOOP\\nNOOP".to_owned()),
        (Fault::Pop3CapaShrinks, format!("{login}CAPA")),
        (Fault::Pop3NoAuthCode, "USER alice\nPASS wrong".to_owned()),
        (Fault::Pop3CountsStuffing, format!("{login}LIST")),
        (Fault::Pop3ShortCommands, format!("XYZ {}", "x".repeat(60))),
        (Fault::Pop3DeletesAtOnce, format!("{login}DELE 1")),
        (Fault::Pop3ApopAnyDigest, format!("APOP alice {}", "0".repeat(32))),
    ];
    for (fault, dialogue) in &dialogues {
        let (right, wrong) = (played(Faults::NONE, dialogue), played([*fault].into_iter().collect(), dialogue));
        assert_ne!(right, wrong, "{}", fault.name());
    }
    let timestamps = |faults: &[Fault]| server(faults).connect().session.timestamp;
    assert_eq!(timestamps(&[Fault::Pop3RepeatsTimestamp]), timestamps(&[Fault::Pop3RepeatsTimestamp]));
    let after_quit = |faults: &[Fault]| server(faults).connect().session.receive(b"QUIT\r\n", &mut Vec::new());
    assert_ne!(after_quit(&[]), after_quit(&[Fault::Pop3KeepsOpenAfterQuit]));
    // Those of `extensions` and `policy` are seen there.
    let covered = dialogues.len() + 2 + extensions::FAULTS.len() + policy::FAULTS.len();
    assert_eq!(Fault::ALL.iter().filter(|fault| fault.name().starts_with("pop3/")).count(), covered);
}
