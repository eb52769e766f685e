//! Sessions driven with bytes, without sockets: what a client says, and every octet it hears.

mod appending;
mod binary;
mod fetching;
mod filters;
mod framing;
mod login;
mod mailboxes;
mod message_limit;
mod messages;
mod misbehaviour;
mod moving;
mod notifying;
mod progress;
mod resynchronizing;
mod revision2;
mod search_costs;
mod searching;
mod several;
mod shared;
mod sharing;
mod uid_only;
mod urls;
mod utf8;

use super::ImapSession;
use crate::clock::Clock;
use crate::config::Config;
use crate::extensions::Extension;
use crate::faults::{Fault, Faults};
use crate::session::{After, Peer, Session};
use crate::site::Site;
use crate::store::Store;
use std::sync::Arc;
use time::macros::datetime;

/// A server without a listener.
struct Server {
    site: Arc<Site>,
    store: Store,
}

impl Server {
    fn new() -> Self {
        Server::with(Faults::NONE)
    }

    fn misbehaving(fault: Fault) -> Self {
        Server::with([fault].into_iter().collect())
    }

    fn without(extension: Extension) -> Self {
        Server::made(Config { without: [extension].into_iter().collect(), ..Config::default() })
    }

    fn with(faults: Faults) -> Self {
        Server::made(Config { faults, ..Config::default() })
    }

    fn made(config: Config) -> Self {
        Server::at(Clock::stopped(datetime!(2026-07-05 09:08:07 UTC)), config)
    }

    fn at(clock: Clock, config: Config) -> Self {
        let accounts = ["alice@example.org:secret", "bob@example.org:hidden"].map(|account| account.parse().unwrap());
        let config = Config { accounts: accounts.to_vec(), clock, ..config };
        Server { site: Site::new(&config).unwrap(), store: Store::memory().unwrap() }
    }

    /// A client that was greeted.
    fn client(&self) -> Client {
        self.client_from(Peer::loopback())
    }

    fn client_from(&self, peer: Peer) -> Client {
        let mut session = ImapSession::new(self.site.clone(), self.store.clone(), peer);
        let mut greeting = Vec::new();
        let after = session.greet(&mut greeting);
        Client { session, after, greeting: String::from_utf8(greeting).unwrap() }
    }

    /// A client that logged in as alice.
    fn alice(&self) -> Client {
        let mut client = self.client();
        assert!(client.says("t LOGIN alice secret").contains("t OK [CAPABILITY "));
        client
    }

    /// Alice with her INBOX open, in which these messages are.
    fn alice_in_inbox(&self, messages: &[&str]) -> Client {
        let mut client = self.alice();
        for message in messages {
            client.appends("INBOX", message);
        }
        assert!(client.says("t SELECT INBOX").ends_with("t OK [READ-WRITE] SELECT completed\r\n"));
        client
    }
}

struct Client {
    session: ImapSession,
    after: After,
    greeting: String,
}

impl Client {
    /// Sends octets and gives what comes back, a UIDVALIDITY as `V`.
    fn sends(&mut self, octets: &[u8]) -> String {
        let (mut heard, mut piece) = (Vec::new(), Vec::new());
        self.after = self.session.receive(octets, &mut piece);
        heard.append(&mut piece);
        // As the listener does: what is written is sent before more is asked for.
        while self.after == After::Flush {
            self.after = self.session.receive(b"", &mut piece);
            heard.append(&mut piece);
        }
        let heard = String::from_utf8_lossy(&heard);
        let mut words: Vec<String> = heard.split_inclusive(' ').map(str::to_owned).collect();
        for at in 1..words.len() {
            if words[at - 1].ends_with("UIDVALIDITY ") || words[at - 1].ends_with("UID ") && words[at - 1].starts_with('[') {
                let rest = words[at].trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
                words[at] = format!("V{rest}");
            }
        }
        words.concat()
    }

    /// Sends one line.
    fn says(&mut self, line: &str) -> String {
        self.sends(format!("{line}\r\n").as_bytes())
    }

    fn appends(&mut self, mailbox: &str, message: &str) {
        let heard = self.says(&format!("t APPEND {mailbox} {{{}+}}\r\n{message}", message.len()));
        assert!(heard.contains("t OK [APPENDUID V "), "{heard}");
    }

    /// What the session says when the bell rang.
    fn hears_after_a_ring(&mut self) -> String {
        let mut heard = Vec::new();
        self.session.wake(&mut heard);
        String::from_utf8(heard).unwrap()
    }

    /// Whether the reply to the line is a line that starts so, untagged ones left out.
    fn is_answered(&mut self, line: &str, start: &str) {
        let heard = self.says(line);
        let last = heard.lines().last().unwrap_or_default();
        assert!(last.starts_with(start), "{line:?} was answered {heard:?}, not {start:?}");
    }
}

/// A message of so many octets in its body.
fn message(subject: &str, body: &str) -> String {
    format!("Date: Mon, 7 Feb 1994 21:52:25 -0800\r\nFrom: Fred <fred@example.org>\r\nSubject: {subject}\r\n\r\n{body}\r\n")
}

/// The lines that hold a word.
fn lines_with<'a>(heard: &'a str, word: &str) -> Vec<&'a str> {
    heard.lines().filter(|line| line.contains(word)).collect()
}
