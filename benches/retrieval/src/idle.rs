//! What sessions cost that do nothing.

use std::net::SocketAddr;

use crate::Outcome;
use crate::imap::Imap;

/// Opens sessions that have logged in, then that have selected a mailbox of ten messages, and then that idle.
pub fn run(address: SocketAddr, process: &str, sessions: usize) -> Outcome<()> {
    let mut first = Imap::login(address, "user1", "secret1")?;
    for number in 0..10 {
        first.append("INBOX", &crate::letters::letter(number))?;
    }
    let before = resident(process)?;
    let mut idle = Vec::new();
    let tell = |what: &str| -> Outcome<()> {
        let grown = resident(process)?.saturating_sub(before);
        println!("{sessions} sessions, {what}: {grown} KiB more, {:.1} KiB each", grown as f64 / sessions as f64);
        Ok(())
    };
    for number in 0..sessions {
        let account = 1 + number % 24;
        idle.push(Imap::login(address, &format!("user{account}"), &format!("secret{account}"))?);
    }
    tell("logged in")?;
    idle.iter_mut().try_for_each(|imap| imap.ask("SELECT INBOX").map(drop))?;
    tell("INBOX selected")?;
    idle.iter_mut().try_for_each(Imap::idle)?;
    tell("in IDLE")
}

/// The memory of a process, in KiB (`VmRSS` of proc(5)).
fn resident(process: &str) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in the status of the process")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
