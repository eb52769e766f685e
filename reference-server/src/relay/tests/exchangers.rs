//! Which servers are tried for a domain (RFC 5321 §5.1), as the DNS says.

use super::peer::{CLOSE, Peer};
use super::zones::Zones;
use super::{MESSAGE, Sender, envelope};
use crate::config::{Config, Sending};
use crate::faults::Faults;
use crate::mail::{Address, Domain, Envelope, Recipient};
use crate::relay::dns::Dns;
use crate::relay::hosts::{Hosts, NoHost};

const RECORDS: &str = "
    hamburger.edu MX 20 b.hamburger.edu
    hamburger.edu MX 10 a.hamburger.edu
    a.hamburger.edu A 127.0.0.2
    b.hamburger.edu A 127.0.0.3
    b.hamburger.edu AAAA ::1
    plain.edu A 127.0.0.4
    null.edu MX 0 .
    alias.edu CNAME hamburger.edu
    loop.edu MX 10 mail.crepes.fr
    loop.edu MX 20 b.hamburger.edu
    backup.edu MX 10 a.hamburger.edu
    backup.edu MX 20 mail.crepes.fr
    backup.edu MX 30 b.hamburger.edu
    self.edu MX 10 self.self.edu
    self.self.edu A 127.0.0.9
    gone.edu MX 10 nothing.edu
    lost.edu MX 10 a.elsewhere.org
    half.edu MX 10 a.elsewhere.org
    half.edu MX 20 a.hamburger.edu
    empty.x.edu A 127.0.0.1
    xn--bcher-kva.edu A 127.0.0.5
";

async fn found(domain: &str) -> String {
    let zones = Zones::start(RECORDS).await;
    let hosts = Hosts {
        dns: Dns::new(Some(zones.address)),
        routes: vec!["routed.edu=127.0.0.7:2526".parse().unwrap()],
        port: 25,
        own_names: vec!["mail.crepes.fr".to_owned()],
        own_addresses: vec!["127.0.0.9:25".parse().unwrap()],
        faults: Faults::NONE,
    };
    let domain = Domain::parse(domain).unwrap_or_else(|_| Domain::Name(domain.to_owned()));
    match hosts.of(&domain).await {
        Ok(hosts) => hosts.iter().map(|host| format!("{} {}", host.name, host.address)).collect::<Vec<_>>().join(", "),
        Err(NoHost::Later(diagnosis)) => format!("later {}", diagnosis.status),
        Err(NoHost::Never(diagnosis)) => format!("never {}", diagnosis.status),
    }
}

#[tokio::test]
async fn servers_are_found_as_the_dns_says() {
    for (domain, expected) in [
        ("hamburger.edu", "a.hamburger.edu 127.0.0.2:25, b.hamburger.edu [::1]:25, b.hamburger.edu 127.0.0.3:25"),
        ("alias.edu", "a.hamburger.edu 127.0.0.2:25, b.hamburger.edu [::1]:25, b.hamburger.edu 127.0.0.3:25"),
        // No MX: the domain itself.
        ("plain.edu", "plain.edu 127.0.0.4:25"),
        ("bücher.edu", "xn--bcher-kva.edu 127.0.0.5:25"),
        ("null.edu", "never 5.1.10"),
        ("nothing.edu", "never 5.1.2"),
        // There are names below it, and no records.
        ("x.edu", "never 5.4.4"),
        ("elsewhere.org", "later 4.4.3"),
        // This server is among them: those behind it are not tried.
        ("backup.edu", "a.hamburger.edu 127.0.0.2:25"),
        ("loop.edu", "never 5.4.6"),
        ("self.edu", "never 5.4.6"),
        ("gone.edu", "never 5.4.4"),
        ("lost.edu", "later 4.4.3"),
        ("half.edu", "a.hamburger.edu 127.0.0.2:25"),
        ("[192.0.2.1]", "192.0.2.1 192.0.2.1:25"),
        ("[IPv6:2001:db8::1]", "2001:db8::1 [2001:db8::1]:25"),
        ("[127.0.0.9]", "never 5.4.6"),
        ("[x-tag:what]", "never 5.1.2"),
        ("routed.edu", "routed.edu 127.0.0.7:2526"),
    ] {
        assert_eq!(found(domain).await, expected, "{domain}");
    }
}

/// Two servers for hamburger.edu, the first of which answers so, and a relay that finds them by the DNS.
async fn two(first: super::peer::Rules) -> (Peer, Peer, Sender, Zones) {
    let a = Peer::at("127.0.0.2:0".parse().unwrap(), first).await;
    let b = Peer::at(format!("127.0.0.3:{}", a.address.port()).parse().unwrap(), &[]).await;
    let records = "
        hamburger.edu MX 10 a.hamburger.edu
        hamburger.edu MX 20 b.hamburger.edu
        a.hamburger.edu A 127.0.0.2
        b.hamburger.edu A 127.0.0.3";
    let zones = Zones::start(records).await;
    let sending = Sending { dns: Some(zones.address), port: a.address.port(), ..Sending::default() };
    let sender = Sender::new(Config { sending, ..Config::default() });
    (a, b, sender, zones)
}

fn count(peer: &Peer, command: &str) -> usize {
    peer.heard().connections.iter().flatten().filter(|heard| heard.starts_with(command)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_most_preferred_server_gets_the_mail() {
    let (a, b, sender, _zones) = two(&[]).await;
    assert_eq!(sender.send(envelope(&["bob"]), MESSAGE).words().await, ["relayed"]);
    sender.stop().await;
    assert_eq!((count(&a, "."), b.heard().connections.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_server_gets_what_the_first_does_not_take() {
    for rules in [
        &[("", "421 4.3.2 busy")][..],
        &[("", "554 no SMTP here")],
        &[("", CLOSE)],
        &[("EHLO", "421 4.3.2 busy")],
        &[("MAIL", "451 4.3.0 later")],
        &[("RCPT", "450 4.2.1 later")],
        &[("RCPT", CLOSE)],
        &[("DATA", "451 4.3.0 later")],
        &[(".", "451 4.3.0 later")],
        &[("EHLO", "250-x\r\n250 SIZE 5")],
    ] {
        let (_a, b, sender, _zones) = two(rules).await;
        assert_eq!(sender.send(envelope(&["bob"]), MESSAGE).words().await, ["relayed"], "{rules:?}");
        sender.stop().await;
        assert_eq!(count(&b, "."), 1, "{rules:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_first_server_settles_is_not_offered_to_the_next() {
    let (a, b, sender, _zones) = two(&[("RCPT TO:<bob", "550 5.1.1 no"), ("RCPT TO:<carol", "450 4.2.1 later")]).await;
    let words = sender.send(envelope(&["alice", "bob", "carol"]), MESSAGE).words().await;
    assert_eq!(words, ["relayed", "refused 5.1.1", "relayed"]);
    sender.stop().await;
    assert_eq!((count(&a, "RCPT"), count(&b, "RCPT")), (3, 1));
    // Nobody knows what became of it: another server must not get it now.
    let (_a, b, sender, _zones) = two(&[(".", CLOSE)]).await;
    assert_eq!(sender.send(envelope(&["bob"]), MESSAGE).words().await, ["later 4.4.2"]);
    sender.stop().await;
    assert_eq!(b.heard().connections.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_server_is_remembered() {
    let (a, b, sender, _zones) = two(&[("", "421 4.3.2 busy")]).await;
    for _ in 0..3 {
        assert_eq!(sender.send(envelope(&["bob"]), MESSAGE).words().await, ["relayed"]);
    }
    sender.stop().await;
    assert_eq!((a.heard().connections.len(), b.heard().connections.len(), count(&b, ".")), (1, 1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn domains_at_one_server_share_a_connection() {
    let peer = Peer::start(&[]).await;
    let sender = Sender::to(&peer, Config::default());
    for domain in ["hamburger.edu", "crepes.fr", "hamburger.edu"] {
        let recipients = vec![Recipient::new(Address::parse(&format!("bob@{domain}")).unwrap())];
        let envelope = Envelope { recipients, ..Envelope::default() };
        assert_eq!(sender.send(envelope, MESSAGE).words().await, ["relayed"]);
    }
    sender.stop().await;
    assert_eq!(peer.heard().connections.len(), 1, "{:#?}", peer.heard());
}
