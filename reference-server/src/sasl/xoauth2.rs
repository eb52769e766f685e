//! XOAUTH2, the mechanism OAUTHBEARER was made from, as its inventor documents it: `user=…^Aauth=Bearer …^A^A`.

use std::sync::Arc;

use super::{Failure, Progress, Side, Surroundings, oauthbearer};
use crate::accounts::Account;
use crate::faults::Fault;

#[derive(Default)]
pub(super) struct Xoauth2 {
    /// The error was told; the client's answer ends the exchange.
    refused: Option<Failure>,
}

impl Side for Xoauth2 {
    fn message(&mut self, message: &[u8], surroundings: &Surroundings) -> Progress {
        if let Some(failure) = self.refused {
            // Clients answer the error with nothing; those that know OAUTHBEARER better with %x01.
            return Progress::Done(Err(if message.is_empty() || message == [1] { failure } else { Failure::Malformed }));
        }
        match verify(message, surroundings) {
            Ok(account) => Progress::Done(Ok(account)),
            Err(failure) if surroundings.broken(Fault::SaslNoOauthError) => Progress::Done(Err(failure)),
            Err(failure) => {
                self.refused = Some(failure);
                let status = if failure == Failure::Malformed { "400" } else { "401" };
                Progress::Challenge(format!(r#"{{"status":"{status}","schemes":"Bearer"}}"#).into_bytes())
            }
        }
    }
}

fn verify(message: &[u8], surroundings: &Surroundings) -> Result<Arc<Account>, Failure> {
    let text = std::str::from_utf8(message).map_err(|_| Failure::Malformed)?;
    let parts: Vec<&str> = text.split('\u{1}').collect();
    let [user, authorization, "", ""] = parts.as_slice() else { return Err(Failure::Malformed) };
    let (Some(user), Some(authorization)) = (user.strip_prefix("user="), authorization.strip_prefix("auth=")) else {
        return Err(Failure::Malformed);
    };
    if user.is_empty() {
        return Err(Failure::Malformed);
    }
    oauthbearer::bearer(authorization, user, surroundings)
}
