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
use super::topology::{RelayTls, Server, Settings, Storage, Topology, UNDER_TEST};
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
}

/// One server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
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
    pub storage: Option<StorageYaml>,
    /// Domain → the server its mail is sent to. Default: every domain of every other server. `{}`: no way to anyone.
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
    /// How long an SMTP client may be silent: `5m`.
    pub smtp_patience: Option<At<String>>,
    /// How long a POP3 client may be silent: `10m`.
    pub pop3_patience: Option<At<String>>,
    /// How long an IMAP client that has logged in may be silent: `30m`.
    pub imap_patience: Option<At<String>>,
    /// When mail to other servers is encrypted.
    pub sending_tls: Option<SendingTlsYaml>,
    /// How long a POP3 user has to wait between two logins: `15m`.
    pub login_delay: Option<At<String>>,
    /// After how many days POP3 users lose messages they did not delete; 0: when a session has retrieved them.
    pub expire: Option<u32>,
    /// Extensions it does without, as `mailspec serve --list-extensions` names them.
    #[serde(default)]
    pub without: Vec<String>,
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
    let mut reader = Reader { file, problems, servers: BTreeSet::new(), domains: BTreeMap::new(), accounts: BTreeMap::new() };
    if yaml.servers.is_empty() {
        reader.error(Span { line: 1, column: 1, length: 1 }, "a topology has at least one server".to_owned(), None);
    }
    for at in &yaml.servers {
        reader.names(&at.value);
    }
    let servers = yaml.servers.iter().map(|at| Arc::new(reader.server(&at.value))).collect();
    Topology { name: name.to_owned(), description: yaml.description.clone(), servers }
}

struct Reader<'a> {
    file: &'a str,
    problems: &'a mut Vec<Problem>,
    servers: BTreeSet<String>,
    /// Domain → server.
    domains: BTreeMap<String, String>,
    /// Role → server.
    accounts: BTreeMap<String, String>,
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
        if !sound || name == UNDER_TEST {
            let hint = format!("lower-case letters, digits and hyphens make one; `{UNDER_TEST}` is taken");
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
            let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if !domain.value.split('.').all(label) {
                self.error(whole(domain), format!("`{}` is no domain name", domain.value), None);
            }
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
    }

    fn server(&mut self, yaml: &ServerYaml) -> Server {
        let name = yaml.name.value.clone();
        let routes = match &yaml.routes {
            Some(given) => given.iter().map(|(domain, to)| (domain.to_ascii_lowercase(), self.route(to))).collect(),
            None => self.domains.iter().filter(|(_, to)| **to != name).map(|(domain, to)| (domain.clone(), to.clone())).collect(),
        };
        let usual = format!("mail.{}", yaml.domains.first().map_or("", |domain| domain.value.as_str()));
        Server {
            host: yaml.host.clone().unwrap_or(usual),
            domains: yaml.domains.iter().map(|at| at.value.clone()).collect(),
            accounts: yaml.accounts.iter().map(|at| at.value.clone()).collect(),
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
            message_size: yaml.message_size,
            recipients: yaml.recipients,
            smtp_patience: self.duration(yaml.smtp_patience.as_ref()),
            pop3_patience: self.duration(yaml.pop3_patience.as_ref()),
            imap_patience: self.duration(yaml.imap_patience.as_ref()),
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
