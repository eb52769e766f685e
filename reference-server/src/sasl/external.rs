//! EXTERNAL (RFC 4422 appendix A): who the client is was told by the certificate it showed in the TLS handshake.

use std::sync::Arc;

use super::{Failure, Progress, Side, Surroundings};
use crate::accounts::Account;
use crate::faults::Fault;

pub(super) struct External;

impl Side for External {
    fn message(&mut self, message: &[u8], surroundings: &Surroundings) -> Progress {
        Progress::Done(verify(message, surroundings))
    }
}

/// `extern-resp = *( UTF8-char-no-nul )`: the authorization identity, or nothing (RFC 4422 §A.1).
fn verify(message: &[u8], surroundings: &Surroundings) -> Result<Arc<Account>, Failure> {
    let authzid = std::str::from_utf8(message).ok().filter(|text| !text.contains('\0')).ok_or(Failure::Malformed)?;
    let accounts = &surroundings.site.accounts;
    let mut certified = surroundings.channel.client.iter().filter_map(|name| accounts.login(name));
    if authzid.is_empty() {
        return certified.next().cloned().ok_or(Failure::Credentials);
    }
    let asked = accounts.login(authzid);
    if surroundings.broken(Fault::SaslExternalActsForAnyone) {
        return asked.cloned().ok_or(Failure::Authorization);
    }
    // A certificate may name several accounts; the client chooses among them.
    certified.find(|account| asked.is_some_and(|asked| asked.name() == account.name())).cloned().ok_or(Failure::Authorization)
}
