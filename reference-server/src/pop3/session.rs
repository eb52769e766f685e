//! The session: AUTHORIZATION, TRANSACTION, and UPDATE when the client says QUIT (RFC 1939 §3).

use std::sync::Arc;
use std::time::Duration;

use super::command::{self, Command, Run};
use super::line::{Lines, Next};
use super::opened::Opened;
use super::reply::Reply;
use crate::accounts::Account;
use crate::faults::Fault;
use crate::sasl;
use crate::session::{After, Channel, Peer, Session};
use crate::site::Site;
use crate::store::Store;

/// The longest command, its CRLF counted (RFC 2449 §4).
const COMMAND: usize = 255;

/// The longest response within a SASL exchange; RFC 5034 §4 asks for what the mechanisms need.
const RESPONSE: usize = 12_288;

/// So much is written before what came after is looked at: many pipelined RETRs must not pile up in memory.
const FLUSH: usize = 256 * 1024;

/// A POP3 connection.
pub struct Pop3Session {
    pub(super) site: Arc<Site>,
    pub(super) store: Store,
    pub(super) peer: Peer,
    pub(super) state: State,
    /// What the client is to hash with its secret (RFC 1939 §7, APOP).
    pub(super) timestamp: Option<String>,
    lines: Lines,
    greeted: bool,
}

/// Where the session is.
pub(super) enum State {
    /// The client has to log in. After a successful USER: the name, for the PASS that must come next.
    Authorization { user: Option<String> },
    /// AUTH is under way; what comes are responses, not commands.
    Exchange(sasl::Exchange),
    /// The maildrop is locked and open.
    Transaction(Box<Opened>),
    /// Nothing more will be answered.
    Over,
}

impl Pop3Session {
    /// A session that has not greeted yet.
    pub fn new(site: Arc<Site>, store: Store, peer: Peer) -> Pop3Session {
        let state = State::Authorization { user: None };
        Pop3Session { site, store, peer, state, timestamp: None, lines: Lines::default(), greeted: false }
    }

    /// The login succeeded: locks and opens the maildrop, or says why not.
    pub(super) fn open_maildrop(&mut self, account: &Account, reply: &mut Reply<'_>) {
        let mut locked = self.store.lock_maildrop(account.name());
        if matches!(locked, Ok(None)) && self.site.faults.on(Fault::Pop3NoLock) {
            locked = self.store.open_maildrop_unlocked(account.name()).map(Some);
        }
        self.state = State::Authorization { user: None };
        match locked {
            Ok(Some(maildrop)) => {
                let opened = Opened::new(maildrop, self.site.faults, getrandom::u64().unwrap_or_default());
                let (count, octets) = opened.totals();
                reply.ok(&format!("maildrop has {} ({octets} octets)", messages(count)));
                self.state = State::Transaction(Box::new(opened));
            }
            // RFC 2449 §8.1.2: the authentication was right, the maildrop is in use.
            Ok(None) => reply.error("[IN-USE] another session has this maildrop open"),
            Err(error) => {
                tracing::error!(account = account.name(), %error, "a maildrop cannot be opened");
                // RFC 3206 §4: nothing is wrong with the credentials.
                reply.error("[SYS/TEMP] the maildrop cannot be opened now");
            }
        }
    }

    /// Whether the client may send a password as it is.
    pub(super) fn plaintext(&self) -> bool {
        self.peer.tls || self.peer.plaintext_auth
    }

    fn command(&mut self, line: &[u8], out: &mut Vec<u8>) -> After {
        let faults = self.site.faults;
        let mut reply = Reply::new(out, faults);
        let (keyword, rest) = split(line);
        // RFC 1939 §3: keywords ignore case.
        let known = |command: &&&Command| {
            let exact = faults.on(Fault::Pop3CaseSensitiveKeywords);
            command.keyword.as_bytes() == keyword || !exact && command.keyword.as_bytes().eq_ignore_ascii_case(keyword)
        };
        let found = command::ALL.iter().find(known);
        // RFC 1939 §7: PASS comes immediately after USER; any other command, even one that fails, comes between.
        let user = match &mut self.state {
            State::Authorization { user } => user.take(),
            _ => None,
        };
        let Some(command) = found else {
            reply.error("there is no such command");
            return After::Continue;
        };
        let Some(arguments) = arguments(rest, command) else {
            reply.error(&format!("write it as {}", command.usage));
            return After::Continue;
        };
        match (&command.run, &mut self.state) {
            (Run::Anytime(run), _) => run(self, &mut reply),
            (Run::Authorization(run), State::Authorization { .. }) => run(self, user, &arguments, &mut reply),
            (Run::Transaction(run), State::Transaction(opened)) => {
                run(opened, &arguments, &mut reply);
                After::Continue
            }
            (Run::Authorization(_), _) => {
                reply.error("this is only possible before the login");
                After::Continue
            }
            (Run::Transaction(_), _) => {
                reply.error("log in first");
                After::Continue
            }
        }
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> After {
        if matches!(self.state, State::Exchange(_)) {
            return command::auth::response(self, line, &mut Reply::new(out, self.site.faults));
        }
        self.command(line, out)
    }
}

impl Session for Pop3Session {
    fn greet(&mut self, out: &mut Vec<u8>) -> After {
        self.greeted = true;
        // RFC 1939 §7: without a timestamp there is no APOP; it needs passwords that are known in clear.
        if self.site.accounts.shares_secrets() {
            let repeated = self.site.faults.on(Fault::Pop3RepeatsTimestamp);
            let host = &self.site.host;
            let fresh = || sasl::challenge(host, self.site.clock.unix());
            self.timestamp = Some(if repeated { format!("<1.1@{host}>") } else { fresh() });
        }
        let timestamp = self.timestamp.as_deref().map(|timestamp| format!(" {timestamp}")).unwrap_or_default();
        Reply::new(out, self.site.faults).ok(&format!("{} POP3 ready{timestamp}", self.site.host));
        After::Continue
    }

    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> After {
        self.lines.push(bytes);
        loop {
            if matches!(self.state, State::Over) {
                return After::Close;
            }
            let longest = if matches!(self.state, State::Exchange(_)) { RESPONSE } else { COMMAND };
            let after = match self.lines.next(longest) {
                Next::Nothing => return After::Continue,
                Next::Line(line) => self.line(&line, out),
                Next::TooLong => {
                    if !matches!(self.state, State::Transaction(_)) {
                        self.state = State::Authorization { user: None };
                    }
                    Reply::new(out, self.site.faults).error("the line is too long");
                    After::Continue
                }
                Next::Endless => {
                    self.state = State::Over;
                    Reply::new(out, self.site.faults).error("the line does not end");
                    After::Close
                }
            };
            match after {
                After::Continue if out.len() >= FLUSH && !self.lines.is_empty() => return After::Flush,
                After::Continue => {}
                After::StartTls => {
                    // RFC 2595 §4: what was sent in clear behind STLS must not be taken for something said under TLS.
                    if !self.site.faults.on(Fault::Pop3StlsKeepsBuffer) {
                        self.lines.clear();
                    }
                    return after;
                }
                _ => return after,
            }
        }
    }

    fn secured(&mut self, channel: Channel, out: &mut Vec<u8>) -> After {
        (self.peer.tls, self.peer.channel) = (true, Arc::new(channel));
        self.state = State::Authorization { user: None };
        // Without the fault nothing is buffered here.
        self.receive(&[], out)
    }

    /// RFC 1939 §3: an autologout timer of at least ten minutes, in all states.
    fn patience(&self) -> Duration {
        self.site.limits.pop3_patience
    }

    /// RFC 1939 §3: the connection is closed without any response, and nothing is removed.
    fn expired(&mut self, _out: &mut Vec<u8>) -> After {
        self.state = State::Over;
        After::Close
    }

    fn stopping(&mut self, out: &mut Vec<u8>) {
        // POP3 has no response that nobody asked for; only in place of the greeting something can be said.
        if !self.greeted {
            Reply::new(out, self.site.faults).error("[SYS/TEMP] no more connections are taken now");
        }
        self.state = State::Over;
    }

    fn closed(&mut self) {
        if let State::Transaction(opened) = std::mem::replace(&mut self.state, State::Over)
            && self.site.faults.on(Fault::Pop3DeletesWithoutQuit)
        {
            let _ = opened.remove_marked();
        }
    }
}

/// `1 message`, `2 messages`.
pub(super) fn messages(count: usize) -> String {
    format!("{count} message{}", if count == 1 { "" } else { "s" })
}

/// `command = keyword *(SP param) CRLF` (RFC 2449 §3): the keyword, and what follows its space.
fn split(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b' ', line) {
        Some(space) => (line.get(..space).unwrap_or_default(), line.get(space + 1..)),
        None => (line, None),
    }
}

/// `param = 1*VCHAR`: the parameters, if they are well-formed and as many as the command takes.
fn arguments<'a>(rest: Option<&'a [u8]>, command: &Command) -> Option<Vec<&'a [u8]>> {
    let arguments: Vec<&[u8]> = match rest {
        None => Vec::new(),
        Some(rest) if command.takes_rest => vec![rest],
        Some(rest) => rest.split(|&octet| octet == b' ').collect(),
    };
    let well_formed = |argument: &&[u8]| {
        let allowed = |octet: &u8| octet.is_ascii_graphic() || command.takes_rest && !matches!(octet, 0 | b'\r' | b'\n');
        !argument.is_empty() && argument.iter().all(allowed)
    };
    (command.arguments.contains(&arguments.len()) && arguments.iter().all(well_formed)).then_some(arguments)
}
