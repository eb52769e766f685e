//! NeoMutt in a terminal: opens the INBOX, reads, moves to a folder, deletes, writes.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use reference_server::config::Service;

use crate::letter;
use crate::program::installed;
use crate::server::{PASSWORD, Server};

/// For the screen to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// A terminal of tmux with one program in it.
struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    fn open(server: &Server, program: &str) -> Terminal {
        let terminal = Terminal { socket: server.path("tmux") };
        let home = format!("HOME={}", server.path("").display());
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "120",
            "-y",
            "40",
            "-e",
            &home,
            "-e",
            "LC_ALL=C.UTF-8",
            program,
        ]);
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.arg("-S").arg(&self.socket).args(arguments).stdin(Stdio::null()).env_remove("TMUX").env("LC_ALL", "C.UTF-8");
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Presses keys, as tmux names them.
    fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    fn shows(&self, what: &str) {
        self.wait(what, |screen| screen.contains(what));
    }

    fn wait(&self, what: &str, seen: impl Fn(&str) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if seen(&screen) {
                return;
            }
            assert!(Instant::now() < until, "{what:?} did not come; the terminal shows:\n{screen}");
            sleep(Duration::from_millis(20));
        }
    }

    /// The program has ended, and the terminal with it.
    fn ended(&self) {
        let until = Instant::now() + PATIENCE;
        while self.tmux(&["list-sessions"]).contains("windows") {
            assert!(Instant::now() < until, "the program did not end; the terminal shows:\n{}", self.screen());
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

fn session(service: Service) {
    let server = Server::start();
    let letters = letter::all();
    let mut witness = server.witness("alice");
    witness.append_all("INBOX", &letters);
    witness.create("Archive");
    witness.create("Sent");
    let (imap, smtp) = (server.url(service), server.port(Service::Submission));
    let login = imap.replace("://", "://alice%40example.org@");
    let editor = server.write("editor", "echo 'Written in a terminal.' >> \"$1\"\n");
    // Left to itself it takes SCRAM-SHA-256-PLUS, and then has no channel binding.
    let rc = format!(
        "set folder=\"{login}\" spool_file=\"{login}INBOX\" imap_pass=\"{PASSWORD}\" record=\"=Sent\" postponed=\"=Drafts\"\n\
         set ssl_starttls=yes ssl_force_tls=yes certificate_file=\"{}\"\n\
         set smtp_url=\"smtp://alice%40example.org@localhost:{smtp}/\" smtp_pass=\"{PASSWORD}\" smtp_authenticators=plain from=alice@example.org realname=Alice\n\
         set confirm_append=no confirm_create=no delete=yes move=no mark_old=no sleep_time=0 wait_key=no sort=mailbox-order copy=yes\n\
         set edit_headers=no autoedit=no editor=\"sh {}\" sendmail=\"/bin/false\" use_envelope_from=yes index_format=\"%4C %Z %s\"\n\
         set tmpdir=\"{}\"\nunset header_cache mailcap_path signature\n",
        server.certificate().display(),
        editor.display(),
        server.path("").display(),
    );
    let rc = server.write("neomuttrc", rc);
    installed("neomutt", "neomutt");
    installed("tmux", "tmux");
    let terminal = Terminal::open(&server, &format!("neomutt -n -F {}", rc.display()));

    // Open and read: the first message is shown, and is \Seen from then on.
    terminal.shows("longest lines");
    terminal.press(&["1", "Enter", "Enter"]);
    terminal.shows("The tulips are in flower.");
    terminal.press(&["i"]);
    terminal.shows("longest lines");
    // Move to a folder: the message with the dots.
    terminal.press(&["2", "Enter", "s"]);
    terminal.shows("Save to mailbox");
    terminal.press(&["C-u", "=Archive", "Enter"]);
    terminal.shows("Del:1");
    // Delete another, flag a third; then all is written back.
    terminal.press(&["4", "Enter", "d", "5", "Enter", "F", "$"]);
    terminal.wait("expunged", |screen| screen.contains("folded") && !screen.contains("longest lines"));
    // Write a message; it goes by submission, and a copy of it to a folder.
    terminal.press(&["m"]);
    terminal.shows("To:");
    terminal.press(&["bob@example.org", "Enter"]);
    terminal.shows("Subject:");
    terminal.press(&["hello from a terminal", "Enter"]);
    terminal.shows("Security:");
    terminal.press(&["y"]);
    terminal.wait("sent", |screen| screen.contains("Mail sent") || screen.contains("message sent"));
    terminal.press(&["q"]);
    terminal.ended();

    let kept = server.mailboxes("alice");
    let octets = |mailbox: &str| kept[mailbox].iter().map(|kept| kept.octets.clone()).collect();
    letter::same(&octets("Archive"), &[letters[1].clone()].into(), "what was moved");
    let left = letters.iter().enumerate().filter(|(place, _)| ![1, 3].contains(place)).map(|(_, letter)| letter.clone());
    letter::same(&octets("INBOX"), &left.collect(), "what is left");
    let inbox = &kept["INBOX"];
    assert!(inbox[0].has("\\Seen"), "{:?}", inbox[0].flags);
    assert!(inbox[2].has("\\Flagged") && !inbox[2].has("\\Seen"), "{:?}", inbox[2].flags);
    assert!(inbox[3..].iter().all(|kept| kept.flags.is_empty()), "nothing else was touched");
    assert_eq!(kept["Sent"].len(), 1, "the copy of what was sent");
    let sent = server.delivered("bob");
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    assert!(sent.len() == 1 && sent.iter().all(|letter| text(letter).contains("\r\nSubject: hello from a terminal\r\n")));
    assert!(sent.iter().all(|letter| text(letter).ends_with("\r\nWritten in a terminal.\r\n")));
    let id = |octets: &[u8]| text(octets).lines().find(|line| line.starts_with("Message-ID:")).map(str::to_owned);
    assert_eq!(id(&kept["Sent"][0].octets), sent.iter().next().and_then(|letter| id(letter)), "both are the same message");
}

#[test]
#[ignore = "needs neomutt and tmux"]
fn a_session_after_starttls() {
    session(Service::Imap);
}

#[test]
#[ignore = "needs neomutt and tmux"]
fn a_session_under_tls() {
    session(Service::Imaps);
}
