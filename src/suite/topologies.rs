//! Reads topology files, `fixtures/topologies/*.yaml`: names that are unique, accounts of roles, routes to servers that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::duration;
use super::model::Span;
use super::problem::{Problem, did_you_mean};
use super::roles::ROLES;
use super::topology::{DNS, DomainRecords, Exchanger, RelayTls, Server, Settings, Storage, Topology, UNDER_TEST};
use super::yaml::At;

/// Several servers of the reference kind, and the ways between them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "mailspec topology")]
pub struct TopologyYaml {
    /// One sentence: what it is for.
    pub description: Option<String>,
    /// The first is what a suite means that names none.
    pub servers: Vec<At<ServerYaml>>,
    /// Domain → what the DNS says of it; any other domain does not exist. With it, servers find each other by MX records.
    pub dns: Option<BTreeMap<String, At<DomainYaml>>>,
}

/// What the DNS says of a domain. Each server's host name has an address besides.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainYaml {
    /// MX records.
    #[serde(default)]
    pub mx: Vec<At<ExchangerYaml>>,
    /// The server whose address is that of the domain itself.
    pub address: Option<At<String>>,
}

/// An MX record: of a server, or of any host name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangerYaml {
    /// Lower is better.
    pub preference: u16,
    /// A server of the topology.
    pub server: Option<At<String>>,
    /// A name that may not exist; `.` with preference 0 is a null MX.
    pub host: Option<At<String>>,
}

/// One server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServerYaml {
    /// Lower-case letters, digits and hyphens.
    pub name: At<String>,
    /// The name it calls itself by; default `mail.` and its first domain.
    pub host: Option<String>,
    /// The domains whose mail ends there; the first is that of its accounts.
    pub domains: Vec<At<String>>,
    /// Roles that have accounts there: alice, bob, carol, dave.
    #[serde(default)]
    pub accounts: Vec<At<String>>,
    /// Domains of others whose mail it takes from anybody and passes on, as their backup.
    #[serde(default)]
    pub backs_up: Vec<At<String>>,
    pub storage: Option<StorageYaml>,
    /// Domain → the server its mail is sent to. Default: every domain of every other server, and with `dns:` none. `{}`: none.
    pub routes: Option<BTreeMap<String, At<String>>>,
    pub settings: Option<SettingsYaml>,
}

/// Where mail is kept.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StorageYaml {
    /// Gone when the server stops (the default).
    Memory,
    /// In a directory of the case: it survives `stop`, `kill` and `restart`.
    Directory,
}

/// What the server does otherwise than the reference server does by default.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SettingsYaml {
    /// How long to wait before a destination is tried again: `30m`.
    pub retry_after: Option<At<String>>,
    /// How long a message is tried before it is returned: `5d`.
    pub lifetime: Option<At<String>>,
    /// The longest pause between two attempts: `2h`.
    pub retry_max: Option<At<String>>,
    /// How long a message waits before its sender is warned, asked or not: `4h`.
    pub delay_warning: Option<At<String>>,
    /// Octets of the largest message.
    pub message_size: Option<usize>,
    /// Recipients of one transaction.
    pub recipients: Option<usize>,
    /// Messages of one IMAP command, told as MESSAGELIMIT.
    pub message_limit: Option<usize>,
    /// Messages of one COPY or APPEND, told as SAVELIMIT.
    pub save_limit: Option<usize>,
    /// How often an IMAP client is told how far its command is: `10s`; `0s`: whenever there is something to tell.
    pub progress_interval: Option<At<String>>,
    /// Changes that are kept for an IMAP client until it is told of them by NOTIFY.
    pub notifications: Option<usize>,
    /// How long an SMTP client may be silent: `5m`.
    pub smtp_patience: Option<At<String>>,
    /// How long a POP3 client may be silent: `10m`.
    pub pop3_patience: Option<At<String>>,
    /// How long an IMAP client that has logged in may be silent: `30m`.
    pub imap_patience: Option<At<String>>,
    /// How long a connection to another server is kept for the next message: `1s`.
    pub sending_idle: Option<At<String>>,
    /// When mail to other servers is encrypted.
    pub sending_tls: Option<SendingTlsYaml>,
    /// How long a POP3 user has to wait between two logins: `15m`.
    pub login_delay: Option<At<String>>,
    /// After how many days POP3 users lose messages they did not delete; 0: when a session has retrieved them.
    pub expire: Option<u32>,
    /// Extensions it does without, as `mailspec serve --list-extensions` names them.
    #[serde(default)]
    pub without: Vec<String>,
    /// It takes no mail from other servers, and greets them with 521.
    #[serde(default)]
    pub no_mail: bool,
    /// Accounts of the server that say what all users see of it: shared annotations without a mailbox.
    #[serde(default)]
    pub administrators: Vec<At<String>>,
    /// It serves only IMAP clients that enable UTF8=ACCEPT, and announces UTF8=ONLY.
    #[serde(default)]
    pub utf8_only: bool,
    /// It takes passwords under TLS only, and announces LOGINDISABLED without.
    #[serde(default)]
    pub passwords_under_tls: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SendingTlsYaml {
    /// Where the other server offers it (the default).
    Opportunistic,
    /// Always; other mail waits.
    Required,
    Off,
}

/// The topology of a file; what is wrong with it is told.
pub fn build(file: &str, name: &str, yaml: &TopologyYaml, problems: &mut Vec<Problem>) -> Topology {
    let mut reader = Reader {
        file,
        problems,
        servers: BTreeSet::new(),
        domains: BTreeMap::new(),
        accounts: BTreeMap::new(),
        by_dns: yaml.dns.is_some(),
    };
    if yaml.servers.is_empty() {
        reader.error(Span { line: 1, column: 1, length: 1 }, "a topology has at least one server".to_owned(), None);
    }
    for at in &yaml.servers {
        reader.names(&at.value);
    }
    let servers: Vec<Arc<Server>> = yaml.servers.iter().map(|at| Arc::new(reader.server(&at.value))).collect();
    let dns = yaml.dns.as_ref().map(|domains| {
        let records =
            |(domain, at): (&String, &At<DomainYaml>)| (domain.to_ascii_lowercase(), reader.records(domain, at, &servers));
        domains.iter().map(records).collect()
    });
    Topology { name: name.to_owned(), description: yaml.description.clone(), servers, dns }
}

struct Reader<'a> {
    file: &'a str,
    problems: &'a mut Vec<Problem>,
    servers: BTreeSet<String>,
    /// Domain → server.
    domains: BTreeMap<String, String>,
    /// Role → server.
    accounts: BTreeMap<String, String>,
    /// Servers find each other by the DNS.
    by_dns: bool,
}

impl Reader<'_> {
    fn error(&mut self, span: Span, message: String, hint: Option<String>) {
        let problem = Problem::error(self.file, span, message);
        self.problems.push(match hint {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        });
    }

    /// What must be unique in the whole topology.
    fn names(&mut self, server: &ServerYaml) {
        let name = &server.name.value;
        let sound = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !sound || name == UNDER_TEST || name == DNS {
            let hint = format!("lower-case letters, digits and hyphens make one; `{UNDER_TEST}` and `{DNS}` are taken");
            self.error(whole(&server.name), format!("`{name}` is no name for a server"), Some(hint));
        }
        if !self.servers.insert(name.clone()) {
            self.error(whole(&server.name), format!("the name `{name}` stands twice"), None);
        }
        if server.domains.is_empty() {
            self.error(
                whole(&server.name),
                format!("the server `{name}` has no domain"),
                Some("`domains: [crepes.fr]`".to_owned()),
            );
        }
        for domain in &server.domains {
            self.domain(&domain.value, whole(domain));
            if let Some(other) = self.domains.insert(domain.value.to_ascii_lowercase(), name.clone()) {
                self.error(whole(domain), format!("the mail of `{}` ends at `{other}` already", domain.value), None);
            }
        }
        for account in &server.accounts {
            if !ROLES.contains(&account.value.as_str()) {
                let hint = format!("accounts are named after roles: {}", ROLES.join(", "));
                self.error(whole(account), format!("`{}` is no role", account.value), Some(hint));
            }
            if let Some(other) = self.accounts.insert(account.value.clone(), name.clone()) {
                self.error(whole(account), format!("`{}` has an account at `{other}` already", account.value), None);
            }
        }
        for one in server.settings.iter().flat_map(|settings| &settings.administrators) {
            if !server.accounts.iter().any(|account| account.value == one.value) {
                self.error(whole(one), format!("`{}` has no account at `{name}`", one.value), None);
            }
        }
    }

    fn domain(&mut self, domain: &str, span: Span) {
        // RFC 1035 §2.3.4: labels have 63 octets at most, names 255 with their lengths.
        let label = |label: &str| (1..=63).contains(&label.len()) && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if domain.len() > 253 || !domain.split('.').all(label) {
            self.error(span, format!("`{domain}` is no domain name"), None);
        }
    }

    fn records(&mut self, domain: &str, at: &At<DomainYaml>, servers: &[Arc<Server>]) -> DomainRecords {
        self.domain(domain, point(at));
        DomainRecords {
            exchangers: at.value.mx.iter().map(|at| self.exchanger(at, servers)).collect(),
            address: at.value.address.as_ref().map(|server| self.route(server)),
        }
    }

    fn exchanger(&mut self, at: &At<ExchangerYaml>, servers: &[Arc<Server>]) -> Exchanger {
        let ExchangerYaml { preference, server, host } = &at.value;
        let host = match (server, host) {
            (Some(server), None) => {
                let name = self.route(server);
                servers.iter().find(|server| server.name == name).map(|server| server.host.clone()).unwrap_or_default()
            }
            (None, Some(host)) => {
                let name = host.value.strip_suffix('.').unwrap_or(&host.value);
                if host.value != "." {
                    self.domain(name, whole(host));
                }
                name.to_owned()
            }
            _ => {
                let hint = "`{preference: 10, server: hamburger}`, or `host: mail.example` for any name";
                self.error(point(at), "an MX record names a server or a host".to_owned(), Some(hint.to_owned()));
                String::new()
            }
        };
        Exchanger { preference: *preference, host }
    }

    fn server(&mut self, yaml: &ServerYaml) -> Server {
        for domain in &yaml.backs_up {
            self.domain(&domain.value, whole(domain));
            if yaml.domains.iter().any(|own| own.value.eq_ignore_ascii_case(&domain.value)) {
                self.error(whole(domain), format!("the mail of `{}` ends here: nothing is passed on", domain.value), None);
            }
        }
        let name = yaml.name.value.clone();
        let routes = match &yaml.routes {
            Some(given) => given.iter().map(|(domain, to)| (domain.to_ascii_lowercase(), self.route(to))).collect(),
            None if self.by_dns => BTreeMap::new(),
            None => self.domains.iter().filter(|(_, to)| **to != name).map(|(domain, to)| (domain.clone(), to.clone())).collect(),
        };
        let usual = format!("mail.{}", yaml.domains.first().map_or("", |domain| domain.value.as_str()));
        Server {
            host: yaml.host.clone().unwrap_or(usual),
            domains: yaml.domains.iter().map(|at| at.value.clone()).collect(),
            accounts: yaml.accounts.iter().map(|at| at.value.clone()).collect(),
            backs_up: yaml.backs_up.iter().map(|at| at.value.clone()).collect(),
            storage: match yaml.storage {
                Some(StorageYaml::Directory) => Storage::Directory,
                None | Some(StorageYaml::Memory) => Storage::Memory,
            },
            settings: self.settings(yaml.settings.as_ref().unwrap_or(&SettingsYaml::default())),
            routes,
            name,
        }
    }

    fn route(&mut self, to: &At<String>) -> String {
        if !self.servers.contains(&to.value) {
            let known = self.servers.clone();
            let meant = did_you_mean(&to.value, known.iter().map(String::as_str)).map(|meant| format!("did you mean `{meant}`?"));
            let hint = meant.unwrap_or_else(|| format!("servers are {}", known.into_iter().collect::<Vec<_>>().join(", ")));
            self.error(whole(to), format!("no server is named `{}`", to.value), Some(hint));
        }
        to.value.clone()
    }

    fn settings(&mut self, yaml: &SettingsYaml) -> Settings {
        Settings {
            retry_after: self.duration(yaml.retry_after.as_ref()),
            lifetime: self.duration(yaml.lifetime.as_ref()),
            retry_max: self.duration(yaml.retry_max.as_ref()),
            delay_warning: self.duration(yaml.delay_warning.as_ref()),
            without: yaml.without.clone(),
            no_mail: yaml.no_mail,
            administrators: yaml.administrators.iter().map(|at| at.value.clone()).collect(),
            utf8_only: yaml.utf8_only,
            passwords_under_tls: yaml.passwords_under_tls,
            message_size: yaml.message_size,
            recipients: yaml.recipients,
            message_limit: yaml.message_limit,
            save_limit: yaml.save_limit,
            progress_interval: self.duration(yaml.progress_interval.as_ref()),
            notifications: yaml.notifications,
            smtp_patience: self.duration(yaml.smtp_patience.as_ref()),
            pop3_patience: self.duration(yaml.pop3_patience.as_ref()),
            imap_patience: self.duration(yaml.imap_patience.as_ref()),
            sending_idle: self.duration(yaml.sending_idle.as_ref()),
            login_delay: self.duration(yaml.login_delay.as_ref()),
            expire: yaml.expire,
            sending_tls: yaml.sending_tls.map(|tls| match tls {
                SendingTlsYaml::Opportunistic => RelayTls::Opportunistic,
                SendingTlsYaml::Required => RelayTls::Required,
                SendingTlsYaml::Off => RelayTls::Off,
            }),
        }
    }

    fn duration(&mut self, at: Option<&At<String>>) -> Option<Duration> {
        let at = at?;
        duration::parse(&at.value).map_err(|message| self.error(whole(at), message, None)).ok()
    }
}

fn point<T>(at: &At<T>) -> Span {
    Span { line: at.line, column: at.column, length: 1 }
}

fn whole(at: &At<String>) -> Span {
    Span { line: at.line, column: at.column, length: at.value.chars().count().max(1) }
}

#[cfg(test)]
mod tests {
    use super::super::yaml::read;
    use super::*;

    fn built(text: &str) -> (Topology, Vec<String>) {
        let yaml: At<TopologyYaml> = read(text).unwrap_or_else(|error| panic!("{}", error.message));
        let mut problems = Vec::new();
        let topology = build("t.yaml", "t", &yaml.value, &mut problems);
        (topology, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_server_has_a_way_to_every_other_unless_the_file_says_which() {
        let (topology, problems) = built(
            "servers:\n- {name: a, domains: [a.example, A2.example], accounts: [alice]}\n\
             - {name: b, domains: [b.example], routes: {}, storage: directory, settings: {retry-after: 1m}}\n",
        );
        assert_eq!(problems, [""; 0]);
        let (a, b) = (&topology.servers[0], &topology.servers[1]);
        assert_eq!(a.routes, BTreeMap::from([("b.example".to_owned(), "b".to_owned())]));
        assert_eq!((b.routes.len(), b.storage, b.settings.retry_after), (0, Storage::Directory, Some(Duration::from_secs(60))));
        assert_eq!((a.host.as_str(), a.address("alice")), ("mail.a.example", "alice@a.example".to_owned()));
        assert_eq!(topology.home("alice").map(|server| server.name.as_str()), Some("a"));
    }

    #[test]
    fn with_a_dns_servers_need_no_routes() {
        let (topology, problems) = built(
            "servers:\n- {name: a, domains: [a.example]}\n- {name: b, domains: [b.example], backs-up: [c.example]}\n\
             dns:\n  C.example: {mx: [{preference: 10, server: b}, {preference: 20, host: x.c.example}], address: a}\n  \
             d.example: {mx: [{preference: 0, host: .}]}\n",
        );
        assert_eq!(problems, [""; 0]);
        assert!(topology.servers.iter().all(|server| server.routes.is_empty()));
        assert!(topology.leads("a", "b") && topology.leads("b", "a") && !topology.leads("a", "a") && !topology.leads("a", "c"));
        let dns = topology.dns.unwrap();
        let mx = |preference, host: &str| Exchanger { preference, host: host.to_owned() };
        assert_eq!(dns["c.example"].exchangers, [mx(10, "mail.b.example"), mx(20, "x.c.example")]);
        assert_eq!((dns["c.example"].address.as_deref(), dns["d.example"].exchangers.as_slice()), (Some("a"), &[mx(0, "")][..]));
    }

    #[test]
    fn records_that_cannot_be_are_told_where_they_stand() {
        let (_, problems) = built(
            "servers:\n- {name: a, domains: [a.example], backs-up: [A.example]}\n- {name: dns, domains: [b.example]}\ndns:\n  \
             a..b: {}\n  c.example:\n    address: nobody\n    mx:\n    - {preference: 1}\n    \
             - {preference: 1, server: a, host: b}\n    - {preference: 1, host: 'a b'}\n",
        );
        let says = |what: &str| assert!(problems.iter().any(|problem| problem.contains(what)), "{what} is not in {problems:#?}");
        says("t.yaml:2:46: the mail of `A.example` ends here");
        says("`dns` is no name for a server");
        says("`a..b` is no domain name");
        says("t.yaml:7:14: no server is named `nobody`");
        says("t.yaml:9:7: an MX record names a server or a host");
        says("t.yaml:10:7: an MX record names a server or a host");
        says("`a b` is no domain name");
        assert_eq!(problems.len(), 7, "{problems:#?}");
    }

    #[test]
    fn administrators_are_accounts_of_their_server() {
        let (_, problems) = built(
            "servers:\n- name: a\n  domains: [a.example]\n  accounts: [alice]\n  settings: {administrators: [alice, bob]}\n\
             - {name: b, domains: [b.example], accounts: [bob]}\n",
        );
        assert!(problems.len() == 1 && problems[0].contains("t.yaml:5:38: `bob` has no account at `a`"), "{problems:#?}");
    }

    #[test]
    fn names_that_cannot_be_are_told_where_they_stand() {
        let (_, problems) = built(
            "servers:\n- name: a\n  domains: [a.example]\n  accounts: [alice, eve]\n- name: a\n  domains: [a.example, 'b c']\n  \
             accounts: [alice]\n  routes: {c.example: B}\n  settings: {lifetime: long}\n- {name: under-test, domains: []}\n",
        );
        let says = |what: &str| assert!(problems.iter().any(|problem| problem.contains(what)), "{what} is not in {problems:#?}");
        says("t.yaml:4:21: `eve` is no role");
        says("t.yaml:5:9: the name `a` stands twice");
        says("the mail of `a.example` ends at `a` already");
        says("`b c` is no domain name");
        says("`alice` has an account at `a` already");
        says("no server is named `B`");
        says("`long` is no duration");
        says("`under-test` is no name");
        says("has no domain");
        assert_eq!(problems.len(), 9, "{problems:#?}");
    }
}
