//! The whole server over sockets: what only shows when its rooms work together, and how clients that are not ours get on.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod concurrent;
mod crash;
mod delivery;
mod endings;
mod failures;
mod hostile;
mod imaplib;
mod large;
mod poplib;
mod program;
mod receiving;
mod rooms;
mod smtplib;
mod tls;
mod travel;
mod wire;

use std::process::Command;

use reference_server::config::{Config, Service};
use reference_server::server;

/// Runs a Python script against a new server with the accounts alice (`secret`) and bob (`word`) of example.org. Its
/// arguments are the ports of the services, in their order, and the file of the server's certificate.
async fn python_agrees(script: &'static str, services: &[Service]) {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("left out: there is no python3 here");
        return;
    }
    let listen = services.iter().map(|service| format!("{service}=127.0.0.1:0").parse().unwrap());
    let accounts = ["alice@example.org:secret", "bob@example.org:word"].map(|account| account.parse().unwrap());
    let config = Config { listen: listen.collect(), accounts: accounts.to_vec(), ..Config::default() };
    let running = server::start(config).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let certificate = directory.path().join("certificate.pem");
    std::fs::write(&certificate, &running.certificate).unwrap();
    let ports: Vec<String> = services.iter().map(|service| running.addresses[service.name()].port().to_string()).collect();
    let script = tokio::task::spawn_blocking(move || {
        Command::new("python3").arg("-c").arg(script).args(ports).arg(certificate).output().unwrap()
    });
    let output = script.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    running.stop().await;
}
