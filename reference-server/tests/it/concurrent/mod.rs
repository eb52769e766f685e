//! Many clients in one mailbox: each holds the server to what it was told, and at the end all know the same.

mod actor;
mod belief;
mod talk;

use std::net::SocketAddr;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reference_server::config::{Config, Storage};
use rstest::rstest;

use self::actor::{Actor, Ledger, kept};
use self::talk::Talk;
use crate::crash::{Dice, free_port, program, seed};
use crate::wire::server;

const CLIENTS: u64 = 12;

/// How long clients are at it.
const LONG: Duration = Duration::from_secs(3);

const SEED: &str = "MAILSPEC_CONCURRENT_SEED";

/// Everybody has heard everything: beliefs, the store and the promises are compared.
async fn all_agree(address: SocketAddr, actors: &mut [Actor], ledger: &Ledger) {
    let truth = Talk::open(address).await.unwrap().belief;
    kept(&ledger.promised(), &truth);
    for (number, actor) in actors.iter_mut().enumerate() {
        actor.talk.ask("NOOP", "NOOP").await.unwrap();
        actor.talk.belief.agrees_with(&truth, &format!("client {number}"));
        actor.keyword_is_where_it_was_set(&truth);
    }
}

/// `MAILSPEC_CONCURRENT_SEED` repeats what each client does; how they meet is the machine's affair.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_one_mailbox_end_up_with_the_same_beliefs(#[values(true, false)] on_disk: bool) {
    let seed = seed(SEED);
    let directory = tempfile::tempdir().unwrap();
    let storage = if on_disk { Storage::Dir(directory.path().to_owned()) } else { Storage::Memory };
    let server = server(Config { storage, ..Config::default() }).await;
    let address = server.addresses["imap"];
    let ledger = Arc::new(Ledger::default());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                let mut actor = Actor::new(address, number, seed, ledger).await.unwrap();
                let until = Instant::now() + LONG;
                while Instant::now() < until {
                    actor.act().await.unwrap();
                }
                actor
            })
        })
        .collect();
    let mut actors = Vec::new();
    for client in clients {
        actors.push(client.await.unwrap());
    }
    all_agree(address, &mut actors, &ledger).await;
    let commands: usize = actors.iter().map(|actor| actor.commands).sum();
    let messages = ledger.promised().len();
    println!("{CLIENTS} clients, {commands} commands, {messages} messages came: all agree");
    assert!(commands > CLIENTS as usize * 20 && messages > 20, "the test has done too little: {commands}, {messages}");
    server.stop().await;
}

/// The same, and the server is killed again and again: what was answered OK is there when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_ok_survives_kills_among_many_clients() {
    let seed = seed(SEED);
    let mut dice = Dice(seed | 1);
    let directory = tempfile::tempdir().unwrap();
    let port = free_port();
    let listen = format!("imap=127.0.0.1:{port}");
    let options = ["--listen", listen.as_str(), "--account", "alice@example.org:secret"];
    let start = || -> Child {
        let (child, addresses) = tokio::task::block_in_place(|| program(&options, directory.path()));
        assert!(addresses.is_some(), "the server starts after a kill");
        child
    };
    let mut child = start();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let ledger = Arc::new(Ledger::default());
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (ledger, over) = (ledger.clone(), over.clone());
            tokio::spawn(async move {
                let mut actor = Actor::new(address, number, seed, ledger).await.unwrap();
                while !over.load(Ordering::SeqCst) {
                    if actor.act().await.is_err() {
                        // The server is gone: it comes back, and may go again before the client is there.
                        while actor.reopen(address).await.is_err() {
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    }
                }
                actor
            })
        })
        .collect();
    // They log in while nothing is killed yet: a password takes its time.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let kills = 12;
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(150 + dice.below(250))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        child = start();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    over.store(true, Ordering::SeqCst);
    let mut actors = Vec::new();
    for client in clients {
        actors.push(client.await.unwrap());
    }
    all_agree(address, &mut actors, &ledger).await;
    let commands: usize = actors.iter().map(|actor| actor.commands).sum();
    let messages = ledger.promised().len();
    println!("{kills} kills, {commands} commands, {messages} messages answered OK: none lost");
    assert!(messages > 20, "the test has done too little: {messages}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Two sessions set and clear flags of the same message at the same moment, again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sessions_that_change_flags_at_once_both_win() {
    let server = server(Config::default()).await;
    let address = server.addresses["imap"];
    let mut first = Talk::open(address).await.unwrap();
    first.ask("APPEND INBOX {14+}\r\nSubject: x\r\n\r\n", "APPEND").await.unwrap();
    first.select().await.unwrap();
    let mut second = Talk::open(address).await.unwrap();
    for round in 0..200 {
        let sign = if round % 2 == 0 { '+' } else { '-' };
        let (one, other) = (format!("STORE 1 {sign}FLAGS ($One)"), format!("STORE 1 {sign}FLAGS.SILENT (\\Flagged)"));
        let (one, other) = tokio::join!(first.ask(&one, "STORE"), second.ask(&other, "STORE"));
        assert!(one.unwrap().ok && other.unwrap().ok);
        second.ask("FETCH 1 (UID FLAGS)", "FETCH").await.unwrap();
        let flags = second.belief.messages[0].flags.clone().unwrap();
        assert_eq!((flags.contains("$One"), flags.contains("\\Flagged")), (sign == '+', sign == '+'), "{flags:?}");
        first.ask("NOOP", "NOOP").await.unwrap();
        assert_eq!(first.belief.messages[0].flags, Some(flags), "the other session was told");
    }
    server.stop().await;
}

/// Who idles hears at once, and so does who asked for it with NOTIFY and says nothing. The bound is generous, for machines that
/// have much else to do; what was measured is printed.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_is_woken_within_milliseconds(
    #[values("IDLE", "NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange))")] command: &str,
) {
    let directory = tempfile::tempdir().unwrap();
    let server = server(Config { storage: Storage::Dir(directory.path().to_owned()), ..Config::default() }).await;
    let address = server.addresses["imap"];
    let mut busy = Talk::open(address).await.unwrap();
    busy.ask("APPEND INBOX {14+}\r\nSubject: x\r\n\r\n", "APPEND").await.unwrap();
    busy.select().await.unwrap();
    let mut waiter = Talk::open(address).await.unwrap();
    let tag = waiter.send(command).await.unwrap();
    while !waiter.hear().await.unwrap().starts_with(['+', 'a']) {}
    let mut waits = Vec::new();
    for round in 0..50 {
        let sign = if round % 2 == 0 { '+' } else { '-' };
        busy.ask(&format!("STORE 1 {sign}FLAGS (\\Flagged)"), "STORE").await.unwrap();
        // The change is committed, or the other session would not have its answer.
        let answered = Instant::now();
        while !waiter.hear().await.unwrap().contains("FLAGS (") {}
        waits.push(answered.elapsed());
        assert_eq!(waiter.belief.messages[0].flags, busy.belief.messages[0].flags);
    }
    if command == "IDLE" {
        waiter.done(&tag).await.unwrap();
    }
    waits.sort();
    println!("{command} hears a change {:?} after it is answered (median), {:?} at worst", waits[25], waits[49]);
    assert!(waits[25] < Duration::from_millis(500), "half of all changes are heard after more than {:?}", waits[25]);
    server.stop().await;
}

/// Two sessions make mailboxes and fill them at the same time, old ones and each other's new ones: who asked to hear of it is told
/// of the last message of each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notify_loses_nothing_of_what_two_sessions_do_at_once() {
    const MAILBOXES: u32 = 20;
    const ROUNDS: u32 = 8;
    let server = server(Config::default()).await;
    let address = server.addresses["imap"];
    let mut listener = Talk::open(address).await.unwrap();
    let tag = listener.send("NOTIFY SET (PERSONAL (MessageNew MessageExpunge MailboxName))").await.unwrap();
    while !listener.hear().await.unwrap().starts_with(&tag) {}
    let writers: Vec<_> = (0..2)
        .map(|_| {
            tokio::spawn(async move {
                let mut writer = Talk::open(address).await.unwrap();
                for round in 0..ROUNDS {
                    for mailbox in 0..MAILBOXES {
                        if round == 0 {
                            // One of the two is the first.
                            let tag = writer.send(&format!("CREATE box{mailbox}")).await.unwrap();
                            while !writer.hear().await.unwrap().starts_with(&tag) {}
                        }
                        writer.ask(&format!("APPEND box{mailbox} {{1+}}\r\nx"), "APPEND").await.unwrap();
                    }
                }
            })
        })
        .collect();
    let mut unfinished: Vec<String> = (0..MAILBOXES)
        .map(|mailbox| format!("* STATUS box{mailbox} (UIDNEXT {} MESSAGES {}", 2 * ROUNDS + 1, 2 * ROUNDS))
        .collect();
    let mut unmade: Vec<String> = (0..MAILBOXES).map(|mailbox| format!("\"/\" box{mailbox}")).collect();
    while !unfinished.is_empty() || !unmade.is_empty() {
        // It comes without a command; if it did not, the line would be waited for in vain.
        let line = listener.hear().await.unwrap();
        assert!(!line.contains("NOTIFICATIONOVERFLOW"), "{line}");
        unfinished.retain(|last| !line.starts_with(&format!("{last} ")));
        unmade.retain(|name| !line.ends_with(name));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    server.stop().await;
}
