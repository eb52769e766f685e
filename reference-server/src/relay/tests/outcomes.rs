//! What replies mean: for a recipient, for the message, for the host.

use super::peer::{CLOSE, Peer, Rules, SILENT};
use super::{MESSAGE, Sender, envelope};
use crate::config::{Config, Limits, SendingLimits};
use std::time::Duration;

fn impatient() -> SendingLimits {
    let moment = Duration::from_secs(1);
    SendingLimits {
        connect: moment,
        greeting: moment,
        command: moment,
        data: moment,
        block: moment,
        end_of_data: moment,
        ..SendingLimits::default()
    }
}

/// Sends a message to bob and carol at a server with these rules.
#[track_caller]
fn check(rules: Rules, expected: &[&str]) {
    let place = std::panic::Location::caller();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let peer = Peer::start(rules).await;
        // Only who waits for silence to end is impatient: a reply must never be late because the machine is busy.
        let sending = if rules.iter().any(|(_, reply)| *reply == SILENT) { impatient() } else { SendingLimits::default() };
        let limits = Limits { sending, ..Limits::default() };
        let sender = Sender::to(&peer, Config { limits, ..Config::default() });
        let words = sender.send(envelope(&["bob", "carol"]), MESSAGE).words().await;
        assert_eq!(words, expected, "{place}: {:#?}", peer.heard());
        sender.stop().await;
    });
}

#[test]
fn a_message_is_taken() {
    check(&[], &["relayed", "relayed"]);
    check(&[("EHLO", "250-x\r\n250 DSN")], &["relayed with DSN", "relayed with DSN"]);
    check(&[("EHLO", "500 what?")], &["relayed", "relayed"]);
    check(&[("EHLO", "250")], &["relayed", "relayed"]);
    // A code that nobody knows is what its first digit says.
    check(&[("MAIL", "259 well"), ("RCPT", "299 indeed"), ("DATA", "389 go on"), (".", "277 got it")], &["relayed", "relayed"]);
    check(&[("RCPT TO:<bob", "599 never"), ("RCPT TO:<carol", "499 later")], &["refused 5.0.0", "later 4.0.0"]);
    check(&[("RCPT", "251 2.1.5 user not local; will forward")], &["relayed", "relayed"]);
    check(&[(".", "250-2.0.0 taken\r\n250 2.0.0 as 1")], &["relayed", "relayed"]);
}

#[test]
fn the_greeting_is_about_the_host() {
    check(&[("", "421 4.3.2 busy")], &["unreachable 4.3.2", "unreachable 4.3.2"]);
    check(&[("", "450 busy")], &["unreachable 4.3.2", "unreachable 4.3.2"]);
    check(&[("", "554 no SMTP here")], &["refused 5.3.2", "refused 5.3.2"]);
    check(&[("", "521 accepts no mail")], &["refused 5.3.2", "refused 5.3.2"]);
    check(&[("", CLOSE)], &["unreachable 4.4.2", "unreachable 4.4.2"]);
    check(&[("", SILENT)], &["unreachable 4.4.2", "unreachable 4.4.2"]);
    check(&[("", "SSH-2.0-x")], &["unreachable 4.5.0", "unreachable 4.5.0"]);
    check(&[("EHLO", "421 4.3.2 busy")], &["unreachable 4.3.2", "unreachable 4.3.2"]);
    check(&[("EHLO", "500 what?"), ("HELO", "550 5.7.1 not you")], &["refused 5.7.1", "refused 5.7.1"]);
}

#[test]
fn a_reply_to_mail_is_about_everyone() {
    check(&[("MAIL", "550 5.1.8 bad sender")], &["refused 5.1.8", "refused 5.1.8"]);
    check(&[("MAIL", "552 too big")], &["refused 5.0.0", "refused 5.0.0"]);
    check(&[("MAIL", "451 4.3.0 later")], &["later 4.3.0", "later 4.3.0"]);
    check(&[("MAIL", "421 4.3.2 bye\0close")], &["later 4.3.2", "later 4.3.2"]);
    check(&[("MAIL", CLOSE)], &["later 4.4.2", "later 4.4.2"]);
    check(&[("MAIL", "354 what?")], &["later 4.5.0", "later 4.5.0"]);
    check(&[("MAIL", "250-ok\r\n550 no")], &["later 4.5.0", "later 4.5.0"]);
}

#[test]
fn a_reply_to_rcpt_is_about_one() {
    check(&[("RCPT TO:<bob", "550 5.1.1 unknown")], &["refused 5.1.1", "relayed"]);
    check(&[("RCPT TO:<carol", "450 4.2.1 busy")], &["relayed", "later 4.2.1"]);
    check(&[("RCPT TO:<carol", "452 4.2.2 full")], &["relayed", "later 4.2.2"]);
    check(&[("RCPT TO:<bob", "550 x"), ("RCPT TO:<carol", "450 x")], &["refused 5.0.0", "later 4.0.0"]);
    check(&[("RCPT TO:<bob", "550 x"), ("RCPT TO:<carol", "421 4.3.2 bye\0close")], &["refused 5.0.0", "later 4.3.2"]);
    check(&[("RCPT TO:<bob", "550 x"), ("RCPT TO:<carol", CLOSE)], &["refused 5.0.0", "later 4.4.2"]);
    // Nobody is left: DATA is refused, or granted in vain.
    check(&[("RCPT", "550 5.1.1 x"), ("DATA", "554 no recipients")], &["refused 5.1.1", "refused 5.1.1"]);
    check(&[("RCPT", "550 5.1.1 x"), (".", "554 no recipients")], &["refused 5.1.1", "refused 5.1.1"]);
}

#[test]
fn one_recipient_too_many_waits_for_the_next_transaction() {
    check(&[("RCPT TO:<carol", "452 4.5.3 too many"), ("RCPT TO:<carol", "250 ok")], &["relayed", "relayed"]);
    check(&[("RCPT TO:<carol", "552 too many"), ("RCPT TO:<carol", "250 ok")], &["relayed", "relayed"]);
    check(&[("RCPT TO:<carol", "452 4.5.3 too many")], &["relayed", "later 4.5.3"]);
    check(&[("RCPT TO:<carol", "552 too many")], &["relayed", "later 4.5.3"]);
    check(&[("RCPT TO:<bob", "552 too many")], &["refused 5.0.0", "relayed"]);
    check(&[("EHLO", "250-x\r\n250 LIMITS RCPTMAX=1")], &["relayed", "relayed"]);
    check(&[("EHLO", "250-x\r\n250 LIMITS RCPTMAX=1 MAILMAX=1")], &["relayed", "relayed"]);
}

#[test]
fn a_reply_to_the_message_is_about_those_accepted() {
    check(&[("DATA", "451 4.3.0 later")], &["later 4.3.0", "later 4.3.0"]);
    check(&[("DATA", "554 5.6.0 never")], &["refused 5.6.0", "refused 5.6.0"]);
    check(&[(".", "451 4.7.1 later")], &["later 4.7.1", "later 4.7.1"]);
    check(&[(".", "554 5.7.1 spam")], &["refused 5.7.1", "refused 5.7.1"]);
    check(&[("RCPT TO:<bob", "450 4.2.1 x"), (".", "554 5.7.1 spam")], &["later 4.2.1", "refused 5.7.1"]);
    check(&[(".", "421 4.3.2 bye\0close")], &["later 4.3.2", "later 4.3.2"]);
    // Nobody knows whether it was taken.
    check(&[(".", CLOSE)], &["later 4.4.2", "later 4.4.2"]);
    check(&[(".", SILENT)], &["later 4.4.2", "later 4.4.2"]);
    check(&[(".", "nonsense")], &["later 4.5.0", "later 4.5.0"]);
    check(&[(".", "354 more?")], &["later 4.5.0", "later 4.5.0"]);
}

#[test]
fn a_size_limit_is_known_before_the_message_is_sent() {
    check(&[("EHLO", "250-x\r\n250 SIZE 10")], &["refused 5.3.4", "refused 5.3.4"]);
    check(&[("EHLO", "250-x\r\n250 SIZE 0")], &["relayed", "relayed"]);
}
