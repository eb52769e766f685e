//! Messages before and after the submission server has seen them.

use super::*;
use crate::config::Config;
use time::macros::datetime;

fn complete_as(senders: Senders, utf8: bool, head: &str) -> Result<String, (u16, &'static str)> {
    let accounts = ["alice@example.org:secret", "bob@example.org:secret"].map(|account| account.parse().unwrap());
    let site = Site::new(&Config { accounts: accounts.to_vec(), senders, ..Config::default() }).unwrap();
    let user = site.accounts.login("alice").cloned();
    let stamp = Stamp {
        client: Domain::Name("client.example".into()),
        address: "127.0.0.1:1".parse().unwrap(),
        host: "mail.example.org".into(),
        protocol: "ESMTPA".into(),
        id: "0a1b".into(),
        recipient: None,
        cipher: None,
        priority: None,
        utf8,
        at: datetime!(2026-11-23 04:42:00 UTC),
    };
    let head = head.replace('\n', "\r\n").into_bytes();
    let section = HeaderSection::of(&head);
    match (Submission { site, user, utf8 }).complete(head, &section, &stamp) {
        Ok((fields, head)) => Ok((fields + &String::from_utf8(head).unwrap()).replace("\r\n", "\n")),
        Err(Flaw::Submission(reply)) => Err(reply.codes()),
        Err(flaw) => panic!("{flaw:?}"),
    }
}

fn complete(head: &str) -> Result<String, (u16, &'static str)> {
    complete_as(Senders::Any, false, head)
}

const WHOLE: &str = "Date: x\nMessage-ID: <a@b>\n";

#[test]
fn missing_fields_are_added() {
    let added = "Date: Mon, 23 Nov 2026 04:42:00 +0000\nMessage-ID: <0a1b@mail.example.org>\nFrom: a@b.org\n\nx";
    assert_eq!(complete("From: a@b.org\n\nx").unwrap(), added);
    let whole = format!("{WHOLE}From: a@b.org\n\nx");
    assert_eq!(complete(&whole).unwrap(), whole);
    let replaced = "Message-ID: <0a1b@mail.example.org>\nDate: x\nFrom: a@b.org\n\nx";
    assert_eq!(complete("Date: x\nMessage-ID: <a b@c>\nFrom: a@b.org\n\nx").unwrap(), replaced);
}

#[test]
fn addresses_without_a_domain_are_completed_or_refused() {
    let completed = complete(&format!("{WHOLE}From: Alice <alice>\nTo: bob, a@b.org, \"bob\"\n\n")).unwrap();
    assert!(
        completed.contains("From: Alice <alice@example.org>\nTo: bob@example.org, a@b.org, \"bob\"@example.org\n"),
        "{completed}"
    );
    assert_eq!(complete(&format!("{WHOLE}From: alice\nTo: nobody\n\n")), Err((554, "5.1.3")));
    assert_eq!(complete(&format!("{WHOLE}From: alice@localhost\n\n")), Err((554, "5.1.7")));
}

#[test]
fn what_is_no_header_section_is_refused() {
    for (head, status) in [
        ("Subject: x\n\n", "5.6.0"),
        ("From: a@b.org\nFrom: a@b.org\n\n", "5.6.0"),
        ("From: a@b.org\nno field\n\n", "5.6.0"),
        ("From: a b@c.org\n\n", "5.1.7"),
        ("From:\n\n", "5.1.7"),
        ("From: a@b.org\nSender: a@b.org, b@b.org\n\n", "5.1.7"),
        ("From: a@b.org\nTo: <a@b.org\n\n", "5.1.3"),
        ("From: a@b.org\nSubject: \u{fc}\n\n", "5.6.9"),
    ] {
        assert_eq!(complete(head), Err((554, status)), "{head}");
    }
    assert!(complete_as(Senders::Any, true, "From: \u{fc}@b.org\nSubject: \u{fc}\n\n").is_ok());
    assert!(complete("From: a@b.org\nBcc:\nTo: nobody:;\n\n").is_ok());
}

#[test]
fn users_are_held_to_their_own_address_if_that_is_wanted() {
    let head = format!("{WHOLE}From: carol@elsewhere.example\n\n");
    assert_eq!(complete_as(Senders::Named, false, &head).unwrap(), format!("Sender: <alice@example.org>\n{head}"));
    assert_eq!(complete_as(Senders::Own, false, &head), Err((550, "5.7.1")));
    let own = format!("{WHOLE}From: Alice@example.org\n\n");
    for senders in [Senders::Any, Senders::Named, Senders::Own] {
        assert_eq!(complete_as(senders, false, &own).unwrap(), own);
    }
    let both = format!("{WHOLE}From: bob@example.org\nSender: alice@example.org\n\n");
    assert_eq!(complete_as(Senders::Named, false, &both).unwrap(), both);
    assert_eq!(complete_as(Senders::Own, false, &both), Err((550, "5.7.1")));
}
