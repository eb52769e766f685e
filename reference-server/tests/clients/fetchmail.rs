//! fetchmail: takes mail out of alice's maildrop and hands it to SMTP, for carol.

use std::collections::BTreeSet;

use reference_server::config::Service;

use crate::letter;
use crate::program::{Said, run};
use crate::server::{PASSWORD, Server};

/// Runs it once with these options for the server and for the user.
fn fetchmail(server: &Server, poll: &str, options: &str) -> Said {
    let smtp = server.port(Service::Smtp);
    let certificate = server.certificate();
    let (ids, pid) = (server.path("fetchids"), server.path("fetchmail.pid"));
    // Its own Received field is not wanted: what is compared begins behind those of SMTP.
    let rc = format!(
        "set invisible\nset idfile \"{}\"\nset pidfile \"{}\"\nset no bouncemail\n\
         poll localhost {poll}\n  user \"alice@example.org\" password \"{PASSWORD}\"\n  \
         smtphost \"127.0.0.1/{smtp}\" smtpname \"carol@example.org\"\n  \
         sslcertck sslcertfile \"{}\" no rewrite no dropdelivered pass8bits {options}\n",
        ids.display(),
        pid.display(),
        certificate.display(),
    );
    let rc = server.write("fetchmailrc", rc);
    run(
        "fetchmail",
        "fetchmail",
        ["--fetchmailrc", rc.to_str().unwrap(), "--nodetach", "--nosyslog"],
        server.path("").as_os_str(),
    )
}

/// It says so when there was nothing new.
const NOTHING_NEW: Option<i32> = Some(1);

#[test]
#[ignore = "needs fetchmail"]
fn keeps_mail_and_fetches_it_once() {
    let server = Server::start();
    let letters = letter::all();
    server.witness("alice").append_all("INBOX", &letters);
    let poll = format!("service {} protocol POP3 uidl", server.port(Service::Pop3));
    fetchmail(&server, &poll, "keep").ok();
    let fetched: BTreeSet<_> = letters.iter().cloned().collect();
    letter::same(&server.delivered("carol"), &fetched, "carol");
    letter::same(&server.letters("alice", "INBOX"), &fetched, "what was kept");

    let again = fetchmail(&server, &poll, "keep");
    assert_eq!(again.code, NOTHING_NEW, "{}", again.errors);
    assert_eq!(server.witness("carol").messages("INBOX").len(), letters.len(), "nothing is fetched twice");

    server.witness("alice").append("INBOX", &letter::letter("late", "\r\nand not the least\r\n"));
    fetchmail(&server, &poll, "keep").ok();
    assert_eq!(server.witness("carol").messages("INBOX").len(), letters.len() + 1);
    assert_eq!(server.witness("alice").messages("INBOX").len(), letters.len() + 1);
}

#[test]
#[ignore = "needs fetchmail"]
fn takes_mail_away() {
    // By POP3 with STLS, POP3 under TLS, APOP, and IMAP likewise.
    for (service, protocol, options) in [
        (Service::Pop3, "POP3", "sslproto TLS1.2+"),
        (Service::Pop3s, "POP3", "ssl"),
        (Service::Pop3, "APOP", "sslproto ''"),
        (Service::Imap, "IMAP", "sslproto TLS1.2+"),
        (Service::Imaps, "IMAP", "ssl"),
    ] {
        let server = Server::start();
        let letters = letter::all();
        server.witness("alice").append_all("INBOX", &letters);
        let poll = format!("service {} protocol {protocol}", server.port(service));
        let options = format!("{options} nokeep fetchall");
        let said = fetchmail(&server, &poll, &options);
        assert_eq!(said.code, Some(0), "{protocol} {options}: {}{}", String::from_utf8_lossy(&said.out), said.errors);
        letter::same(&server.delivered("carol"), &letters.iter().cloned().collect(), &poll);
        assert!(server.witness("alice").messages("INBOX").is_empty(), "{poll}: what was taken is gone");
        assert_eq!(fetchmail(&server, &poll, &options).code, NOTHING_NEW);
        assert_eq!(server.witness("carol").messages("INBOX").len(), letters.len(), "{poll}");
    }
}
