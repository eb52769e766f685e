//! How fast servers give out mail: the same commands over the same messages, server by server in turns.
//!
//! ```text
//! retrieval compare NAME=IMAP:POP3 … [--messages 10000] [--rounds 5]     rows of medians, and ratios to the first server
//! retrieval scale IMAP               [--sizes 1000,10000,100000]         what each command costs in mailboxes of these sizes,
//!                                    [--mailboxes 100,1000,10000]        and among so many mailboxes
//! retrieval idle IMAP PID            [--sessions 5000]                   the memory an idle session costs
//! ```
//!
//! The servers listen on loopback, have the accounts user1 to user24 with the passwords secret1 to secret24, and nothing in
//! them. Nothing of the program under test is used here: bytes go out, bytes come in. `benches/retrieval.sh` starts the servers.

mod compare;
mod idle;
mod imap;
mod letters;
mod measure;
mod pop3;
mod rows;
mod scale;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

/// What can go wrong ends the measurement.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A server under load.
#[derive(Clone, Debug)]
pub struct Server {
    pub name: String,
    pub imap: SocketAddr,
    pub pop3: SocketAddr,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (options, words): (Vec<&String>, Vec<&String>) = arguments.iter().partition(|word| word.starts_with("--"));
    let option = |name: &str| options.iter().find_map(|option| option.strip_prefix(&format!("--{name}=")));
    let number = |name: &str, usual: usize| option(name).map_or(Ok(usual), str::parse);
    match words.split_first() {
        Some((what, servers)) if *what == "compare" && !servers.is_empty() => {
            let servers = servers.iter().map(|server| parse_server(server)).collect::<Outcome<Vec<_>>>()?;
            compare::run(&servers, number("messages", 10_000)?, number("rounds", 5)?, option("rows").unwrap_or(""))
        }
        Some((what, [port])) if *what == "scale" => {
            let sizes = |name, usual: &'static str| {
                let sizes = option(name).unwrap_or(usual).split(',').map(str::parse);
                sizes.collect::<Result<Vec<_>, _>>()
            };
            let port = loopback(port.parse()?);
            scale::run(port, &sizes("sizes", "1000,10000,100000")?)?;
            println!();
            scale::run_mailboxes(port, &sizes("mailboxes", "100,1000,10000")?)
        }
        Some((what, [port, process])) if *what == "idle" => {
            idle::run(loopback(port.parse()?), process, number("sessions", 5000)?)
        }
        _ => Err("usage: retrieval compare NAME=IMAP:POP3 … | scale IMAP | idle IMAP PID".into()),
    }
}

fn parse_server(text: &str) -> Outcome<Server> {
    let parsed = text.split_once('=').and_then(|(name, ports)| {
        let (imap, pop3) = ports.split_once(':')?;
        Some(Server { name: name.to_owned(), imap: loopback(imap.parse().ok()?), pop3: loopback(pop3.parse().ok()?) })
    });
    parsed.ok_or_else(|| format!("{text} is not NAME=IMAP:POP3").into())
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
