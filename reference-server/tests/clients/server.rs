//! The server of a test: in this process, with mail that a witness puts there and looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

use reference_server::config::{Config, Listen, Service};
use reference_server::server::{Running, start};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::witness::{Kept, Witness};

/// Of every account: alice, bob and carol at example.org.
pub const PASSWORD: &str = "secret";

/// A running server and a directory for what clients write.
pub struct Server {
    running: Running,
    directory: TempDir,
    _runtime: Runtime,
}

impl Server {
    pub fn start() -> Server {
        Self::with(Config::default())
    }

    /// Starts it on free ports of all services.
    pub fn with(config: Config) -> Server {
        let listen = |service| Listen { service, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let account = |name: &str| format!("{name}@example.org:{PASSWORD}").parse().unwrap();
        let accounts = ["alice", "bob", "carol"].map(account).to_vec();
        let tokens = vec!["alice@example.org:t0ken".parse().unwrap()];
        let config = Config { listen: Service::ALL.map(listen).to_vec(), accounts, tokens, ..config };
        let runtime = Runtime::new().unwrap();
        let running = runtime.block_on(start(config)).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let server = Server { running, directory, _runtime: runtime };
        std::fs::write(server.certificate(), &server.running.certificate).unwrap();
        server
    }

    pub fn port(&self, service: Service) -> u16 {
        self.running.addresses[service.name()].port()
    }

    /// `imap://localhost:2143/`
    pub fn url(&self, service: Service) -> String {
        format!("{}://localhost:{}/", service.name(), self.port(service))
    }

    /// The certificate to trust, in a file.
    pub fn certificate(&self) -> PathBuf {
        self.path("certificate.pem")
    }

    /// A path in the directory of the test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file into the directory of the test that only its owner may read, as clients want of files with passwords.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Looks at an account.
    pub fn witness(&self, account: &str) -> Witness {
        Witness::log_in(self.running.addresses["imap"], &format!("{account}@example.org"), PASSWORD)
    }

    /// All mailboxes of an account with what is in them.
    pub fn mailboxes(&self, account: &str) -> BTreeMap<String, Vec<Kept>> {
        let mut witness = self.witness(account);
        witness.mailboxes().into_iter().map(|name| (name.clone(), witness.messages(&name))).collect()
    }

    /// The letters in a mailbox, in no order.
    pub fn letters(&self, account: &str, mailbox: &str) -> BTreeSet<Vec<u8>> {
        self.witness(account).messages(mailbox).into_iter().map(|kept| kept.octets).collect()
    }

    /// The letters in an INBOX without the fields of their last delivery.
    pub fn delivered(&self, account: &str) -> BTreeSet<Vec<u8>> {
        self.letters(account, "INBOX").iter().map(|letter| behind_trace(letter).to_vec()).collect()
    }
}

/// What follows the Return-Path and the Received fields that begin a message.
fn behind_trace(message: &[u8]) -> &[u8] {
    let mut rest = message;
    while rest.starts_with(b"Return-Path:") || rest.starts_with(b"Received:") {
        let mut length = 0;
        for line in rest.split_inclusive(|octet| *octet == b'\n') {
            if length > 0 && !line.starts_with(b" ") && !line.starts_with(b"\t") {
                break;
            }
            length += line.len();
        }
        rest = &rest[length..];
    }
    rest
}
