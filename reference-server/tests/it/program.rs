//! The server as a program of its own, ended when the test is over.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// A running program with alice and bob at example.org, listening everywhere on free ports.
pub struct Program {
    child: Child,
    pub addresses: BTreeMap<String, SocketAddr>,
}

impl Program {
    /// Starts it with these arguments besides; it listens when this returns.
    pub fn start<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reference-server"));
        for service in ["smtp", "submission", "smtps", "pop3", "imap", "imaps"] {
            command.arg("--listen").arg(format!("{service}=127.0.0.1:0"));
        }
        command.args(["--account", "alice@example.org:secret", "--account", "bob@example.org:secret", "--addresses", "json"]);
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Program { child, addresses: serde_json::from_str(&line).unwrap() }
    }

    /// The memory it has, in KiB (`VmRSS` of proc(5)).
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
