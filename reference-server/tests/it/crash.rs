//! Kill -9 at random moments: what was acknowledged is there afterwards, once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reference_server::config::{Config, Listen, Service, Storage};
use reference_server::server::{Running, start};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::wire::{Client, maildrop, server};

/// Servers that are killed together, in this test.
const KILLS: usize = 100;

/// The program with these options; what it prints once it listens.
pub fn program(options: &[&str], directory: &Path) -> (Child, Option<BTreeMap<String, SocketAddr>>) {
    let mut child = started(options, directory);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).ok())
}

fn started(options: &[&str], directory: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_reference-server"))
        .args(["--addresses", "json", "--data"])
        .arg(directory)
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let options = ["--listen", "smtp=127.0.0.1:0", "--domain", "example.org", "--account", "alice@example.org:secret"];
    for round in 1..=3 {
        let (mut child, addresses) = program(&options, directory.path());
        let mut client = Client::connect_to(addresses.unwrap()["smtp"]).await;
        client.until("220 ").await;
        client.ask("EHLO client.example", "250 ").await;
        client.ask("MAIL FROM:<sender@elsewhere.example>", "250 ").await;
        client.ask("RCPT TO:<alice@example.org>", "250 ").await;
        client.ask("DATA", "354 ").await;
        client.ask(&format!("Subject: round {round}\r\n\r\nx\r\n."), "250 ").await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let server = server(Config { storage: Storage::Dir(directory.path().to_owned()), ..Config::default() }).await;
    let messages = maildrop(&server, "alice", 3).await;
    let subjects: Vec<&String> = messages.iter().flatten().filter(|line| line.starts_with("Subject:")).collect();
    assert_eq!(subjects, ["Subject: round 1", "Subject: round 2", "Subject: round 3"], "each once");
    server.stop().await;
}

/// The seed that the environment names, or a new one; says how to use it again.
pub fn seed(variable: &str) -> u64 {
    let seed = std::env::var(variable).ok().and_then(|seed| seed.parse().ok());
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()) << 32 | u64::from(since.subsec_nanos()) | 1);
    println!("seed {seed}: {variable}={seed} uses it again");
    seed
}

/// Numbers that look random and are the same for the same seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, end: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }
}

/// What the client knows of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    to: Vec<&'static str>,
    acknowledged: bool,
}

#[derive(Default)]
struct Log {
    sent: Mutex<HashMap<String, Sent>>,
    next: AtomicUsize,
    over: AtomicBool,
}

const ALICE: &str = "alice@crepes.fr";
const CAROL: &str = "carol@crepes.fr";
const BOB: &str = "bob@hamburger.edu";

/// Says a line and wants a reply that begins so; an error if the server is gone.
async fn say(stream: &mut tokio::io::BufStream<TcpStream>, line: &str, reply: &str) -> std::io::Result<()> {
    stream.write_all(line.as_bytes()).await?;
    stream.flush().await?;
    loop {
        let mut answer = String::new();
        if stream.read_line(&mut answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if answer.as_bytes().get(3) != Some(&b'-') {
            let fits = answer.starts_with(reply);
            return if fits { Ok(()) } else { Err(std::io::Error::other(format!("{answer:?} to {line:?}"))) };
        }
    }
}

/// Submits messages over one connection until the server is gone.
async fn submit(port: u16, log: &Log) -> std::io::Result<()> {
    let mut stream = tokio::io::BufStream::new(TcpStream::connect(("127.0.0.1", port)).await?);
    say(&mut stream, "", "220").await?;
    say(&mut stream, "EHLO client.example\r\n", "250").await?;
    // alice, secret
    say(&mut stream, "AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", "235").await?;
    while !log.over.load(Ordering::SeqCst) {
        let number = log.next.fetch_add(1, Ordering::SeqCst);
        let to = match number % 4 {
            0 => vec![ALICE, CAROL, BOB],
            1 => vec![BOB],
            2 => vec![ALICE, CAROL],
            _ => vec![CAROL, BOB],
        };
        let id = format!("m{number}");
        log.sent.lock().unwrap().insert(id.clone(), Sent { to: to.clone(), acknowledged: false });
        say(&mut stream, "MAIL FROM:<alice@crepes.fr>\r\n", "250").await?;
        for recipient in &to {
            say(&mut stream, &format!("RCPT TO:<{recipient}>\r\n"), "250").await?;
        }
        say(&mut stream, "DATA\r\n", "354").await?;
        // Some are bigger than what is kept in memory.
        let filler = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n";
        let body = filler.repeat(if number % 50 == 7 { 20_000 } else { 20 });
        say(&mut stream, &format!("From: <alice@crepes.fr>\r\nX-Number: {id}\r\n\r\n{body}.\r\n"), "250").await?;
        if let Some(sent) = log.sent.lock().unwrap().get_mut(&id) {
            sent.acknowledged = true;
        }
    }
    Ok(())
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The numbers of the messages in an INBOX, sorted.
async fn numbers(server: &Running, user: &str) -> Vec<String> {
    let mut client = Client::connect(server, "pop3").await;
    client.until("+OK").await;
    client.ask(&format!("USER {user}"), "+OK").await;
    client.ask("PASS secret", "+OK").await;
    client.send("STAT\r\n").await;
    let count: usize = client.line().await.unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut numbers = Vec::new();
    for number in 1..=count {
        client.ask(&format!("TOP {number} 0"), "+OK").await;
        let mut lines = Vec::new();
        while let Some(line) = client.line().await.filter(|line| line != ".") {
            lines.push(line);
        }
        numbers.extend(lines.iter().find_map(|line| line.strip_prefix("X-Number: ")).map(str::to_owned));
    }
    assert_eq!(numbers.len(), count, "{user} has something that nobody sent");
    numbers
}

/// A server of this test, in this process: its mail is read.
async fn opened(directory: &Path, domain: &str, accounts: &[&str]) -> Running {
    let listen = vec![Listen { service: Service::Pop3, address: "127.0.0.1:0".parse().unwrap() }];
    let accounts = accounts.iter().map(|account| account.parse().unwrap()).collect();
    let storage = Storage::Dir(directory.to_owned());
    start(Config { listen, accounts, domains: vec![domain.into()], storage, ..Config::default() }).await.unwrap()
}

/// Two servers, one of which sends to the other. Clients submit all the time, and one of the two is killed, a hundred times.
/// What was acknowledged must be everywhere it was sent, once; twice only where the second server took it and the first was
/// killed before it knew (RFC 5321 §6.1).
///
/// `MAILSPEC_CRASH_SEED` repeats a run, as far as the machine does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_however_often_servers_are_killed() {
    let seed = seed("MAILSPEC_CRASH_SEED");
    let mut dice = Dice(seed);
    let begun = Instant::now();
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (submission, smtp) = (free_port(), free_port());
    let (submission_at, smtp_at) = (format!("submission=127.0.0.1:{submission}"), format!("smtp=127.0.0.1:{smtp}"));
    let route = format!("hamburger.edu=127.0.0.1:{smtp}");
    let options: [&[&str]; 2] = [
        &[
            "--listen",
            &submission_at,
            "--account",
            "alice@crepes.fr:secret",
            "--account",
            "carol@crepes.fr:secret",
            "--route",
            &route,
            "--limit",
            "retry-after=1s",
            "--limit",
            "retry-max=1s",
        ],
        &["--listen", &smtp_at, "--account", "bob@hamburger.edu:secret"],
    ];

    let log = Arc::new(Log::default());
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move {
                while !log.over.load(Ordering::SeqCst) {
                    // The server is gone: it comes back.
                    let _ = submit(submission, &log).await;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            })
        })
        .collect();

    let mut running: Vec<Child> = (0..2).map(|at| program(options[at], directories[at].path()).0).collect();
    let mut kills = [0, 0];
    while kills.iter().sum::<usize>() < KILLS {
        let at = dice.below(2) as usize;
        tokio::time::sleep(Duration::from_micros(dice.below(100_000))).await;
        running[at].kill().unwrap();
        running[at].wait().unwrap();
        kills[at] += 1;
        // Now and then it is killed again while it starts.
        if dice.below(8) == 0 {
            let mut child = started(options[at], directories[at].path());
            tokio::time::sleep(Duration::from_micros(dice.below(60_000))).await;
            child.kill().unwrap();
            child.wait().unwrap();
            kills[at] += 1;
        }
        let (child, addresses) = tokio::task::block_in_place(|| program(options[at], directories[at].path()));
        assert!(addresses.is_some(), "the server starts after a kill");
        running[at] = child;
    }
    log.over.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }

    // What is left in the queue travels.
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let list = Command::new(env!("CARGO_BIN_EXE_reference-server"))
            .args(["queue", "list", "--data"])
            .arg(directories[0].path())
            .output()
            .unwrap();
        let list = String::from_utf8(list.stdout).unwrap();
        assert!(!list.contains("cannot be read"), "{list}");
        if list.starts_with("0 shown") {
            break;
        }
        assert!(Instant::now() < deadline, "{list}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for child in &mut running {
        child.kill().unwrap();
        child.wait().unwrap();
    }

    let crepes = opened(directories[0].path(), "crepes.fr", &["alice@crepes.fr:secret", "carol@crepes.fr:secret"]).await;
    let hamburger = opened(directories[1].path(), "hamburger.edu", &["bob@hamburger.edu:secret"]).await;
    let sent = log.sent.lock().unwrap().clone();
    let mut twice = 0;
    for (server, user, address) in [(&crepes, "alice", ALICE), (&crepes, "carol", CAROL), (&hamburger, "bob", BOB)] {
        let arrived = numbers(server, user).await;
        let once: HashSet<&String> = arrived.iter().collect();
        for (id, sent) in &sent {
            let expected = sent.acknowledged && sent.to.contains(&address);
            assert!(!expected || once.contains(id), "{id} was acknowledged and is not with {user}");
            assert!(sent.to.contains(&address) || !once.contains(id), "{id} was not for {user}");
        }
        if address == BOB {
            twice = arrived.len() - once.len();
        } else {
            assert_eq!(arrived.len(), once.len(), "{user} has something twice");
        }
    }
    let acknowledged = sent.values().filter(|sent| sent.acknowledged).count();
    println!(
        "{} kills of the sending and {} of the receiving server in {:.1} s: {acknowledged} of {} messages acknowledged, none lost, \
         {twice} relayed twice",
        kills[0],
        kills[1],
        begun.elapsed().as_secs_f64(),
        sent.len(),
    );
    assert!(acknowledged > KILLS, "the test has submitted too little: {acknowledged}");
    // Each kill can meet what is on its way over the connections to one destination, which are five, and as many that were
    // answered and are not written down yet: after it nobody can know (RFC 5321 §6.1 has rather two than none).
    assert!(twice <= 2 * 5 * (kills[0] + kills[1]), "{twice} messages came twice");
    crepes.stop().await;
    hamburger.stop().await;
}
