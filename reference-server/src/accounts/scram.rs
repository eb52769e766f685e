//! The keys of SCRAM (RFC 5802 §3): made from a password, or read in the form of RFC 5803.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How often a password is hashed: "SHOULD be at least 4096" (RFC 7677 §3, RFC 5802 §5.1).
pub const ITERATIONS: u32 = 4096;

/// Octets of a salt that is made here.
pub const SALT: usize = 16;

/// The hash function of a SCRAM mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashFunction {
    /// RFC 5802.
    Sha1,
    /// RFC 7677.
    Sha256,
}

impl HashFunction {
    pub const ALL: [HashFunction; 2] = [HashFunction::Sha1, HashFunction::Sha256];

    /// The mechanism's name, which is the scheme of RFC 5803 too.
    pub fn name(self) -> &'static str {
        match self {
            HashFunction::Sha1 => "SCRAM-SHA-1",
            HashFunction::Sha256 => "SCRAM-SHA-256",
        }
    }

    /// Octets of its result.
    pub fn size(self) -> usize {
        match self {
            HashFunction::Sha1 => 20,
            HashFunction::Sha256 => 32,
        }
    }

    /// H() of RFC 5802 §2.2.
    pub fn hash(self, octets: &[u8]) -> Vec<u8> {
        match self {
            HashFunction::Sha1 => Sha1::digest(octets).to_vec(),
            HashFunction::Sha256 => Sha256::digest(octets).to_vec(),
        }
    }

    /// HMAC() of RFC 5802 §2.2.
    pub fn hmac(self, key: &[u8], octets: &[u8]) -> Vec<u8> {
        // HMAC takes keys of any length, so there is no error to speak of.
        match self {
            HashFunction::Sha1 => {
                Hmac::<Sha1>::new_from_slice(key).map(|mac| mac.chain_update(octets).finalize().into_bytes().to_vec())
            }
            HashFunction::Sha256 => {
                Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(octets).finalize().into_bytes().to_vec())
            }
        }
        .unwrap_or_default()
    }

    /// Hi() of RFC 5802 §2.2, which is PBKDF2 with HMAC().
    fn hi(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        let mut salted = vec![0; self.size()];
        match self {
            HashFunction::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut salted),
            HashFunction::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut salted),
        }
        salted
    }
}

/// What a server keeps of a password for SCRAM: enough to verify it and to prove itself, not enough to log in.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramKeys {
    pub function: HashFunction,
    pub iterations: u32,
    pub salt: Vec<u8>,
    pub stored_key: Vec<u8>,
    pub server_key: Vec<u8>,
}

impl ScramKeys {
    /// ```text
    /// SaltedPassword := Hi(Normalize(password), salt, i)
    /// ClientKey      := HMAC(SaltedPassword, "Client Key")
    /// StoredKey      := H(ClientKey)
    /// ServerKey      := HMAC(SaltedPassword, "Server Key")          ; RFC 5802 §3
    /// ```
    pub fn derive(function: HashFunction, password: &[u8], salt: Vec<u8>, iterations: u32) -> Self {
        let salted = function.hi(password, &salt, iterations);
        let stored_key = function.hash(&function.hmac(&salted, b"Client Key"));
        let server_key = function.hmac(&salted, b"Server Key");
        Self { function, iterations, salt, stored_key, server_key }
    }

    /// Reads `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey` (RFC 5803 §3). The error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form =
            || "write SCRAM keys as SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY, the last three in base64".to_owned();
        let mut parts = text.split('$');
        let (Some(name), Some(info), Some(keys), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(form());
        };
        let function = HashFunction::ALL.into_iter().find(|function| function.name() == name).ok_or_else(form)?;
        let (iterations, salt) = info.split_once(':').ok_or_else(form)?;
        let (stored, server) = keys.split_once(':').ok_or_else(form)?;
        let iterations: u32 = iterations.parse().ok().filter(|count| *count > 0).ok_or_else(form)?;
        let decode = |text: &str| STANDARD.decode(text).ok().filter(|octets| !octets.is_empty()).ok_or_else(form);
        let keys = Self { function, iterations, salt: decode(salt)?, stored_key: decode(stored)?, server_key: decode(server)? };
        let size = function.size();
        if keys.stored_key.len() != size || keys.server_key.len() != size {
            return Err(format!("the keys of {name} have {size} octets each"));
        }
        Ok(keys)
    }

    /// Whether they were made from this password.
    pub fn are_of(&self, password: &[u8]) -> bool {
        let made = Self::derive(self.function, password, self.salt.clone(), self.iterations);
        made.stored_key.ct_eq(&self.stored_key).into()
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:***", self.function.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_stored() {
        // Made from "pencil" with the salt of RFC 7677 §3.
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let made = ScramKeys::derive(HashFunction::Sha256, b"pencil", salt, 4096);
        let (stored, server) = (STANDARD.encode(&made.stored_key), STANDARD.encode(&made.server_key));
        let text = format!("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==${stored}:{server}");
        assert_eq!(ScramKeys::parse(&text), Ok(made.clone()));
        assert!(made.are_of(b"pencil") && !made.are_of(b"pencil "));
        for wrong in [
            text.replace("4096", "0"),
            text.replace("-256", "-1"),
            text.replace("-256", "-512"),
            text.replace('$', ":"),
            text.replace(&server, "AAAA"),
            format!("{text}$"),
        ] {
            assert!(ScramKeys::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
