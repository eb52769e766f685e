//! The command line, for the `reference-server` program and for `mailspec serve`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::config::{AccountConfig, Certificate, Config, Limits, Listen, NamedLimit, Route, Service, Storage};
use crate::faults::Fault;
use crate::server;

/// Where a server listens if nothing else is said: the well-known ports plus 2000 or more, on loopback.
const LISTEN: [(Service, u16); 8] = [
    (Service::Smtp, 2525),
    (Service::Submission, 2587),
    (Service::Smtps, 2526),
    (Service::Submissions, 2465),
    (Service::Pop3, 2110),
    (Service::Pop3s, 2995),
    (Service::Imap, 2143),
    (Service::Imaps, 2993),
];

/// Options of a server.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Listen for SERVICE (smtp, submission, smtps, submissions, pop3, pop3s, imap, imaps) at ADDRESS:PORT; port 0
    /// takes a free one. Repeatable. Default: all of them on 127.0.0.1, ports 2525, 2587, 2526, 2465, 2110, 2995, 2143, 2993
    #[arg(long, value_name = "SERVICE=ADDRESS:PORT")]
    pub listen: Vec<Listen>,

    /// A domain whose mail ends here. Repeatable; the first completes logins without a domain. Default: the domains of
    /// the accounts
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    pub domain: Vec<String>,

    /// An account and its password, or an argon2 hash of it ($argon2id$...), which rules out APOP and CRAM-MD5.
    /// Repeatable
    #[arg(long, value_name = "ADDRESS:PASSWORD")]
    pub account: Vec<AccountConfig>,

    /// Keep mail in this directory, made if it is missing
    #[arg(long, value_name = "DIR", conflicts_with = "memory")]
    pub data: Option<PathBuf>,

    /// Keep mail in memory: gone when the server stops (the default)
    #[arg(long)]
    pub memory: bool,

    /// Send mail for DOMAIN to this server, whatever the DNS says; * is every domain. Repeatable, the first that fits counts
    #[arg(long, value_name = "DOMAIN=ADDRESS:PORT")]
    pub route: Vec<Route>,

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
        Config {
            limits,
            host: domains.first().map_or(default.host, |domain| format!("mail.{domain}")),
            listen,
            domains,
            accounts: self.account.clone(),
            storage: self.data.clone().map_or(Storage::Memory, Storage::Dir),
            routes: self.route.clone(),
            faults: self.fault.iter().copied().collect(),
            certificate: match (&self.tls_cert, &self.tls_key) {
                (Some(chain), Some(key)) => Certificate::Pem { chain: chain.clone(), key: key.clone() },
                _ => Certificate::SelfSigned,
            },
            ..Config::default()
        }
    }
}

/// Runs a server until Ctrl-C or SIGTERM, or shows the faults.
pub async fn serve(args: ServeArgs) -> Result<()> {
    if args.list_limits {
        print!("{}", NamedLimit::list());
        return Ok(());
    }
    if args.list_faults {
        print!("{}", fault_list());
        return Ok(());
    }
    let running = server::start(args.config()).await?;
    println!("{}", address_list(&running.addresses, args.addresses)?);
    asked_to_stop().await?;
    running.stop().await;
    Ok(())
}

fn domain(text: &str) -> Result<String, String> {
    match crate::mail::Domain::parse(text) {
        Ok(crate::mail::Domain::Name(name)) => Ok(name),
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

fn fault_list() -> String {
    let width = Fault::ALL.iter().map(|fault| fault.name().len()).max().unwrap_or_default();
    Fault::ALL.iter().map(|fault| format!("{:<width$}  {}\n", fault.name(), fault.description())).collect()
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
    fn without_options_everything_listens_on_loopback() {
        let config = config("reference-server --account alice@example.net:secret").unwrap();
        assert_eq!(config.domains, ["example.net"]);
        assert_eq!(config.listen.len(), 8);
        assert!(config.listen.iter().all(|listen| listen.address.ip().is_loopback()));
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
    }

    #[test]
    fn addresses_are_one_json_object() {
        let addresses = BTreeMap::from([("smtp".to_owned(), "127.0.0.1:25".parse().unwrap())]);
        assert_eq!(address_list(&addresses, AddressFormat::Json).unwrap(), r#"{"smtp":"127.0.0.1:25"}"#);
    }
}
