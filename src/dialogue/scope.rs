//! What names mean while a case is played: the accounts leased for it, its private mailboxes, fixtures, and captures.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::Digest as _;

use crate::matching::Values;
use crate::protocol::Limits;
use crate::protocol::imap::Numbering;
use crate::suite::template::{Piece, Template};
use crate::suite::unescape;
use crate::suite::{CapabilityNeed, Fixtures, Protocol};

/// An account as a case sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub login: String,
    pub password: String,
    /// The address mail for it goes to: `alice@example.org`.
    pub address: String,
    /// Its bearer token (RFC 6750), where the target has them.
    pub token: Option<String>,
    /// The certificate it shows as TLS client: PEM, chain and key.
    pub certificate: Option<Arc<str>>,
}

/// A domain whose mail the server under test sends to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub domain: String,
    /// Where we listen for it.
    pub address: SocketAddr,
}

/// What the runner prepared for one case.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Role → account.
    pub accounts: BTreeMap<String, Account>,
    /// Role → peer.
    pub peers: BTreeMap<String, Peer>,
    /// Variable → real mailbox name.
    pub mailboxes: BTreeMap<String, String>,
    /// What `${new.x}` names start with; private to the case, namespace prefix included.
    pub private_prefix: String,
    /// The mail domain of the target.
    pub domain: String,
    /// A mailbox that belongs to nobody, where the target has one.
    pub shared_mailbox: Option<String>,
    /// Letters and digits, new for each case.
    pub unique: String,
    pub fixtures: Arc<Fixtures>,
    /// What the target announces, by protocol.
    pub capabilities: BTreeMap<Protocol, Vec<String>>,
    /// The same under TLS.
    pub secured_capabilities: BTreeMap<Protocol, Vec<String>>,
    /// What the services `submission` and `lmtp` announce, each by its name.
    pub service_capabilities: BTreeMap<String, Vec<String>>,
    /// How long one exchange may take.
    pub step_timeout: Duration,
    pub limits: Limits,
}

impl Environment {
    /// Whether the target announces a capability; names ignore case, a parameter may be asked for (`AUTH PLAIN`), the value
    /// of an IMAP capability left out (`APPENDLIMIT`), and another
    /// protocol's be named (`imap:IDLE`), what is announced under TLS (`tls:AUTH PLAIN`, `imap:tls:AUTH=PLAIN`), or what another
    /// service announces (`submission:FUTURERELEASE`, `lmtp:CHUNKING`).
    pub fn offers(&self, protocol: Protocol, need: &CapabilityNeed) -> bool {
        let (protocol, name) = match need.name.split_once(':') {
            Some((prefix, name)) => match Protocol::ALL.into_iter().find(|known| known.name() == prefix) {
                Some(other) => (other, name),
                None => (protocol, need.name.as_str()),
            },
            None => (protocol, need.name.as_str()),
        };
        let (announced, name) = match name.split_once(':') {
            Some(("tls", name)) => (self.secured_capabilities.get(&protocol), name),
            Some((service @ ("submission" | "lmtp"), name)) => (self.service_capabilities.get(service), name),
            _ => (self.capabilities.get(&protocol), name),
        };
        let announced = announced.map_or(&[][..], Vec::as_slice);
        let mut wanted = name.split_whitespace();
        let keyword = wanted.next().unwrap_or_default();
        let parameters: Vec<&str> = wanted.collect();
        let present = announced.iter().any(|line| {
            let mut words = line.split_whitespace();
            words.next().is_some_and(|word| is_capability(word, keyword))
                && parameters.iter().all(|wanted| words.clone().any(|word| word.eq_ignore_ascii_case(wanted)))
        });
        present == need.present
    }
}

/// Whether an announced word is this capability; one with a value (`APPENDLIMIT=1000`) may be asked for without it.
fn is_capability(word: &str, keyword: &str) -> bool {
    let bare = word.split_once('=').map_or(word, |(bare, _)| bare);
    word.eq_ignore_ascii_case(keyword) || bare.eq_ignore_ascii_case(keyword)
}

/// The environment and what was captured so far.
#[derive(Clone, Debug)]
pub struct Scope {
    pub environment: Arc<Environment>,
    /// In order of binding.
    pub captures: Vec<(String, Vec<u8>)>,
}

impl Scope {
    /// Nothing captured yet.
    pub fn new(environment: Arc<Environment>) -> Scope {
        Scope { environment, captures: Vec::new() }
    }

    /// The fixture's bytes; also for `${size:…}`.
    fn fixture(&self, argument: Option<&str>) -> Option<Vec<u8>> {
        let argument = argument?;
        match argument.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(text) => self.text(text),
            None => self.environment.fixtures.get(argument).map(|bytes| bytes.to_vec()),
        }
    }

    /// A text in which other holes and the escapes of `raw:` may stand.
    fn text(&self, text: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for piece in Template::parse(text).ok()?.pieces {
            match piece {
                Piece::Text(text) => out.extend(unescape(&text).ok()?),
                Piece::Hole(hole) => out.extend(self.value(&hole.name, hole.argument.as_deref())?),
            }
        }
        Some(out)
    }

    fn peer_field(&self, name: &str) -> Option<&str> {
        let (peer, field) = name.split_once('.')?;
        let peer = self.environment.peers.get(peer)?;
        (field == "domain").then_some(&peer.domain)
    }

    fn account_field(&self, name: &str) -> Option<&str> {
        let (role, field) = name.split_once('.')?;
        let account = self.environment.accounts.get(role)?;
        match field {
            "login" => Some(&account.login),
            "password" => Some(&account.password),
            "address" => Some(&account.address),
            "token" => account.token.as_deref(),
            "local-part" => Some(account.address.rsplit_once('@').map_or(account.address.as_str(), |(local, _)| local)),
            _ => None,
        }
    }

    /// What the account of a role shows as TLS client; the error says what is missing.
    pub fn certificate(&self, role: &str) -> Result<Arc<str>, String> {
        let account = self.environment.accounts.get(role).ok_or_else(|| format!("no account is leased for the role `{role}`"))?;
        let missing = || format!("the account of `{role}` has no `client-certificate:` in the target file");
        account.certificate.clone().ok_or_else(missing)
    }

    /// The initial response of SASL PLAIN (RFC 4616 §2) for a role, not encoded.
    pub fn sasl_plain(&self, role: &str) -> Option<Vec<u8>> {
        let account = self.environment.accounts.get(role)?;
        Some(format!("\0{}\0{}", account.login, account.password).into_bytes())
    }
}

impl Values for Scope {
    fn value(&self, name: &str, argument: Option<&str>) -> Option<Vec<u8>> {
        if let Some((_, value)) = self.captures.iter().rev().find(|(known, _)| known == name) {
            return Some(value.clone());
        }
        let environment = &self.environment;
        let text = match name {
            "domain" => environment.domain.clone(),
            "unique" => environment.unique.clone(),
            "shared-mailbox" => environment.shared_mailbox.clone()?,
            "nobody.address" => format!("nobody-{}@{}", environment.unique, environment.domain),
            "foreign.address" => "someone@elsewhere.invalid".to_owned(),
            "foreign.domain" => "elsewhere.invalid".to_owned(),
            "upper" => return Some(self.text(argument?)?.to_ascii_uppercase()),
            "literal" | "message" => return self.fixture(argument),
            "size" => self.fixture(argument)?.len().to_string(),
            "base64" => BASE64.encode(self.text(argument?)?),
            "md5" => md5::Md5::digest(self.text(argument?)?).iter().map(|byte| format!("{byte:02x}")).collect(),
            "sasl-plain" => BASE64.encode(self.sasl_plain(argument?)?),
            "repeat" => {
                let (count, text) = argument?.split_once(':')?;
                text.repeat(count.parse::<usize>().ok().filter(|count| count.saturating_mul(text.len()) <= 256 << 20)?)
            }
            name => match name.strip_prefix("new.") {
                Some(rest) => format!("{}new-{rest}", environment.private_prefix),
                None => match environment.mailboxes.get(name) {
                    Some(mailbox) => mailbox.clone(),
                    None => self.peer_field(name).or_else(|| self.account_field(name))?.to_owned(),
                },
            },
        };
        Some(text.into_bytes())
    }
}

/// What is known in an exchange: also which number a message has.
pub struct OnConnection<'a> {
    pub scope: &'a Scope,
    pub numbering: Option<&'a Numbering>,
}

impl Values for OnConnection<'_> {
    fn value(&self, name: &str, argument: Option<&str>) -> Option<Vec<u8>> {
        self.scope.value(name, argument)
    }

    fn message_number(&self, initial: u32, offset: u64) -> Option<u64> {
        self.numbering?.current(initial, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::values::VALUE_NAMES;

    fn environment() -> Environment {
        Environment {
            accounts: BTreeMap::from([(
                "alice".to_owned(),
                Account {
                    login: "l".into(),
                    password: "p".into(),
                    address: "a@example.org".into(),
                    token: Some("t".into()),
                    certificate: None,
                },
            )]),
            peers: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            private_prefix: "p-".into(),
            domain: "example.org".into(),
            shared_mailbox: Some("Shared/x".into()),
            unique: "u".into(),
            fixtures: Arc::new(Fixtures::from([("plain".to_owned(), Arc::from(&b"x"[..]))])),
            capabilities: BTreeMap::new(),
            secured_capabilities: BTreeMap::new(),
            service_capabilities: BTreeMap::new(),
            step_timeout: Duration::ZERO,
            limits: Limits::default(),
        }
    }

    #[test]
    fn capabilities_are_asked_for_by_protocol_by_service_and_under_tls() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut environment = environment();
        environment.capabilities.insert(Protocol::Smtp, names(&["AUTH CRAM-MD5"]));
        environment.secured_capabilities.insert(Protocol::Smtp, names(&["AUTH PLAIN CRAM-MD5"]));
        environment.secured_capabilities.insert(Protocol::Imap, names(&["AUTH=PLAIN"]));
        environment.service_capabilities.insert("submission".into(), names(&["FUTURERELEASE 60 2030-01-01T00:00:00Z"]));
        let offers = |name: &str, present| environment.offers(Protocol::Smtp, &CapabilityNeed { name: name.into(), present });
        assert!(offers("AUTH CRAM-MD5", true) && offers("tls:AUTH PLAIN", true) && offers("imap:tls:AUTH=PLAIN", true));
        assert!(
            offers("submission:FUTURERELEASE", true) && offers("lmtp:FUTURERELEASE", false) && offers("FUTURERELEASE", false)
        );
        assert!(offers("AUTH PLAIN", false) && offers("imap:AUTH=PLAIN", false) && offers("tls:AUTH LOGIN", false));
    }

    #[test]
    fn every_name_the_lint_knows_has_a_value() {
        let scope = Scope::new(Arc::new(environment()));
        for name in VALUE_NAMES {
            let argument = match name {
                "literal" | "message" | "size" => Some("plain"),
                "sasl-plain" => Some("alice"),
                "repeat" => Some("2:x"),
                _ => Some("text"),
            };
            assert!(scope.value(name, argument).is_some(), "{name}");
        }
        assert!(scope.value("no-such-name", None).is_none());
    }
}
