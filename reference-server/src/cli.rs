//! The command line, for the `reference-server` program and for `mailspec serve`.

pub mod queue;

mod pop3;
mod sending;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::config::{
    AccountConfig, AliasConfig, Certificate, ClientCa, Config, Limits, ListConfig, Listen, NamedLimit, Senders, Service,
    SharedMailboxConfig, Storage, TokenConfig,
};
use crate::extensions::Extension;
use crate::faults::Fault;
use crate::mail::{self, Address};
use crate::server;

pub use pop3::Pop3Args;
pub use sending::SendingArgs;

/// Where a server listens if nothing else is said: the well-known ports plus 2000 or more, on loopback.
const LISTEN: [(Service, u16); 9] = [
    (Service::Smtp, 2525),
    (Service::Submission, 2587),
    (Service::Smtps, 2526),
    (Service::Submissions, 2465),
    (Service::Lmtp, 2024),
    (Service::Pop3, 2110),
    (Service::Pop3s, 2995),
    (Service::Imap, 2143),
    (Service::Imaps, 2993),
];

/// Options of a server.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Listen for SERVICE (smtp, submission, smtps, submissions, lmtp, pop3, pop3s, imap, imaps) at ADDRESS:PORT; port 0 takes
    /// a free one. Repeatable. Default: all of them on 127.0.0.1, ports 2525, 2587, 2526, 2465, 2024, 2110, 2995, 2143, 2993
    #[arg(long, value_name = "SERVICE=ADDRESS:PORT")]
    pub listen: Vec<Listen>,

    /// A domain whose mail ends here. Repeatable; the first completes logins without a domain. Default: the domains of
    /// the accounts
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    pub domain: Vec<String>,

    /// An account and its password; or what is stored of it: an argon2 hash ($argon2id$...), which rules out APOP,
    /// CRAM-MD5 and SCRAM, or SCRAM keys (SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY), or several of these with
    /// blanks between them. Repeatable
    #[arg(long, value_name = "ADDRESS:PASSWORD")]
    pub account: Vec<AccountConfig>,

    /// An account that may change what all users see of the server: its shared annotations, the shared mailboxes there are and
    /// how much they may hold. Repeatable
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub administrator: Vec<Address>,

    /// A mailbox below Shared/ that belongs to nobody, and the rights of accounts and of anyone; they have at least these
    /// whenever the server starts. Repeatable
    #[arg(long, value_name = "NAME=WHO:RIGHTS,...")]
    pub shared_mailbox: Vec<SharedMailboxConfig>,

    /// An address that stands for others; its senders hear of mail that cannot be delivered. Repeatable
    #[arg(long, value_name = "ADDRESS=ADDRESS,...")]
    pub alias: Vec<AliasConfig>,

    /// A mailing list, whose OWNER is the sender of what goes to its members. Repeatable
    #[arg(long, value_name = "ADDRESS=OWNER:ADDRESS,...")]
    pub list: Vec<ListConfig>,

    /// A bearer token of an account, for OAUTHBEARER and XOAUTH2. Repeatable
    #[arg(long, value_name = "ADDRESS:TOKEN")]
    pub token: Vec<TokenConfig>,

    /// Ask clients for a certificate issued by this authority, PEM; with one they may log in by EXTERNAL as the account
    /// whose address it names
    #[arg(long, value_name = "FILE")]
    pub client_ca: Option<PathBuf>,

    /// Keep mail in this directory, made if it is missing
    #[arg(long, value_name = "DIR", conflicts_with = "memory")]
    pub data: Option<PathBuf>,

    /// Keep mail in memory: gone when the server stops (the default)
    #[arg(long)]
    pub memory: bool,

    #[command(flatten)]
    pub sending: SendingArgs,

    #[command(flatten)]
    pub pop3: Pop3Args,

    /// Warn every sender whose mail is delayed, not only those who asked for it with NOTIFY=DELAY
    #[arg(long)]
    pub warn_delays: bool,

    /// Set a limit; --list-limits shows which there are. Repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub limit: Vec<NamedLimit>,

    /// Show the limits with their defaults and end
    #[arg(long)]
    pub list_limits: bool,

    /// How to print the addresses once the server listens
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub addresses: AddressFormat,

    /// Break a rule on purpose; --list-faults shows which can be broken. Repeatable
    #[arg(long, value_name = "NAME")]
    pub fault: Vec<Fault>,

    /// Show the names of the faults and end
    #[arg(long)]
    pub list_faults: bool,

    /// Do without an extension: it is not announced, and its commands and parameters are unknown. --list-extensions shows
    /// which there are. Repeatable
    #[arg(long, value_name = "NAME")]
    pub without: Vec<Extension>,

    /// Show the names of the extensions and end
    #[arg(long)]
    pub list_extensions: bool,

    /// Take no mail from other servers: greet them with 521 (RFC 7504)
    #[arg(long)]
    pub no_mail: bool,

    /// Which addresses users may send mail as
    #[arg(long, value_name = "RULE", default_value = "any")]
    pub senders: Senders,

    /// Serve only IMAP clients that enable UTF8=ACCEPT, and announce UTF8=ONLY (RFC 6855)
    #[arg(long)]
    pub utf8_only: bool,

    /// The certificate chain for TLS, PEM. Default: a self-signed one, made at start
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

/// How the addresses are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AddressFormat {
    /// One line for each service
    #[default]
    Text,
    /// One JSON object in one line
    Json,
}

impl ServeArgs {
    /// The configuration these options mean.
    pub fn config(&self) -> Config {
        let mut domains = self.domain.clone();
        if domains.is_empty() {
            domains = self.account.iter().map(|account| account.address.domain().to_string()).collect();
            domains.dedup();
        }
        let default = Config::default();
        if domains.is_empty() {
            domains.clone_from(&default.domains);
        }
        let listen = if self.listen.is_empty() {
            LISTEN.map(|(service, port)| Listen { service, address: SocketAddr::from(([127, 0, 0, 1], port)) }).to_vec()
        } else {
            self.listen.clone()
        };
        let mut limits = Limits::default();
        self.limit.iter().for_each(|limit| limit.apply(&mut limits));
        limits.warn_unasked = self.warn_delays;
        Config {
            limits,
            host: domains.first().map_or(default.host, |domain| format!("mail.{domain}")),
            listen,
            domains,
            accounts: self.account.clone(),
            administrators: self.administrator.clone(),
            shared_mailboxes: self.shared_mailbox.clone(),
            aliases: self.alias.clone(),
            lists: self.list.clone(),
            without: self.without.iter().copied().collect(),
            backup_for: self.sending.backup_for.clone(),
            takes_mail: !self.no_mail,
            senders: self.senders,
            utf8_only: self.utf8_only,
            tokens: self.token.clone(),
            client_ca: self.client_ca.clone().map(ClientCa::File),
            storage: self.data.clone().map_or(Storage::Memory, Storage::Dir),
            routes: self.sending.route.clone(),
            sending: self.sending.sending(),
            pop3: self.pop3.policy(),
            faults: self.fault.iter().copied().collect(),
            certificate: match (&self.tls_cert, &self.tls_key) {
                (Some(chain), Some(key)) => Certificate::Pem { chain: chain.clone(), key: key.clone() },
                _ => Certificate::SelfSigned,
            },
            ..Config::default()
        }
    }
}

/// Runs a server until Ctrl-C or SIGTERM, or shows what can be named.
pub async fn serve(args: ServeArgs) -> Result<()> {
    if args.list_limits {
        print!("{}", NamedLimit::list());
        return Ok(());
    }
    if args.list_faults {
        print!("{}", table(Fault::ALL.iter().map(|fault| (fault.name(), fault.description()))));
        return Ok(());
    }
    if args.list_extensions {
        print!("{}", table(Extension::ALL.iter().map(|extension| (extension.name(), extension.description()))));
        return Ok(());
    }
    let running = server::start(args.config()).await?;
    println!("{}", address_list(&running.addresses, args.addresses)?);
    asked_to_stop().await?;
    running.stop().await;
    Ok(())
}

fn address(text: &str) -> Result<Address, String> {
    let (address, end) = mail::mailbox(text.as_bytes(), 0).map_err(|error| error.to_string())?;
    if end == text.len() { Ok(address) } else { Err("an address ends before this does".to_owned()) }
}

fn domain(text: &str) -> Result<String, String> {
    match mail::Domain::parse(text) {
        Ok(mail::Domain::Name(name)) => Ok(name),
        Ok(_) => Err("a domain name is needed, not an address literal".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn address_list(addresses: &BTreeMap<String, SocketAddr>, format: AddressFormat) -> Result<String> {
    match format {
        AddressFormat::Json => Ok(serde_json::to_string(addresses)?),
        AddressFormat::Text => {
            let lines = addresses.iter().map(|(service, address)| format!("{service:<12} {address}"));
            Ok(lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

/// Names and what they mean, in two columns.
fn table(rows: impl Iterator<Item = (&'static str, &'static str)> + Clone) -> String {
    let width = rows.clone().map(|(name, _)| name.len()).max().unwrap_or_default();
    rows.map(|(name, meaning)| format!("{name:<width$}  {meaning}\n")).collect()
}

async fn asked_to_stop() -> Result<()> {
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("Ctrl-C cannot be waited for"),
        terminated = terminated() => terminated,
    }
}

#[cfg(unix)]
async fn terminated() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?.recv().await;
    Ok(())
}

/// Only Unix has the signal.
#[cfg(not(unix))]
async fn terminated() -> Result<()> {
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SendingTls;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn config(line: &str) -> Result<Config, clap::Error> {
        Program::try_parse_from(line.split(' ')).map(|program| program.serve.config())
    }

    #[test]
    fn the_documented_command_line_is_understood() {
        let line = "reference-server --listen smtp=127.0.0.1:2525 --listen imaps=[::1]:0 --domain example.org \
                    --account alice@example.org:secret --data DIR --addresses json --fault smtp/forgets-rset";
        let config = config(line).unwrap();
        assert_eq!(config.listen.len(), 2);
        assert_eq!((config.host.as_str(), config.domains.as_slice()), ("mail.example.org", &["example.org".to_owned()][..]));
        assert_eq!(config.storage, Storage::Dir("DIR".into()));
        assert!(config.faults.on(Fault::SmtpForgetsRset));
    }

    #[test]
    fn tokens_and_client_certificates_are_options() {
        let config = self::config("x --account a@b.example:s --token a@b.example:t0ken --client-ca ca.pem").unwrap();
        assert_eq!(config.tokens.first().map(|token| token.token.as_str()), Some("t0ken"));
        assert_eq!(config.client_ca, Some(ClientCa::File("ca.pem".into())));
        assert!(self::config("x --token a@b.example").is_err());
    }

    #[test]
    fn without_options_everything_listens_on_loopback() {
        let config = config("reference-server --account alice@example.net:secret").unwrap();
        assert_eq!(config.domains, ["example.net"]);
        assert_eq!(config.listen.len(), Service::ALL.len());
        assert!(config.listen.iter().all(|listen| listen.address.ip().is_loopback()));
    }

    #[test]
    fn sending_has_options_of_its_own() {
        let line = "reference-server --route hamburger.edu=127.0.0.1:2526 --sending-tls required --tls-for crepes.fr=off \
                    --sending-ca CA --backup-for B.example --dns 127.0.0.1:5353 --sending-port 2525 --limit sending-idle=1s";
        let config = config(line).unwrap();
        assert_eq!((config.routes.len(), config.sending.tls, config.sending.tls_for.len()), (1, SendingTls::Required, 1));
        assert_eq!((config.sending.port, config.sending.dns), (2525, Some("127.0.0.1:5353".parse().unwrap())));
        assert_eq!((config.limits.sending.idle.as_secs(), config.backup_for), (1, vec!["b.example".to_owned()]));
    }

    #[test]
    fn mistakes_are_told() {
        let told = |line: &str| config(line).map(|_| ()).unwrap_err().to_string();
        assert!(told("x --fault smtp/nothing").contains("--list-faults"));
        assert!(told("x --listen nntp=127.0.0.1:1").contains("imaps"));
        assert!(told("x --account alice").contains("alice@example.org:secret"));
        assert!(told("x --domain x_y.org").contains("end of the domain"));
        assert!(told("x --data D --memory").contains("--memory"));
        assert!(told("x --tls-cert F").contains("--tls-key"));
        assert!(told("x --sending-tls maybe").contains("required"));
        assert!(told("x --without smtp/nothing").contains("--list-extensions"));
        assert!(told("x --alias team").contains("team@example.org="));
    }

    #[test]
    fn extensions_are_switched_off_by_name() {
        let config = config("x --without smtp/CHUNKING --without smtp/dsn --no-mail --senders own").unwrap();
        assert!(config.without.lacks(Extension::SmtpChunking) && config.without.lacks(Extension::SmtpDsn));
        assert!(!config.without.lacks(Extension::SmtpSize) && !config.takes_mail && config.senders == Senders::Own);
        assert!(table([("a", "x"), ("long", "y")].into_iter()) == "a     x\nlong  y\n");
    }

    #[test]
    fn addresses_are_one_json_object() {
        let addresses = BTreeMap::from([("smtp".to_owned(), "127.0.0.1:25".parse().unwrap())]);
        assert_eq!(address_list(&addresses, AddressFormat::Json).unwrap(), r#"{"smtp":"127.0.0.1:25"}"#);
    }
}
