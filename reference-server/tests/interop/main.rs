//! Mail from one instance of the reference server to another by way of a real one: reference → Postfix → reference, and
//! the same with Exim and OpenSMTPD. Each message must arrive at the second instance once for each recipient, with the
//! envelope and the octets it was sent with.
//!
//! ```console
//! # fixtures/targets/postfix/install.sh && fixtures/targets/exim/install.sh && fixtures/targets/opensmtpd/install.sh
//! # cargo test -p reference-server --test interop -- --ignored --nocapture
//! ```
//!
//! Needs root, as the scripts that start the servers do, and the servers' ports (`fixtures/targets/*/target.yaml`).

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod client;
mod judge;
mod letter;
mod server;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use server::{Reference, Relay};

/// The domain of the first reference server, whose user sends.
const SENDING: &str = "crepes.example";
/// The domain of the second, which the real server relays to.
const RECEIVING: &str = "hamburger.example";
/// Accounts of the second reference server, and recipients of the letter to all.
const RECIPIENTS: usize = 1000;
/// For all letters to arrive, with unoptimised code on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
#[ignore = "starts Postfix: needs root and fixtures/targets/postfix/install.sh"]
fn by_way_of_postfix() {
    travel("postfix", 11025);
}

#[test]
#[ignore = "starts Exim: needs root and fixtures/targets/exim/install.sh"]
fn by_way_of_exim() {
    travel("exim", 12025);
}

#[test]
#[ignore = "starts OpenSMTPD: needs root and fixtures/targets/opensmtpd/install.sh"]
fn by_way_of_opensmtpd() {
    travel("opensmtpd", 13025);
}

/// Sends all letters by way of a server and prints what became of each.
fn travel(name: &str, port: u16) {
    let accounts: Vec<String> = (0..RECIPIENTS).map(|number| format!("r{number:04}")).collect();
    let receiving = Reference::start(RECEIVING, &accounts, None);
    let _relay = Relay::start(name, &format!("{RECEIVING}={}", receiving.smtp));
    let sending = Reference::start(SENDING, &["alice".to_owned()], Some(&format!("{RECEIVING}=127.0.0.1:{port}")));

    let recipients: Vec<String> = accounts.iter().map(|account| receiving.address_of(account)).collect();
    let letters = letter::all(&recipients);
    let began = Instant::now();
    for letter in &letters {
        client::submit(sending.smtp, letter);
    }
    let mut table = format!("reference → {name} → reference\n");
    let mut failed = 0;
    for letter in &letters {
        let verdict = judge::judge(&receiving, letter, began + PATIENCE);
        failed += usize::from(verdict.is_err());
        let verdict = verdict.unwrap_or_else(|wrong| format!("WRONG: {wrong}"));
        let (octets, recipients) = (letter.message().len(), letter.recipients.len());
        let _ = writeln!(table, "  {:<34} {octets:>9} octets {recipients:>5} recipients  {verdict}", letter.title);
    }
    let took = began.elapsed().as_secs_f32();
    let surplus = judge::surplus(&receiving, &accounts, &letters);
    let returned = client::maildrop(sending.pop3, "alice").len();
    let _ = writeln!(table, "  {} letters in {took:.1} s, {failed} wrong, {returned} returned", letters.len());
    println!("{table}");
    assert_eq!((failed, returned), (0, 0), "letters by way of {name} arrived otherwise than they were sent");
    assert!(surplus.is_empty(), "{surplus:#?}");
}
