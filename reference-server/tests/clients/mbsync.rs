//! mbsync (isync): a maildir and an account become the same, in both directions.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reference_server::config::Service;

use crate::letter::{self, letter};
use crate::maildir;
use crate::program::run;
use crate::server::{PASSWORD, Server};

/// The field by which it finds again what it has just copied.
const ADDED: &str = "X-TUID";

/// Makes both sides the same.
fn synchronize(server: &Server, tls: &str) {
    let service = if tls == "IMAPS" { Service::Imaps } else { Service::Imap };
    let rc = format!(
        "IMAPAccount alice\nHost localhost\nPort {}\nUser alice@example.org\nPass {PASSWORD}\nSSLType {tls}\nSystemCertificates no\n\
         CertificateFile {}\nAuthMechs *\n\nIMAPStore far\nAccount alice\n\n\
         MaildirStore near\nPath {near}/\nInbox {near}/INBOX\nSubFolders Verbatim\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\nCopyArrivalDate yes\nSyncState *\n",
        server.port(service),
        server.certificate().display(),
        near = near(server).display(),
    );
    std::fs::create_dir_all(near(server)).unwrap();
    let rc = server.write("mbsyncrc", rc);
    let said = run("mbsync", "isync", ["--config", rc.to_str().unwrap(), "--all"], server.path("").as_os_str());
    assert!(said.code == Some(0) && said.errors.is_empty(), "{tls}: {}{}", String::from_utf8_lossy(&said.out), said.errors);
}

fn near(server: &Server) -> PathBuf {
    server.path("near")
}

/// Every file of the maildirs, and its octets.
fn files(server: &Server) -> BTreeMap<PathBuf, Vec<u8>> {
    let folders = walk(near(server));
    folders.iter().flat_map(|folder| maildir::messages(folder)).collect()
}

fn walk(folder: PathBuf) -> Vec<PathBuf> {
    let inside = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let deeper: Vec<PathBuf> = inside.flat_map(walk).collect();
    std::iter::once(folder).chain(deeper).collect()
}

/// Once more: nothing moves, on neither side.
fn nothing_moves(server: &Server, tls: &str) {
    let before = (server.mailboxes("alice"), files(server));
    synchronize(server, tls);
    assert!(before == (server.mailboxes("alice"), files(server)), "{tls}: something moved though nothing had changed");
}

fn both_ways(tls: &str) {
    let server = Server::start();
    let letters = letter::all();
    let inbox = near(&server).join("INBOX");
    let mut witness = server.witness("alice");
    witness.append_all("INBOX", &letters);
    witness.create("work/tulips");
    witness.append("work/tulips", &letter("bulbs", "\r\nfrom Holland\r\n"));
    witness.store("INBOX", "1 +FLAGS (\\Answered)");

    // From the server.
    synchronize(&server, tls);
    letter::same(&maildir::letters(&inbox, &[ADDED]), &letter::with_line_feeds(&letters), "near");
    let answered = maildir::file(&inbox, "plain");
    assert!(answered.to_str().unwrap().ends_with(":2,R"), "{}", answered.display());
    let bulbs = near(&server).join("work/tulips");
    assert_eq!(maildir::messages(&bulbs).len(), 1);
    letter::same(&server.letters("alice", "INBOX"), &letters.iter().cloned().collect(), "far");
    nothing_moves(&server, tls);

    // To the server: a new folder, a message moved into it, a new message, flags, and one that is deleted.
    let drawer = near(&server).join("drawer");
    maildir::make(&drawer);
    let moved = maildir::file(&inbox, "dots");
    std::fs::rename(&moved, drawer.join("cur/1.moved.machine:2,S")).unwrap();
    std::fs::write(
        inbox.join("cur/2.new.machine:2,S"),
        letter("written here", "\nwith line feeds\n.\n").split(|octet| *octet == b'\r').collect::<Vec<_>>().concat(),
    )
    .unwrap();
    maildir::flag(&maildir::file(&inbox, "folded"), "FS");
    maildir::flag(&maildir::file(&inbox, "header only"), "T");
    synchronize(&server, tls);
    let far = server.mailboxes("alice");
    let octets = |mailbox: &str| far[mailbox].iter().map(|kept| letter::without_field(&kept.octets, ADDED)).collect();
    letter::same(&octets("drawer"), &[letters[1].clone()].into(), "what was moved");
    let mut wanted: std::collections::BTreeSet<_> = letters.iter().cloned().collect();
    wanted.remove(&letters[1]);
    wanted.remove(letters.last().unwrap());
    wanted.insert(letter("written here", "\r\nwith line feeds\r\n.\r\n"));
    letter::same(&octets("INBOX"), &wanted, "what was written, and what is left");
    let flagged = far["INBOX"].iter().find(|kept| kept.octets == letters[4]).unwrap();
    assert!(flagged.has("\\Flagged") && flagged.has("\\Seen"), "{:?}", flagged.flags);
    nothing_moves(&server, tls);

    // Both at once: another machine reads and deletes, and something is flagged here.
    let uid = |subject: usize| far["INBOX"].iter().find(|kept| kept.octets == letters[subject]).unwrap().uid;
    witness.store("INBOX", &format!("{} +FLAGS (\\Seen)", uid(2)));
    witness.store("INBOX", &format!("{} +FLAGS (\\Deleted)", uid(3)));
    maildir::flag(&maildir::file(&inbox, "large"), "F");
    synchronize(&server, tls);
    assert!(maildir::file(&inbox, "eight bits").to_str().unwrap().ends_with(":2,S"));
    let inbox_now = server.witness("alice").messages("INBOX");
    assert!(inbox_now.iter().any(|kept| kept.octets == letters[7] && kept.has("\\Flagged")));
    assert!(inbox_now.iter().all(|kept| kept.octets != letters[3]), "what was deleted there is expunged");
    assert_eq!(maildir::messages(&inbox).len(), inbox_now.len());
    nothing_moves(&server, tls);
}

#[test]
#[ignore = "needs isync"]
fn both_ways_in_clear() {
    both_ways("None");
}

#[test]
#[ignore = "needs isync"]
fn both_ways_after_starttls() {
    both_ways("STARTTLS");
}

#[test]
#[ignore = "needs isync"]
fn both_ways_under_tls() {
    both_ways("IMAPS");
}
