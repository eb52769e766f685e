//! The session: AUTHORIZATION, TRANSACTION, and UPDATE when the client says QUIT (RFC 1939 §3).

use std::sync::Arc;
use std::time::Duration;

use super::command::{self, Command, Run};
use super::language::Language;
use super::line::{Lines, Next};
use super::opened::Opened;
use super::reply::{Code, Reply};
use super::text::{Messages, Text};
use crate::accounts::Account;
use crate::config::Expire;
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::sasl;
use crate::session::{After, Channel, Peer, Session};
use crate::site::Site;
use crate::store::{Error, Store};

/// The longest command, its CRLF counted (RFC 2449 §4).
const COMMAND: usize = 255;

/// The longest command before RFC 2449 §4.
const SHORT_COMMAND: usize = 47;

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
    /// Whose maildrop is open in the TRANSACTION state.
    pub(super) account: String,
    /// What the client is to hash with its secret (RFC 1939 §7, APOP).
    pub(super) timestamp: Option<String>,
    /// Whether the client said UTF8 (RFC 6856 §2.1).
    pub(super) utf8: bool,
    /// What the client wants texts to be written in (RFC 6856 §3).
    pub(super) language: Language,
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
        let (lines, language) = (Lines::default(), Language::default());
        Pop3Session {
            site,
            store,
            peer,
            state,
            account: String::new(),
            timestamp: None,
            utf8: false,
            language,
            lines,
            greeted: false,
        }
    }

    /// Whether the server is to do without an extension.
    pub(super) fn lacks(&self, extension: Extension) -> bool {
        self.site.without.lacks(extension)
    }

    /// The shortest time between two logins of a user, if there is any (RFC 2449 §6.5).
    pub(super) fn login_delay(&self) -> Option<Duration> {
        Some(self.site.pop3.login_delay).filter(|delay| !delay.is_zero() && !self.lacks(Extension::Pop3LoginDelay))
    }

    /// How long messages are kept (RFC 2449 §6.7).
    pub(super) fn expire(&self) -> Expire {
        if self.lacks(Extension::Pop3Expire) { Expire::Never } else { self.site.pop3.expire }
    }

    fn reply<'a>(&self, out: &'a mut Vec<u8>) -> Reply<'a> {
        Reply::new(out, self.site.faults, self.site.without, self.language)
    }

    /// How long the user has to wait before the next login.
    fn must_wait(&self, account: &Account) -> Option<Duration> {
        let delay = self.login_delay().filter(|_| !self.site.faults.on(Fault::Pop3IgnoresLoginDelay))?;
        self.site.maildrops.wait(account.name(), delay, self.site.clock.uptime())
    }

    /// Answers USER as a server does that looks at the delay then already.
    pub(super) fn tells_delay_early(&self, name: &str, reply: &mut Reply<'_>) -> bool {
        let told = self.site.faults.on(Fault::Pop3LoginDelayToUser);
        let waits = self.site.accounts.login(name).filter(|_| told).and_then(|account| self.must_wait(account));
        if let Some(wait) = waits {
            reply.refuse(Code::LoginDelay, Text::TooSoon(wait.as_secs()));
        }
        waits.is_some()
    }

    /// The login succeeded: locks and opens the maildrop, or says why not.
    pub(super) fn open_maildrop(&mut self, account: &Account, reply: &mut Reply<'_>) {
        self.state = State::Authorization { user: None };
        // Only who knows the password learns of the delay: RFC 2449 §8.1.1.
        if let Some(wait) = self.must_wait(account) {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            return reply.refuse(Code::LoginDelay, Text::TooSoon(seconds));
        }
        let mut locked = self.store.lock_maildrop(account.name());
        if matches!(locked, Ok(None)) && self.site.faults.on(Fault::Pop3NoLock) {
            locked = self.store.open_maildrop_unlocked(account.name()).map(Some);
        }
        match locked {
            Ok(Some(maildrop)) => {
                let opened = Opened::new(maildrop, self.site.faults, getrandom::u64().unwrap_or_default(), self.utf8);
                self.site.maildrops.opened(account.name(), opened.uids(), self.site.clock.uptime());
                let (count, octets) = opened.totals();
                reply.ok(Text::Maildrop(Messages(count), octets));
                self.state = State::Transaction(Box::new(opened));
                account.name().clone_into(&mut self.account);
            }
            Ok(None) => reply.refuse(Code::InUse, Text::InUse),
            Err(error) => {
                tracing::error!(account = account.name(), %error, "a maildrop cannot be opened");
                match fault_code(&error) {
                    Code::SysTemp => reply.refuse(Code::SysTemp, Text::MaildropNotNow),
                    code => reply.refuse(code, Text::MaildropDamaged),
                }
            }
        }
    }

    /// Whether the client may send a password as it is.
    pub(super) fn plaintext(&self) -> bool {
        self.peer.tls || self.peer.plaintext_auth
    }

    fn command(&mut self, line: &[u8], out: &mut Vec<u8>) -> After {
        let (faults, without) = (self.site.faults, self.site.without);
        let mut reply = self.reply(out);
        let (keyword, rest) = split(line);
        // RFC 1939 §3: keywords ignore case.
        let known = |command: &&&Command| {
            let exact = faults.on(Fault::Pop3CaseSensitiveKeywords);
            command.keyword.as_bytes() == keyword || !exact && command.keyword.as_bytes().eq_ignore_ascii_case(keyword)
        };
        let found = command::ALL.iter().find(known);
        let found = found.filter(|command| !command.extension.is_some_and(|extension| without.lacks(extension)));
        // RFC 1939 §7: PASS comes immediately after USER; any other command, even one that fails, comes between.
        let user = match &mut self.state {
            State::Authorization { user } => user.take(),
            _ => None,
        };
        let Some(command) = found else {
            reply.error(Text::NoSuchCommand);
            return After::Continue;
        };
        let Some(arguments) = arguments(rest, command, !without.lacks(Extension::Pop3Utf8)) else {
            reply.error(Text::WriteItAs(command.usage));
            return After::Continue;
        };
        match (&command.run, &mut self.state) {
            (Run::Anytime(run), _) => run(self, &arguments, &mut reply),
            (Run::Authorization(run), State::Authorization { .. }) => run(self, user, &arguments, &mut reply),
            (Run::Transaction(run), State::Transaction(opened)) => {
                run(opened, &arguments, &mut reply);
                After::Continue
            }
            (Run::Authorization(_), _) => {
                reply.error(Text::BeforeLoginOnly);
                After::Continue
            }
            (Run::Transaction(_), _) => {
                reply.error(Text::LogInFirst);
                After::Continue
            }
        }
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) -> After {
        if matches!(self.state, State::Exchange(_)) {
            let mut reply = self.reply(out);
            return command::auth::response(self, line, &mut reply);
        }
        self.command(line, out)
    }
}

impl Session for Pop3Session {
    fn greet(&mut self, out: &mut Vec<u8>) -> After {
        self.greeted = true;
        // RFC 1939 §7: without a timestamp there is no APOP; it needs passwords that are known in clear.
        if self.site.accounts.shares_secrets() && !self.lacks(Extension::Pop3Apop) {
            let repeated = self.site.faults.on(Fault::Pop3RepeatsTimestamp);
            let host = &self.site.host;
            let fresh = || sasl::challenge(host, self.site.clock.unix());
            self.timestamp = Some(if repeated { format!("<1.1@{host}>") } else { fresh() });
        }
        let timestamp = self.timestamp.as_deref().map(|timestamp| format!(" {timestamp}")).unwrap_or_default();
        self.reply(out).data(&format!("{} POP3 ready{timestamp}", self.site.host));
        After::Continue
    }

    fn receive(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> After {
        self.lines.push(bytes);
        loop {
            if matches!(self.state, State::Over) {
                return After::Close;
            }
            let longest = match self.state {
                State::Exchange(_) => RESPONSE,
                _ if self.site.faults.on(Fault::Pop3ShortCommands) => SHORT_COMMAND,
                _ => COMMAND,
            };
            let after = match self.lines.next(longest) {
                Next::Nothing => return After::Continue,
                Next::Line(line) => self.line(&line, out),
                Next::TooLong => {
                    if !matches!(self.state, State::Transaction(_)) {
                        self.state = State::Authorization { user: None };
                    }
                    self.reply(out).error(Text::LineTooLong);
                    After::Continue
                }
                Next::Endless => {
                    self.state = State::Over;
                    self.reply(out).error(Text::LineEndless);
                    After::Close
                }
            };
            if self.site.faults.on(Fault::Pop3ForgetsPipelined) {
                self.lines.clear();
            }
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
        // RFC 6856 §7: somebody in the middle may have said LANG.
        (self.utf8, self.language) = (false, Language::default());
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
            self.reply(out).refuse(Code::SysTemp, Text::NoRoom);
        }
        self.state = State::Over;
    }

    fn closed(&mut self) {
        if let State::Transaction(opened) = std::mem::replace(&mut self.state, State::Over)
            && self.site.faults.on(Fault::Pop3DeletesWithoutQuit)
        {
            let _ = opened.remove_marked(&[]);
        }
    }
}

/// Whether what the store says may go away by itself (RFC 3206 §4).
pub(super) fn fault_code(error: &Error) -> Code {
    match error {
        Error::Failed(_) | Error::InUse { .. } => Code::SysTemp,
        _ => Code::SysPerm,
    }
}

/// `command = keyword *(SP param) CRLF` (RFC 2449 §3): the keyword, and what follows its space.
fn split(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b' ', line) {
        Some(space) => (line.get(..space).unwrap_or_default(), line.get(space + 1..)),
        None => (line, None),
    }
}

/// `param = 1*VCHAR`, where RFC 6856 §2.2 permits it also UTF-8: the parameters, if they are well-formed and as many as the
/// command takes.
fn arguments<'a>(rest: Option<&'a [u8]>, command: &Command, utf8: bool) -> Option<Vec<&'a [u8]>> {
    let arguments: Vec<&[u8]> = match rest {
        None => Vec::new(),
        Some(rest) if command.takes_rest => vec![rest],
        Some(rest) => rest.split(|&octet| octet == b' ').collect(),
    };
    let well_formed = |argument: &&[u8]| {
        let allowed = |octet: &u8| match octet {
            0 | b'\r' | b'\n' => false,
            0x80.. => command.takes_rest || command.takes_utf8 && utf8,
            octet => octet.is_ascii_graphic() || command.takes_rest,
        };
        // RFC 6856 §2.2: what is not UTF-8 is rejected; PASS says so itself.
        let text = command.takes_rest || std::str::from_utf8(argument).is_ok();
        !argument.is_empty() && argument.iter().all(allowed) && text
    };
    (command.arguments.contains(&arguments.len()) && arguments.iter().all(well_formed)).then_some(arguments)
}
