//! Several servers beside each other: every row is played on each of them in turns, round by round.

use std::time::Duration;

use crate::measure::{median, timed};
use crate::rows::{self, ROWS};
use crate::{Outcome, Server};

/// Plays the rows whose names contain `chosen`; each once before it counts, so that what servers cache is cached.
pub fn run(servers: &[Server], messages: usize, rounds: usize, chosen: &str) -> Outcome<()> {
    for server in servers {
        let took = timed(|| rows::prepare(server, messages))?;
        eprintln!("{}: filled in {:.1} s", server.name, took.as_secs_f64());
    }
    println!(
        "{messages} messages of about 4 KB in the mailbox; median of {rounds} rounds, in ms; ratio = its time / {}",
        first(servers)
    );
    print!("{:<38}", "");
    servers.iter().enumerate().for_each(|(at, server)| print!("{:>14}{}", server.name, if at > 0 { "  ratio" } else { "" }));
    println!();
    let mut behind = 0;
    for row in ROWS.iter().filter(|row| row.name.contains(chosen)) {
        let mut times = vec![Vec::new(); servers.len()];
        for round in 0..=rounds {
            for (server, times) in servers.iter().zip(&mut times) {
                let took =
                    (row.play)(server, messages, round).map_err(|error| format!("{}, {}: {error}", server.name, row.name))?;
                if round > 0 {
                    times.push(took);
                }
            }
        }
        print!("{:<38}", row.name);
        for (at, own) in times.iter().enumerate() {
            print!("{:>14.1}", median(own.iter().map(|took| took.as_secs_f64() * 1e3).collect()));
            if at > 0 {
                // Turns of a round follow each other: the ratio is taken round by round.
                let ratio = median(times.iter().take(1).flatten().zip(own).map(|(one, other)| ratio(*other, *one)).collect());
                print!("  {ratio:>5.2}");
                behind += usize::from(ratio < 1.0);
            }
        }
        println!();
    }
    println!("{} is behind in {behind} places", first(servers));
    Ok(())
}

fn first(servers: &[Server]) -> &str {
    servers.first().map_or("", |server| &server.name)
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
