//! What an account proves itself by: a password in clear, its argon2 hash, SCRAM keys, a bearer token.
//!
//! A password in clear does every mechanism. Keys and hashes do what they can: an argon2 hash verifies a password that is
//! sent, SCRAM keys do that and SCRAM; neither gives CRAM-MD5 or APOP, which are computed from the password itself.

use std::sync::{Mutex, OnceLock, PoisonError};

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;

use super::digest::Digests;
use super::saslprep;
use super::scram::{HashFunction, ITERATIONS, ScramKeys};
use crate::waiting::waiting;

/// What is known of an account's secrets. A slow hash is computed once for the password that turns out to be right, then
/// a keyed digest of it is compared, so that hundreds of logins do not cost a slow hash each.
pub(super) struct Credential {
    /// The password as it was given: what CRAM-MD5 and APOP hash.
    clear: Option<String>,
    /// A PHC string of argon2.
    hash: Option<String>,
    /// The SCRAM keys that were given.
    given: Vec<ScramKeys>,
    /// Those made from the clear password when they are first asked for, in the order of [`HashFunction::ALL`].
    derived: [OnceLock<ScramKeys>; 2],
    /// The digest of the last password that a slow check accepted.
    verified: Mutex<Option<[u8; 32]>>,
    /// The digest of the bearer token.
    token: Option<[u8; 32]>,
}

impl Credential {
    /// Takes the secret as [`crate::config::AccountConfig`] explains it; the error says what is wrong with it.
    pub fn parse(secret: &str, token: Option<&str>, digests: &Digests) -> Result<Self, String> {
        let mut credential = Credential {
            clear: None,
            hash: None,
            given: Vec::new(),
            derived: Default::default(),
            verified: Mutex::default(),
            token: token.map(|token| digests.of("token", token.as_bytes())),
        };
        if !is_stored(secret) {
            credential.clear = Some(secret.to_owned());
            return Ok(credential);
        }
        for part in secret.split_ascii_whitespace() {
            if part.starts_with("$argon2") {
                PasswordHash::new(part).map_err(|error| format!("the argon2 hash cannot be read: {error}"))?;
                credential.hash = Some(part.to_owned());
            } else {
                let keys = ScramKeys::parse(part)?;
                if credential.given.iter().any(|known| known.function == keys.function) {
                    return Err(format!("there are two keys for {}", keys.function.name()));
                }
                credential.given.push(keys);
            }
        }
        Ok(credential)
    }

    /// Whether this is the account's password.
    pub fn accepts(&self, password: &[u8], digests: &Digests) -> bool {
        let prepared = saslprep::lenient(password);
        let digest = digests.of("password", &prepared);
        if let Some(clear) = &self.clear {
            return digests.same(&digest, &digests.of("password", &saslprep::lenient(clear.as_bytes())));
        }
        // One check at a time: an account that is guessed at costs one processor, not all.
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.is_some_and(|known| digests.same(&digest, &known)) {
            return true;
        }
        // The hash is slow on purpose.
        let hashed = |phc: &String| {
            waiting(|| PasswordHash::new(phc).is_ok_and(|hash| Argon2::default().verify_password(&prepared, &hash).is_ok()))
        };
        let right = match &self.hash {
            Some(phc) => hashed(phc),
            None => self.given.first().is_some_and(|keys| keys.are_of(&prepared)),
        };
        if right {
            *verified = Some(digest);
        }
        right
    }

    /// Whether this is the account's bearer token.
    pub fn accepts_token(&self, token: &[u8], digests: &Digests) -> bool {
        // An account without a token is compared too, so that the time does not tell who has one.
        let known = self.token.unwrap_or_else(|| digests.of("no token", token));
        digests.same(&digests.of("token", token), &known)
    }

    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// The password itself, where it is known.
    pub fn clear(&self) -> Option<&str> {
        self.clear.as_deref()
    }

    /// The SCRAM keys for this hash function, which a clear password gives with this salt; `None` where only an argon2
    /// hash, or keys of the other function, are known.
    pub fn scram_keys(&self, function: HashFunction, salt: impl FnOnce() -> Vec<u8>) -> Option<&ScramKeys> {
        if let Some(keys) = self.given.iter().find(|keys| keys.function == function) {
            return Some(keys);
        }
        let clear = self.clear.as_ref()?;
        let place = HashFunction::ALL.iter().position(|known| *known == function)?;
        let derive = || ScramKeys::derive(function, &saslprep::lenient(clear.as_bytes()), salt(), ITERATIONS);
        Some(self.derived.get(place)?.get_or_init(derive))
    }

    /// Whether SCRAM with this hash function is possible at all.
    pub fn does_scram(&self, function: HashFunction) -> bool {
        self.clear.is_some() || self.given.iter().any(|keys| keys.function == function)
    }
}

/// Whether a secret is a stored form and not the password itself.
fn is_stored(secret: &str) -> bool {
    secret.starts_with("$argon2")
        || HashFunction::ALL.iter().any(|function| secret.strip_prefix(function.name()).is_some_and(|rest| rest.starts_with('$')))
}
