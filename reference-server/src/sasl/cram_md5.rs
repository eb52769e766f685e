//! CRAM-MD5 (RFC 2195): the client hashes a challenge with the password.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use super::{Failure, Progress, Side, Surroundings};
use crate::accounts::{Account, Accounts};

#[derive(Default)]
pub(super) struct CramMd5 {
    challenge: String,
}

impl Side for CramMd5 {
    fn opening(&mut self, surroundings: &Surroundings) -> Option<Vec<u8>> {
        let site = &surroundings.site;
        self.challenge = super::challenge(&site.host, site.clock.unix());
        Some(self.challenge.clone().into_bytes())
    }

    fn message(&mut self, message: &[u8], surroundings: &Surroundings) -> Progress {
        Progress::Done(verify(&self.challenge, message, &surroundings.site.accounts))
    }
}

/// `user SP digest`, the digest in lower-case hexadecimal (RFC 2195 §2).
fn verify(challenge: &str, message: &[u8], accounts: &Accounts) -> Result<Arc<Account>, Failure> {
    let text = std::str::from_utf8(message).map_err(|_| Failure::Malformed)?;
    let (user, digest) = text.rsplit_once(' ').ok_or(Failure::Malformed)?;
    if digest.len() != 32 || !digest.bytes().all(|o| matches!(o, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(Failure::Malformed);
    }
    let account = accounts.login(user).ok_or(Failure::Credentials)?;
    let secret = account.shared_secret().ok_or(Failure::Credentials)?;
    let mut right = Hmac::<Md5>::new_from_slice(secret.as_bytes()).map_err(|_| Failure::Credentials)?;
    right.update(challenge.as_bytes());
    let given: Vec<u8> = digest.as_bytes().chunks(2).filter_map(hexadecimal).collect();
    // `verify_slice` compares in constant time.
    right.verify_slice(&given).map(|()| account.clone()).map_err(|_| Failure::Credentials)
}

fn hexadecimal(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_the_rfc() {
        // The example of RFC 2195 §2.
        let given = ["tim@example.org:tanstaaftanstaaf".parse().unwrap()];
        let accounts = Accounts::new(&["example.org".into()], &given, &[]).unwrap();
        let verify = |answer: &str| {
            verify("<1896.697170952@postoffice.reston.mci.net>", answer.as_bytes(), &accounts).map(|tim| tim.name().to_owned())
        };
        assert_eq!(verify("tim b913a602c7eda7a495b4e6e7334d3890"), Ok("tim@example.org".into()));
        assert_eq!(verify("tim b913a602c7eda7a495b4e6e7334d3891"), Err(Failure::Credentials));
        assert_eq!(verify("tom b913a602c7eda7a495b4e6e7334d3890"), Err(Failure::Credentials));
        assert_eq!(verify("tim"), Err(Failure::Malformed));
        assert_eq!(verify("tim B913A602C7EDA7A495B4E6E7334D3890"), Err(Failure::Malformed));
    }
}
