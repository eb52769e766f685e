//! Recipients whose domains say in the DNS that they take no mail (RFC 7505 §4.1), and a DNS that is slow.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle;

use super::{Setup, session};
use crate::faults::Fault;
use crate::mail::Domain;
use crate::refusals::{LookUp, Refusals};
use crate::session::{After, Session};
use crate::smtp::Role;

/// A DNS in which `silent.edu` has a null MX and `slow.edu` no answer; and how often it was asked.
fn dns() -> (Refusals, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let look_up = move |domain: &Domain| -> Option<LookUp> {
        count.fetch_add(1, Ordering::Relaxed);
        Some(match domain.to_string().as_str() {
            "silent.edu" => Box::pin(async { true }),
            "slow.edu" => Box::pin(pending()),
            _ => Box::pin(async { false }),
        })
    };
    (Refusals { runtime: Handle::current(), look_up: Arc::new(look_up) }, asked)
}

/// The replies behind the login to these commands, all sent at once.
async fn replies(faults: &[Fault], commands: &str) -> (Vec<String>, usize) {
    let setup = Setup { role: Role::Submission, faults: faults.to_vec(), ..Setup::default() };
    let (refusals, asked) = dns();
    let mut session = session(&setup).asking(Some(refusals));
    let mut out = Vec::new();
    // "\0alice@example.org\0secret"
    let input = format!(
        "EHLO client.example\r\nAUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAHNlY3JldA==\r\nMAIL FROM:<alice@example.org>\r\n{commands}NOOP\r\n"
    );
    let mut after = session.receive(input.as_bytes(), &mut out);
    while after == After::Await {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        after = session.wake(&mut out);
    }
    assert_eq!(after, After::Continue);
    let out = String::from_utf8(out).unwrap();
    let replies = out.lines().skip_while(|line| !line.starts_with("235")).skip(2).map(|line| line.chars().take(10).collect());
    (replies.collect(), asked.load(Ordering::Relaxed))
}

/// Faults that show here.
pub(super) const SHOWN: [Fault; 1] = [Fault::SmtpAcceptsNullMx];

const ACCEPTED: &str = "250 2.1.5 ";
const REFUSED: &str = "556 5.1.10";
const NOOP: &str = "250 2.0.0 ";

#[tokio::test]
async fn a_domain_that_takes_no_mail_is_told_at_rcpt() {
    let commands = "RCPT TO:<a@fine.edu>\r\nRCPT TO:<b@silent.edu>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<c@fine.edu>\r\n";
    let (found, asked) = replies(&[], commands).await;
    assert_eq!(found, [ACCEPTED, REFUSED, ACCEPTED, ACCEPTED, NOOP]);
    assert_eq!(asked, 2, "each domain of others once");
    let (found, asked) = replies(&SHOWN, commands).await;
    assert_eq!((found.as_slice(), asked), ([ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED, NOOP].map(str::to_owned).as_slice(), 0));
}

#[tokio::test]
async fn a_slow_dns_holds_a_client_up_once() {
    let (found, asked) = replies(&[], "RCPT TO:<a@slow.edu>\r\nRCPT TO:<b@silent.edu>\r\nRCPT TO:<c@slow.edu>\r\n").await;
    assert_eq!(found, [ACCEPTED, ACCEPTED, ACCEPTED, NOOP]);
    assert_eq!(asked, 1);
}
