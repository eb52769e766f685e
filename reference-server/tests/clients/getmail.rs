//! getmail: keeps mail on the server or takes it away; two of them, as on two machines.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use reference_server::config::Service;

use crate::letter;
use crate::maildir;
use crate::program::{installed, run};
use crate::server::{PASSWORD, Server};

/// A machine with its own directory.
struct Machine<'a> {
    server: &'a Server,
    name: &'a str,
}

impl Machine<'_> {
    fn maildir(&self) -> PathBuf {
        self.server.path(&format!("{}/Maildir", self.name))
    }

    /// Fetches what it has not fetched before. `options` are lines of the section of that name.
    fn fetch(&self, service: Service, retriever: &str, options: &str) {
        let maildir = self.maildir();
        maildir::make(&maildir);
        let (port, certificate) = (self.server.port(service), self.server.certificate());
        let trusted = if service.implicit_tls() { format!("ca_certs = {}\n", certificate.display()) } else { String::new() };
        // Its own maildir delivery has a race: it waits for a process that may have ended already.
        let rc = format!(
            "[retriever]\ntype = {retriever}\nserver = localhost\nport = {port}\nusername = alice@example.org\npassword = {PASSWORD}\n{trusted}\
             [destination]\ntype = MDA_external\npath = /bin/sh\narguments = (\"-c\", \"sleep 0.05; exec cat > $(mktemp {}/new/XXXXXXXX)\")\n\
             [options]\nread_all = false\ndelivered_to = false\nreceived = false\n{options}\n",
            maildir.display(),
        );
        let rc = self.server.write(&format!("{}/getmailrc", self.name), rc);
        let directory = self.server.path(self.name);
        let arguments = ["getmail", "--getmaildir", directory.to_str().unwrap(), "--rcfile", rc.to_str().unwrap()];
        installed("getmail", "getmail6");
        // It delivers nothing as root.
        let said = match is_root() {
            true => {
                give_to_nobody(&directory);
                let nobody = NOBODY.to_string();
                let change = ["--reuid", &nobody, "--regid", &nobody, "--clear-groups"];
                run("setpriv", "util-linux", [&change[..], &arguments].concat(), directory.as_os_str())
            }
            false => run("env", "coreutils", arguments, directory.as_os_str()),
        };
        assert_eq!(said.code, Some(0), "{retriever}: {}{}", String::from_utf8_lossy(&said.out), said.errors);
        assert!(said.errors.is_empty(), "{}", said.errors);
    }

    fn letters(&self) -> BTreeSet<Vec<u8>> {
        maildir::letters(&self.maildir(), &["Return-Path", "X-getmail-retrieved-from-mailbox"])
    }
}

/// The user nobody of Debian.
const NOBODY: u32 = 65534;

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Makes a directory and all in it that user's, and lets them reach it.
fn give_to_nobody(path: &Path) {
    fs::set_permissions(path.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut waiting = vec![path.to_owned()];
    while let Some(path) = waiting.pop() {
        chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}

#[test]
#[ignore = "needs getmail6"]
fn two_machines_one_after_the_other() {
    for (service, retriever) in [
        (Service::Pop3, "SimplePOP3Retriever"),
        (Service::Pop3s, "SimplePOP3SSLRetriever"),
        (Service::Imap, "SimpleIMAPRetriever"),
        (Service::Imaps, "SimpleIMAPSSLRetriever"),
    ] {
        let server = Server::start();
        let mut letters = letter::all();
        server.witness("alice").append_all("INBOX", &letters);
        let (home, office) = (Machine { server: &server, name: "home" }, Machine { server: &server, name: "office" });

        home.fetch(service, retriever, "delete = false");
        letter::same(&home.letters(), &letter::with_line_feeds(&letters), retriever);
        home.fetch(service, retriever, "delete = false");
        assert_eq!(home.letters().len(), letters.len(), "{retriever}: nothing is fetched twice");
        letter::same(&server.letters("alice", "INBOX"), &letters.iter().cloned().collect(), "what was kept");

        let late = letter::letter("late", "\r\nand not the least\r\n");
        server.witness("alice").append("INBOX", &late);
        letters.push(late);
        home.fetch(service, retriever, "delete = false");
        assert_eq!(home.letters().len(), letters.len(), "{retriever}: what is new, and only that");

        office.fetch(service, retriever, "delete = true");
        letter::same(&office.letters(), &letter::with_line_feeds(&letters), retriever);
        assert!(server.witness("alice").messages("INBOX").is_empty(), "{retriever}: what was taken is gone");
        home.fetch(service, retriever, "delete = false");
        assert_eq!(maildir::messages(&home.maildir()).len(), letters.len());
    }
}

#[test]
#[ignore = "needs getmail6"]
fn keeps_mail_for_some_days() {
    let server = Server::start();
    let letters = letter::all();
    server.witness("alice").append_all("INBOX", &letters);
    let machine = Machine { server: &server, name: "home" };
    // It deletes what it has seen for so long by its own notes, which name messages by their unique-ids.
    machine.fetch(Service::Pop3, "SimplePOP3Retriever", "delete = false");
    machine.fetch(Service::Pop3, "SimplePOP3Retriever", "delete_after = 30");
    assert_eq!(server.witness("alice").messages("INBOX").len(), letters.len());
    machine.fetch(Service::Pop3, "SimplePOP3Retriever", "delete_bigger_than = 100000");
    let smaller: BTreeSet<_> = letters.iter().filter(|letter| letter.len() <= 100_000).cloned().collect();
    letter::same(&server.letters("alice", "INBOX"), &smaller, "what is not large");
}
