//! Notifications, field by field.

use proptest::prelude::*;
use time::macros::datetime;

use super::*;
use crate::mail::{ByMode, DeliverBy, OriginalRecipient};
use crate::queue::{EntryId, Remote};
use crate::store::BlobId;

fn waiting(address: &str) -> Waiting {
    Waiting { address: Address::parse(address).unwrap(), notify: None, original: None, attempts: 1 }
}

fn entry() -> Entry {
    Entry {
        id: EntryId(42),
        accepted: datetime!(2026-01-01 12:00 UTC),
        reverse_path: Some(Address::parse("alice@crepes.fr").unwrap()),
        body: Body::SevenBit,
        smtputf8: false,
        ret: None,
        envid: None,
        require_tls: false,
        tls_optional: false,
        priority: None,
        hold_until: None,
        hold_request: None,
        submitter: None,
        deliver_by: None,
        blob: BlobId(42),
        recipients: Vec::new(),
    }
}

fn refused() -> Report {
    Report {
        recipient: waiting("bob@hamburger.edu"),
        action: Action::Failed,
        diagnosis: Diagnosis {
            remote: Some(Remote { host: "mx.hamburger.edu".into(), reply: "550 5.1.1 No such user".into() }),
            ..Diagnosis::local("5.1.1", "there is no such mailbox")
        },
        tried: Some(datetime!(2026-01-01 12:00:05 UTC)),
    }
}

fn write(entry: &Entry, reports: &[Report], original: &[u8], whole: bool) -> (Envelope, String) {
    let sender = Sender { host: "mail.crepes.fr".into(), domain: "crepes.fr".into() };
    let to = entry.reverse_path.clone().unwrap();
    let returned = Returned { bytes: original.to_vec(), whole };
    let written = notification(&sender, &to, entry, reports, &returned, datetime!(2026-01-01 12:00:06 UTC));
    (written.envelope, String::from_utf8(written.message).unwrap())
}

/// The parts of the report: content type, encoding, content.
fn parts(message: &str) -> Vec<(String, String, String)> {
    let boundary = message.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    for part in message.split(&delimiter).skip(1) {
        if part == "--\r\n" {
            continue;
        }
        let (head, content) = part.trim_start_matches("\r\n").split_once("\r\n\r\n").unwrap();
        let field = |name: &str| {
            let line = head.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_once(": ").unwrap().1.to_owned()
        };
        parts.push((field("Content-Type"), field("Content-Transfer-Encoding"), content.strip_suffix("\r\n").unwrap().to_owned()));
    }
    assert_eq!(parts.len(), 3, "{message}");
    parts
}

const ORIGINAL: &[u8] = b"From: alice@crepes.fr\r\nSubject: x\r\n\r\nbody\r\n";

#[test]
fn a_failure_is_told_field_by_field() {
    let mut entry = entry();
    entry.envid = Some("QQ314159".into());
    entry.priority = Some(3);
    let mut report = refused();
    report.recipient.original = Some(OriginalRecipient { kind: "rfc822".into(), address: "Bob@Hamburger.EDU".into() });
    let (envelope, message) = write(&entry, &[report], ORIGINAL, false);

    assert_eq!((envelope.reverse_path, envelope.priority), (None, Some(3)));
    let [to] = envelope.recipients.as_slice() else { panic!("one recipient") };
    assert_eq!((to.address.to_string().as_str(), to.notify), ("alice@crepes.fr", Some(Notify::default())));
    assert!(message.starts_with("From: Mail Delivery System <postmaster@crepes.fr>\r\nTo: <alice@crepes.fr>\r\n"));
    assert!(message.contains("\r\nSubject: Undelivered mail returned to sender\r\nDate: Thu, 01 Jan 2026 12:00:06 +0000\r\n"));
    assert!(message.contains("\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="));
    let [people, programs, original] = parts(&message).try_into().unwrap();
    assert_eq!((people.0.as_str(), people.1.as_str()), ("text/plain; charset=us-ascii", "7bit"));
    assert!(people.2.contains("<bob@hamburger.edu>: there is no such mailbox (5.1.1)\r\n"));
    assert!(people.2.contains("    mx.hamburger.edu said: 550 5.1.1 No such user\r\n"));
    assert_eq!(programs.0, "message/delivery-status");
    assert_eq!(
        programs.2,
        "Original-Envelope-Id: QQ314159\r\n\
         Reporting-MTA: dns; mail.crepes.fr\r\n\
         Arrival-Date: Thu, 01 Jan 2026 12:00:00 +0000\r\n\
         \r\n\
         Original-Recipient: rfc822; Bob@Hamburger.EDU\r\n\
         Final-Recipient: rfc822; bob@hamburger.edu\r\n\
         Action: failed\r\n\
         Status: 5.1.1\r\n\
         Remote-MTA: dns; mx.hamburger.edu\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n\
         Last-Attempt-Date: Thu, 01 Jan 2026 12:00:05 +0000\r\n\
         Final-Log-ID: 42\r\n"
    );
    assert_eq!((original.0.as_str(), original.2.as_str()), ("text/rfc822-headers", "From: alice@crepes.fr\r\nSubject: x\r\n"));
}

#[test]
fn what_was_not_given_is_not_told() {
    let report = Report { diagnosis: Diagnosis::local("5.4.4", "no route"), tried: None, ..refused() };
    let (_, message) = write(&entry(), &[report], ORIGINAL, false);
    for field in [
        "Original-Envelope-Id",
        "Original-Recipient",
        "Remote-MTA",
        "Diagnostic-Code",
        "Last-Attempt",
        "Will-Retry",
        "Deliver-By",
    ] {
        assert!(!message.contains(field), "{field} in {message}");
    }
}

#[test]
fn each_action_has_its_words() {
    let until = datetime!(2026-01-06 12:00 UTC);
    let mut entry = entry();
    entry.deliver_by = Some(DeliverBy { deadline: datetime!(2026-01-01 13:00 UTC), mode: ByMode::Notify, trace: false });
    entry.hold_request = Some("until;2026-01-01T11:00:00Z".into());
    for (action, name, subject, heading) in [
        (Action::Delivered, "delivered", "Your mail has arrived", "Your message was delivered to:"),
        (Action::Relayed, "relayed", "Your mail has arrived", "passed on to a server that may not tell you"),
        (Action::Delayed { until }, "delayed", "Delayed mail, still being tried", "Your message is waiting"),
    ] {
        let (_, message) = write(&entry, &[Report { action, ..refused() }], ORIGINAL, false);
        assert!(message.contains(&format!("\r\nAction: {name}\r\n")) && message.contains(&format!("Subject: {subject}\r\n")));
        assert!(message.contains(heading), "{message}");
        let retry = "\r\nWill-Retry-Until: Tue, 06 Jan 2026 12:00:00 +0000\r\n";
        assert_eq!(message.contains(retry), action == Action::Delayed { until });
        assert!(message.contains("\r\nDeliver-By-Date: Thu, 01 Jan 2026 13:00:00 +0000\r\n"));
        assert!(message.contains("\r\nFuture-Release-Request: until;2026-01-01T11:00:00Z\r\n"));
    }
    let all = [Report { action: Action::Delivered, ..refused() }, refused()];
    let (_, message) = write(&entry, &all, ORIGINAL, false);
    assert!(message.contains("Subject: Undelivered mail returned to sender\r\n"));
    assert_eq!(message.matches("\r\n\r\nFinal-Recipient: ").count(), 2, "an empty line before each recipient");
}

#[test]
fn all_of_the_message_is_returned_where_nobody_asked_for_less() {
    let mut entry = entry();
    entry.ret = Some(Ret::Full);
    let (_, message) = write(&entry, &[refused()], ORIGINAL, true);
    let [_, _, original] = parts(&message).try_into().unwrap();
    assert_eq!((original.0.as_str(), original.2.as_bytes()), ("message/rfc822", ORIGINAL));

    let delivered = [Report { action: Action::Delivered, ..refused() }];
    assert!(returns_all(&entry, &[refused()]) && !returns_all(&entry, &delivered), "RFC 3461 §6.2");
    assert!(!returns_all(&Entry { ret: Some(Ret::Headers), ..entry.clone() }, &[refused()]));
    assert!(returns_all(&Entry { ret: None, ..entry.clone() }, &[refused()]), "RFC 6522 §3");
    assert!(!returns_all(&Entry { require_tls: true, ..entry.clone() }, &[refused()]), "RFC 8689 §5");
    assert!(!returns_all(&Entry { body: Body::BinaryMime, ..entry.clone() }, &[refused()]));
    let (envelope, _) = write(&Entry { require_tls: true, ..entry }, &[refused()], ORIGINAL, false);
    assert!(envelope.require_tls, "RFC 8689 §5");
}

#[test]
fn eight_bits_are_declared() {
    let mut entry = entry();
    entry.body = Body::EightBitMime;
    let (envelope, message) = write(&entry, &[refused()], "Subject: é\r\n\r\n".as_bytes(), false);
    let [_, programs, original] = parts(&message).try_into().unwrap();
    assert_eq!((envelope.body, envelope.smtputf8), (Body::EightBitMime, false));
    assert_eq!((programs.0.as_str(), programs.1.as_str()), ("message/delivery-status", "7bit"));
    assert_eq!((original.0.as_str(), original.1.as_str()), ("text/rfc822-headers", "8bit"));
    let (envelope, _) = write(&entry, &[refused()], ORIGINAL, false);
    assert_eq!(envelope.body, Body::SevenBit, "the header section has none");
}

#[test]
fn utf8_mail_has_types_of_its_own() {
    let mut entry = entry();
    entry.smtputf8 = true;
    let mut report = refused();
    report.recipient.original = Some(OriginalRecipient { kind: "utf-8".into(), address: "b\\x{F6}b@hamburger.edu".into() });
    let original = "Subject: é\r\n\r\nbody\r\n".as_bytes();
    // The sender's address is ASCII: nothing says that 8 bits reach it (RFC 6533 §4.5).
    let (envelope, message) = write(&entry, &[report], original, false);
    assert!(message.is_ascii() && !envelope.smtputf8 && envelope.body == Body::SevenBit);
    let [_, programs, shown] = parts(&message).try_into().unwrap();
    assert_eq!((programs.0.as_str(), programs.1.as_str()), ("message/global-delivery-status", "base64"));
    assert_eq!((shown.0.as_str(), shown.1.as_str()), ("message/global-headers", "base64"));
    use base64::Engine;
    let decoded = base64::engine::general_purpose::STANDARD.decode(programs.2.replace("\r\n", "")).unwrap();
    assert!(String::from_utf8(decoded).unwrap().contains("\r\nOriginal-Recipient: utf-8; böb@hamburger.edu\r\n"));
    let (_, message) = write(&entry, &[refused()], original, true);
    assert_eq!(parts(&message)[2].0, "message/global");
}

/// What other servers and clients say cannot become a field or a part.
#[test]
fn nothing_from_outside_ends_a_line() {
    let mut entry = entry();
    entry.envid = Some("x\r\nReporting-MTA: dns; evil".into());
    let mut report = refused();
    let injected = "y\r\n\r\nFinal-Recipient: rfc822; evil@example.com";
    report.recipient.original = Some(OriginalRecipient { kind: "rfc822".into(), address: injected.into() });
    report.diagnosis.remote = Some(Remote { host: "mx\nx".into(), reply: "z".repeat(2000) });
    let (_, message) = write(&entry, &[report], ORIGINAL, false);
    let [_, programs, _] = parts(&message).try_into().unwrap();
    assert_eq!(programs.2.matches("\r\nReporting-MTA").count(), 1);
    assert_eq!(programs.2.matches("\r\nFinal-Recipient").count(), 1);
    assert_eq!(programs.2.matches("\r\n\r\n").count(), 1);
}

proptest! {
    #[test]
    fn every_line_is_a_line(text in any::<String>(), address in any::<String>(), original in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut entry = entry();
        entry.envid = Some(text.clone());
        let mut report = refused();
        report.recipient.original = Some(OriginalRecipient { kind: "utf-8".into(), address });
        report.diagnosis.reason = text.clone();
        report.diagnosis.remote = Some(Remote { host: "mx".into(), reply: text });
        let sender = Sender { host: "mail.crepes.fr".into(), domain: "crepes.fr".into() };
        let to = entry.reverse_path.clone().unwrap();
        let returned = Returned { bytes: original.clone(), whole: false };
        let written = notification(&sender, &to, &entry, &[report], &returned, entry.accepted);
        let [people, programs, _] = parts(&String::from_utf8_lossy(&written.message)).try_into().unwrap();
        for part in [people.2, programs.2] {
            prop_assert!(!part.replace("\r\n", "").contains(['\r', '\n', '\0']));
            prop_assert!(part.split("\r\n").all(|line| line.len() <= 998));
        }
    }
}
