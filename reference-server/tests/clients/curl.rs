//! curl, which speaks all three protocols, one command at a time.

use std::collections::BTreeSet;

use reference_server::config::Service;

use crate::letter::{self, letter};
use crate::program::{Said, run};
use crate::server::{PASSWORD, Server};

fn curl(server: &Server, arguments: &[&str]) -> Said {
    let certificate = server.certificate();
    let mut all = vec!["--silent", "--show-error", "--cacert", certificate.to_str().unwrap()];
    all.extend(arguments);
    run("curl", "curl", all, server.path("home").as_os_str())
}

fn as_alice(server: &Server, arguments: &[&str]) -> Said {
    let user = format!("alice@example.org:{PASSWORD}");
    curl(server, &[&["--user", &user], arguments].concat())
}

#[test]
#[ignore = "needs curl"]
fn reads_and_changes_imap_mailboxes() {
    let server = Server::start();
    let letters = letter::all();
    server.witness("alice").append_all("INBOX", &letters);
    let (imap, imaps) = (server.url(Service::Imap), server.url(Service::Imaps));
    for (number, letter) in letters.iter().enumerate() {
        assert!(as_alice(&server, &[&format!("{imap}INBOX;UID={}", number + 1)]).ok() == *letter, "letter {number}");
    }
    let one = |path: &str| as_alice(&server, &[&format!("{imaps}{path}")]).text();
    assert_eq!(one("INBOX;MAILINDEX=1;SECTION=HEADER.FIELDS%20(SUBJECT)"), "Subject: plain\r\n\r\n");
    assert_eq!(one("INBOX;UID=1;SECTION=TEXT"), "The tulips are in flower.\r\n\r\nCome and see.\r\n");

    let custom =
        |mailbox: &str, command: &str| as_alice(&server, &["--ssl-reqd", "-X", command, &format!("{imap}{mailbox}")]).text();
    custom("", "CREATE work/Archive");
    assert_eq!(custom("", "LIST \"\" *").lines().count(), 3);
    assert_eq!(custom("INBOX", "SEARCH SUBJECT dots"), "* SEARCH 2\r\n");
    assert_eq!(custom("INBOX", "UID SEARCH LARGER 100000"), "* SEARCH 8\r\n");
    custom("INBOX", "STORE 2 +FLAGS.SILENT (\\Flagged)");
    custom("INBOX", "COPY 2,4 work/Archive");
    custom("INBOX", "STORE 2,4 +FLAGS.SILENT (\\Deleted)");
    assert_eq!(custom("INBOX", "EXPUNGE"), "* 2 EXPUNGE\r\n* 3 EXPUNGE\r\n");
    let left: BTreeSet<_> = [0, 2, 4, 5, 6, 7, 8].into_iter().map(|number| letters[number].clone()).collect();
    letter::same(&server.letters("alice", "INBOX"), &left, "INBOX");
    let archived = server.witness("alice").messages("work/Archive");
    assert!(archived.len() == 2 && archived[0].has("\\Flagged") && archived[0].octets == letters[1]);
}

#[test]
#[ignore = "needs curl"]
fn uploads_to_imap_mailboxes() {
    let server = Server::start();
    server.witness("alice").create("Sent");
    let letters = letter::all();
    for letter in &letters {
        let file = server.write("letter.eml", letter);
        as_alice(&server, &["--upload-file", file.to_str().unwrap(), &format!("{}Sent", server.url(Service::Imap))]).ok();
    }
    let sent: Vec<_> = server.witness("alice").messages("Sent").into_iter().map(|kept| kept.octets).collect();
    assert!(sent == letters);
    let refused = as_alice(&server, &["--upload-file", "/dev/null", &format!("{}Missing", server.url(Service::Imap))]);
    assert_ne!(refused.code, Some(0));
}

#[test]
#[ignore = "needs curl"]
fn logs_in_with_every_mechanism_it_has() {
    let server = Server::start();
    server.witness("alice").append_all("INBOX", &letter::all());
    for (service, path) in
        [(Service::Imap, "INBOX;UID=1"), (Service::Pop3, "1"), (Service::Imaps, "INBOX;UID=1"), (Service::Pop3s, "1")]
    {
        let url = format!("{}{path}", server.url(service));
        for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5"] {
            as_alice(&server, &["--login-options", &format!("AUTH={mechanism}"), &url]).ok();
        }
        for mechanism in ["OAUTHBEARER", "XOAUTH2"] {
            let options = format!("AUTH={mechanism}");
            let login = ["--user", "alice@example.org", "--oauth2-bearer", "t0ken", "--login-options", &options, &url];
            curl(&server, &login).ok();
            let wrong = ["--user", "alice@example.org", "--oauth2-bearer", "wrong", "--login-options", &options, &url];
            assert_eq!(curl(&server, &wrong).code, Some(67));
        }
        assert_eq!(curl(&server, &["--user", "alice@example.org:wrong", &url]).code, Some(67));
    }
    as_alice(&server, &["--login-options", "AUTH=+APOP", &format!("{}1", server.url(Service::Pop3))]).ok();
}

#[test]
#[ignore = "needs curl"]
fn reads_and_deletes_a_maildrop() {
    let server = Server::start();
    let letters = letter::all();
    server.witness("alice").append_all("INBOX", &letters);
    let (pop3, pop3s) = (server.url(Service::Pop3), server.url(Service::Pop3s));
    let listing: String =
        letters.iter().enumerate().map(|(place, letter)| format!("{} {}\r\n", place + 1, letter.len())).collect();
    assert_eq!(as_alice(&server, &[&pop3]).text(), listing);
    for (place, letter) in letters.iter().enumerate() {
        let url = if place % 2 == 0 { &pop3 } else { &pop3s };
        assert!(as_alice(&server, &[&format!("{url}{}", place + 1)]).ok() == *letter, "letter {}", place + 1);
    }
    let unique_ids = as_alice(&server, &["--ssl-reqd", "-X", "UIDL", &pop3]).text();
    assert_eq!(unique_ids.lines().count(), letters.len());
    assert_eq!(as_alice(&server, &["-X", "UIDL", &pop3s]).text(), unique_ids, "unique-ids are the same in the next session");
    let top = as_alice(&server, &["-X", "TOP 2 1", &pop3]).text();
    assert!(top.ends_with("\r\n\r\n.\r\n"), "{top}");
    // Without a body to come curl must be told so; QUIT follows by itself.
    for number in [9, 1, 1] {
        as_alice(&server, &["--head", "-X", &format!("DELE {number}"), &pop3]).ok();
    }
    letter::same(&server.letters("alice", "INBOX"), &letters[2..8].iter().cloned().collect(), "INBOX");
}

#[test]
#[ignore = "needs curl"]
fn sends_mail() {
    let server = Server::start();
    let letters = letter::all();
    let services = [Service::Smtp, Service::Submission, Service::Smtps, Service::Submissions];
    for (place, letter) in letters.iter().enumerate() {
        let file = server.write("letter.eml", letter);
        let url = format!("{}client.example", server.url(services[place % 4])).replace("submission", "smtp");
        let envelope = ["--mail-from", "bob@example.org", "--mail-rcpt", "alice@example.org", "--mail-rcpt", "carol@example.org"];
        let user = format!("bob@example.org:{PASSWORD}");
        let arguments = ["--upload-file", file.to_str().unwrap(), "--user", &user, "--ssl", &url];
        curl(&server, &[&envelope[..], &arguments].concat()).ok();
    }
    let wanted = letters.into_iter().collect();
    for account in ["alice", "carol"] {
        letter::same(&server.delivered(account), &wanted, account);
    }
    let smtp = server.url(Service::Smtp);
    let file = server.write("letter.eml", letter("refused", "\r\n"));
    let upload = ["--upload-file", file.to_str().unwrap(), "--mail-from", "bob@example.org", "--mail-rcpt", "nobody@example.org"];
    assert_eq!(curl(&server, &[&upload[..], &[&smtp]].concat()).code, Some(55), "550 to RCPT");
    let verified = curl(&server, &["--mail-rcpt", "alice@example.org", "-X", "VRFY", &smtp]).text();
    assert!(verified.starts_with("25"), "{verified}");
    assert!(curl(&server, &["-X", "HELP", &smtp]).text().starts_with("214"));
}
