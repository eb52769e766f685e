//! How long searches take in a large mailbox, and how that grows. It prints figures, so it runs when it is asked for:
//! `cargo test --release -p reference-server --lib -- --ignored --nocapture costs_of_searches`.

use super::*;
use crate::store::{Body, Flags, NewMessage};
use std::time::Instant;

const SEARCHES: [&str; 12] = [
    "SEARCH RETURN (COUNT) UNSEEN",
    "SEARCH RETURN (COUNT) FLAGGED SINCE 1-Jan-2001",
    "SEARCH RETURN (COUNT) LARGER 500",
    "SEARCH RETURN (COUNT) UID 1:*",
    "SEARCH RETURN (COUNT) SUBJECT 777",
    "SEARCH RETURN (COUNT) SENTSINCE 1-Jan-2001",
    "SEARCH RETURN (COUNT) FLAGGED SUBJECT 777",
    "SEARCH RETURN (COUNT) BODY umbrella",
    "SORT RETURN (COUNT) (ARRIVAL) UTF-8 ALL",
    "SORT RETURN (COUNT) (SUBJECT DATE) UTF-8 ALL",
    "THREAD REFERENCES UTF-8 ALL",
    "THREAD ORDEREDSUBJECT UTF-8 ALL",
];

#[test]
#[ignore = "it measures, and takes a while"]
fn costs_of_searches() {
    for count in [1_000, 10_000, 100_000] {
        let server = Server::new();
        let inbox = server.store.mailbox("alice@example.org", "INBOX").unwrap();
        for batch in 0..count / 1_000 {
            let messages = (0..1_000).map(|at| new_message(batch * 1_000 + at)).collect();
            server.store.append(inbox.id, messages).unwrap();
        }
        let mut alice = server.alice();
        alice.says("a SELECT INBOX");
        for search in SEARCHES {
            let began = Instant::now();
            let heard = alice.says(&format!("b {search}"));
            assert!(heard.contains("b OK"), "{heard}");
            println!("{count:>7} messages {:>9.1} ms  {search}", began.elapsed().as_secs_f64() * 1000.0);
        }
    }
}

/// One in ten is flagged, each is an answer to the one ten before it.
fn new_message(number: u32) -> NewMessage {
    let references = number.checked_sub(10).map(|before| format!("References: <m{before}@example.org>\r\n")).unwrap_or_default();
    let text = format!(
        "Date: Mon, 5 Feb 2001 10:{:02}:{:02} +0100\r\nFrom: \"Sender {number}\" <sender{}@example.org>\r\n\
         To: alice@example.org\r\nSubject: Re: [list] Topic {}\r\nMessage-ID: <m{number}@example.org>\r\n{references}\
         Received: from mx.example.net (mx.example.net [192.0.2.1]) by example.org; Mon, 5 Feb 2001 10:00:00 +0100\r\n\r\n{}",
        number / 60 % 60,
        number % 60,
        number % 97,
        number / 10,
        "The train to Utrecht leaves at nine. Bring the blue umbrella.\r\n".repeat(20),
    );
    let flags = if number.is_multiple_of(10) { Flags::from_iter(["\\Flagged", "\\Seen"]) } else { Flags::none() };
    let date = datetime!(2001-02-05 10:00:00 UTC) + time::Duration::seconds(i64::from(number));
    NewMessage { body: Body::Bytes(text.into_bytes()), flags, date, saved: None }
}
