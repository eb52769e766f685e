//! Mail from one instance of the reference server to another by way of a real one: reference → Postfix → reference, and
//! the same with Exim and OpenSMTPD. Each letter must arrive at the second instance once for each recipient, with the
//! envelope and the octets it was sent with.
//!
//! ```console
//! # fixtures/targets/postfix/install.sh && fixtures/targets/exim/install.sh && fixtures/targets/opensmtpd/install.sh
//! # cargo test -p reference-server --test interop -- --ignored --nocapture
//! ```
//!
//! `MAILSPEC_INTEROP="exim"` takes only that one. Needs root, as the scripts that start the servers do, and their ports
//! (`fixtures/targets/*/target.yaml`).

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod client;
mod judge;
mod letter;
mod server;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use letter::Letter;
use server::{Reference, Relay};

/// The real servers, and the ports of their targets.
const SERVERS: [(&str, u16); 3] = [("postfix", 11025), ("exim", 12025), ("opensmtpd", 13025)];
/// The domain of the first reference server, whose user sends.
const SENDING: &str = "crepes.example";
/// The domain of the second, which the real server relays to.
const RECEIVING: &str = "hamburger.example";
/// Accounts of the second reference server, and recipients of the letter to all.
const RECIPIENTS: usize = 1000;
/// For all letters to arrive, with unoptimised code on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What became of the letters that went by way of one server.
struct Journey {
    server: &'static str,
    /// By title.
    verdicts: BTreeMap<&'static str, Result<(), String>>,
    took: Duration,
    /// Accounts that have more or fewer letters than were sent to them, and senders that got one back.
    surplus: Vec<String>,
}

#[test]
#[ignore = "starts Postfix, Exim and OpenSMTPD: needs root and their fixtures/targets/*/install.sh"]
fn letters_arrive_as_they_were_sent() {
    let chosen = std::env::var("MAILSPEC_INTEROP").unwrap_or_else(|_| SERVERS.map(|(name, _)| name).join(" "));
    let servers: Vec<_> = SERVERS.into_iter().filter(|(name, _)| chosen.split(' ').any(|word| word == *name)).collect();
    assert!(!servers.is_empty(), "MAILSPEC_INTEROP=\"{chosen}\" names none of {SERVERS:?}");
    let travelling: Vec<_> = servers.into_iter().map(|(name, port)| thread::spawn(move || travel(name, port))).collect();
    let journeys: Vec<Journey> = travelling.into_iter().map(|journey| journey.join().unwrap()).collect();
    let (table, wrong) = report(&journeys);
    println!("{table}");
    assert!(wrong.is_empty(), "letters arrived otherwise than they were sent:\n{}", wrong.join("\n"));
}

/// The addresses letters go to.
fn recipients() -> Vec<String> {
    (0..RECIPIENTS).map(|number| format!("r{number:04}@{RECEIVING}")).collect()
}

/// Sends all letters by way of a server and sees what becomes of each.
fn travel(server: &'static str, port: u16) -> Journey {
    let recipients = recipients();
    let receiving = Reference::start(RECEIVING, &recipients, None);
    let _relay = Relay::start(server, &format!("{RECEIVING}={}", receiving.smtp));
    let sender = format!("alice@{SENDING}");
    let route = format!("{RECEIVING}=127.0.0.1:{port}");
    let sending = Reference::start(SENDING, std::slice::from_ref(&sender), Some(&route));

    let letters = letter::all(&recipients);
    let began = Instant::now();
    for letter in &letters {
        client::submit(sending.smtp, &sender, letter);
    }
    let judged = letters.iter().map(|letter| (letter.title, judge::judge(receiving.pop3, letter, began + PATIENCE)));
    let verdicts = judged.collect();
    let took = began.elapsed();
    let mut surplus = judge::surplus(receiving.pop3, &recipients, &letters);
    surplus.extend(judge::surplus(sending.pop3, &[sender], &letters));
    Journey { server, verdicts, took, surplus }
}

/// A line for each letter with a column for each server, and all that is wrong.
fn report(journeys: &[Journey]) -> (String, Vec<String>) {
    let mut table = format!("{:<34} {:>9} {:>10}", "reference → … → reference", "octets", "recipients");
    for journey in journeys {
        let _ = write!(table, "  {:<9}", journey.server);
    }
    let mut wrong = Vec::new();
    for Letter { title, header, rest, recipients, .. } in letter::all(&recipients()) {
        let _ = write!(table, "\n{title:<34} {:>9} {:>10}", header.len() + rest.len(), recipients.len());
        for Journey { server, verdicts, .. } in journeys {
            let word = match &verdicts[title] {
                Ok(()) => "ok".to_owned(),
                Err(why) => {
                    wrong.push(format!("{server}, {title}: {why}"));
                    "WRONG".to_owned()
                }
            };
            let _ = write!(table, "  {word:<9}");
        }
    }
    let _ = write!(table, "\n{:<55}", "all of them, after");
    for Journey { server, took, surplus, .. } in journeys {
        let _ = write!(table, "  {:<9}", format!("{:.1} s", took.as_secs_f32()));
        wrong.extend(surplus.iter().map(|line| format!("{server}: {line}")));
    }
    (table, wrong)
}
