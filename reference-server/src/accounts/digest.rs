//! Keyed digests: what is remembered and compared in place of secrets.

use anyhow::Context;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Makes digests with a key of this process.
pub(super) struct Digests {
    /// Made at start, never leaves the process.
    key: [u8; 64],
}

impl Digests {
    pub fn new() -> anyhow::Result<Self> {
        let mut key = [0; 64];
        getrandom::fill(&mut key).context("the system gives no random numbers")?;
        Ok(Self { key })
    }

    /// The digest of these octets; different uses never give the same.
    pub fn of(&self, usage: &str, octets: &[u8]) -> [u8; 32] {
        let digest = Hmac::<Sha256>::new(&self.key.into());
        digest.chain_update(usage.as_bytes()).chain_update([0]).chain_update(octets).finalize().into_bytes().into()
    }

    /// Compares in constant time.
    pub fn same(&self, one: &[u8; 32], other: &[u8; 32]) -> bool {
        one.ct_eq(other).into()
    }
}
