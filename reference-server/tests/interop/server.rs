//! The servers letters pass through: two instances of the reference server, and a real one between them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Of every account.
pub const PASSWORD: &str = "secret";

/// The program, with its mail in memory; stopped when it is dropped.
pub struct Reference {
    child: Child,
    pub smtp: SocketAddr,
    pub pop3: SocketAddr,
}

impl Reference {
    /// Starts it with these accounts, on free ports; `route`: `DOMAIN=HOST:PORT`, where mail for another domain goes.
    pub fn start(domain: &str, accounts: &[String], route: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reference-server"));
        command.args(["--listen", "smtp=127.0.0.1:0", "--listen", "pop3=127.0.0.1:0", "--addresses", "json"]);
        command.args(["--domain", domain]);
        for account in accounts {
            command.args(["--account", &format!("{account}:{PASSWORD}")]);
        }
        if let Some(route) = route {
            command.args(["--route", route]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let addresses: BTreeMap<String, SocketAddr> =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("the reference server did not start: {error}: {line:?}"));
        Self { child, smtp: addresses["smtp"], pop3: addresses["pop3"] }
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server of `fixtures/targets/`, relaying for one domain; stopped when it is dropped.
pub struct Relay {
    scripts: PathBuf,
    directory: PathBuf,
}

impl Relay {
    /// Starts it; `route`: `DOMAIN=HOST:PORT`. What an earlier run that was killed left there is stopped and removed.
    pub fn start(name: &str, route: &str) -> Self {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/targets").join(name);
        let place = std::env::var("MAILSPEC_CI_DIR").unwrap_or_else(|_| "/tmp/mailspec-ci".to_owned());
        let relay = Self { scripts, directory: Path::new(&place).join(format!("interop-{name}")) };
        if relay.directory.exists() {
            relay.run("stop.sh", "");
            fs::remove_dir_all(&relay.directory).unwrap();
        }
        relay.run("start.sh", route);
        relay
    }

    fn run(&self, script: &str, route: &str) {
        let mut command = Command::new(self.scripts.join(script));
        // A daemon keeps what it inherits, and a pipe that it keeps would never end.
        let log = self.directory.with_extension("log");
        fs::create_dir_all(self.directory.parent().unwrap()).unwrap();
        let output = fs::File::create(&log).unwrap();
        command.arg(&self.directory).env("MAILSPEC_RELAY", route).stdin(Stdio::null());
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let status = command.status().unwrap();
        let said = fs::read_to_string(&log).unwrap_or_default();
        assert!(status.success(), "{}: {status}\n{said}", self.scripts.join(script).display());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = Command::new(self.scripts.join("stop.sh")).arg(&self.directory).stdout(Stdio::null()).status();
    }
}
