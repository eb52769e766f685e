//! PLAIN (RFC 4616): name and password in one message.

use std::sync::Arc;

use super::{Failure, Progress, Side, Surroundings};
use crate::accounts::{Account, saslprep};

pub(super) struct Plain;

impl Side for Plain {
    fn message(&mut self, message: &[u8], surroundings: &Surroundings) -> Progress {
        Progress::Done(verify(message, surroundings))
    }
}

/// `message = [authzid] UTF8NUL authcid UTF8NUL passwd` (RFC 4616 §2).
fn verify(message: &[u8], surroundings: &Surroundings) -> Result<Arc<Account>, Failure> {
    let text = std::str::from_utf8(message).map_err(|_| Failure::Malformed)?;
    let parts: Vec<&str> = text.split('\0').collect();
    let [authzid, authcid, password] = parts.as_slice() else { return Err(Failure::Malformed) };
    if authcid.is_empty() || password.is_empty() {
        return Err(Failure::Malformed);
    }
    // "If the preparation fails or results in an empty string, verification SHALL fail" (RFC 4616 §2).
    let (Some(authcid), Some(password)) = (saslprep::strict(authcid), saslprep::strict(password)) else {
        return Err(Failure::Credentials);
    };
    let account = surroundings.site.accounts.verify(&authcid, password.as_bytes()).ok_or(Failure::Credentials)?;
    surroundings.acting(account, authzid)
}
