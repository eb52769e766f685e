//! What is said, in which order and over how many connections.

use super::peer::{CLOSE, Peer, SILENT};
use super::{MESSAGE, Sender, envelope};
use crate::config::{Config, Limits, SendingLimits};
use crate::faults::Fault;
use crate::mail::{Address, Body, Domain, Envelope, Recipient};

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_sent_in_a_group_where_that_is_allowed() {
    let peer = Peer::start(&[]).await;
    let sender = Sender::to(&peer, Config::default());
    assert_eq!(sender.send(envelope(&["bob", "carol"]), MESSAGE).words().await, ["relayed", "relayed"]);
    sender.stop().await;
    assert_eq!(
        peer.commands(),
        [
            "EHLO crepes.fr",
            "MAIL FROM:<alice@crepes.fr>",
            "RCPT TO:<bob@hamburger.edu>",
            "RCPT TO:<carol@hamburger.edu>",
            "DATA",
            ".",
            "QUIT"
        ]
    );
    let heard = peer.heard();
    assert_eq!(heard.in_groups, 3);
    assert_eq!(heard.messages, [b"From: alice@crepes.fr\r\nSubject: crepes\r\n\r\n..dot\r\nlast\r\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_wait_for_replies_where_groups_are_not_announced() {
    let peer = Peer::start(&[("EHLO", "250 hamburger.edu"), ("RCPT", "550 5.1.1 unknown")]).await;
    let sender = Sender::to(&peer, Config::default());
    assert_eq!(sender.send(envelope(&["bob", "carol"]), MESSAGE).words().await, ["refused 5.1.1", "refused 5.1.1"]);
    sender.stop().await;
    assert_eq!(peer.heard().in_groups, 0);
    assert!(!peer.commands().contains(&"DATA".to_owned()), "nobody is left to get the message");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_messages_travel_over_one_connection() {
    let peer = Peer::start(&[("RCPT TO:<nobody", "550 5.1.1 unknown")]).await;
    let sender = Sender::to(&peer, Config::default());
    for given in sender.send_all(4, &envelope(&["bob"]), MESSAGE) {
        assert_eq!(given.words().await, ["relayed"]);
    }
    // One after the last was finished, and a transaction that is not ended.
    assert_eq!(sender.send(envelope(&["nobody"]), MESSAGE).words().await, ["refused 5.1.1"]);
    assert_eq!(sender.send(envelope(&["bob"]), MESSAGE).words().await, ["relayed"]);
    sender.stop().await;
    let commands = peer.commands();
    assert_eq!(commands.iter().filter(|command| command.starts_with("EHLO")).count(), 1);
    assert_eq!(commands.iter().filter(|command| *command == ".").count(), 6, "one of them without a message");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_broke_while_it_was_idle_costs_nothing() {
    let peer =
        Peer::start(&[("MAIL", "250 ok"), ("MAIL", "421 4.3.2 idle too long\0close"), ("MAIL", CLOSE), ("MAIL", "250 ok")]).await;
    let sender = Sender::to(&peer, Config::default());
    assert_eq!(sender.send(envelope(&["bob"]), MESSAGE).words().await, ["relayed"]);
    // The old connection says 421, and the new one closes: that is the server's fault.
    assert_eq!(sender.send(envelope(&["bob"]), MESSAGE).words().await, ["later 4.4.2"]);
    assert_eq!(sender.send(envelope(&["bob"]), MESSAGE).words().await, ["relayed"]);
    sender.stop().await;
    assert_eq!(peer.heard().connections.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_with_quit() {
    let peer = Peer::start(&[]).await;
    let sending = SendingLimits { idle: std::time::Duration::from_millis(100), ..SendingLimits::default() };
    let limits = Limits { sending, ..Limits::default() };
    let sender = Sender::to(&peer, Config { limits, ..Config::default() });
    assert_eq!(sender.send(envelope(&["bob"]), MESSAGE).words().await, ["relayed"]);
    peer.has_heard(|heard| heard.connections[0].last().is_some_and(|command| command == "QUIT")).await;
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_message_is_sent_in_chunks_if_the_server_knows_them() {
    let message = [b"Subject: big\r\n\r\n".to_vec(), b"0123456789abcde\r\n".repeat(40_000)].concat();
    let peer = Peer::start(&[("EHLO", "250-x\r\n250-CHUNKING\r\n250-SIZE 1000000\r\n250 PIPELINING")]).await;
    let sender = Sender::to(&peer, Config::default());
    assert_eq!(sender.send(envelope(&["bob"]), &message).words().await, ["relayed"]);
    sender.stop().await;
    let heard = peer.heard();
    assert_eq!(heard.messages.concat(), message);
    assert_eq!(heard.messages.len(), 3);
    assert_eq!(heard.connections[0][1], format!("MAIL FROM:<alice@crepes.fr> SIZE={}", message.len()));
    assert!(heard.connections[0][5].ends_with(" LAST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_message_is_whole_with_data_too() {
    let message = [b"Subject: big\r\n\r\n".to_vec(), b".123456789abcde\r\n".repeat(40_000)].concat();
    let peer = Peer::start(&[]).await;
    let sender = Sender::to(&peer, Config::default());
    assert_eq!(sender.send(envelope(&["bob"]), &message).words().await, ["relayed"]);
    sender.stop().await;
    let sent = String::from_utf8(peer.heard().messages.concat()).unwrap();
    assert_eq!(sent.replace("\r\n..", "\r\n.").as_bytes(), message);
    assert_eq!(sent.matches("\r\n..").count(), 40_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusing_a_chunk_ends_the_message() {
    let message = [b"Subject: big\r\n\r\n".to_vec(), b"0123456789abcde\r\n".repeat(40_000)].concat();
    let peer = Peer::start(&[("EHLO", "250-x\r\n250 CHUNKING"), ("BDAT", "552 5.3.4 too big"), ("BDAT", "250 ok")]).await;
    let sender = Sender::to(&peer, Config::default());
    assert_eq!(sender.send(envelope(&["bob"]), &message).words().await, ["refused 5.3.4"]);
    assert_eq!(sender.send(envelope(&["bob"]), MESSAGE).words().await, ["relayed"]);
    sender.stop().await;
    let commands = peer.commands();
    assert_eq!(commands[4], "RSET", "{commands:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn binary_octets_go_to_a_server_that_takes_them() {
    let message = b"Content-Transfer-Encoding: binary\r\n\r\n\0\n\r.\r\n.\r\n";
    let peer = Peer::start(&[("EHLO", "250-x\r\n250-CHUNKING\r\n250-8BITMIME\r\n250 BINARYMIME")]).await;
    let sender = Sender::to(&peer, Config::default());
    let envelope = Envelope { body: Body::BinaryMime, ..envelope(&["bob"]) };
    assert_eq!(sender.send(envelope, message).words().await, ["relayed"]);
    sender.stop().await;
    assert_eq!(peer.heard().messages, [message]);
    assert_eq!(peer.commands()[1], "MAIL FROM:<alice@crepes.fr> BODY=BINARYMIME");
    assert_eq!(peer.commands()[3], format!("BDAT {} LAST", message.len()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_recipients_are_told_in_groups() {
    let names: Vec<String> = (0..1000).map(|number| format!("r{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let peer = Peer::start(&[("RCPT TO:<r7@", "550 5.1.1 unknown")]).await;
    let sender = Sender::to(&peer, Config::default());
    let words = sender.send(envelope(&names), MESSAGE).words().await;
    assert_eq!(words.iter().filter(|word| *word == "relayed").count(), 999);
    assert_eq!(words[7], "refused 5.1.1");
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_cannot_be_reached_is_tried_once_for_all() {
    let peer = Peer::start(&[("", SILENT)]).await;
    let sending = SendingLimits { greeting: std::time::Duration::from_secs(1), ..SendingLimits::default() };
    let limits = Limits { sending, ..Limits::default() };
    let sender = Sender::to(&peer, Config { limits, ..Config::default() });
    for given in sender.send_all(5, &envelope(&["bob"]), MESSAGE) {
        assert_eq!(given.words().await, ["unreachable 4.4.2"]);
    }
    sender.stop().await;
    assert_eq!(peer.heard().connections.len(), 1);
}

/// A server without 8BITMIME.
const SEVEN_BITS: (&str, &str) = ("EHLO", "250-hamburger.edu\r\n250 PIPELINING");

#[tokio::test(flavor = "multi_thread")]
async fn eight_bits_are_converted_for_a_server_of_seven() {
    let message = "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
                   Content-Transfer-Encoding: 8bit\r\n\r\n.für die Kröte im Moor\r\n"
        .as_bytes();
    let envelope = Envelope { body: Body::EightBitMime, ..envelope(&["bob"]) };
    let peer = Peer::start(&[SEVEN_BITS]).await;
    let sender = Sender::to(&peer, Config::default());
    assert_eq!(sender.send(envelope.clone(), message).words().await, ["relayed"]);
    sender.stop().await;
    let sent = String::from_utf8(peer.heard().messages.concat()).unwrap();
    assert!(sent.is_ascii() && sent.ends_with("\r\n\r\n..f=C3=BCr die Kr=C3=B6te im Moor\r\n"), "{sent}");
    assert_eq!(peer.commands()[1], "MAIL FROM:<alice@crepes.fr>");

    let peer = Peer::start(&[]).await;
    let sender = Sender::to(&peer, Config::default());
    assert_eq!(sender.send(envelope.clone(), message).words().await, ["relayed"]);
    sender.stop().await;
    assert_eq!(peer.commands()[1], "MAIL FROM:<alice@crepes.fr> BODY=8BITMIME");
    assert!(peer.heard().messages.concat().ends_with("\r\n\r\n..für die Kröte im Moor\r\n".as_bytes()));

    let peer = Peer::start(&[SEVEN_BITS]).await;
    let sender = Sender::to(&peer, Config::default());
    let signed = "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nfür\r\n--b--\r\n".as_bytes();
    assert_eq!(sender.send(envelope, signed).words().await, ["refused 5.6.2"]);
    sender.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_sends_eight_bits_raw() {
    let peer = Peer::start(&[SEVEN_BITS]).await;
    let faults = [Fault::SmtpClientRaw8Bit].into_iter().collect();
    let sender = Sender::to(&peer, Config { faults, ..Config::default() });
    assert_eq!(sender.send(envelope(&["bob"]), "\r\nfür\r\n".as_bytes()).words().await, ["relayed"]);
    sender.stop().await;
    assert_eq!(peer.heard().messages.concat(), "\r\nfür\r\n".as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_smtputf8_goes_to_servers_that_know_it() {
    let internal = || {
        let mut envelope = Envelope { smtputf8: true, body: Body::EightBitMime, ..envelope(&["bob"]) };
        envelope.recipients.push(Recipient::new(Address::new("jürgen", Domain::Name("hamburger.edu".into()))));
        envelope
    };
    let plain = Peer::start(&[]).await;
    let sender = Sender::to(&plain, Config::default());
    assert_eq!(
        sender.send(internal(), MESSAGE).words().await,
        ["relayed", "refused 5.6.7"],
        "one address needs it, not the message"
    );
    assert_eq!(sender.send(internal(), "Subject: für\r\n\r\n".as_bytes()).words().await, ["refused 5.6.9", "refused 5.6.7"]);
    sender.stop().await;

    let knows = Peer::start(&[("EHLO", "250-x\r\n250-8BITMIME\r\n250 SMTPUTF8")]).await;
    let sender = Sender::to(&knows, Config::default());
    assert_eq!(sender.send(internal(), "Subject: für\r\n\r\n".as_bytes()).words().await, ["relayed", "relayed"]);
    sender.stop().await;
    assert_eq!(knows.commands()[1], "MAIL FROM:<alice@crepes.fr> BODY=8BITMIME SMTPUTF8");
    assert!(knows.commands()[3].contains("jürgen"));
}
