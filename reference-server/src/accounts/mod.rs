//! Who has mailboxes here, and whether a password, a token or a name in a certificate is theirs.
//!
//! A password given in clear stays in memory, because CRAM-MD5, APOP and SCRAM are computed from it; nothing of it is ever
//! written down.

mod credential;
mod digest;
pub mod saslprep;
pub mod scram;

mod aliases;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use anyhow::bail;

use credential::Credential;
use digest::Digests;
use scram::{HashFunction, ScramKeys};

use crate::config::{AccountConfig, AliasConfig, ListConfig, TokenConfig};
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
    digests: Digests,
}

/// Someone with mailboxes.
pub struct Account {
    name: String,
    address: Address,
    credential: Credential,
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
        self.credential.clear()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Account").field(&self.name).finish()
    }
}

impl Accounts {
    /// Takes the domains, the first of which completes names without a domain, the accounts, and their bearer tokens.
    pub fn new(domains: &[String], given: &[AccountConfig], tokens: &[TokenConfig]) -> anyhow::Result<Self> {
        let digests = Digests::new()?;
        let mut accounts = HashMap::new();
        let mut postmasters = HashMap::new();
        let domains: Vec<String> = domains.iter().map(|domain| domain.to_ascii_lowercase()).collect();
        for AccountConfig { address, secret } in given {
            let Some(domain) = domains.iter().find(|domain| address.domain().is(domain)) else {
                bail!("account {address} is in none of the domains ({}); add --domain {}", domains.join(", "), address.domain());
            };
            let token = tokens.iter().find(|token| canonical(&token.address) == canonical(address));
            let credential = Credential::parse(secret, token.map(|token| token.token.as_str()), &digests)
                .map_err(|error| anyhow::anyhow!("the secret of {address}: {error}"))?;
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
        if let Some(stray) = tokens.iter().find(|token| !accounts.contains_key(&canonical(&token.address))) {
            bail!("there is a token for {}, which is no account; add --account {}:PASSWORD", stray.address, stray.address);
        }
        Ok(Self { domains, accounts, postmasters, aliases: Aliases::default(), digests })
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

    /// Whether a host name is one of the domains.
    pub fn is_own_domain(&self, name: &str) -> bool {
        self.domains.iter().any(|own| own.eq_ignore_ascii_case(name))
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

    /// The name of the account with this address, for what is configured about it.
    pub fn named(&self, address: &Address) -> anyhow::Result<String> {
        match self.accounts.get(&canonical(address)) {
            Some(account) => Ok(account.name().to_owned()),
            None => bail!("{address} is no account; add --account {address}:PASSWORD"),
        }
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
            let _ = self.digests.same(&self.digests.of("password", password), &self.digests.of("nobody", password));
            return None;
        };
        account.credential.accepts(password, &self.digests).then(|| account.clone())
    }

    /// The account this bearer token was given to.
    pub fn bearer(&self, token: &[u8]) -> Option<Arc<Account>> {
        // All of them are looked at, so that the time does not tell whose token it nearly was.
        self.accounts.values().filter(|account| account.credential.accepts_token(token, &self.digests)).last().cloned()
    }

    /// The SCRAM keys of the login; for one that does not exist or cannot do SCRAM keys that nobody has the password of,
    /// the same each time, so that the salt does not tell who exists.
    pub fn scram(&self, login: &str, function: HashFunction) -> (Option<Arc<Account>>, ScramKeys) {
        let salt = || self.salt(login, function);
        let found = self.login(login).and_then(|account| Some((account, account.credential.scram_keys(function, salt)?)));
        match found {
            Some((account, keys)) => (Some(account.clone()), keys.clone()),
            None => {
                let size = function.size();
                let key = |usage| self.digests.of(usage, login.as_bytes()).get(..size).unwrap_or_default().to_vec();
                let (stored_key, server_key) = (key("stored key of nobody"), key("server key of nobody"));
                (None, ScramKeys { function, iterations: scram::ITERATIONS, salt: salt(), stored_key, server_key })
            }
        }
    }

    /// The salt of a login. A name has the same with and without a domain of ours, as the logins of an account do.
    fn salt(&self, login: &str, function: HashFunction) -> Vec<u8> {
        let login = login.to_ascii_lowercase();
        let local = login.rsplit_once('@').filter(|(_, domain)| self.domains.iter().any(|own| own == domain));
        let name = local.map_or(login.as_str(), |(local, _)| local);
        self.digests.of(function.name(), name.as_bytes()).get(..scram::SALT).unwrap_or_default().to_vec()
    }

    /// Whether any account has what challenge-response mechanisms need.
    pub fn shares_secrets(&self) -> bool {
        self.accounts.values().any(|account| account.shared_secret().is_some())
    }

    /// Whether any account can do SCRAM with this hash function.
    pub fn does_scram(&self, function: HashFunction) -> bool {
        self.accounts.values().any(|account| account.credential.does_scram(function))
    }

    /// Whether any account has a bearer token.
    pub fn has_tokens(&self) -> bool {
        self.accounts.values().any(|account| account.credential.has_token())
    }

    pub fn all(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.accounts.values()
    }
}

/// The address in lower case, prepared as logins are, so that it does not matter in which form its characters were typed.
fn canonical(address: &Address) -> String {
    let address = address.to_string().to_ascii_lowercase();
    saslprep::query(&address).map_or_else(|| address.clone(), |prepared| prepared.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::PasswordHasher;
    use argon2::{Argon2, Params};

    fn accounts(given: &[&str]) -> Accounts {
        let given: Vec<AccountConfig> = given.iter().map(|text| text.parse().unwrap()).collect();
        Accounts::new(&["example.org".into(), "example.net".into()], &given, &[]).unwrap()
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
    fn stored_forms_do_what_they_can() {
        let keys = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
        let accounts = accounts(&[&format!("alice@example.org:{keys}")]);
        let alice = accounts.login("alice").unwrap();
        assert!(alice.shared_secret().is_none());
        assert!(accounts.verify("alice", b"pencil").is_some() && accounts.verify("alice", b"pen").is_none());
        assert!(accounts.does_scram(HashFunction::Sha256) && !accounts.does_scram(HashFunction::Sha1));
        assert_eq!(accounts.scram("alice", HashFunction::Sha256).1, ScramKeys::parse(keys).unwrap());
        assert!(accounts.scram("alice", HashFunction::Sha1).0.is_none());
    }

    #[test]
    fn the_salt_does_not_tell_who_exists() {
        let accounts = accounts(&["alice@example.org:one", "bob@example.net:two"]);
        for function in HashFunction::ALL {
            let salt = |login: &str| accounts.scram(login, function).1.salt;
            for name in ["alice", "bob", "nobody"] {
                let salts = ["", "@example.org", "@EXAMPLE.net"].map(|domain| salt(&format!("{name}{domain}")));
                assert!(salts.iter().all(|other| *other == salts[0]));
            }
            assert_ne!(salt("alice"), salt("nobody"));
            let (nobody, keys) = accounts.scram("nobody", function);
            assert!(nobody.is_none() && keys.salt.len() == 16 && keys.iterations == 4096);
            assert_eq!(keys, accounts.scram("nobody", function).1);
        }
    }

    #[test]
    fn a_token_is_of_one_account() {
        let given = ["alice@example.org:one", "bob@example.org:two"].map(|text| text.parse().unwrap());
        let token = |text: &str| text.parse::<TokenConfig>().unwrap();
        let accounts = Accounts::new(&["example.org".into()], &given, &[token("Bob@example.org:t0ken")]).unwrap();
        assert_eq!(accounts.bearer(b"t0ken").unwrap().name(), "bob@example.org");
        assert!(accounts.bearer(b"t0ke").is_none() && accounts.bearer(b"").is_none() && accounts.has_tokens());
        assert!(Accounts::new(&["example.org".into()], &given, &[token("carol@example.org:x")]).is_err());
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
