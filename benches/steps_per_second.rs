//! What the runner costs: the exchanges per second of one case on one connection, beside a bare client that plays the same bytes.
//!
//! ```text
//! cargo bench --bench steps_per_second              # 2,000 exchanges, 25 rounds
//! cargo bench --bench steps_per_second -- 500 51    # exchanges, rounds
//! cargo bench --bench steps_per_second -- --spread  # on all processors
//! ```
//!
//! Both clients are tasks of the same runtime and talk to the same server over loopback, in turns, so that whatever else the
//! machine does hits both. The server is once a thread that answers each line with a canned reply, where the client's own work
//! weighs most, and once the reference server. All numbers are medians over the rounds, the ratio too: it compares two plays that
//! followed each other, and says how much of the speed that the round trips allow is left.
//!
//! Everything runs on one processor (by `taskset`, where there is one). On an idle machine with several, the kernel keeps a client that
//! does nothing at all on the server's processor, and moves one that works for two microseconds to another: there each
//! round trip waits for a sleeping processor to wake up, four times as long as all the rest. That would compare the scheduler's
//! moods; `--spread` does.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mailspec::dialogue::{Engine, Environment};
use mailspec::outcome::Verdict;
use mailspec::protocol::Limits;
use mailspec::runner::drive::Driver;
use mailspec::suite::{Case, Fixtures, Protocol, Start, StartState, inline};
use mailspec::target::{Endpoint, Processes, Target, reference};
use mailspec::transport::{TlsClient, Trust, client_config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    if !std::env::args().any(|argument| argument == "--spread") && std::env::var_os(PINNED).is_none() {
        run_on_one_processor();
    }
    // Cargo passes `--bench`.
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let exchanges = numbers.next().unwrap_or(2000).max(1);
    let rounds = numbers.next().unwrap_or(25).max(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("{exchanges} exchanges on one connection, median of {rounds} rounds\n");
    println!("{:<24} {:>14} {:>14} {:>7}", "", "runner, 1/s", "bare, 1/s", "ratio");
    for protocol in [Protocol::Imap, Protocol::Smtp, Protocol::Pop3] {
        let canned = canned_server(protocol)?;
        runtime.block_on(compare("canned replies", protocol, target(protocol, canned), exchanges, rounds))?;
    }
    let mut reference = runtime.block_on(reference::start(&[], &[]))?;
    for protocol in [Protocol::Imap, Protocol::Smtp] {
        runtime.block_on(compare("reference server", protocol, reference.target.clone(), exchanges, rounds))?;
    }
    runtime.block_on(reference.stop());
    Ok(())
}

/// Set in the program that `taskset` starts.
const PINNED: &str = "STEPS_PER_SECOND_PINNED";

/// Becomes the same program on one processor; comes back where that cannot be done.
#[cfg(unix)]
fn run_on_one_processor() {
    use std::os::unix::process::CommandExt;
    // The first processor this process may use is not always 0.
    let allowed = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let allowed = allowed.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or("0");
    let first: String = allowed.trim().chars().take_while(char::is_ascii_digit).collect();
    if let Ok(program) = std::env::current_exe() {
        let mut again = std::process::Command::new("taskset");
        again.args(["-c", &first]).arg(program).args(std::env::args_os().skip(1)).env(PINNED, "1");
        eprintln!("on all processors: taskset does not start ({})", again.exec());
    }
}

#[cfg(not(unix))]
fn run_on_one_processor() {}

/// Plays both clients in turns and prints a line.
async fn compare(server: &str, protocol: Protocol, target: Target, exchanges: usize, rounds: usize) -> Result<(), Failure> {
    let (address, _) = target.endpoint(protocol, None, false).ok_or("the server has no endpoint")?;
    let target = Arc::new(target);
    let case = Arc::new(case(protocol, exchanges)?);
    let script: Arc<[String]> = (0..exchanges).map(|index| exchange(protocol, index).0 + "\r\n").collect();
    let (mut runner, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    // One round more than counted: the first warms up.
    for round in 0..=rounds {
        let ours = tokio::spawn(play_case(target.clone(), case.clone())).await??;
        let theirs = tokio::spawn(play_bare(address, script.clone())).await??;
        if round > 0 {
            runner.push(exchanges as f64 / ours.as_secs_f64());
            bare.push(exchanges as f64 / theirs.as_secs_f64());
            ratios.push(theirs.as_secs_f64() / ours.as_secs_f64());
        }
    }
    let server = format!("{server}, {protocol}");
    println!("{server:<24} {:>14.0} {:>14.0} {:>7.2}", median(runner), median(bare), median(ratios));
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// What is sent, and the pattern of the reply.
fn exchange(protocol: Protocol, index: usize) -> (String, String) {
    match protocol {
        Protocol::Imap => (format!("a{index} NOOP"), format!("a{index} OK")),
        Protocol::Smtp => ("NOOP".to_owned(), "250".to_owned()),
        Protocol::Pop3 => ("NOOP".to_owned(), "+OK".to_owned()),
    }
}

fn case(protocol: Protocol, exchanges: usize) -> Result<Case, Failure> {
    let mut lines = String::new();
    for index in 0..exchanges {
        let (sent, expected) = exchange(protocol, index);
        lines.push_str(&format!("C: {sent}\nS: {expected}\n"));
    }
    let start =
        Start { protocol, service: None, state: StartState::Greeted, role: "alice".to_owned(), mailbox: None, server: None };
    inline::case("steps-per-second", start, &lines, Duration::from_secs(120)).map_err(|problems| {
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        messages.join("; ").into()
    })
}

/// The runner's way: engine and driver, as every case of a suite is played.
async fn play_case(target: Arc<Target>, case: Arc<Case>) -> Result<Duration, Failure> {
    let processes = Processes::new(&target, None);
    let tls = TlsClient { config: client_config(&Trust::Any, None)?, server_name: target.host.into() };
    let environment = Environment {
        accounts: BTreeMap::new(),
        peers: BTreeMap::new(),
        mailboxes: BTreeMap::new(),
        private_prefix: String::new(),
        domain: target.domain.clone(),
        shared_mailbox: None,
        unique: "u".to_owned(),
        fixtures: Arc::new(Fixtures::default()),
        capabilities: BTreeMap::new(),
        service_capabilities: BTreeMap::new(),
        secured_capabilities: BTreeMap::new(),
        step_timeout: Duration::from_secs(10),
        limits: Limits::default(),
    };
    let (_keep, stop) = watch::channel(false);
    let driver = Driver { target: &target, tls: &tls, processes: &processes };
    let begun = Instant::now();
    let played = driver.drive(Engine::new(case, environment, false), stop).await;
    let duration = begun.elapsed();
    match played.verdict {
        Verdict::Passed => Ok(duration),
        verdict => {
            let why = played.reason.or(played.findings.first().map(|finding| finding.message.clone()));
            Err(format!("the case did not pass: {verdict:?}, {}", why.unwrap_or_default()).into())
        }
    }
}

/// The bare way: write a line, read to the end of a line.
async fn play_bare(address: SocketAddr, script: Arc<[String]>) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0u8; 32 * 1024];
    read_line(&mut stream, &mut buffer).await?;
    for line in script.iter() {
        stream.write_all(line.as_bytes()).await?;
        read_line(&mut stream, &mut buffer).await?;
    }
    Ok(begun.elapsed())
}

async fn read_line(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<(), Failure> {
    loop {
        match stream.read(buffer).await? {
            0 => return Err("the server closed the connection".into()),
            count if buffer.get(..count).is_some_and(|bytes| bytes.ends_with(b"\r\n")) => return Ok(()),
            _ => {}
        }
    }
}

/// A thread that greets, and answers each line with the one reply it knows.
fn canned_server(protocol: Protocol) -> Result<SocketAddr, Failure> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away ends its connection, not the server.
            let _ = answer(protocol, stream);
        }
    });
    Ok(address)
}

fn answer(protocol: Protocol, mut stream: std::net::TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let greeting: &[u8] = match protocol {
        Protocol::Imap => b"* OK ready\r\n",
        Protocol::Smtp => b"220 canned.example ready\r\n",
        Protocol::Pop3 => b"+OK ready\r\n",
    };
    stream.write_all(greeting)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut reply) = (Vec::new(), Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 {
        reply.clear();
        match protocol {
            Protocol::Imap => {
                reply.extend(line.iter().take_while(|octet| **octet != b' '));
                reply.extend_from_slice(b" OK done\r\n");
            }
            Protocol::Smtp => reply.extend_from_slice(b"250 2.0.0 OK\r\n"),
            Protocol::Pop3 => reply.extend_from_slice(b"+OK\r\n"),
        }
        stream.write_all(&reply)?;
        line.clear();
    }
    Ok(())
}

/// A target that consists of one address.
fn target(protocol: Protocol, address: SocketAddr) -> Target {
    let endpoints = BTreeMap::from([(protocol.name().to_owned(), Endpoint { port: address.port(), starttls: false })]);
    Target::bare("canned", address.ip(), endpoints, vec![protocol])
}
