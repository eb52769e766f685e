//! TLS: offered, failed, required (RFC 3207, RFC 7435, RFC 8689).

use super::peer::{Peer, Rules};
use super::zones::Zones;
use super::{MESSAGE, Sender, envelope};
use crate::config::{Config, Route, Sending, SendingTls};
use crate::mail::Envelope;

const OFFERED: (&str, &str) = ("EHLO", "250-hamburger.edu\r\n250-STARTTLS\r\n250 REQUIRETLS");

const INJECTED: (&str, &str) = ("STARTTLS", "220 go\r\n250 injected");

/// How a message goes to a server with these rules, and what that server hears.
struct Case {
    tls: SendingTls,
    trusted: bool,
    /// The name in the certificate.
    name: &'static str,
    rules: Rules,
    envelope: Envelope,
}

impl Case {
    fn new(tls: SendingTls, rules: Rules) -> Self {
        Self { tls, trusted: true, name: "hamburger.edu", rules, envelope: envelope(&["bob"]) }
    }

    async fn play(self) -> (String, Vec<Vec<String>>) {
        let peer = Peer::named("127.0.0.1:0".parse().unwrap(), self.name, self.rules).await;
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("authorities.pem");
        std::fs::write(&file, &peer.certificate).unwrap();
        let sending = Sending { tls: self.tls, authorities: self.trusted.then_some(file), ..Sending::default() };
        let routes = vec![Route { domain: "hamburger.edu".to_owned(), address: peer.address }];
        let sender = Sender::new(Config { routes, sending, ..Config::default() });
        let words = sender.send(self.envelope, MESSAGE).words().await;
        sender.stop().await;
        (words.join(", "), peer.heard().connections)
    }
}

fn has(connection: &[String], command: &str) -> bool {
    connection.iter().any(|heard| heard.starts_with(command))
}

#[tokio::test(flavor = "multi_thread")]
async fn encryption_is_used_where_it_is_offered_whoever_answers() {
    let case = Case { trusted: false, name: "other.example", ..Case::new(SendingTls::Opportunistic, &[OFFERED]) };
    let (word, connections) = case.play().await;
    assert_eq!((word.as_str(), connections.len()), ("relayed", 1));
    // RFC 3207 §4.2: after the handshake everything begins anew.
    let begin = ["EHLO crepes.fr", "STARTTLS", "(TLS)", "EHLO crepes.fr", "MAIL FROM:<alice@crepes.fr>"];
    assert_eq!(connections[0][..5], begin);
    let (word, connections) = Case::new(SendingTls::Off, &[OFFERED]).play().await;
    assert_eq!((word.as_str(), has(&connections[0], "STARTTLS")), ("relayed", false));
}

#[tokio::test(flavor = "multi_thread")]
async fn encryption_that_fails_is_not_worse_than_none() {
    // The server does not shake hands: the mail goes over another connection.
    let (word, connections) = Case::new(SendingTls::Opportunistic, &[OFFERED, ("STARTTLS", "220 go\0close")]).play().await;
    assert_eq!((word.as_str(), connections.len()), ("relayed", 2));
    assert!(!has(&connections[1], "STARTTLS") && has(&connections[1], "MAIL"));
    // It refuses: the connection is as good as before.
    let (word, connections) = Case::new(SendingTls::Opportunistic, &[OFFERED, ("STARTTLS", "454 4.7.0 not now")]).play().await;
    assert_eq!((word.as_str(), connections.len()), ("relayed", 1));
    // It speaks in clear behind its reply, as if it had spoken under TLS.
    let (word, connections) = Case::new(SendingTls::Opportunistic, &[OFFERED, INJECTED]).play().await;
    assert_eq!((word.as_str(), connections.len()), ("relayed", 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_waits_where_encryption_is_required_and_not_to_be_had() {
    let check = async |case: Case, expected: &str| {
        let (word, connections) = case.play().await;
        assert_eq!(word, expected, "{connections:#?}");
        assert!(expected == "relayed" || !connections.iter().any(|connection| has(connection, "MAIL")));
    };
    let required = |rules| Case::new(SendingTls::Required, rules);
    check(required(&[OFFERED]), "relayed").await;
    check(required(&[]), "later 4.7.10").await;
    check(required(&[OFFERED, ("STARTTLS", "454 4.7.0 not now")]), "later 4.7.10").await;
    check(required(&[OFFERED, ("STARTTLS", "220 go\0close")]), "later 4.7.5").await;
    check(required(&[OFFERED, INJECTED]), "later 4.7.5").await;
    check(Case { trusted: false, ..required(&[OFFERED]) }, "later 4.7.5").await;
    check(Case { name: "other.example", ..required(&[OFFERED]) }, "later 4.7.5").await;
    // RFC 8689 §4.2.2: the sender would rather have it sent.
    let optional = Envelope { tls_optional: true, ..envelope(&["bob"]) };
    check(Case { envelope: optional, ..required(&[]) }, "relayed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_requires_tls_goes_over_verified_tls_to_who_knows_what_that_means() {
    let check = async |rules, trusted, expected: &str| {
        let envelope = Envelope { require_tls: true, ..envelope(&["bob"]) };
        let case = Case { trusted, envelope, ..Case::new(SendingTls::Opportunistic, rules) };
        let (word, connections) = case.play().await;
        assert_eq!(word, expected, "{connections:#?}");
        assert_eq!(has(&connections[0], "MAIL FROM:<alice@crepes.fr> REQUIRETLS"), expected == "relayed", "{connections:#?}");
    };
    check(&[OFFERED], true, "relayed").await;
    check(&[OFFERED], false, "refused 5.7.10").await;
    check(&[], true, "refused 5.7.10").await;
    check(&[("EHLO", "250-x\r\n250 STARTTLS")], true, "refused 5.7.30").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_of_what_required_tls_may_go_without() {
    let envelope = Envelope { require_tls: true, reverse_path: None, ..envelope(&["bob"]) };
    let (word, connections) = Case { envelope, ..Case::new(SendingTls::Opportunistic, &[]) }.play().await;
    assert_eq!((word.as_str(), has(&connections[0], "MAIL FROM:<>")), ("relayed", true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_nobody_vouches_for_is_not_verified() {
    let peer = Peer::named("127.0.0.1:0".parse().unwrap(), "mx.hamburger.edu", &[OFFERED]).await;
    let zones = Zones::start("hamburger.edu MX 10 mx.hamburger.edu\nmx.hamburger.edu A 127.0.0.1").await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("authorities.pem");
    std::fs::write(&file, &peer.certificate).unwrap();
    let sending = Sending {
        dns: Some(zones.address),
        port: peer.address.port(),
        authorities: Some(file),
        tls: SendingTls::Required,
        ..Sending::default()
    };
    let sender = Sender::new(Config { sending, ..Config::default() });
    assert_eq!(sender.send(envelope(&["bob"]), MESSAGE).words().await, ["relayed"], "the name of the MX record is verified");
    let envelope = Envelope { require_tls: true, ..envelope(&["bob"]) };
    assert_eq!(sender.send(envelope, MESSAGE).words().await, ["refused 5.7.10"]);
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_in_clear_is_not_used_for_what_must_be_secret() {
    let peer = Peer::start(&[OFFERED]).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("authorities.pem");
    std::fs::write(&file, &peer.certificate).unwrap();
    let routes = vec![Route { domain: "hamburger.edu".to_owned(), address: peer.address }];
    let sending = Sending { authorities: Some(file), ..Sending::default() };
    let sender = Sender::new(Config { routes, sending, ..Config::default() });
    let secret = Envelope { require_tls: true, ..envelope(&["bob"]) };
    for envelope in [envelope(&["bob"]), secret.clone(), envelope(&["bob"]), secret] {
        assert_eq!(sender.send(envelope, MESSAGE).words().await, ["relayed"]);
    }
    sender.stop().await;
    assert_eq!(peer.heard().connections.len(), 2, "{:#?}", peer.heard());
}
