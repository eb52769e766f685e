//! How often users may log in, and how long their mail is kept (RFC 2449 §6.5, §6.7).

use std::time::Duration;

use super::*;
use crate::clock::Clock;
use crate::config::{Expire, Pop3Policy};

pub(super) const FAULTS: &[Fault] = &[Fault::Pop3IgnoresLoginDelay, Fault::Pop3LoginDelayToUser];

const DAY: Duration = Duration::from_secs(86_400);

fn policed(policy: Pop3Policy, faults: &[Fault]) -> (Server, Clock) {
    let clock = Clock::stopped(OffsetDateTime::UNIX_EPOCH);
    let faults = faults.iter().copied().collect();
    (server_of(Config { pop3: policy, clock: clock.clone(), faults, ..Config::default() }), clock)
}

fn delayed(faults: &[Fault]) -> (Server, Clock) {
    policed(Pop3Policy { login_delay: Duration::from_secs(60), ..Pop3Policy::default() }, faults)
}

#[test]
fn a_login_that_comes_too_soon_is_refused() {
    let (server, clock) = delayed(&[]);
    let mut client = server.connect();
    client.check(&[("USER alice", "+OK"), ("PASS wrong", "-ERR [AUTH]"), ("USER alice", "+OK"), ("PASS secret", "+OK")]);
    assert!(client.say("CAPA").contains("\r\nLOGIN-DELAY 60\r\n"));
    client.say("QUIT");
    let mut client = server.connect();
    clock.advance(Duration::from_millis(58_500));
    client.check(&[
        ("USER alice", "+OK"),
        ("PASS secret", "-ERR [LOGIN-DELAY] you logged in a short while ago; wait for 2 s"),
        // Who does not know the password does not learn that alice was here.
        ("USER alice", "+OK"),
        ("PASS wrong", "-ERR [AUTH]"),
        ("AUTH PLAIN AGFsaWNlAHNlY3JldA==", "-ERR [LOGIN-DELAY]"),
        ("USER bob", "+OK"),
        ("PASS pass word", "+OK"),
    ]);
    // A login that was refused does not count.
    clock.advance(Duration::from_millis(1500));
    server.connect().check(&[("USER alice", "+OK"), ("PASS secret", "+OK")]);
}

#[test]
fn faults_of_the_delay_can_be_seen() {
    let (server, _) = delayed(&[Fault::Pop3IgnoresLoginDelay]);
    server.logged_in().say("QUIT");
    server.logged_in();
    let (server, _) = delayed(&[Fault::Pop3LoginDelayToUser]);
    server.logged_in().say("QUIT");
    server.connect().check(&[("USER bob", "+OK"), ("PASS x", "-ERR"), ("USER alice", "-ERR [LOGIN-DELAY]")]);
}

#[test]
fn messages_are_kept_for_ever_for_days_or_for_one_session() {
    let session = |server: &Server, dialogue: &[&str]| {
        let mut client = server.logged_in();
        let listed = client.say("STAT");
        dialogue.iter().for_each(|line| drop(client.say(line)));
        client.session.closed();
        listed.trim_end().to_owned()
    };
    let kept = |expire: Expire| policed(Pop3Policy { expire, ..Pop3Policy::default() }, &[]);
    let (server, clock) = kept(Expire::Never);
    session(&server, &["RETR 1", "QUIT"]);
    clock.advance(1000 * DAY);
    assert_eq!((session(&server, &["QUIT"]), server.messages()), ("+OK 2 63".to_owned(), 2));

    let (server, clock) = kept(Expire::Days(0));
    session(&server, &["RETR 1"]);
    clock.advance(1000 * DAY);
    session(&server, &["TOP 2 9999", "RETR 1", "QUIT"]);
    // The first session broke off; TOP is no RETR.
    assert_eq!(session(&server, &[]), "+OK 1 28");

    let (server, clock) = kept(Expire::Days(7));
    session(&server, &["QUIT"]);
    clock.advance(6 * DAY);
    deliver(&server.store, "late");
    session(&server, &["RETR 1", "QUIT"]);
    clock.advance(DAY);
    // Not before the UPDATE state, and not without it.
    assert_eq!(session(&server, &["LIST"]), "+OK 3 69");
    assert_eq!(session(&server, &["DELE 1", "QUIT"]), "+OK 3 69");
    assert_eq!(session(&server, &[]), "+OK 1 6");
    assert!(server.logged_in().say("CAPA").contains("\r\nEXPIRE 7\r\n"));
}
