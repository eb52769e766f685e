//! What a server is started with.

mod alias;
mod named;
mod pop3;
mod senders;
mod sending;
mod shared;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::clock::Clock;
use crate::extensions::Without;
use crate::faults::Faults;
use crate::mail::{self, Address};

pub use alias::{AliasConfig, ListConfig};
pub use named::NamedLimit;
pub use pop3::{Expire, Pop3Policy};
pub use senders::Senders;
pub use sending::{Route, Sending, SendingLimits, SendingTls, TlsFor};
pub use shared::{Grantee, SharedMailboxConfig};

/// Everything a server needs to know to start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name the server calls itself by, in greetings and trace fields.
    pub host: String,
    /// Where to listen; port 0 takes a free port.
    pub listen: Vec<Listen>,
    /// The domains whose mail ends here. The first completes a login or a recipient without a domain.
    pub domains: Vec<String>,
    /// Who has mailboxes here.
    pub accounts: Vec<AccountConfig>,
    /// The accounts that say what all users see of the server, such as its shared annotations.
    pub administrators: Vec<Address>,
    /// Mailboxes that belong to nobody.
    pub shared_mailboxes: Vec<SharedMailboxConfig>,
    /// Addresses that stand for others.
    pub aliases: Vec<AliasConfig>,
    pub lists: Vec<ListConfig>,
    /// The bearer tokens of accounts, for OAUTHBEARER and XOAUTH2.
    pub tokens: Vec<TokenConfig>,
    /// Who issues the certificates that clients may show, for EXTERNAL; without it none is asked for.
    pub client_ca: Option<ClientCa>,
    /// Where mail is kept.
    pub storage: Storage,
    /// Where to stop.
    pub limits: Limits,
    /// The rules to break.
    pub faults: Faults,
    /// The extensions to do without.
    pub without: Without,
    /// Domains of others whose mail is taken from anybody and passed on, as their MX records or a route say.
    pub backup_for: Vec<String>,
    /// Whether other servers may bring mail; if not, they are greeted with 521 (RFC 7504 §3).
    pub takes_mail: bool,
    /// Which addresses users may send mail as.
    pub senders: Senders,
    /// Whether IMAP clients must enable UTF8=ACCEPT (RFC 6855 §6).
    pub utf8_only: bool,
    /// When passwords may travel without TLS.
    pub plaintext_auth: PlaintextAuth,
    /// The certificate for TLS.
    pub certificate: Certificate,
    /// What the time is.
    pub clock: Clock,
    /// Where mail for some domains goes, whatever the DNS says; the first that fits counts.
    pub routes: Vec<Route>,
    /// How mail is sent to other servers.
    pub sending: Sending,
    /// How often users may log in to POP3, and how long their mail is kept.
    pub pop3: Pop3Policy,
}

impl Default for Config {
    /// No endpoint, no account, mail for `example.org` in memory.
    fn default() -> Self {
        Self {
            host: "mail.example.org".to_owned(),
            listen: Vec::new(),
            domains: vec!["example.org".to_owned()],
            accounts: Vec::new(),
            administrators: Vec::new(),
            shared_mailboxes: Vec::new(),
            aliases: Vec::new(),
            lists: Vec::new(),
            tokens: Vec::new(),
            client_ca: None,
            storage: Storage::Memory,
            limits: Limits::default(),
            faults: Faults::NONE,
            without: Without::NOTHING,
            backup_for: Vec::new(),
            takes_mail: true,
            senders: Senders::default(),
            utf8_only: false,
            plaintext_auth: PlaintextAuth::Loopback,
            certificate: Certificate::SelfSigned,
            clock: Clock::real(),
            routes: Vec::new(),
            sending: Sending::default(),
            pop3: Pop3Policy::default(),
        }
    }
}

/// One endpoint, `smtp=127.0.0.1:2525`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    pub service: Service,
    pub address: SocketAddr,
}

/// What is spoken at an endpoint. The names are those of the IANA registry of services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Mail from other servers (RFC 5321), port 25.
    Smtp,
    /// Mail from users, who must log in (RFC 6409), port 587.
    Submission,
    /// [`Service::Smtp`] with implicit TLS.
    Smtps,
    /// [`Service::Submission`] with implicit TLS (RFC 8314 §3.3), port 465.
    Submissions,
    /// Mail from a queue of this site straight to the mailboxes (RFC 2033); never port 25.
    Lmtp,
    /// RFC 1939, port 110.
    Pop3,
    /// POP3 with implicit TLS (RFC 8314 §3.2), port 995.
    Pop3s,
    /// RFC 3501, port 143.
    Imap,
    /// IMAP with implicit TLS (RFC 8314 §3.2), port 993.
    Imaps,
}

impl Service {
    pub const ALL: [Service; 9] = [
        Service::Smtp,
        Service::Submission,
        Service::Smtps,
        Service::Submissions,
        Service::Lmtp,
        Service::Pop3,
        Service::Pop3s,
        Service::Imap,
        Service::Imaps,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Service::Smtp => "smtp",
            Service::Submission => "submission",
            Service::Smtps => "smtps",
            Service::Submissions => "submissions",
            Service::Lmtp => "lmtp",
            Service::Pop3 => "pop3",
            Service::Pop3s => "pop3s",
            Service::Imap => "imap",
            Service::Imaps => "imaps",
        }
    }

    /// Whether the connection starts with the TLS handshake.
    pub fn implicit_tls(self) -> bool {
        matches!(self, Service::Smtps | Service::Submissions | Service::Pop3s | Service::Imaps)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, address) = text.split_once('=').ok_or("write it as SERVICE=ADDRESS:PORT, e.g. smtp=127.0.0.1:2525")?;
        let service = Service::ALL.into_iter().find(|service| service.name() == name).ok_or_else(|| {
            let known = Service::ALL.map(Service::name).join(", ");
            format!("there is no service \"{name}\"; there are {known}")
        })?;
        let address = address.parse().map_err(|_| format!("\"{address}\" is not an IP address and a port"))?;
        Ok(Listen { service, address })
    }
}

/// An account as it is given to the server, `alice@example.org:secret`.
#[derive(Clone)]
pub struct AccountConfig {
    pub address: Address,
    /// A password; or what is stored of it, several forms with blanks between them: its argon2 hash as a PHC string
    /// (`$argon2id$…`), SCRAM keys as RFC 5803 writes them (`SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`).
    pub secret: String,
}

impl FromStr for AccountConfig {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, end) = mail::mailbox(text.as_bytes(), 0)
            .map_err(|error| format!("write it as ADDRESS:PASSWORD, e.g. alice@example.org:secret ({error})"))?;
        let secret = text
            .get(end..)
            .and_then(|rest| rest.strip_prefix(':'))
            .ok_or("a colon and a password are missing after the address")?;
        if secret.is_empty() {
            return Err("the password is empty".to_owned());
        }
        Ok(AccountConfig { address, secret: secret.to_owned() })
    }
}

impl fmt::Debug for AccountConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:***", self.address)
    }
}

/// A bearer token of an account, `alice@example.org:token`.
#[derive(Clone)]
pub struct TokenConfig {
    pub address: Address,
    pub token: String,
}

impl FromStr for TokenConfig {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, end) = mail::mailbox(text.as_bytes(), 0)
            .map_err(|error| format!("write it as ADDRESS:TOKEN, e.g. alice@example.org:vF9dft4qmTc2Nvb3 ({error})"))?;
        let token =
            text.get(end..).and_then(|rest| rest.strip_prefix(':')).ok_or("a colon and the token come after the address")?;
        // b64token of RFC 6750 §2.1.
        let body = token.trim_end_matches('=');
        if body.is_empty() || !body.bytes().all(|o| o.is_ascii_alphanumeric() || b"-._~+/".contains(&o)) {
            return Err("a token has letters, digits and -._~+/, then perhaps = (RFC 6750 §2.1)".to_owned());
        }
        Ok(TokenConfig { address, token: token.to_owned() })
    }
}

impl fmt::Debug for TokenConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:***", self.address)
    }
}

/// Who issues the certificates of clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientCa {
    /// A PEM file.
    File(PathBuf),
    /// PEM itself.
    Pem(String),
}

/// Where mail is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Storage {
    /// In memory: gone when the server stops.
    #[default]
    Memory,
    /// In this directory, made when it is missing; what was acknowledged survives a crash.
    Dir(PathBuf),
}

/// When passwords may travel without TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaintextAuth {
    /// From the machine itself only.
    #[default]
    Loopback,
    /// From everywhere.
    Always,
    /// From nowhere.
    Never,
}

impl PlaintextAuth {
    /// Whether a client from this address may send its password in clear.
    pub fn allows(self, client: IpAddr) -> bool {
        match self {
            PlaintextAuth::Loopback => client.to_canonical().is_loopback(),
            PlaintextAuth::Always => true,
            PlaintextAuth::Never => false,
        }
    }
}

/// The certificate for TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// Made at start for the host, the domains and the loopback addresses.
    #[default]
    SelfSigned,
    /// Read from PEM files.
    Pem { chain: PathBuf, key: PathBuf },
}

/// Where the server stops a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one message.
    pub message: usize,
    /// RCPT commands of one transaction; RFC 5321 §4.5.3.1.8 wants at least 100.
    pub recipients: usize,
    /// MAIL commands of one session.
    pub transactions: usize,
    /// Commands a session may get wrong in a row before it is ended.
    pub errors: usize,
    /// The shortest time in which mail can be asked to be delivered or returned (RFC 2852 §2).
    pub deliver_by: Duration,
    /// How long a submission can be asked to be held (RFC 4865 §3).
    pub hold: Duration,
    /// Octets of one command line; RFC 5321 §4.5.3.1.4 wants at least 512, RFC 4954 §4.5 12288 for SASL.
    pub line: usize,
    /// Connections at a time, together and from one address.
    pub connections: usize,
    pub connections_per_address: usize,
    /// How long a client may be silent: RFC 5321 §4.5.3.2.7 wants at least 5 minutes, RFC 1939 §3 10, RFC 3501 §5.4 30.
    pub smtp_patience: Duration,
    pub pop3_patience: Duration,
    pub imap_patience: Duration,
    /// How often a client is told how far its command is (RFC 9585 §4: 10-15 seconds); zero: whenever there is something to tell.
    pub progress_interval: Duration,
    /// How many things that happened are kept for an IMAP client which asked for them with NOTIFY, and reads nothing.
    pub notifications: usize,
    /// How long a client may be silent before it has logged in to POP3 or IMAP.
    pub login_patience: Duration,
    /// How long a message is tried before it is returned (RFC 5321 §4.5.4.1: 4-5 days).
    pub queue_lifetime: Duration,
    /// How long to wait before a destination is tried again (RFC 5321 §4.5.4.1: at least 30 minutes).
    pub retry_after: Duration,
    pub sending: SendingLimits,
    /// The longest pause between two attempts: after the first hour they double up to it (RFC 5321 §4.5.4.1: 2-3 hours).
    pub retry_max: Duration,
    /// How long a message waits before its sender is warned, if that was asked for (RFC 3461 §5.2.5); longer than it lives:
    /// never.
    pub delay_warning: Duration,
    /// What one account may hold: octets of all its messages, and their number. The greatest number is no limit.
    pub quota_storage: usize,
    pub quota_messages: usize,
    /// Messages of one IMAP command (RFC 9738 §3, which wants at least 1000), and of one COPY or APPEND where only those are
    /// limited. The greatest number is no limit.
    pub command_messages: usize,
    pub saved_messages: usize,
    /// Whether senders that did not say what they want to hear are warned too.
    pub warn_unasked: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 50 * 1024 * 1024,
            recipients: 1000,
            transactions: 100_000,
            errors: 100,
            deliver_by: Duration::from_secs(60),
            hold: Duration::from_secs(30 * 24 * 3600),
            line: 2048,
            connections: 1000,
            connections_per_address: 500,
            smtp_patience: Duration::from_secs(5 * 60),
            pop3_patience: Duration::from_secs(10 * 60),
            imap_patience: Duration::from_secs(30 * 60),
            progress_interval: Duration::from_secs(10),
            notifications: 1000,
            login_patience: Duration::from_secs(3 * 60),
            queue_lifetime: Duration::from_secs(5 * 24 * 3600),
            retry_after: Duration::from_secs(30 * 60),
            sending: SendingLimits::default(),
            retry_max: Duration::from_secs(2 * 3600),
            delay_warning: Duration::from_secs(4 * 3600),
            quota_storage: usize::MAX,
            quota_messages: usize::MAX,
            command_messages: usize::MAX,
            saved_messages: usize::MAX,
            warn_unasked: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_an_address_and_a_password() {
        let check = |text: &str| text.parse::<AccountConfig>().map(|a| (a.address.to_string(), a.secret));
        assert_eq!(check("alice@example.org:secret"), Ok(("alice@example.org".into(), "secret".into())));
        assert_eq!(check("alice@example.org:a:b@c"), Ok(("alice@example.org".into(), "a:b@c".into())));
        assert_eq!(check("\"a:b@c\"@example.org:x"), Ok(("\"a:b@c\"@example.org".into(), "x".into())));
        assert!(check("alice@example.org:").is_err());
        assert!(check("alice@example.org").is_err());
        assert!(check("alice:secret").is_err());
    }

    #[test]
    fn tokens_are_an_address_and_a_token() {
        let check = |text: &str| text.parse::<TokenConfig>().map(|t| (t.address.to_string(), t.token));
        assert_eq!(check("alice@example.org:vF9d-._~+/=="), Ok(("alice@example.org".into(), "vF9d-._~+/==".into())));
        for wrong in ["alice@example.org:", "alice@example.org:a b", "alice@example.org:=a", "alice@example.org", "token"] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn endpoints_name_their_service() {
        let listen: Listen = "imaps=[::1]:0".parse().unwrap();
        assert_eq!((listen.service, listen.address), (Service::Imaps, "[::1]:0".parse().unwrap()));
        assert!("nntp=127.0.0.1:0".parse::<Listen>().unwrap_err().contains("submissions"));
        assert!("smtp=localhost".parse::<Listen>().unwrap_err().contains("localhost"));
    }
}
