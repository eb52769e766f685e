//! Who has mailboxes here, and whether a password is theirs.
//!
//! A password given in clear stays in memory, because CRAM-MD5 and APOP are computed from it; nothing of it is ever
//! written down. A password given as an argon2 hash is verified against the hash once and then by a keyed digest, so
//! that hundreds of logins do not cost a slow hash each.

mod aliases;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::{AccountConfig, AliasConfig, ListConfig};
use crate::mail::{Address, Domain};

pub use aliases::Alias;
use aliases::Aliases;

/// The accounts of a server, and the domains it is responsible for.
pub struct Accounts {
    domains: Vec<String>,
    /// By lower-case address.
    accounts: HashMap<String, Arc<Account>>,
    /// The account that gets mail for postmaster of each domain.
    postmasters: HashMap<String, Arc<Account>>,
    aliases: Aliases,
    /// Key of the digests; made at start, never leaves the process.
    key: [u8; 64],
}

/// Someone with mailboxes.
pub struct Account {
    name: String,
    address: Address,
    credential: Credential,
}

enum Credential {
    Clear(String),
    Hashed {
        phc: String,
        /// The digest of the last password that the hash accepted.
        verified: Mutex<Option<[u8; 32]>>,
    },
}

impl Account {
    /// What the store knows the account by: its address in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The shared secret of CRAM-MD5 (RFC 2195) and APOP (RFC 1939 §7); `None` where only a hash is known.
    pub fn shared_secret(&self) -> Option<&str> {
        match &self.credential {
            Credential::Clear(password) => Some(password),
            Credential::Hashed { .. } => None,
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Account").field(&self.name).finish()
    }
}

impl Accounts {
    /// Takes the domains, the first of which completes names without a domain, and the accounts.
    pub fn new(domains: &[String], given: &[AccountConfig]) -> anyhow::Result<Self> {
        let mut key = [0; 64];
        getrandom::fill(&mut key).context("the system gives no random numbers")?;
        let mut accounts = HashMap::new();
        let mut postmasters = HashMap::new();
        let domains: Vec<String> = domains.iter().map(|domain| domain.to_ascii_lowercase()).collect();
        for AccountConfig { address, secret } in given {
            let Some(domain) = domains.iter().find(|domain| address.domain().is(domain)) else {
                bail!("account {address} is in none of the domains ({}); add --domain {}", domains.join(", "), address.domain());
            };
            let credential = if secret.starts_with("$argon2") {
                PasswordHash::new(secret).map_err(|error| anyhow::anyhow!("the hash of {address} cannot be read: {error}"))?;
                Credential::Hashed { phc: secret.clone(), verified: Mutex::new(None) }
            } else {
                Credential::Clear(secret.clone())
            };
            let name = canonical(address);
            let account = Arc::new(Account { name: name.clone(), address: address.clone(), credential });
            if accounts.insert(name, account.clone()).is_some() {
                bail!("account {address} is given twice");
            }
            // RFC 5321 §4.5.1: every domain has a postmaster. Without an account of that name it is the first one.
            let first = !postmasters.contains_key(domain);
            if first || address.local().eq_ignore_ascii_case("postmaster") {
                postmasters.insert(domain.clone(), account);
            }
        }
        Ok(Self { domains, accounts, postmasters, aliases: Aliases::default(), key })
    }

    /// Adds addresses that stand for others. They must be of the own domains, and their own members must exist.
    pub fn with_aliases(mut self, aliases: &[AliasConfig], lists: &[ListConfig]) -> anyhow::Result<Self> {
        self.aliases = Aliases::new(aliases, lists)?;
        self.aliases.check(&self)?;
        Ok(self)
    }

    /// The alias or mailing list of this address.
    pub fn alias(&self, address: &Address) -> Option<&Alias> {
        self.aliases.find(address)
    }

    /// The addresses that mail for an alias or a mailing list goes to, each once, and none of them an alias here.
    pub fn members(&self, alias: &Alias) -> Vec<Address> {
        self.aliases.expand(alias)
    }

    /// Whether there is somewhere to put mail for this address.
    pub fn takes(&self, address: &Address) -> bool {
        self.alias(address).is_some() || self.recipient(address).is_some()
    }

    /// Whether mail for this domain ends here.
    pub fn is_local(&self, domain: &Domain) -> bool {
        self.domains.iter().any(|own| domain.is(own))
    }

    /// The domain that completes `<postmaster>` and a login without a domain.
    pub fn domain(&self) -> &str {
        self.domains.first().map_or("localhost", String::as_str)
    }

    /// The account that gets mail for this address. The case of the local part does not matter here: it is ours to
    /// interpret (RFC 5321 §2.4), and `postmaster` must not depend on it (RFC 5321 §4.5.1).
    pub fn recipient(&self, address: &Address) -> Option<&Arc<Account>> {
        self.accounts.get(&canonical(address)).or_else(|| {
            let Domain::Name(domain) = address.domain() else { return None };
            self.postmasters.get(domain).filter(|_| address.local().eq_ignore_ascii_case("postmaster"))
        })
    }

    /// The account of a login: a whole address, or a local part, looked for in the domains in their order.
    pub fn login(&self, login: &str) -> Option<&Arc<Account>> {
        let login = login.to_ascii_lowercase();
        self.accounts.get(&login).or_else(|| {
            let in_domain = |domain: &String| Some(Address::new(login.as_str(), Domain::Name(domain.clone())).to_string());
            self.domains.iter().filter_map(in_domain).find_map(|address| self.accounts.get(&address))
        })
    }

    /// The account of the login if the password is right.
    pub fn verify(&self, login: &str, password: &[u8]) -> Option<Arc<Account>> {
        let Some(account) = self.login(login) else {
            // The same work as for an account with a clear password: the answer's time does not tell who exists.
            let _ = self.digest(password).verify_slice(&self.key);
            return None;
        };
        let right = match &account.credential {
            Credential::Clear(secret) => self.same(password, &self.digest(secret.as_bytes()).finalize().into_bytes()),
            Credential::Hashed { phc, verified } => {
                let mut verified = verified.lock().unwrap_or_else(PoisonError::into_inner);
                if verified.is_some_and(|digest| self.same(password, &digest)) {
                    true
                } else {
                    let right =
                        PasswordHash::new(phc).is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok());
                    if right {
                        *verified = Some(self.digest(password).finalize().into_bytes().into());
                    }
                    right
                }
            }
        };
        right.then(|| account.clone())
    }

    /// Whether any account has what challenge-response mechanisms need.
    pub fn shares_secrets(&self) -> bool {
        self.accounts.values().any(|account| account.shared_secret().is_some())
    }

    pub fn all(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.accounts.values()
    }

    fn same(&self, password: &[u8], digest: &[u8]) -> bool {
        // `verify_slice` compares in constant time.
        self.digest(password).verify_slice(digest).is_ok()
    }

    fn digest(&self, password: &[u8]) -> Hmac<Sha256> {
        let mut digest = Hmac::<Sha256>::new(&self.key.into());
        digest.update(password);
        digest
    }
}

fn canonical(address: &Address) -> String {
    address.to_string().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::Params;
    use argon2::password_hash::PasswordHasher;

    fn accounts(given: &[&str]) -> Accounts {
        let given: Vec<AccountConfig> = given.iter().map(|text| text.parse().unwrap()).collect();
        Accounts::new(&["example.org".into(), "example.net".into()], &given).unwrap()
    }

    #[test]
    fn a_login_is_an_address_or_a_local_part() {
        let accounts = accounts(&["alice@example.org:one", "alice@example.net:two", "bob@example.net:three"]);
        let name = |login, password: &str| accounts.verify(login, password.as_bytes()).map(|a| a.name().to_owned());
        assert_eq!(name("alice", "one").as_deref(), Some("alice@example.org"));
        assert_eq!(name("Alice@Example.NET", "two").as_deref(), Some("alice@example.net"));
        assert_eq!(name("bob", "three").as_deref(), Some("bob@example.net"));
        assert_eq!(name("alice", "two"), None);
        assert_eq!(name("alice", ""), None);
        assert_eq!(name("carol", "one"), None);
    }

    #[test]
    fn a_hashed_password_is_verified_and_then_remembered() {
        let argon2 = Argon2::from(Params::new(8, 1, 1, None).unwrap());
        let phc = PasswordHasher::<argon2::password_hash::phc::PasswordHash>::hash_password(&argon2, b"secret").unwrap();
        let accounts = accounts(&[&format!("alice@example.org:{phc}")]);
        for _ in 0..2 {
            assert!(accounts.verify("alice", b"secret").is_some());
            assert!(accounts.verify("alice", b"secret ").is_none());
        }
        assert!(accounts.login("alice").unwrap().shared_secret().is_none() && !accounts.shares_secrets());
    }

    #[test]
    fn every_domain_has_a_postmaster() {
        let accounts = accounts(&["alice@example.org:one", "bob@example.net:x", "postmaster@example.net:y"]);
        let name = |address| accounts.recipient(&Address::parse(address).unwrap()).map(|a| a.name().to_owned());
        assert_eq!(name("PostMaster@example.org").as_deref(), Some("alice@example.org"));
        assert_eq!(name("postmaster@example.net").as_deref(), Some("postmaster@example.net"));
        assert_eq!(name("\"alice\"@example.org").as_deref(), Some("alice@example.org"));
        assert_eq!(name("carol@example.org"), None);
    }
}
